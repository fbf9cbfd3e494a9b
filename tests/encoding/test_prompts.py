"""A prompt comes from the person, else the folder, else the registry; and tells vectors apart."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

import estitchup.encoding.source as module
from estitchup.encoding import REGISTRY, EncoderName, VectorStore, embed, known_encoder, load_encoder, resolve_encoder


@pytest.fixture
def without_prompt(tiny_folder: Path, tmp_path: Path) -> Path:
    """Return a copy of the tiny encoder that names no prompt."""
    copy = tmp_path / "plain"
    shutil.copytree(tiny_folder, copy)
    return with_config(copy, prompts={}, default_prompt_name=None)


def with_config(folder: Path, **changed: object) -> Path:
    path = folder / "config_sentence_transformers.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changed}))
    return folder


@given(some.text(alphabet=some.characters(exclude_characters="?"), min_size=1), some.none() | some.text())
def test_a_name_is_taken_apart_as_it_was_put_together(model: str, prompt: str | None) -> None:
    name = EncoderName(model, prompt)
    try:
        str(name).encode()
    except UnicodeEncodeError:
        return
    assert EncoderName.parse(str(name)) == name


def test_a_prompt_that_is_asked_for_goes_before_each_text(without_prompt: Path) -> None:
    asked = load_encoder(f"{without_prompt}?prompt=a%20b:%20", "cpu")
    texts = ["c", "d e"]
    np.testing.assert_allclose(asked.encode(texts), asked.model.encode(texts, prompt="a b: "), atol=1e-5)
    assert np.abs(asked.encode(texts) - asked.model.encode(texts)).max() > 1e-3


def test_an_empty_prompt_takes_the_models_own_away(tiny_folder: Path) -> None:
    tiny = load_encoder(f"{tiny_folder}?prompt=", "cpu")
    np.testing.assert_allclose(tiny.encode(["a b"]), tiny.model.encode(["a b"], prompt=""), atol=1e-5)


def test_vectors_with_another_prompt_are_kept_apart(without_prompt: Path, tmp_path: Path) -> None:
    plain, prompted = (resolve_encoder(f"{without_prompt}{prompt}") for prompt in ("", "?prompt=a"))
    assert plain.key != prompted.key
    assert plain.key == f"{without_prompt}@{plain.revision}"
    with VectorStore(tmp_path / "store") as store:
        embed(["c"], plain, store)
        embed(["c"], prompted, store)
        assert len(store) == 2


def test_a_folders_prompt_for_classification_is_used(without_prompt: Path) -> None:
    with_config(without_prompt, prompts={"query": "q: ", "Classification": "classification: "})
    assert resolve_encoder(str(without_prompt)).prompt == "classification: "
    assert resolve_encoder(f"{without_prompt}?prompt=x").prompt == "x"


def test_the_registrys_prompt_is_used_when_the_folder_has_none(
    without_prompt: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "find_folder", lambda *_: without_prompt)
    source = resolve_encoder("intfloat/e5-small-v2")
    assert source.prompt == "query: "
    assert "query" in source.key
    assert resolve_encoder("intfloat/e5-small-v2?prompt=").prompt is None
    assert resolve_encoder("BAAI/bge-small-en-v1.5").prompt is None


def test_the_registry_agrees_with_the_encoder_that_is_at_hand() -> None:
    source, entry = resolve_encoder("all-MiniLM-L6-v2"), known_encoder("sentence-transformers/all-MiniLM-L6-v2")
    assert entry is not None
    assert (entry.dimension, entry.max_tokens) == (source.dimension, source.max_tokens)
    weights = sum(path.stat().st_size for path in source.folder.rglob("*.safetensors"))
    assert abs(weights / 1e6 - entry.megabytes) < 2


def test_the_registrys_names_are_distinct_and_its_sizes_fit_its_parameters() -> None:
    assert len({entry.name for entry in REGISTRY}) == len(REGISTRY)
    for entry in REGISTRY:
        assert 1.9 < entry.megabytes / entry.millions < 4.1  # two or four bytes each
