"""Jobs in a real worker process: events, cancel, failure, kill -9, and two submissions."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from estitchup.corpus import CorpusSpec
from estitchup.jobs import WORKER_DIED, JobQueue, Watched, close_orphan, read_events, write_event
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
    stopped = waited(queue, job.id, over)
    assert time.monotonic() - started < 1.5
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
    before = len(list(read_events(queue.workspace.job_folder(job.id))))
    queue.resume(job.id)
    waited(queue, job.id, lambda watched: len(watched.epochs) > told + 1)
    events = list(read_events(queue.workspace.job_folder(job.id)))[before:]
    again = [event["epoch"] for kind, event in events if kind == "epoch"]
    assert again[0] in (told, told + 1, told + 2)  # the kill may fall between the state and its event
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


def test_a_half_written_event_is_left_for_the_next_time(tmp_path: Path) -> None:
    write_event(tmp_path, "progress", Progress("Embedding", 1, 2, "texts"))
    with (tmp_path / "events.jsonl").open("a") as file:
        file.write('["progress", {"sta')
    assert [kind for kind, _ in read_events(tmp_path)] == ["progress"]
