"""The profile page: what was found, one button that fixes it, and an undo."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from screen import Open, words
from streamlit.testing.v1 import AppTest

from estitchup.corpus import CorpusSpec, load_corpus
from estitchup.encoding import resolve_encoder
from estitchup.projection import NeighbourPlanes
from estitchup.workspace import EmbedSpec, Status, Workspace

PAGE = "pages/prepare/profile.py"


def fruit(folder: Path) -> EmbedSpec:
    """Return a corpus with a label in two spellings, a text with two labels and a training text nearly of the test."""
    splits = ("train", "train", "validation", "test") * 6
    lines = ["text,label,split"]
    lines += [f"{word} of tree {n},{word},{split}" for word in ("apple", "pear") for n, split in enumerate(splits)]
    lines += ["red one,Apple,train", "green one,Apple,train", "both,apple,train", "both,pear,train"]
    file = folder / "fruit_$5_.csv"
    file.write_text("\n".join(lines))
    return EmbedSpec(corpus=CorpusSpec(file=str(file), text_column="text", label_column="label", split_column="split"))


def keep_vectors(home: Workspace, spec: EmbedSpec) -> None:
    """Put vectors into the store as if the texts had been embedded: one direction a class, and two texts alike."""
    corpus, source = load_corpus(spec.corpus), resolve_encoder()
    generator = np.random.default_rng(0)
    vectors = generator.normal(size=(len(corpus.texts), source.dimension)).astype(np.float32)
    vectors[corpus.texts.index("apple of tree 0")] = vectors[corpus.texts.index("apple of tree 3")] + 0.01
    with home.vectors() as store:
        store.put(source.key, corpus.texts, vectors)


@pytest.fixture
def spec(tmp_path: Path) -> EmbedSpec:
    return fruit(tmp_path)


@pytest.fixture
def profiled(visit: Open, home: Workspace, spec: EmbedSpec) -> AppTest:
    keep_vectors(home, spec)
    app = visit(PAGE, corpus=home.keep_prepared(spec))
    assert not app.exception
    return app


def chosen(app: AppTest, home: Workspace) -> CorpusSpec:
    prepared = home.prepared(app.query_params["corpus"])
    assert prepared is not None
    return prepared.corpus


def test_without_texts_the_page_says_what_it_is_for_and_where_to_begin(visit: Open) -> None:
    app = visit(PAGE)
    assert "what would bend the figures" in words(app)
    assert app.button(key="bring").click().run().title[0].value == "Data"


def test_without_texts_the_page_offers_the_sample(visit: Open) -> None:
    app = visit(PAGE)
    app.button(key="take_sample").click().run()
    assert not app.exception
    assert app.button(key="embed").label == "Embed"


def test_texts_that_are_not_embedded_can_be_embedded_here(visit: Open, home: Workspace, spec: EmbedSpec) -> None:
    app = visit(PAGE, corpus=home.keep_prepared(spec))
    app.button(key="embed").click().run()
    assert [job.spec for job in home.jobs()] == [spec]


def test_vectors_that_were_thrown_away_can_be_computed_again(visit: Open, home: Workspace, spec: EmbedSpec) -> None:
    home.add_job(spec, status=Status.FINISHED)
    app = visit(PAGE, corpus=home.keep_prepared(spec))
    app.button(key="embed_again").click().run()
    assert [job.status for job in home.jobs()] == [Status.FINISHED, Status.QUEUED]


def test_the_page_says_what_the_texts_are_and_what_was_found(profiled: AppTest) -> None:
    text = words(profiled)
    assert profiled.header[0].value == "52 texts in 3 known classes: 3 things bend the figures, and can be fixed here"
    assert "1 class spelled in several ways: “apple”, “Apple”" in text
    assert "1 text with more than one label" in text
    assert "1 text nearly the same as one of another role" in text
    assert r"fruit\_\$5\_.csv" in text
    assert profiled.table[0].value.loc["Test", "Known"] == 12


def test_a_button_fixes_what_was_found_and_an_undo_brings_it_back(profiled: AppTest, home: Workspace) -> None:
    before = chosen(profiled, home)
    app = profiled.button(key="fix_spelling variants").click().run()
    assert not app.exception
    assert app.header[0].value.startswith("52 texts in 2 known classes: 2 things bend")
    assert [fix.kind for fix in chosen(app, home).fixes] == ["merge labels"]
    app = app.button(key="fix_near duplicates across roles").click().run()
    app = app.button(key="fix_contradictions").click().run()
    assert app.header[0].value.startswith("49 texts in 2 known classes: nothing stands in the way")
    assert "Leave out 1 text nearly the same as one of another role" in words(app)
    app = app.button(key="undo_1").click().run()
    assert [fix.kind for fix in chosen(app, home).fixes] == ["merge labels", "settle labels"]
    app = app.button(key="undo_1").click().run()
    app = app.button(key="undo_0").click().run()
    assert chosen(app, home) == before


def test_doubtful_labels_can_be_left_out_or_relabelled_and_both_undone(
    visit: Open, home: Workspace, tmp_path: Path
) -> None:
    lines = ["text,label,split"]
    splits = ("train", "train", "validation", "test") * 12
    lines += [f"{word} of tree {n},{word},{split}" for word in ("apple", "pear") for n, split in enumerate(splits)]
    lines[1] = "apple of tree 0,pear,train"
    file = tmp_path / "flipped.csv"
    file.write_text("\n".join(lines))
    corpus = CorpusSpec(file=str(file), text_column="text", label_column="label", split_column="split")
    spec = EmbedSpec(corpus=corpus)
    texts, source = load_corpus(corpus).texts, resolve_encoder()
    vectors = np.random.default_rng(0).normal(size=(len(texts), source.dimension)).astype(np.float32)
    vectors[:, 0] += [40 if text.startswith("apple") else -40 for text in texts]
    with home.vectors() as store:
        store.put(source.key, texts, vectors)
    app = visit(PAGE, corpus=home.keep_prepared(spec))
    assert "1 text whose label is doubtful" in words(app)
    app = app.button(key="fix_likely label errors_1").click().run()
    assert not app.exception
    assert "Give 1 training text the label of the neighbours" in words(app)
    assert "doubtful" not in words(app)
    relabelled = load_corpus(chosen(app, home))
    assert dict(zip(relabelled.texts, relabelled.labels, strict=True))["apple of tree 0"] == "apple"
    app = app.button(key="undo_0").click().run()
    assert chosen(app, home) == corpus
    app = app.button(key="fix_likely label errors").click().run()
    assert "apple of tree 0" not in load_corpus(chosen(app, home)).texts


def test_train_and_data_use_the_fixed_texts(profiled: AppTest, home: Workspace) -> None:
    app = profiled.button(key="fix_contradictions").click().run()
    fixed = chosen(app, home)
    app = app.button(key="next_train").click().run()
    assert app.title[0].value == "Train"
    assert "26 training texts" in words(app)
    app = app.switch_page("pages/prepare/data.py").run()
    assert not app.error
    assert chosen(app, home) == fixed


def test_fixes_that_leave_too_little_can_still_be_undone(visit: Open, home: Workspace, spec: EmbedSpec) -> None:
    from estitchup.corpus.fixes import DropClasses

    keep_vectors(home, spec)
    fixes = (DropClasses(labels=("pear", "Apple")),)
    broken = spec.model_copy(update={"corpus": spec.corpus.model_copy(update={"fixes": fixes})})
    app = visit(PAGE, corpus=home.keep_prepared(broken))
    assert "a classifier needs at least 2" in app.error[0].value
    app = app.button(key="undo_0").click().run()
    assert app.header[0].value.startswith("52 texts")


def test_the_map_is_there_at_once_and_its_neighbourhoods_are_offered(
    profiled: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    monkeypatch.setattr(NeighbourPlanes, "start", lambda _, key, vectors: started.append(f"{key} {vectors.shape}"))
    assert "Each point is a text" in words(profiled)
    profiled.segmented_control(key="map_colour").set_value("Class").run()
    assert profiled.multiselect(key="map_classes").value == ["apple", "pear", "Apple"]
    profiled.segmented_control(key="map_plane").set_value("Neighbourhoods (UMAP)").run()
    assert "The neighbourhoods of 52 texts take about 25 s" in words(profiled)
    profiled.button(key="map_compute").click().run()
    assert not profiled.exception
    assert started[0].endswith("(52, 384)")


def drawn_map(app: AppTest) -> dict[str, Any]:
    (data,) = [json.loads(element.proto.json) for element in app.get("bidi_component") if element.proto.json]
    return dict(data)


def test_another_colouring_names_its_groups_and_keeps_points_and_texts(profiled: AppTest) -> None:
    first = drawn_map(profiled)
    groups = [(entry["name"], entry["count"]) for entry in first["entries"]]
    assert groups == [("others", 0), ("known", 52)]
    (texts,) = [element.proto.bytes for element in profiled.get("bidi_component") if element.proto.bytes]
    assert texts.startswith(first["texts"].encode())
    assert b"apple of tree 0" in texts
    app = profiled.segmented_control(key="map_colour").set_value("Class").run()
    other = drawn_map(app)
    assert [entry["name"] for entry in other["entries"]] == ["others", "apple", "pear", "Apple"]
    assert "coloured by class" in other["alt"]
    assert all(first[name] == other[name] for name in ("plane", "points", "texts"))


def test_a_public_set_is_taken_by_its_name(
    visit: Open, home: Workspace, public_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESTITCHUP_DATA_DIR", str(public_data))
    app = visit()
    app.selectbox(key="public_set").set_value("banking77").run()
    assert "Casanueva" in words(app)
    app.button(key="take_public").click().run()
    assert not app.exception
    assert chosen(app, home).file == "banking77"
    assert (chosen(app, home).text_column, chosen(app, home).label_column) == ("text", "category")


def test_a_public_set_that_cannot_be_fetched_is_a_sentence(visit: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ESTITCHUP_DATA_DIR", raising=False)
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nobody listens: as without a network
    app = visit()
    assert app.button(key="take_public").label == "Fetch CLINC150, 2.5 MB"
    app.button(key="take_public").click().run()
    assert "CLINC150 is not on this computer" in app.error[0].value
    assert not app.progress
