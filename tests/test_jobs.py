"""Jobs in a real worker process: events, cancel, failure, kill -9, and two submissions."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from safetensors import SafetensorError

from estitchup.checkpoint import Checkpoint, Progressed
from estitchup.corpus import CorpusSpec
from estitchup.errors import EstitchupError
from estitchup.events import Epoch, Reader, write_event
from estitchup.jobs import WORKER_CANNOT_START, WORKER_DIED, JobQueue, Watched, close_orphan, device_of
from estitchup.progress import Progress
from estitchup.recipe import HeadSpec, TrainingSpec, full_grid
from estitchup.spec import ExperimentSpec
from estitchup.workspace import EmbedSpec, Status, Workspace

TOPICS = {"fruit": "apple pear plum cherry melon", "metal": "iron copper zinc silver lead", "oos": "why who when"}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> CorpusSpec:
    lines = ["text,label"]
    for topic, words in TOPICS.items():
        lines += [f"the {a} and the {b} {i},{topic}" for i in range(3) for a in words.split() for b in words.split()]
    file = tmp_path_factory.mktemp("corpus") / "topics.csv"
    file.write_text("\n".join(lines))
    return CorpusSpec(file=str(file), text_column="text", label_column="label", unknown_labels=("oos",))


@pytest.fixture(scope="module")
def queue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobQueue]:
    queue = JobQueue(Workspace(tmp_path_factory.mktemp("home")))
    yield queue
    for process in workers(queue):
        process.kill()


def workers(queue: JobQueue) -> list[psutil.Process]:
    """Return the worker processes of this workspace, and no other's."""
    own = str(queue.workspace.root)
    return [process for process in psutil.Process().children() if own in process.cmdline()]


def experiment(corpus: CorpusSpec, epochs: int = 3) -> ExperimentSpec:
    return ExperimentSpec(
        corpus=corpus,
        head=HeadSpec(hidden=64),
        training=TrainingSpec(epochs=epochs),
        augmentations=full_grid()[:2],
        seeds=(0,),
    )


def waited(queue: JobQueue, job_id: str, until: Callable[[Watched], bool], seconds: float = 60) -> Watched:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        watched = queue.watch(job_id)
        assert watched is not None
        if until(watched):
            return watched
        time.sleep(0.05)
    raise AssertionError(f"still {watched.job.status} after {seconds} s: {watched.job.reason}")


def over(watched: Watched) -> bool:
    return watched.job.status.over


def at_scoring(watched: Watched) -> bool:
    return watched.progress is not None and watched.progress.stage == "Scoring"


def test_an_experiment_tells_every_epoch_and_leaves_its_result(queue: JobQueue, corpus: CorpusSpec) -> None:
    job = queue.submit(experiment(corpus))
    watched = waited(queue, job.id, over)
    assert watched.job.status is Status.FINISHED, watched.job.reason
    assert [epoch.epoch for epoch in watched.epochs] == [1, 2, 3]
    assert "CPU" in watched.epochs[0].device or watched.epochs[0].device
    result = queue.workspace.load(job.id)
    told = watched.curves("validation_accuracies")
    np.testing.assert_allclose(told[:, 1], result.curve(1, "validation_accuracy"))
    assert [job.id for job in queue.workspace.experiments()] == [watched.job.id]


def test_the_worker_stays_warm_and_a_second_embedding_is_instant(queue: JobQueue, corpus: CorpusSpec) -> None:
    before = {process.pid for process in workers(queue)}
    started = time.monotonic()
    job = queue.submit(EmbedSpec(corpus=corpus))
    watched = waited(queue, job.id, over)
    assert watched.job.status is Status.FINISHED
    assert watched.progress is not None
    assert watched.progress.done == watched.progress.total > 100
    assert time.monotonic() - started < 3
    assert {process.pid for process in workers(queue)} == before


def test_a_mistake_in_the_spec_fails_the_job_with_a_sentence_and_not_the_worker(
    queue: JobQueue, corpus: CorpusSpec
) -> None:
    job = queue.submit(EmbedSpec(corpus=corpus.model_copy(update={"text_column": "body"})))
    watched = waited(queue, job.id, over)
    assert watched.job.status is Status.FAILED
    assert "body" in watched.job.reason
    assert queue.worker_lives()


def test_a_cancel_takes_effect_within_a_second_and_keeps_the_finished_epochs(
    queue: JobQueue, corpus: CorpusSpec
) -> None:
    job = queue.submit(experiment(corpus, epochs=1000))
    waited(queue, job.id, lambda watched: len(watched.epochs) >= 3)
    started = time.monotonic()
    queue.cancel(job.id)
    waited(queue, job.id, lambda watched: watched.stopping and (over(watched) or at_scoring(watched)))
    assert time.monotonic() - started < 1  # what is left is to score what the finished epochs gave
    stopped = waited(queue, job.id, over)
    assert stopped.job.status is Status.STOPPED
    result = queue.workspace.load(job.id)
    assert result.facts.stopped
    assert 3 <= len(result.curve(0, "validation_accuracy")) < 1000


def test_a_second_submission_waits_its_turn_and_a_queued_job_can_be_cancelled(
    queue: JobQueue, corpus: CorpusSpec
) -> None:
    first = queue.submit(experiment(corpus, epochs=1000))
    second, third = queue.submit(experiment(corpus, epochs=1)), queue.submit(experiment(corpus, epochs=2))
    waited(queue, first.id, lambda watched: bool(watched.epochs))
    behind = queue.watch(third.id)
    assert behind is not None
    assert behind.job.status is Status.QUEUED
    assert behind.ahead == 2
    queue.cancel(third.id)
    queue.cancel(first.id)
    assert waited(queue, second.id, over).job.status is Status.FINISHED
    assert waited(queue, third.id, over).job.status is Status.STOPPED
    assert not queue.workspace.has_result(third.id)


def test_a_killed_worker_fails_its_job_and_a_new_one_resumes_after_the_last_epoch(
    queue: JobQueue, corpus: CorpusSpec
) -> None:
    job = queue.submit(experiment(corpus, epochs=1000))
    waited(queue, job.id, lambda watched: bool(watched.epochs))
    for process in workers(queue):
        os.kill(process.pid, signal.SIGKILL)
    failed = waited(queue, job.id, over, seconds=5)
    assert failed.job.status is Status.FAILED
    assert failed.job.reason == WORKER_DIED
    told = len(failed.epochs)
    events = queue.workspace.job_folder(job.id) / "events.jsonl"
    before = Reader(events)
    before.read()
    resumed = Reader(events, before.offset)  # what is told from here on
    queue.resume(job.id)
    waited(queue, job.id, lambda watched: len(watched.epochs) > told + 1)
    resumed.read()
    again = list(resumed.epochs)
    # The kill may fall between the state and its event, and epochs of milliseconds are not all worth keeping.
    assert 1 < again[0] <= told + 2
    assert again == list(range(again[0], again[0] + len(again)))
    queue.cancel(job.id)
    assert waited(queue, job.id, over).job.status is Status.STOPPED
    assert len(queue.workspace.load(job.id).curve(0, "validation_accuracy")) > told


def test_a_worker_that_died_after_saving_has_finished_its_job(queue: JobQueue, corpus: CorpusSpec) -> None:
    done = queue.submit(experiment(corpus, epochs=1))
    waited(queue, done.id, over)
    queue.workspace.set_status(done.id, Status.RUNNING)
    close_orphan(queue.workspace, done)
    closed = queue.workspace.job(done.id)
    assert closed is not None
    assert closed.status is Status.FINISHED


def test_a_job_that_nobody_knows_is_none(queue: JobQueue) -> None:
    assert queue.watch("no-such-job") is None


def test_a_reader_takes_in_what_is_new_and_leaves_a_half_written_line_for_later(tmp_path: Path) -> None:
    reader = Reader(tmp_path / "events.jsonl")
    assert reader.read() == 0
    write_event(tmp_path, "progress", Progress("Embedding", 1, 2, "texts"))
    with (tmp_path / "events.jsonl").open("a") as file:
        file.write('["progress", {"sta')
    assert reader.read() == 1
    assert reader.read() == 0
    with (tmp_path / "events.jsonl").open("a") as file:
        file.write('ge": "Embedding", "done": 2, "total": 2, "unit": "texts"}]\n')
    assert reader.read() == 1
    assert reader.progress == Progress("Embedding", 2, 2, "texts")


def test_a_line_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    reader = Reader(tmp_path / "events.jsonl")
    with (tmp_path / "events.jsonl").open("a") as file:
        file.write('["epoch", {"epoch": 1, "epo["progress", {}]\n["progress", {"colour": "red"}]\n7\n')
    write_event(tmp_path, "progress", Progress("Embedding", 1, 2, "texts"))
    assert reader.read() == 4
    assert reader.progress == Progress("Embedding", 1, 2, "texts")
    assert not reader.epochs


def test_a_worker_that_cannot_start_fails_the_job_with_a_sentence_and_is_tried_again_on_resume(
    tmp_path: Path, corpus: CorpusSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = JobQueue(Workspace(tmp_path))
    monkeypatch.setattr("estitchup.jobs.sys.executable", "/bin/false")
    job = queue.submit(experiment(corpus))
    failed = waited(queue, job.id, over, seconds=10)
    assert failed.job.reason == WORKER_CANNOT_START
    queue.resume(job.id)
    assert waited(queue, job.id, over, seconds=10).job.reason == WORKER_CANNOT_START
    assert len(queue.workspace.jobs(Status.FAILED)) == 1


def test_a_look_at_a_job_of_a_thousand_epochs_reads_only_what_is_new(
    tmp_path: Path, corpus: CorpusSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobQueue, "worker_lives", lambda *_: True)
    queue = JobQueue(Workspace(tmp_path))
    job = queue.workspace.add_job(experiment(corpus), status=Status.RUNNING)
    runs = [0.123456789] * 120
    for epoch in range(1, 1001):
        write_event(queue.workspace.job_folder(job.id), "epoch", Epoch(epoch, 1000, runs, runs, runs, 1.0, 1.0, "CPU"))
    queue.watch(job.id)
    started = time.process_time()
    for _ in range(10):
        watched = queue.watch(job.id)
    assert (time.process_time() - started) / 10 < 0.02  # all of it takes a hundred times as long
    assert watched is not None
    assert watched.curves("training_losses").shape == (1000, 120)


def test_jobs_for_another_device_do_not_wait(
    tmp_path: Path, corpus: CorpusSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("estitchup.jobs.gpu_at_hand", lambda: True)
    monkeypatch.setattr(JobQueue, "worker_lives", lambda *_: True)
    queue = JobQueue(Workspace(tmp_path))
    on_gpu = queue.submit(experiment(corpus))
    on_cpu = [queue.submit(experiment(corpus).model_copy(update={"device": "cpu"})) for _ in range(2)]
    assert device_of(on_gpu.spec) == "cuda"
    watched = [queue.watch(job.id) for job in on_cpu]
    assert [look.ahead for look in watched if look] == [0, 1]


def test_a_disk_without_space_is_said_in_a_sentence_and_the_older_state_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = Checkpoint(tmp_path / "training.safetensors")
    checkpoint.save(Progressed(3, np.zeros((3, 1, 5)), 1.0, {"weights": torch.ones(1, 4)}))

    def full(_: object, path: Path) -> None:
        path.write_bytes(b"half")
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr("estitchup.checkpoint.save_file", full)
    with pytest.raises(EstitchupError, match=r"No space left on device.*free some space there, then resume"):
        checkpoint.save(Progressed(4, np.zeros((3, 1, 5)), 1.0, {"weights": torch.zeros(1, 4)}))
    kept = checkpoint.load()
    assert kept is not None
    assert kept.epochs == 3
    assert [path.name for path in tmp_path.iterdir()] == ["training.safetensors"]


def test_a_damaged_state_is_no_state(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "training.safetensors")
    checkpoint.path.write_bytes(b"not a state")
    assert checkpoint.load() is None
