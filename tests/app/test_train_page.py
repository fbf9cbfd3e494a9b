"""The training page: settings in, a job out, its curves and its end."""

import pytest
from screen import Open, words
from streamlit.testing.v1 import AppTest

from estitchup.encoding import DEFAULT_ENCODER
from estitchup.events import Epoch, write_event
from estitchup.progress import Progress
from estitchup.recipe import CELLS
from estitchup.spec import ExperimentSpec
from estitchup.ui import prepared
from estitchup.workspace import EmbedSpec, Job, Status, Workspace

TRAIN = "pages/experiment/train.py"


@pytest.fixture
def corpus_id(home: Workspace) -> str:
    return home.keep_prepared(EmbedSpec(corpus=prepared.guessed(["sample"]), encoder=DEFAULT_ENCODER))


@pytest.fixture
def page(visit: Open, corpus_id: str) -> AppTest:
    return visit(TRAIN, corpus=corpus_id)


def started(page: AppTest, home: Workspace, status: Status = Status.RUNNING) -> Job:
    page.button(key="start").click().run()
    job = home.jobs()[-1]
    home.set_status(job.id, status)
    return job


def tell_epoch(home: Workspace, job: Job, epoch: int, accuracy: float = 0.5, note: str = "") -> None:
    assert isinstance(job.spec, ExperimentSpec)
    runs = len(job.spec.run_keys)
    accuracies = [accuracy + 0.01 * run for run in range(runs)]
    losses = [2.0 - value for value in accuracies]
    told = Epoch(epoch, 10, [1.0] * runs, losses, accuracies, 2.0 * epoch, 8.0, "CPU", note)
    write_event(home.job_folder(job.id), "epoch", told)


def test_without_a_corpus_the_page_offers_the_sample(visit: Open) -> None:
    app = visit(TRAIN)
    assert "needs texts with labels" in words(app)
    app.button(key="take_sample").click().run()
    assert not app.exception
    assert app.button(key="start").label == "Start training"


def test_all_six_cells_and_three_seeds_are_chosen_at_first(page: AppTest) -> None:
    assert all(page.checkbox(key=f"cell {name}").value for name in CELLS)
    assert "6 augmentations × 3 seeds = 18 runs, trained side by side" in words(page)
    assert "420 training texts · 14 known classes" in words(page)


def test_leaving_the_baseline_out_warns(page: AppTest) -> None:
    page.checkbox(key="cell No augmentation").uncheck().run()
    assert "nothing to compare" in page.warning[0].value


def test_no_cell_at_all_is_answered_by_a_sentence(page: AppTest) -> None:
    for name in CELLS:
        page.checkbox(key=f"cell {name}").uncheck()
    page.run()
    assert "choose at least one" in page.error[0].value


def test_start_queues_what_the_controls_say(page: AppTest, home: Workspace) -> None:
    page.checkbox(key="cell Soft E-Mixup").uncheck()
    page.number_input(key="alpha").set_value(0.4)
    page.number_input(key="seeds").set_value(2)
    page.number_input(key="epochs").set_value(4)
    page.selectbox(key="head").set_value("linear")
    page.number_input(key="batch_size").set_value(64)
    page.number_input(key="learning_rate").set_value(0.005)
    page.number_input(key="patience").set_value(3)
    page.run()
    spec = started(page, home).spec
    assert isinstance(spec, ExperimentSpec)
    assert [cell.name for cell in spec.augmentations] == [name for name in CELLS if name != "Soft E-Mixup"]
    assert {cell.alpha for cell in spec.augmentations} == {0.4}
    assert (spec.seeds, spec.training.epochs, spec.head.kind) == ((0, 1), 4, "linear")
    assert (spec.training.batch_size, spec.training.learning_rate, spec.training.patience) == (64, 0.005, 3)
    assert spec.leave_out is None


def test_classes_are_left_out_in_as_many_turns_as_asked(page: AppTest, home: Workspace) -> None:
    page.number_input(key="leave_out").set_value(4).run()
    spec = started(page, home).spec
    assert isinstance(spec, ExperimentSpec)
    assert (spec.leave_out, spec.extra_runs) == (4, 4 * len(CELLS))


def test_settings_stay_when_the_person_goes_away_and_comes_back(page: AppTest) -> None:
    page.number_input(key="seeds").set_value(5).run()
    page.checkbox(key="cell E-Mixup").uncheck().run()
    page.switch_page("pages/prepare/data.py").run().switch_page(TRAIN).run()
    assert page.number_input(key="seeds").value == 5
    assert not page.checkbox(key="cell E-Mixup").value


def test_before_the_first_epoch_embedding_is_followed(page: AppTest, home: Workspace) -> None:
    job = started(page, home)
    write_event(home.job_folder(job.id), "progress", Progress("Embedding", 100, 1176, "texts", 50.0, 21.0))
    page.run()
    assert page.progress[0].text == "Embedding 100 of 1,176 texts · 50 texts/s · 21 s left"


def test_training_tells_epoch_device_rate_and_remaining_time_above_its_curves(page: AppTest, home: Workspace) -> None:
    job = started(page, home)
    for epoch in (1, 2, 3):
        tell_epoch(home, job, epoch)
    page.run()
    assert page.progress[0].text == "Training on CPU: epoch 3 of 10 · 2.0 s an epoch · 8 s left"
    assert "After epoch 3, Soft E-Stitchup has the highest validation accuracy, 66.0%" in words(page)
    charts = page.get("plotly_chart")
    assert len(charts) == 2
    assert all(chart.proto.alt for chart in charts)
    assert page.button(key="start").label == "Start training"  # the page stays usable


def test_a_running_experiment_is_found_again_after_a_reload(
    page: AppTest, visit: Open, home: Workspace, corpus_id: str
) -> None:
    job = started(page, home)
    tell_epoch(home, job, 1)
    assert visit(TRAIN, corpus=corpus_id).progress[0].text.startswith("Training on CPU: epoch 1")


def test_the_latest_experiment_on_the_texts_is_there_again_on_another_day(
    page: AppTest, visit: Open, home: Workspace, corpus_id: str
) -> None:
    job = started(page, home, Status.FAILED)
    again = visit(TRAIN, corpus=corpus_id)
    assert again.button(key=f"again_{job.id}").label == "Resume"
    home.shelf.remove(job.id)
    assert "Nothing trains yet" in words(visit(TRAIN, corpus=corpus_id))


def test_stop_asks_the_job_to_stop(page: AppTest, home: Workspace) -> None:
    job = started(page, home)
    page.run()
    page.button(key=f"stop_{job.id}").click().run()
    assert (home.job_folder(job.id) / "cancel").exists()
    assert page.button(key=f"stop_{job.id}").label == "Stopping …"


def test_a_stop_shows_at_once_and_says_what_is_still_to_do(page: AppTest, home: Workspace) -> None:
    job = started(page, home)
    tell_epoch(home, job, 4)
    page.run()
    page.button(key=f"stop_{job.id}").click().run()
    assert page.progress[0].text == "Stopping …"
    write_event(home.job_folder(job.id), "progress", Progress("Scoring", 0, 1, "experiments"))
    page.run()
    assert page.progress[0].text == "Stopped after epoch 4 of 10; scoring what the finished epochs gave"
    assert not any(button.key == f"stop_{job.id}" for button in page.button)


def test_an_experiment_that_fell_back_to_the_cpu_says_so(page: AppTest, home: Workspace) -> None:
    job = started(page, home)
    tell_epoch(home, job, 1, note="The GPU ran out of memory, so this was trained on the CPU.")
    page.run()
    assert page.info[0].value == "The GPU ran out of memory, so this was trained on the CPU."


def test_a_run_that_has_ended_keeps_its_last_value_in_the_curves(page: AppTest, home: Workspace) -> None:
    job = started(page, home)
    tell_epoch(home, job, 1)
    tell_epoch(home, job, 2, accuracy=float("nan"))
    page.run()
    assert "After epoch 2, Soft E-Stitchup has the highest validation accuracy, 66.0%" in words(page)


def test_a_failed_experiment_gives_its_reason_and_can_be_resumed(page: AppTest, home: Workspace) -> None:
    job = started(page, home)
    home.set_status(job.id, Status.FAILED, "There is not enough memory: choose fewer seeds.")
    page.run()
    assert page.error[0].value == "There is not enough memory: choose fewer seeds."
    page.button(key=f"again_{job.id}").click().run()
    assert [(again.id, again.status) for again in home.jobs()] == [(job.id, Status.QUEUED)]


def test_an_experiment_stopped_before_its_first_epoch_says_there_is_no_result(page: AppTest, home: Workspace) -> None:
    started(page, home, Status.STOPPED)
    page.run()
    assert "no result" in page.info[0].value


def test_the_second_experiment_says_that_it_waits_for_the_first(page: AppTest, home: Workspace) -> None:
    started(page, home)
    page.button(key="start").click().run()
    assert "Queued behind 1 other job" in words(page)


@pytest.mark.parametrize(("folder", "said"), [("", "No folder is named"), ("nowhere/at_all", "nowhere")])
def test_a_folder_that_cannot_be_opened_is_answered_by_a_sentence(page: AppTest, folder: str, said: str) -> None:
    page.text_input(key="folder").set_value(folder)
    page.form_submit_button[0].click().run()
    assert said in page.error[0].value
    assert not page.exception
