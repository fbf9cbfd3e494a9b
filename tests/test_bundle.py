import csv
import io
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import onnxruntime
import pandas as pd
import pytest
import yaml
from markdown_it import MarkdownIt
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays
from scipy.special import softmax
from sklearn.metrics import roc_auc_score

import estitchup
from estitchup.bundle import Bundle, load, make_bundle
from estitchup.bundle.archive import read_files
from estitchup.bundle.card import escaped, model_card
from estitchup.bundle.choice import free_label
from estitchup.bundle.manifest import sha256
from estitchup.bundle.nearest import TrainingTexts
from estitchup.bundle.onnx_export import onnx_of
from estitchup.bundle.stream import predict_file
from estitchup.corpus import Role
from estitchup.decision_store import KeptThreshold
from estitchup.encoding import DEFAULT_ENCODER, EncoderName, EncoderSource, resolve_encoder
from estitchup.errors import EstitchupError
from estitchup.policy import KeepKnown
from estitchup.result import ExperimentResult
from estitchup.threshold import ScoredTexts

NAME = "E-Stitchup"
TEXTS = ["please send me the invoice again", "who won the cup final in 1974?", "it crashes when I open it"]


@pytest.fixture(scope="module")
def made(small_result: ExperimentResult) -> Bundle:
    return make_bundle(small_result, NAME)


@pytest.fixture
def saved(made: Bundle, tmp_path: Path) -> Path:
    return made.save(tmp_path / "classifier.zip")


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewrite(path: Path, **changed: bytes) -> Path:
    """Write the archive anew with other content for some members, named by their stem."""
    files = {name: changed.get(name.partition(".")[0], content) for name, content in members(path).items()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def edited(path: Path, **fields: object) -> bytes:
    return json.dumps(json.loads(members(path)["bundle.json"]) | fields).encode()


@pytest.mark.parametrize("name", ["classifier.zip", "classifier"])
def test_a_loaded_bundle_predicts_the_same_bits(made: Bundle, tmp_path: Path, name: str) -> None:
    loaded = estitchup.load(made.save(tmp_path / name))
    pd.testing.assert_frame_equal(loaded.predict(TEXTS, top=4), made.predict(TEXTS, top=4), check_exact=True)
    vectors = np.random.default_rng(0).normal(size=(50, 384))
    pd.testing.assert_frame_equal(loaded.predict_vectors(vectors), made.predict_vectors(vectors), check_exact=True)
    assert loaded.manifest == made.manifest
    assert loaded.archive == made.archive


def test_what_is_said_of_a_few_texts_is_what_the_table_says(made: Bundle) -> None:
    vectors = np.random.default_rng(1).normal(size=(30, 384))
    middle = float(made.predict_vectors(vectors)["confidence"].median())
    classifier = replace(made.classifier, threshold=middle)
    table = classifier.predict_vectors(vectors, top=3)
    assert table["accepted"].nunique() == 2
    for said, (_, row) in zip(classifier.say(vectors, 3), table.iterrows(), strict=True):
        assert (said.label, said.confidence, said.accepted) == (row["label"], row["confidence"], row["accepted"])
        assert said.classes == tuple((row[f"class_{place}"], row[f"probability_{place}"]) for place in (1, 2, 3))


def test_predictions_are_those_of_the_experiment(made: Bundle, small_result: ExperimentResult) -> None:
    rows = small_result.role_rows(Role.TEST)
    run = small_result.spec.run_keys.index((NAME, made.manifest.head.seed))
    shares = softmax(small_result.logits["test"][run].astype(np.float64) / made.manifest.temperature, axis=1)
    table = made.predict(rows["text"], top=1)
    assert (table.index == rows.index).all()
    assert table["confidence"].to_numpy() == pytest.approx(shares.max(axis=1), abs=1e-5)
    assert table["ood_score"].to_numpy() == pytest.approx(1 - table["confidence"])
    named = np.array(small_result.facts.classes, object)[shares.argmax(axis=1)]
    assert (table["class_1"] == named).all()
    accepted = table["confidence"] >= made.manifest.threshold.value
    assert (table["accepted"] == accepted).all()
    assert (table["label"] == np.where(accepted, named, "unknown")).all()
    assert 0 < accepted.mean() < 1


def test_the_figures_are_of_exactly_what_is_shipped(made: Bundle, small_result: ExperimentResult) -> None:
    rows = small_result.role_rows(Role.TEST)
    table, known = made.predict(rows["text"], top=1), (rows["target"] >= 0).to_numpy()
    right = (table["class_1"] == rows["label"]).to_numpy()
    accepted = table["accepted"].to_numpy()
    expected = {
        "accuracy": right[known].mean(),
        "auroc": roc_auc_score(~known, table["ood_score"]),
        "known_kept": accepted[known].mean(),
        "unknown_caught": 1 - accepted[~known].mean(),
        "accepted_accuracy": (right & known)[accepted].mean(),
    }
    for metric, value in expected.items():
        figure = made.manifest.metrics[metric]
        assert figure.value == pytest.approx(value, abs=1e-6), metric
        assert figure.low is not None
        assert figure.high is not None
        assert 0 <= figure.low <= figure.value <= figure.high <= 1


def test_the_best_seed_on_validation_is_shipped_with_90_percent_of_its_known_texts(
    made: Bundle, small_result: ExperimentResult
) -> None:
    rows = small_result.role_rows(Role.VALIDATION)
    known, targets = (rows["target"] >= 0).to_numpy(), rows["target"].to_numpy()
    runs = small_result.runs_of(NAME)
    accuracies = [
        (small_result.logits["validation"][run][known].argmax(axis=1) == targets[known]).mean() for run in runs
    ]
    assert accuracies[made.manifest.head.seed] == max(accuracies)
    logits = small_result.logits["validation"][runs[made.manifest.head.seed]] / made.manifest.temperature
    texts = ScoredTexts.of(logits[known], targets[known], logits[~known])
    assert made.manifest.threshold.value == pytest.approx(KeepKnown(0.9).choose(texts), abs=1e-6)
    assert make_bundle(small_result, NAME, seed=1).manifest.head.seed == 1


def test_a_kept_threshold_is_shipped_as_it_is(small_result: ExperimentResult) -> None:
    kept = KeptThreshold(0.625, "Keep a share of known texts", {"share": 0.8}, temperature=False)
    manifest = make_bundle(small_result, NAME, kept).manifest
    assert (manifest.threshold.value, manifest.temperature) == (0.625, 1.0)
    assert manifest.threshold.policy == kept.policy
    assert make_bundle(small_result, NAME, replace(kept, temperature=True)).manifest.temperature != 1.0
    assert make_bundle(small_result, NAME, KeptThreshold(0.3)).manifest.threshold.chosen_on == "by hand"


def test_missing_and_blank_texts_are_refused_with_nothing_measured(made: Bundle) -> None:
    table = made.predict([None, "", "  \n", float("nan"), TEXTS[0], pd.NA], top=2)  # type: ignore[list-item]
    silent = table.drop(index=4)
    assert not silent["accepted"].any()
    assert (silent["label"] == "unknown").all()
    assert silent[["confidence", "ood_score", "probability_1"]].isna().all(axis=None)
    assert table["accepted"].dtype == bool
    assert table.loc[4, "confidence"] == made.predict([TEXTS[0]]).loc[0, "confidence"]
    assert list(made.predict([]).columns) == ["label", "confidence", "ood_score", "accepted"]


@pytest.mark.parametrize("texts", ["one text", b"bytes", [3], [["nested"]], [b"bytes"]])
def test_what_is_no_list_of_texts_is_said(made: Bundle, texts: object) -> None:
    with pytest.raises(EstitchupError, match=r"list|type"):
        made.predict(texts)  # type: ignore[arg-type]


@pytest.mark.parametrize("table", [pd.DataFrame({"text": TEXTS, "n": 1}), {"text": TEXTS}])
def test_a_table_of_texts_is_refused_with_the_column_to_pass(made: Bundle, table: object) -> None:
    with pytest.raises(EstitchupError, match=r"table\['text'\]"):
        made.predict(table)  # type: ignore[arg-type]


@pytest.mark.parametrize("vectors", [np.zeros(384), np.zeros((2, 3)), np.full((1, 384), np.nan)])
def test_vectors_that_do_not_fit_are_said(made: Bundle, vectors: np.ndarray) -> None:
    with pytest.raises(EstitchupError, match=r"shape|NaN"):
        made.predict_vectors(vectors)


def test_a_class_called_unknown_stays_apart_from_a_refusal() -> None:
    assert free_label(("a", "b")) == "unknown"
    assert free_label(("unknown", "b")) == "(unknown)"
    assert free_label(("unknown", "(unknown)")) == "((unknown))"


def test_loading_and_predicting_from_vectors_needs_no_pytorch(saved: Path) -> None:
    code = f"""import sys, numpy, estitchup
estitchup.load({str(saved)!r}).predict_vectors(numpy.zeros((1, 384)))
print("torch" in sys.modules)"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_the_same_experiment_gives_the_same_archive(made: Bundle, small_result: ExperimentResult) -> None:
    assert make_bundle(small_result, NAME).archive == made.archive


def test_a_packed_folder_is_opened_too(saved: Path, made: Bundle) -> None:
    files = members(saved)
    with zipfile.ZipFile(saved, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"my classifier/{name}", content)
        archive.writestr("__MACOSX/my classifier/._bundle.json", b"x")
    assert load(saved).manifest == made.manifest


def test_weights_that_were_changed_are_noticed(saved: Path) -> None:
    arrays = load_arrays(members(saved)["heads.safetensors"])
    arrays["layer0.bias"] = arrays["layer0.bias"] + np.float32(1e-3)
    with pytest.raises(EstitchupError, match=r"weights .* were changed"):
        load(rewrite(saved, heads=save_arrays(arrays)))


def test_a_threshold_that_was_changed_is_noticed(saved: Path) -> None:
    threshold = json.loads(members(saved)["bundle.json"])["threshold"] | {"value": 0.0}
    with pytest.raises(EstitchupError, match=r"bundle\.json .* was changed"):
        load(rewrite(saved, bundle=edited(saved, threshold=threshold)))


def test_a_newer_format_says_to_update(saved: Path) -> None:
    with pytest.raises(EstitchupError, match=r"format 2, .* update estitchup"):
        load(rewrite(saved, bundle=edited(saved, format=2, cat="meow")))


@pytest.mark.parametrize("shape", [(1, 384, 5), (1, 3, 4)])
def test_weights_of_another_shape_are_refused_even_with_fitting_digests(
    saved: Path, made: Bundle, shape: tuple[int, ...]
) -> None:
    arrays = load_arrays(members(saved)["heads.safetensors"]) | {"layer0.weight": np.zeros(shape, np.float32)}
    weights = save_arrays(arrays)
    manifest = made.manifest.model_copy(update={"weights_digest": sha256(weights)}).sealed()
    with pytest.raises(EstitchupError, match="not those of a head 384 → 4"):
        load(rewrite(saved, heads=weights, bundle=manifest.text.encode()))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": "a"}', b"[" * 100_000, b'{"format": 1}', b"\xff"])
def test_a_damaged_manifest_is_said(saved: Path, content: bytes) -> None:
    with pytest.raises(EstitchupError):
        load(rewrite(saved, bundle=content))


@pytest.mark.parametrize("content", [b"\xff", b"[]", b"{", b"[" * 100_000])
def test_a_manifest_that_is_no_json_is_named(saved: Path, content: bytes) -> None:
    with pytest.raises(
        EstitchupError, match=r"The bundle\.json in .*classifier\.zip' (cannot be read as JSON|holds no JSON)"
    ):
        load(rewrite(saved, bundle=content))


def test_a_byte_order_mark_does_no_harm(saved: Path, made: Bundle) -> None:
    assert load(rewrite(saved, bundle=b"\xef\xbb\xbf" + members(saved)["bundle.json"])).manifest == made.manifest


@pytest.mark.parametrize("name", ["name", "unknown_label", "corpus"])
def test_a_lone_surrogate_in_a_manifest_is_said(saved: Path, name: str) -> None:
    with pytest.raises(EstitchupError, match="surrogates not allowed"):
        load(rewrite(saved, bundle=edited(saved, **{name: "a\ud800"})))


@pytest.mark.filterwarnings("ignore:Pydantic serializer")
@pytest.mark.parametrize("number", [0, -5, True, 1.0, "1", None, float("nan")])
def test_a_format_that_never_was_is_refused(saved: Path, made: Bundle, number: object) -> None:
    sealed = made.manifest.model_copy(update={"format": number}).sealed()
    for digest in (made.manifest.digest, sealed.digest):
        with pytest.raises(EstitchupError, match=r"entry format cannot be|names no format"):
            load(rewrite(saved, bundle=edited(saved, format=number, digest=digest)))


@pytest.mark.parametrize(("field", "entry"), [("metrics", "accuracy"), ("texts", "train known")])
def test_a_sealed_manifest_without_figures_is_refused(saved: Path, made: Bundle, field: str, entry: str) -> None:
    text = made.manifest.model_copy(update={field: {}}).sealed().text
    with pytest.raises(EstitchupError, match=f"lacks the .* '{entry}'"):
        load(rewrite(saved, bundle=text.encode()))


def test_weights_that_overflow_are_said_and_not_answered(made: Bundle) -> None:
    weights = tuple(np.full_like(weight, 3e38) for weight in made.classifier.head.weights)
    huge = replace(made.classifier, head=replace(made.classifier.head, weights=weights))
    with pytest.raises(EstitchupError, match="overflow"):
        huge.predict_vectors(np.ones((2, 384)))
    with pytest.raises(EstitchupError, match="overflow"):
        made.predict_vectors(np.full((1, 384), 3e38))


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_archive_damaged_anywhere_ends_in_a_sentence(saved: Path, method: int) -> None:
    files = {"bundle.json": members(saved)["bundle.json"], "heads.safetensors": b"weights" * 9}
    with zipfile.ZipFile(saved, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    whole = saved.read_bytes()
    assert read_files(saved) == files
    noticed = 0
    for place in range(0, len(whole), 3):
        saved.write_bytes(whole[:place] + bytes([whole[place] ^ 0x5A]) + whole[place + 1 :])
        try:
            read_files(saved)
        except EstitchupError:
            noticed += 1
    assert noticed > len(whole) / 6


@pytest.mark.parametrize("share", [0.2, 0.5, 0.99])
def test_a_cut_archive_is_said(saved: Path, share: float) -> None:
    content = saved.read_bytes()
    saved.write_bytes(content[: int(share * len(content))])
    with pytest.raises(EstitchupError, match="no whole zip"):
        load(saved)


@pytest.mark.parametrize("name", ["../bundle.json", "/etc/passwd", "a/../../b", "..\\b", "C:\\b"])
def test_an_archive_with_climbing_paths_is_refused(saved: Path, name: str) -> None:
    with zipfile.ZipFile(saved, "a") as archive:
        archive.writestr(name, b"x")
    with pytest.raises(EstitchupError, match="outside of the archive"):
        load(saved)


def test_an_archive_that_unpacks_to_far_more_is_refused_unread(saved: Path) -> None:
    with zipfile.ZipFile(saved, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bundle.json", b" " * 50_000_000)
    with pytest.raises(EstitchupError, match="would unpack to 50,000,000 bytes"):
        load(saved)


@pytest.mark.parametrize("missing", ["bundle.json", "heads.safetensors"])
def test_a_missing_part_is_named(made: Bundle, tmp_path: Path, missing: str) -> None:
    folder = made.save(tmp_path / "bundle")
    (folder / missing).unlink()
    with pytest.raises(EstitchupError, match=f"holds no {missing}"):
        load(folder)


def test_no_bundle_and_no_place_for_one_are_said(made: Bundle, tmp_path: Path) -> None:
    with pytest.raises(EstitchupError, match="There is no bundle"):
        load(tmp_path / "nowhere.zip")
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(EstitchupError, match=r"other files, such as letter\.txt"):
        made.save(tmp_path)
    with pytest.raises(EstitchupError, match="cannot be written"):
        made.save(tmp_path / "letter.txt" / "x.zip")


def test_an_encoder_that_is_not_there_is_said_when_texts_come(made: Bundle, tmp_path: Path) -> None:
    without = Bundle(made.manifest, made.classifier, encoder_name=str(tmp_path / "gone"))
    without.predict_vectors(np.zeros((1, 384)))
    with pytest.raises(EstitchupError, match="gone"):
        without.predict(TEXTS)


def test_an_encoder_of_another_revision_is_refused(made: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    real = resolve_encoder(DEFAULT_ENCODER)
    other = EncoderSource(real.name, real.folder, "f" * 32, real.dimension, real.max_tokens)
    monkeypatch.setattr("estitchup.bundle.bundle.resolve_encoder", lambda *_, **__: other)
    with pytest.raises(EstitchupError, match=f"revision {real.revision}, .* revision {'f' * 32}"):
        Bundle(made.manifest, made.classifier).predict(TEXTS)


@pytest.fixture(scope="module")
def copied_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the offline encoder: the same files under another name."""
    return shutil.copytree(resolve_encoder(DEFAULT_ENCODER).folder, tmp_path_factory.mktemp("encoder") / "copy")


@pytest.mark.parametrize("asked", ["", "?prompt=other"])
def test_a_folder_of_the_encoder_is_used_with_the_prompt_of_the_bundle(
    made: Bundle, copied_encoder: Path, asked: str
) -> None:
    name = str(EncoderName(DEFAULT_ENCODER, "passage: "))
    facts = made.manifest.encoder.model_copy(
        update={"name": name, "revision": resolve_encoder(str(copied_encoder)).revision}
    )
    manifest = made.manifest.model_copy(update={"encoder": facts})
    source = Bundle(manifest, made.classifier, f"{copied_encoder}{asked}").encoder_source()
    assert (source.folder, source.prompt) == (copied_encoder, "passage: ")
    assert source.key == manifest.encoder.key


def test_a_manifest_that_names_no_prompt_derives_it_from_the_name_of_the_encoder(
    made: Bundle, copied_encoder: Path
) -> None:
    facts = made.manifest.encoder.model_copy(
        update={"name": "intfloat/e5-small-v2", "revision": resolve_encoder(str(copied_encoder)).revision}
    )
    manifest = made.manifest.model_copy(update={"encoder": facts})
    assert Bundle(manifest, made.classifier, str(copied_encoder)).encoder_source().prompt == "query: "


def test_the_manifest_keeps_the_prompt_that_the_encoder_took(small_result: ExperimentResult) -> None:
    revision = small_result.facts.encoder_key.rpartition("@")[2]
    for asked, taken, kept in (
        ("m/e5", "m/e5?prompt=a%20%40%20b:%20", "a @ b: "),
        ("m/e5?prompt=", "m/e5", ""),
        ("m/e5", "m/e5", None),
    ):
        facts = replace(small_result.facts, encoder_key=f"{taken}@{revision}")
        spec = small_result.spec.model_copy(update={"encoder": asked})
        manifest = make_bundle(replace(small_result, facts=facts, spec=spec), NAME).manifest
        assert EncoderName.parse(manifest.encoder.name) == EncoderName("m/e5", kept)
        assert manifest.encoder.revision == revision
        _, metadata, text = model_card(manifest).split("---\n", 2)
        assert yaml.safe_load(metadata)["base_model"] == "m/e5"
        assert ("“a @ b:”" in text) is (kept == "a @ b: ")


def test_the_card_is_markdown_with_metadata_and_escapes_what_users_wrote(made: Bundle) -> None:
    evil = "<script>alert(1)</script> [x](http://evil.example) | a_b\n# big \"'---"
    manifest = made.manifest.model_copy(update={"name": evil, "classes": (evil, *made.manifest.classes[1:])})
    _, metadata, text = model_card(manifest).split("---\n", 2)
    parsed = yaml.safe_load(metadata)
    assert parsed["library_name"] == "estitchup"
    assert parsed["model-index"][0]["name"] == evil
    assert parsed["base_model"] == "sentence-transformers/all-MiniLM-L6-v2"
    accuracy = parsed["model-index"][0]["results"][0]["metrics"][0]["value"]
    assert accuracy == made.manifest.metrics["accuracy"].value
    assert "<script>" not in text
    assert "](http" not in text
    assert "\n# big" not in text
    assert f"- {escaped(evil)}\n" in text
    for heading in ("Use", "Threshold", "Figures", "Training", "Classes", "Limits"):
        assert f"\n## {heading}\n" in text


@pytest.mark.parametrize(
    "text",
    [
        *("10. x", "123456789. x", "1) x", "- x", "+ x", "# x", "*x*", "a_b_", "~~x~~", "[x](y)", "&amp;"),
        *("www.evil.example", "WWW.evil.example", "a@evil.example", "mailto:a@evil.example", "http://evil.example"),
        "<https://evil.example>",
    ],
)
def test_what_users_wrote_stands_in_the_card_as_it_is_and_is_no_link(text: str) -> None:
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(f"- {escaped(text)}")
    inline = next(token for token in tokens if token.type == "inline")
    assert [token.type for token in tokens].count("list_item_open") == 1
    assert {token.type for token in inline.children} <= {"text", "html_inline", "text_special"}
    nodes = [token.content for token in inline.children if token.type != "html_inline"]
    assert "".join(nodes) == text
    assert not any(re.search(r"://|www\.|[\w.+-]@[\w-]", node, re.IGNORECASE) for node in nodes)


def test_importing_the_bundle_needs_nothing_of_the_hub() -> None:
    code = "import sys, estitchup.bundle; print('huggingface_hub' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_the_onnx_graph_gives_the_same_numbers(made: Bundle) -> None:
    session = onnxruntime.InferenceSession(onnx_of(made))
    vectors = np.random.default_rng(1).normal(scale=0.06, size=(500, 384)).astype(np.float32)
    logits, probabilities, accepted = session.run(None, {"embeddings": vectors})
    expected = made.classifier.logits(vectors)
    assert np.abs(logits - expected).max() < 1e-5
    assert np.abs(probabilities - softmax(expected, axis=1)).max() < 1e-5
    clear = np.abs(softmax(expected, axis=1).max(axis=1) - made.manifest.threshold.value) > 1e-5
    assert (accepted == made.predict_vectors(vectors)["accepted"])[clear].all()
    assert json.loads(session.get_modelmeta().custom_metadata_map["classes"]) == list(made.manifest.classes)


def test_nearest_training_texts_are_the_nearest_by_cosine() -> None:
    generator = np.random.default_rng(2)
    vectors, asked = generator.normal(size=(40, 8)).astype(np.float32), generator.normal(size=(5, 8)).astype(np.float32)
    texts = TrainingTexts.of([f"t{i}" for i in range(40)], ["a", "b"] * 20, vectors)
    for row, found in zip(asked, texts.nearest(asked, 3), strict=True):
        cosine = vectors @ row / np.linalg.norm(vectors, axis=1) / np.linalg.norm(row)
        assert [near.text for near in found] == [f"t{i}" for i in np.argsort(-cosine)[:3]]
        assert found[0].similarity == pytest.approx(cosine.max(), abs=1e-6)


def answered(made: Bundle, source: Path, **options: object) -> pd.DataFrame:
    target = io.StringIO()
    count = predict_file(made, source, target, **options)  # type: ignore[arg-type]
    table = pd.read_csv(io.StringIO(target.getvalue()), keep_default_na=False, dtype=str)
    assert len(table) == count
    return table


@pytest.mark.parametrize("rows", [1, 2, 100])
def test_a_file_comes_back_with_answers_whatever_the_size_of_a_part(made: Bundle, tmp_path: Path, rows: int) -> None:
    source = tmp_path / "texts.csv"
    said = [TEXTS[0], 'a "quoted", one\nover two lines', "", TEXTS[1], "=1+1"]
    pd.DataFrame({"id": ["001", "002", "003", "004", "005"], "text": said, "label": list("abcde")}).to_csv(
        source, index=False
    )
    table = answered(made, source, text_column="text", rows=rows)
    assert list(table["id"]) == ["001", "002", "003", "004", "005"]
    assert list(table["text"]) == said
    assert list(table["label"]) == list("abcde")
    expected = made.predict(said)
    assert list(table["predicted_label"]) == list(expected["label"])
    assert list(table["accepted"]) == [str(value) for value in expected["accepted"]]
    measured = pd.to_numeric(table["confidence"].replace("", None))
    assert measured.to_numpy() == pytest.approx(expected["confidence"].to_numpy(), abs=1e-6, nan_ok=True)


def test_formulas_are_disarmed_when_asked(made: Bundle, tmp_path: Path) -> None:
    source = tmp_path / "texts.csv"
    pd.DataFrame({"text": ["=HYPERLINK(1)", "-fine", "plain"]}).to_csv(source, index=False)
    assert list(answered(made, source, text_column="text")["text"]) == ["=HYPERLINK(1)", "-fine", "plain"]
    safe = answered(made, source, text_column="text", for_spreadsheet=True)
    assert list(safe["text"]) == ["'=HYPERLINK(1)", "'-fine", "plain"]


def test_a_row_for_a_spreadsheet_stays_one_row_whatever_its_text_holds(made: Bundle, tmp_path: Path) -> None:
    source = tmp_path / "texts.csv"
    texts = ["dear\r=cmd|' /C calc'!A0", "＝1+1", "\n=1", "plain"]
    pd.DataFrame({"text": texts}).to_csv(source, index=False, quoting=csv.QUOTE_ALL)
    target = io.StringIO()
    predict_file(made, source, target, text_column="text", for_spreadsheet=True)
    read = list(csv.reader(io.StringIO(target.getvalue(), newline="")))[1:]
    assert [row[0] for row in read] == ["dear\r=cmd|' /C calc'!A0", "'＝1+1", "'\n=1", "plain"]
    assert target.getvalue().splitlines()[0].startswith('"text","label"')


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[dict[str, bytes]]:
    """Serve a hub of one repository on this computer; the files it holds."""
    files: dict[str, bytes] = {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(files))
    Thread(target=server.serve_forever, daemon=True).start()
    home = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", home)
    address = home + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", address)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_TOKEN", "hf_test")
    yield files
    server.shutdown()


def _handler(files: dict[str, bytes]) -> type[BaseHTTPRequestHandler]:
    import base64

    commit = "a" * 40

    class Hub(BaseHTTPRequestHandler):
        def _send(self, content: bytes, **headers: str) -> None:
            self.send_response(200)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def _body(self) -> bytes:
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))

        def do_POST(self) -> None:
            body, base = self._body(), f"http://{self.headers['Host']}"
            if self.path.endswith("/validate-yaml"):
                return self._json({"errors": [], "warnings": []})
            if self.path.endswith("/repos/create"):
                return self._json({"url": f"{base}/me/mine"})
            if "/preupload/" in self.path:
                paths = [file["path"] for file in json.loads(body)["files"]]
                entries = [{"path": path, "uploadMode": "regular", "shouldIgnore": False} for path in paths]
                return self._json({"files": entries})
            for line in body.decode().splitlines():
                entry = json.loads(line)
                if entry["key"] == "file":
                    files[entry["value"]["path"]] = base64.b64decode(entry["value"]["content"])
            return self._json({"commitUrl": f"{base}/me/mine/commit/{commit}", "commitOid": commit})

        def do_GET(self) -> None:
            name = self.path.rpartition("/")[2].partition("?")[0]
            if "/resolve/" in self.path:
                return self._send(files[name], ETag=f'"{sha256(files[name])}"', X_Repo_Commit=commit)
            if "/tree/" in self.path:
                sizes = {path: len(content) for path, content in files.items()}
                return self._json(
                    [{"type": "file", "path": path, "size": size, "oid": commit} for path, size in sizes.items()]
                )
            siblings = [{"rfilename": path} for path in files]
            return self._json({"id": "me/mine", "sha": commit, "siblings": siblings})

        do_HEAD = do_GET  # noqa: N815

        def _json(self, content: object) -> None:
            self._send(json.dumps(content).encode(), Content_Type="application/json")

        def log_message(self, *_: object) -> None:
            pass

    return Hub


def test_a_bundle_goes_to_the_hub_and_comes_back(made: Bundle, hub: dict[str, bytes]) -> None:
    from estitchup.bundle.hub import push_to_hub

    assert push_to_hub(made, "me/mine").endswith(f"/me/mine/commit/{'a' * 40}")
    assert hub == made.files
    back = load("hf://me/mine")
    assert back.manifest == made.manifest
    vectors = np.ones((2, 384), np.float32)
    pd.testing.assert_frame_equal(back.predict_vectors(vectors), made.predict_vectors(vectors), check_exact=True)


def test_a_hub_that_cannot_be_reached_is_said() -> None:
    with pytest.raises(EstitchupError, match="cannot be read from the Hugging Face hub"):
        load("hf://nobody/nothing")


def test_the_command_line_takes_a_classifier_away_and_asks_it(
    small_result: ExperimentResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from estitchup.cli.root import cli
    from estitchup.result_folder import save_result

    save_result(small_result, tmp_path / "result")
    monkeypatch.setenv("ESTITCHUP_HOME", str(tmp_path / "home"))
    texts = tmp_path / "texts.csv"
    pd.DataFrame({"text": TEXTS}).to_csv(texts, index=False)
    ask: Callable[..., object] = lambda *words: cli(list(map(str, words)), standalone_mode=False)  # noqa: E731
    archive, graph, out = tmp_path / "c.zip", tmp_path / "c.onnx", tmp_path / "out.csv"
    ask("bundle", tmp_path / "result", "--augmentation", NAME, "--out", archive, "--onnx", graph)
    assert onnxruntime.InferenceSession(graph.read_bytes()).get_inputs()[0].name == "embeddings"
    ask("predict", archive, texts, "--out", out, "--top", "1")
    written = pd.read_csv(out)
    assert list(written["label"]) == list(load(archive).predict(TEXTS)["label"])
    capfd.readouterr()
    ask("predict", archive, texts)
    assert capfd.readouterr().out.splitlines()[0] == "text,label,confidence,ood_score,accepted"
    for words, sentence in (
        (("bundle", tmp_path / "result", "--out", archive), "Say whose classifier"),
        (("bundle", "nothere", "--out", archive), "no experiment 'nothere'"),
        (("bundle", tmp_path / "result", "--augmentation", NAME), "nowhere to put"),
        (("bundle", tmp_path / "result", "--augmentation", "E-Nothing", "--out", archive), "E-Nothing"),
        (("bundle", tmp_path / "result", "--augmentation", NAME, "--seed", "9", "--out", archive), "no seed 9"),
        (("predict", archive, tmp_path / "gone.csv"), "gone.csv"),
        (("predict", archive, texts, "--text", "body"), "body"),
    ):
        with pytest.raises(EstitchupError, match=sentence):
            ask(*words)
    assert not list(tmp_path.glob("*.partial"))
