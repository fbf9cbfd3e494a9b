"""The process that does the jobs of a workspace on one device, one after another, and stays warm between them.

Started by `JobQueue.ensure_worker` as `python -m estitchup.worker FOLDER DEVICE`. It imports no Streamlit.
"""

import sys
import time
import traceback
from pathlib import Path

from filelock import Timeout

from estitchup.campaign import SimulationSpec, keep_simulation
from estitchup.checkpoint import Checkpoint
from estitchup.corpus import load_corpus
from estitchup.errors import NOT_ENOUGH_MEMORY, EstitchupError
from estitchup.events import Epoch, write_event
from estitchup.experiment import embed_corpus, run_experiment
from estitchup.jobs import close_orphan, device_of, worker_lock
from estitchup.progress import Cancelled, Progress
from estitchup.simulation import run_simulation
from estitchup.training import EpochReport
from estitchup.workspace import EmbedSpec, Job, Status, Workspace

IDLE_SECONDS = 1800.0
POLL_SECONDS = 0.1
EVENT_SECONDS = 0.2
LOCK_SECONDS = 2.0  # a page that asks whether a worker lives holds the lock for an instant


class _FileCancel:
    """A cancel event that is set when a file appears; looked up at most every 50 ms."""

    def __init__(self, path: Path) -> None:
        self.path, self._looked, self._set = path, 0.0, False

    def is_set(self) -> bool:
        now = time.monotonic()
        if not self._set and now - self._looked > 0.05:
            self._looked, self._set = now, self.path.exists()
        return self._set


class _Telling:
    """Write a job's progress as events, a few a second."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._told, self._stage = folder, 0.0, ""

    def progress(self, progress: Progress) -> None:
        now = time.monotonic()
        if progress.stage != self._stage or progress.done == progress.total or now - self._told > EVENT_SECONDS:
            self._told, self._stage = now, progress.stage
            write_event(self.folder, "progress", progress)

    def epoch(self, report: EpochReport) -> None:
        event = Epoch(
            report.epoch,
            report.epochs,
            report.training_losses.tolist(),
            report.validation_losses.tolist(),
            report.validation_accuracies.tolist(),
            report.seconds,
            report.remaining,
            report.device,
            report.note,
        )
        write_event(self.folder, "epoch", event)


def do(workspace: Workspace, job: Job) -> None:
    """Do one job and say in the catalog what became of it; no failure of a job ends the worker."""
    try:
        status, reason = _attempt(workspace, job), ""
    except Cancelled:
        status, reason = Status.STOPPED, ""
    except EstitchupError as error:
        status, reason = Status.FAILED, str(error)
    except MemoryError:
        status, reason = Status.FAILED, NOT_ENOUGH_MEMORY
    except Exception as error:  # a fault of ours: the person gets a sentence, the log the traceback
        traceback.print_exc()
        status, reason = (
            Status.FAILED,
            f"Something went wrong that should not have ({error}); worker.log has the details.",
        )
    workspace.set_status(job.id, status, reason)


def _attempt(workspace: Workspace, job: Job) -> Status:
    folder = workspace.job_folder(job.id)
    folder.mkdir(parents=True, exist_ok=True)
    cancel, telling = _FileCancel(folder / "cancel"), _Telling(folder)
    with workspace.vectors() as store:
        if isinstance(job.spec, EmbedSpec):
            corpus = load_corpus(job.spec.corpus)
            embed_corpus(corpus, job.spec.encoder, store=store, listener=telling.progress, cancel=cancel)
            return Status.FINISHED
        if isinstance(job.spec, SimulationSpec):
            simulated = run_simulation(job.spec, store=store, listener=telling.progress, cancel=cancel)
            keep_simulation(simulated, workspace.simulation_file(job.id))
            return Status.FINISHED
        checkpoint = Checkpoint(folder / "training.safetensors")
        result = run_experiment(
            job.spec,
            store=store,
            listener=telling.progress,
            on_epoch=telling.epoch,
            cancel=cancel,
            checkpoint=checkpoint,
        )
    workspace.save(job.id, result)
    checkpoint.discard()
    return Status.STOPPED if result.facts.stopped else Status.FINISHED


def serve(root: Path, device: str, idle_seconds: float = IDLE_SECONDS) -> None:
    """Do the device's jobs until there have been none for `idle_seconds`; return at once when another worker lives."""
    try:
        with worker_lock(root, device).acquire(timeout=LOCK_SECONDS):
            workspace = Workspace(root)
            for orphan in _own(workspace, device, Status.RUNNING):
                close_orphan(workspace, orphan)
            last = time.monotonic()
            while time.monotonic() - last < idle_seconds:
                queued = _own(workspace, device, Status.QUEUED)
                if queued and workspace.set_status(queued[0].id, Status.RUNNING, only_from=Status.QUEUED):
                    do(workspace, queued[0])
                    last = time.monotonic()
                else:
                    time.sleep(POLL_SECONDS)
    except Timeout:
        return


def _own(workspace: Workspace, device: str, status: Status) -> list[Job]:
    """Return the jobs that are this worker's to do, the oldest first."""
    return [job for job in workspace.jobs(status) if device_of(job.spec) == device]


if __name__ == "__main__":
    serve(Path(sys.argv[1]), sys.argv[2])
