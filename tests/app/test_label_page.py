"""The label page on a real small experiment with a pool, without a browser."""

import io
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pandas as pd
import pytest
from screen import Open, words
from streamlit.testing.v1 import AppTest

from estitchup.corpus import SAMPLE, CorpusSpec
from estitchup.experiment import result_vectors, run_experiment
from estitchup.label_store import LabelStore
from estitchup.labeling import STRATEGIES
from estitchup.labels import Choice, Kind, scope_of, text_key
from estitchup.recipe import Augmentation, HeadSpec, TrainingSpec
from estitchup.result import ExperimentResult
from estitchup.spec import ExperimentSpec
from estitchup.ui.label_desk import LabelDesk
from estitchup.ui.label_reason import reason
from estitchup.workspace import Status, Workspace

PAGE = "pages/decide/label.py"
POOL = 30


@pytest.fixture(scope="module")
def pooled(tmp_path_factory: pytest.TempPathFactory) -> tuple[ExperimentResult, Path]:
    """Run a real experiment on some of the sample, with a pool; its vectors are in the folder's store."""
    table = pd.read_csv(SAMPLE)
    some = table[table["intent"].isin(["invoice", "refund", "oos"])].groupby(["intent", "split"]).head(8)
    folder = tmp_path_factory.mktemp("pooled")
    pd.concat([some, table[table["split"] == "pool"].head(POOL)]).to_csv(folder / "pooled.csv", index=False)
    spec = ExperimentSpec(
        corpus=CorpusSpec(
            file=str(folder / "pooled.csv"),
            text_column="text",
            label_column="intent",
            split_column="split",
            unknown_labels=("oos",),
        ),
        head=HeadSpec(kind="linear"),
        training=TrainingSpec(epochs=2),
        augmentations=(Augmentation.named("No augmentation"), Augmentation.named("Soft E-Stitchup")),
        seeds=(0, 1),
        device="cpu",
    )
    with Workspace(folder).vectors() as store:
        return run_experiment(spec, store=store), folder


@pytest.fixture
def experiment(home: Workspace, pooled: tuple[ExperimentResult, Path]) -> ExperimentResult:
    """Put the experiment and its vectors into the workspace."""
    result, folder = pooled
    (home.root / "vectors").write_bytes((folder / "vectors").read_bytes())
    home.save(home.add_job(result.spec, "pooled", Status.FINISHED).id, result)
    return result


@pytest.fixture
def store(home: Workspace) -> LabelStore:
    return LabelStore(home.catalog.engine)


def as_ana(visit: Open, **query: str) -> AppTest:
    return visit(PAGE, **query).text_input(key="labeller").set_value("Ana").run()


def shown_text(app: AppTest) -> str:
    return app.subheader[0].value


def standing(store: LabelStore, result: ExperimentResult) -> dict[str, str]:
    return {own.text: own.words for own in store.current(scope_of(result.rows["text"])).values()}


def test_an_empty_workspace_says_what_to_do_next(visit: Open) -> None:
    app = visit(PAGE)
    assert not app.exception
    assert "no finished experiment yet" in words(app)
    assert [button.label for button in app.button] == ["Start with the sample", "Go to Train"]


@pytest.mark.usefixtures("home")
def test_an_experiment_without_a_pool_says_how_texts_get_there(
    visit: Open, home: Workspace, small_result: ExperimentResult
) -> None:
    home.save(home.add_job(small_result.spec, "small", Status.FINISHED).id, small_result)
    app = visit(PAGE)
    assert not app.exception
    assert "hold no pool" in words(app)


def test_nobody_can_label_without_a_name(visit: Open, experiment: ExperimentResult) -> None:  # noqa: ARG001
    app = visit(PAGE)
    assert not app.exception
    assert app.button(key="say_0").disabled
    assert "Say who you are" in words(app)


def test_a_press_keeps_the_label_before_the_page_says_so_and_shows_the_next_text(
    visit: Open, experiment: ExperimentResult, store: LabelStore
) -> None:
    app = as_ana(visit)
    first, suggestion = shown_text(app), app.button(key="say_0").label
    app.button(key="say_0").click().run()
    assert not app.exception
    assert list(standing(store, experiment)) == [first]
    assert standing(store, experiment)[first] in suggestion
    assert app.toast[0].value.startswith("Kept: ")
    assert shown_text(app) != first
    app.button(key="undo").click().run()
    assert standing(store, experiment) == {}
    assert shown_text(app) == first


def test_a_new_class_can_be_named_and_none_and_skip_are_kept(
    visit: Open, experiment: ExperimentResult, store: LabelStore
) -> None:
    app = as_ana(visit)
    texts = [shown_text(app)]
    field = next(box for box in app.selectbox if box.label.startswith("Another class"))
    field.options.append("delete_account")  # the browser takes any name, AppTest only an option
    field.set_value("delete_account").run()
    texts.append(shown_text(app))
    app.button(key=f"say_{Kind.NONE}").click().run()
    texts.append(shown_text(app))
    app.button(key=f"say_{Kind.SKIP}").click().run()
    assert standing(store, experiment) == dict(zip(texts, ["delete_account", "none of these", "skip"], strict=True))
    assert f"2 of {POOL} texts decided · 1 none of these · 1 skipped" in app.get("progress")[0].proto.text


def test_two_people_get_different_texts_and_a_contradiction_is_told(
    visit: Open, experiment: ExperimentResult, store: LabelStore
) -> None:
    ana = as_ana(visit)
    ben = visit(PAGE).text_input(key="labeller").set_value("Ben").run()
    assert shown_text(ben) != shown_text(ana)
    assert "also at work: Ana" in ben.get("progress")[0].proto.text
    text = shown_text(ana)
    store.decide(scope_of(experiment.rows["text"]), [Choice(text, Kind.LABEL, "invoice")], "Ben")
    ana.button(key=f"say_{Kind.NONE}").click().run()
    assert "Ben has labelled" in ana.warning[0].value
    assert standing(store, experiment)[text] == "invoice"
    next(own for own in ana.button if own.label == "Put mine in its place").click().run()
    assert not ana.warning
    assert standing(store, experiment)[text] == "none of these"


def test_alike_texts_are_labelled_at_once(
    visit: Open, experiment: ExperimentResult, store: LabelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("estitchup.ui.label_desk.ALIKE_COSINE", 0.1)
    app = as_ana(visit)
    app.toggle[0].set_value(True).run()
    ticked = len(app.checkbox)
    assert ticked > 1
    app.button(key="say_1").click().run()
    assert len(standing(store, experiment)) == 1 + ticked
    app.button(key="undo").click().run()
    assert standing(store, experiment) == {}


def test_the_queue_can_be_filtered_and_taken_away(visit: Open, experiment: ExperimentResult) -> None:
    app = visit(PAGE, label_view="Queue and labels")
    assert not app.exception
    everything = app.dataframe[0].value
    assert len(everything) == POOL
    app.text_input(key="label_search").set_value(everything["text"].iloc[-1]).run()
    assert app.dataframe[0].value["text"].tolist() == [everything["text"].iloc[-1]]
    assert set(everything["suggestion"]) <= set(experiment.facts.classes)


def test_the_queue_shows_the_confidence_that_it_ranks_by_and_the_card_says_it(
    visit: Open, home: Workspace, experiment: ExperimentResult
) -> None:
    with home.vectors() as vectors:
        logits = experiment.heads.logits(result_vectors(experiment, store=vectors))
    odds = np.exp(logits[experiment.runs_of("Soft E-Stitchup")].astype(np.float64))
    confidence = (odds / odds.sum(-1, keepdims=True)).max(-1).mean(0)  # of each run, then their mean
    by_text = dict(zip(experiment.rows["text"], confidence, strict=True))
    app = visit(PAGE, label_view="Queue and labels", strategy="Least confidence")
    queue = app.dataframe[0].value
    np.testing.assert_allclose(queue["confidence"], queue["text"].map(by_text), atol=1e-4)
    assert queue["confidence"].is_monotonic_increasing
    median = np.median(queue["text"].map(by_text))
    card = visit(PAGE, strategy="Least confidence")
    said = f"Confidence, mean over 2 seeds, is {by_text[shown_text(card)]:.1%}; the pool's median is {median:.1%}."
    apart = "The answers below show the seeds' mean probabilities, which differ from that where the seeds disagree."
    assert f"Why here: {said} {apart}" in [own.value for own in card.caption]
    assert apart not in words(visit(PAGE, strategy="Entropy"))


def test_the_margin_orders_at_first_and_the_help_says_why(visit: Open, experiment: ExperimentResult) -> None:  # noqa: ARG001
    order = visit(PAGE).selectbox(key="strategy")
    assert order.value == order.options[0] == "Margin"
    assert "*Margin* stands first, because in our study it saved more labels than *Least confidence*" in order.help


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_order_says_why_a_text_ranks_where_it_does(
    visit: Open,
    experiment: ExperimentResult,  # noqa: ARG001
    strategy: str,
) -> None:
    app = visit(PAGE, strategy=strategy)
    assert not app.exception
    (why,) = (own.value for own in app.caption if own.value.startswith("Why here: "))
    assert ("median" in why) == (STRATEGIES[strategy].score is not None)


def test_a_near_duplicate_that_waits_behind_a_surer_text_says_so() -> None:
    vectors = np.array([[1, 0], [1, 0.01], [0, 1]], np.float32)
    logits = np.array([[[0, 0], [0, 0.1], [9, 0]]], np.float32)
    rows = pd.DataFrame({"text": ["a", "b", "c"], "label": "", "role": "pool", "target": -1})
    result = SimpleNamespace(
        rows=rows,
        facts=SimpleNamespace(classes=("x", "y")),
        spec=SimpleNamespace(corpus=SimpleNamespace(vectors=None)),
        heads=SimpleNamespace(logits=lambda _: logits),
        runs_of=lambda _: [0],
    )
    desk = LabelDesk(cast(ExperimentResult, result), vectors)
    assert desk.ranking("any", "Least confidence").tolist() == [0, 2, 1]
    said = [reason(desk, "any", "Least confidence", position) for position in range(3)]
    assert ["near duplicate" in own for own in said] == [False, True, False]
    assert not any("seeds" in own for own in said)  # one run disagrees with none


def test_neighbours_are_found_on_vectors_that_are_normalised_once(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = np.array([[3, 0], [2, 0.2], [0, 1], [5, 0.1]], np.float32)
    rows = pd.DataFrame({"text": list("abcd"), "label": ["", "", "x", "y"], "target": [-1, -1, 0, 1]})
    rows["role"] = ["pool", "pool", "train", "train"]
    facts, corpus = SimpleNamespace(classes=("x", "y")), SimpleNamespace(vectors=None)
    result = SimpleNamespace(rows=rows, facts=facts, spec=SimpleNamespace(corpus=corpus))
    desk = LabelDesk(cast(ExperimentResult, result), vectors)
    assert [(own.text, own.cosine) for own in desk.nearest(0)] == [("d", pytest.approx(0.9998)), ("c", 0.0)]
    assert desk.alike(0).tolist() == [1]
    normalised: list[int] = []
    monkeypatch.setattr(np.linalg, "norm", lambda *_, **__: normalised.append(1))
    assert [own.text for own in desk.nearest(1)] == ["d", "c"]
    assert desk.alike(1).tolist() == [0]
    assert normalised == []


def test_uploaded_labels_merge_and_conflicts_are_told(
    visit: Open, experiment: ExperimentResult, store: LabelStore
) -> None:
    pool = experiment.rows.loc[experiment.rows["role"] == "pool", "text"].tolist()
    scope = scope_of(experiment.rows["text"])
    store.decide(scope, [Choice(pool[0], Kind.LABEL, "invoice")], "Ben")
    app = as_ana(visit, label_view="Queue and labels")
    table = pd.DataFrame({"text": [pool[0], pool[1], "elsewhere"], "label": ["refund", "refund", "refund"]})
    content = io.BytesIO()
    table.to_csv(content, index=False)
    app.file_uploader[0].upload("answers.csv", content.getvalue(), "text/csv")
    app.button[-1].click().run()
    assert not app.exception
    assert "1 labels are new; 1 are for texts outside this pool." in app.success[0].value
    assert "1 contradict" in app.warning[0].value
    assert standing(store, experiment) == {pool[0]: "invoice", pool[1]: "refund"}
    assert store.history(scope)[-1].source == "answers.csv"
    assert app.dataframe[0].value["text"].tolist().count(pool[1]) == 0  # the tables know what the file brought
    app.run()
    assert not app.success
    next(own for own in app.button if own.label == "Put the file's labels in their place").click().run()
    assert not app.exception
    assert not app.warning
    assert app.toast[0].value == "Kept: refund, 1 text."
    assert standing(store, experiment) == {pool[0]: "refund", pool[1]: "refund"}


def test_retraining_makes_a_new_experiment_and_shows_before_and_after(
    visit: Open, home: Workspace, experiment: ExperimentResult, store: LabelStore
) -> None:
    app = visit(PAGE, label_view="Retrain")
    assert "label some texts first" in words(app)
    pool = experiment.rows.loc[experiment.rows["role"] == "pool", "text"].tolist()
    choices = [Choice(text, Kind.LABEL, "other things") for text in pool[:12]]
    store.decide(scope_of(experiment.rows["text"]), choices, "Ana")
    app = visit(PAGE, label_view="Retrain")
    assert "12 labelled texts join the training texts, of 1 new classes: other things" in words(app)
    app.button(key="retrain").click().run()
    assert not app.exception
    (job,) = home.jobs(Status.QUEUED)
    assert job.name == "pooled + 12 labels"
    with home.vectors() as vectors:
        home.save(job.id, run_experiment(job.spec, store=vectors))
    home.set_status(job.id, Status.FINISHED)
    app = visit(PAGE, label_view="Retrain", experiment=home.experiments()[-1].id)
    assert not app.exception
    assert list(app.table[0].value.index) == ["No augmentation", "Soft E-Stitchup"]
    after = home.load(job.id)
    assert after.facts.classes == ("invoice", "other things", "refund")
    assert scope_of(after.rows["text"]) == scope_of(experiment.rows["text"])
    assert text_key(pool[0]) in store.current(scope_of(after.rows["text"]))


def test_a_simulation_is_queued_and_what_came_of_it_is_drawn(
    visit: Open,
    home: Workspace,
    experiment: ExperimentResult,  # noqa: ARG001
) -> None:
    from estitchup.worker import do

    app = visit(PAGE, label_view="Would it have helped?")
    for key in ("start_texts", "rounds", "round_texts", "simulation_seeds"):
        app.number_input(key=key).set_value(2)
    app.number_input(key="absent_share").set_value(0)
    app.multiselect(key="strategies").set_value(["Least confidence", "Random"]).run()
    app.button(key="simulate").click().run()
    assert not app.exception
    (job,) = home.jobs(Status.QUEUED)
    do(home, job)
    done = home.job(job.id)
    assert done
    assert done.status is Status.FINISHED, done.reason
    app = visit(PAGE, label_view="Would it have helped?")
    assert not app.exception
    assert list(app.table[0].value.index) == ["Least confidence", "Random"]
    assert len(app.get("plotly_chart")) == 1  # no class was absent


def test_vectors_of_ones_own_are_labelled_and_retrained_too(
    visit: Open, home: Workspace, store: LabelStore, tmp_path: Path
) -> None:
    generator = np.random.default_rng(0)
    labels = np.repeat(["cat", "dog", ""], 20)
    vectors = np.repeat(4 * generator.normal(size=(3, 8)), 20, axis=0) + generator.normal(size=(60, 8))
    file = tmp_path / "images.parquet"
    pd.DataFrame({"label": labels, "embedding": list(vectors.astype(np.float32))}).to_parquet(file)
    spec = ExperimentSpec(
        corpus=CorpusSpec(file=str(file), label_column="label", vectors="embedding"),
        head=HeadSpec(kind="linear"),
        training=TrainingSpec(epochs=5),
        augmentations=(Augmentation.named("No augmentation"),),
        seeds=(0,),
        device="cpu",
    )
    before = run_experiment(spec)
    job_id = home.add_job(spec, "images", Status.FINISHED).id
    home.save(job_id, before)
    app = as_ana(visit)
    assert shown_text(app).startswith("row ")
    pool = before.rows.loc[before.rows["role"] == "pool", "text"].tolist()
    store.decide(scope_of(before.rows["text"]), [Choice(text, Kind.LABEL, "owl") for text in pool], "Ana")
    app = visit(PAGE, label_view="Retrain")
    app.button(key="retrain").click().run()
    assert not app.exception
    (job,) = home.jobs(Status.QUEUED)
    after = run_experiment(job.spec)
    home.save(job.id, after)
    home.set_status(job.id, Status.FINISHED)
    assert after.facts.classes == ("cat", "dog", "owl")
    app = visit(PAGE, label_view="Retrain", experiment=job_id)
    assert not app.exception
    assert list(app.table[0].value.index) == ["No augmentation"]
