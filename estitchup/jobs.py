"""Work in the background: submit a spec, watch its events, stop it.

One warm worker process (`worker.py`) serves a workspace. It holds a file lock while it lives, so that anybody can see
whether it does, even after kill -9. A job's events are lines of JSON in its folder; a file named `cancel` there asks it
to stop. All of it outlives a page change, a browser reload and a restart of the server.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from estitchup.progress import Progress
from estitchup.spec import ExperimentSpec
from estitchup.workspace import EmbedSpec, Job, Status, Workspace

WORKER_DIED = (
    "The worker process ended without a word: it was killed, or the machine ran out of memory. Resume the job, or "
    "start one with fewer runs or a smaller head if memory is short."
)


@dataclass(frozen=True)
class Epoch:
    """Where all R runs stood after an epoch (1-based); seconds count from the start of training."""

    epoch: int
    epochs: int
    training_losses: list[float]
    validation_losses: list[float]
    validation_accuracies: list[float]
    seconds: float
    remaining: float
    device: str


@dataclass(frozen=True)
class Watched:
    """A job with all that it has told so far."""

    job: Job
    progress: Progress | None = None
    epochs: list[Epoch] = field(default_factory=list)
    ahead: int = 0

    def curves(self, name: str) -> NDArray[np.float64]:
        """Return one list of the epochs, such as "validation_accuracies", as (epochs so far, R)."""
        return np.array([getattr(epoch, name) for epoch in self.epochs])


class JobQueue:
    """The jobs of a workspace, in the order of their submission."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._started: subprocess.Popen[bytes] | None = None

    def submit(self, spec: ExperimentSpec | EmbedSpec, name: str = "") -> Job:
        """Queue the spec and see to it that a worker lives; return at once."""
        job = self.workspace.add_job(spec, name)
        self.ensure_worker()
        return job

    def cancel(self, job_id: str) -> None:
        """Ask the job to stop; a queued one never starts, a running one keeps what its finished epochs gave."""
        if not self.workspace.set_status(job_id, Status.STOPPED, only_from=Status.QUEUED):
            folder = self.workspace.job_folder(job_id)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "cancel").touch()

    def resume(self, job_id: str) -> None:
        """Queue a failed job again; its training goes on after the last epoch that was kept."""
        (self.workspace.job_folder(job_id) / "cancel").unlink(missing_ok=True)
        if self.workspace.set_status(job_id, Status.QUEUED, only_from=Status.FAILED):
            self.ensure_worker()

    def watch(self, job_id: str) -> Watched | None:
        """Return the job and what it has told, None when there is no such job; notice a worker that died."""
        job = self._checked(job_id)
        if job is None:
            return None
        progress, epochs = None, {}
        for kind, event in read_events(self.workspace.job_folder(job_id)):
            if kind == "epoch":
                epochs[event["epoch"]] = Epoch(**event)  # a resumed job may tell an epoch again
            else:
                progress = Progress(**event)
        ahead = 0
        if job.status is Status.QUEUED:
            ahead = sum(other.created < job.created for other in self.workspace.jobs(Status.QUEUED, Status.RUNNING))
        return Watched(job, progress, list(epochs.values()), ahead)

    def active(self) -> list[Job]:
        """Return the jobs that are queued or running, the oldest first."""
        return self.workspace.jobs(Status.QUEUED, Status.RUNNING)

    def worker_lives(self) -> bool:
        """Return True while a worker holds the lock."""
        lock = worker_lock(self.workspace.root)
        try:
            with lock.acquire(timeout=0):
                return False
        except Timeout:
            return True

    def ensure_worker(self) -> None:
        """Start a worker unless one lives or is starting; of two that start at once, the lock lets one stay."""
        if self.worker_lives() or (self._started and self._started.poll() is None):
            return
        log = (self.workspace.root / "worker.log").open("ab")
        command = [sys.executable, "-m", "estitchup.worker", str(self.workspace.root)]
        self._started = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )

    def _checked(self, job_id: str) -> Job | None:
        """Return the job; fail it first if its worker died, give a queued one a new worker."""
        job = self.workspace.job(job_id)
        # The worker is asked for after the job is read: one that starts in between has not died.
        if job is None or job.status.over or self.worker_lives():
            return job
        if job.status is Status.RUNNING:
            close_orphan(self.workspace, job)
        self.ensure_worker()
        return self.workspace.job(job_id)


def close_orphan(workspace: Workspace, job: Job) -> None:
    """Say in the catalog what became of a running job whose worker died; it may have died after saving the result."""
    if workspace.has_result(job.id):
        stopped = workspace.load(job.id).facts.stopped
        workspace.set_status(job.id, Status.STOPPED if stopped else Status.FINISHED, only_from=Status.RUNNING)
    else:
        workspace.set_status(job.id, Status.FAILED, WORKER_DIED, only_from=Status.RUNNING)


def worker_lock(root: Path) -> FileLock:
    """Return the lock that the living worker of a workspace holds."""
    return FileLock(root / "worker.lock")


def write_event(folder: Path, kind: str, event: Any) -> None:
    """Append a dataclass to a job's events."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "events.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps([kind, asdict(event)]) + "\n")


def read_events(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a job's events; a last line that is still being written is left for the next time."""
    path = folder / "events.jsonl"
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        if line.endswith("\n"):
            kind, event = json.loads(line)
            yield kind, event
