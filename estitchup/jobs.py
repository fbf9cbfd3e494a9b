"""Work in the background: submit a spec, watch its events, stop it.

One warm worker process (`worker.py`) for each device serves a workspace: jobs for the GPU and jobs for the CPU do not
wait for one another. A worker holds a file lock while it lives, so that anybody can see whether it does, even after
kill -9. A job's events are lines of JSON in its folder (`events.py`); a file named `cancel` there asks it to stop. All
of it outlives a page change, a browser reload and a restart of the server.
"""

import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from estitchup.events import Epoch, Readers
from estitchup.progress import Progress
from estitchup.workspace import Job, JobSpec, Status, Workspace

WORKER_DIED = (
    "The worker process ended without a word: it was killed, or the machine ran out of memory. Resume the job, or "
    "start one with fewer runs or a smaller head if memory is short."
)
WORKER_CANNOT_START = (
    "The worker process cannot start: the end of worker.log in the workspace says why. Mend that, then resume the job."
)


@dataclass(frozen=True)
class Watched:
    """A job with all that it has told so far; `stopping` once it was asked to stop."""

    job: Job
    progress: Progress | None = None
    epochs: list[Epoch] = field(default_factory=list)
    ahead: int = 0
    stopping: bool = False

    def curves(self, name: str) -> NDArray[np.float64]:
        """Return one list of the epochs, such as "validation_accuracies", as (epochs so far, R)."""
        return np.array([getattr(epoch, name) for epoch in self.epochs])


class JobQueue:
    """The jobs of a workspace, in the order of their submission."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._started: dict[str, subprocess.Popen[bytes]] = {}
        self._readers = Readers()

    def submit(self, spec: JobSpec, name: str = "") -> Job:
        """Queue the spec and see to it that a worker lives; return at once."""
        job = self.workspace.add_job(spec, name)
        self.ensure_worker(device_of(spec))
        return job

    def cancel(self, job_id: str) -> None:
        """Ask the job to stop; a queued one never starts, a running one keeps what its finished epochs gave."""
        if not self.workspace.set_status(job_id, Status.STOPPED, only_from=Status.QUEUED):
            flag = self._cancel_flag(job_id)
            flag.parent.mkdir(parents=True, exist_ok=True)
            flag.touch()

    def stopping(self, job_id: str) -> bool:
        """Return True once the job was asked to stop while it ran."""
        return self._cancel_flag(job_id).exists()

    def _cancel_flag(self, job_id: str) -> Path:
        return self.workspace.job_folder(job_id) / "cancel"

    def resume(self, job_id: str) -> None:
        """Queue a failed job again; its training goes on after the last epoch that was kept."""
        self._cancel_flag(job_id).unlink(missing_ok=True)
        job = self.workspace.job(job_id)
        if job is not None and self.workspace.set_status(job_id, Status.QUEUED, only_from=Status.FAILED):
            self.ensure_worker(device_of(job.spec))

    def watch(self, job_id: str) -> Watched | None:
        """Return the job and what it has told, None when there is no such job; notice a worker that died."""
        job = self._checked(job_id)
        if job is None:
            return None
        progress, epochs = self._readers.told(self.workspace.job_folder(job_id))
        ahead = 0
        if job.status is Status.QUEUED:
            before = [other for other in self.active() if other.created < job.created]
            ahead = sum(device_of(other.spec) == device_of(job.spec) for other in before)
        return Watched(job, progress, epochs, ahead, self.stopping(job_id))

    def active(self) -> list[Job]:
        """Return the jobs that are queued or running, the oldest first."""
        return self.workspace.jobs(Status.QUEUED, Status.RUNNING)

    def worker_lives(self, device: str = "cpu") -> bool:
        """Return True while a worker of the device holds its lock."""
        lock = worker_lock(self.workspace.root, device)
        try:
            with lock.acquire(timeout=0):
                return False
        except Timeout:
            return True

    def ensure_worker(self, device: str = "cpu") -> None:
        """Start a worker unless one lives or is starting; of two that start at once, the lock lets one stay."""
        starting = self._started.get(device)
        if self.worker_lives(device) or (starting and starting.poll() is None):
            return
        command = [sys.executable, "-m", "estitchup.worker", str(self.workspace.root), device]
        with (self.workspace.root / "worker.log").open("ab") as log:
            self._started[device] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def _checked(self, job_id: str) -> Job | None:
        """Return the job; fail it first if its worker died, give a queued one a new worker."""
        job = self.workspace.job(job_id)
        # The worker is asked for after the job is read: one that starts in between has not died.
        if job is None or job.status.over or self.worker_lives(device_of(job.spec)):
            return job
        if job.status is Status.RUNNING:
            close_orphan(self.workspace, job)
        elif self._cannot_start(device_of(job.spec)):
            self.workspace.set_status(job_id, Status.FAILED, WORKER_CANNOT_START, only_from=Status.QUEUED)
        else:
            self.ensure_worker(device_of(job.spec))
        return self.workspace.job(job_id)

    def _cannot_start(self, device: str) -> bool:
        """Return True when the worker that was started last ended with an error of its own, not by a kill."""
        started = self._started.get(device)
        return started is not None and (started.poll() or 0) > 0


@cache
def gpu_at_hand() -> bool:
    """Return True where NVIDIA's driver is installed; asking PyTorch would take seconds to load it."""
    return shutil.which("nvidia-smi") is not None


def device_of(spec: JobSpec) -> str:
    """Return the device whose worker does this work: "cpu", or "cuda" where there is one and nobody says otherwise."""
    return "cuda" if gpu_at_hand() and getattr(spec, "device", None) != "cpu" else "cpu"


def close_orphan(workspace: Workspace, job: Job) -> None:
    """Say in the catalog what became of a running job whose worker died; it may have died after saving the result."""
    if workspace.has_result(job.id):
        stopped = workspace.load(job.id).facts.stopped
        workspace.set_status(job.id, Status.STOPPED if stopped else Status.FINISHED, only_from=Status.RUNNING)
    else:
        workspace.set_status(job.id, Status.FAILED, WORKER_DIED, only_from=Status.RUNNING)


def worker_lock(root: Path, device: str) -> FileLock:
    """Return the lock that the living worker of a workspace and a device holds."""
    return FileLock(root / f"worker-{device}.lock")
