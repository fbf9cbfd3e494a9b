"""What lasts: one folder with a catalog (SQL), the vectors already computed, uploads, jobs and experiments.

The folder is `ESTITCHUP_HOME`, by default the platform's folder for application data. The catalog holds what was asked
and what became of it; everything large is a file beside it.
"""

import hashlib
import io
import os
import re
import shutil
import time
import uuid
from pathlib import Path

import pandas as pd

from estitchup.campaign import FILE as SIMULATION_FILE
from estitchup.catalog import Catalog, EmbedSpec, Job, JobSpec, Status
from estitchup.encoding import VectorStore, store_limit
from estitchup.errors import EstitchupError
from estitchup.home import home_folder
from estitchup.result import ExperimentResult
from estitchup.result_folder import load_result, save_result
from estitchup.shelf import Shelf

LONGEST_NAME = 100  # bytes; file systems take 255, and eCryptfs 143

__all__ = ["EmbedSpec", "Job", "JobSpec", "Status", "Workspace"]


class Workspace:
    """Open the workspace folder, making it when it is new; raises EstitchupError when it cannot be used."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = (root or home_folder()).resolve()
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EstitchupError(
                f"The workspace {str(self.root)!r} cannot be used ({error}): set ESTITCHUP_HOME to a writable folder."
            ) from None
        self.catalog = Catalog(self.root)
        self.shelf = Shelf(self.catalog.engine)

    def vectors(self) -> VectorStore:
        """Open the store of vectors, which keeps within its limit; raises EstitchupError."""
        return VectorStore(self.root / "vectors", store_limit(self.root).bytes)

    def keep_upload(self, name: str, content: bytes) -> Path:
        """Keep an uploaded file under its content's digest and return its path; the same content is kept once."""
        folder = self.root / "uploads" / hashlib.sha256(content).hexdigest()[:16]
        plain = "".join(letter for letter in name.replace("\\", "/").rsplit("/", 1)[-1] if letter.isprintable())
        path = folder / (_short(plain.strip(". ")) or "upload")
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            _write_whole(path, content)
        return path

    def keep_table(self, table: pd.DataFrame, path: str) -> None:
        """Keep a table of texts as a Parquet file; it is whole or not there."""
        content = io.BytesIO()
        table.to_parquet(content)
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        _write_whole(Path(path), content.getvalue())

    def keep_prepared(self, spec: EmbedSpec) -> str:
        """Keep a chosen corpus and encoder, as the latest, and return its id; the same choice has the same id."""
        content = spec.model_dump_json()
        prepared_id = hashlib.sha256(content.encode()).hexdigest()[:12]
        folder = self.root / "prepared"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{prepared_id}.json"
        if not path.exists():
            _write_whole(path, content.encode())
        os.utime(path, ns=(time.time_ns(), time.time_ns()))  # finer than the file system's own clock
        return prepared_id

    def prepared(self, prepared_id: str) -> EmbedSpec | None:
        """Return the corpus and encoder kept under this id, None when there is no such id."""
        if not re.fullmatch("[0-9a-f]{12}", prepared_id):  # it may come from an address
            return None
        try:
            return EmbedSpec.model_validate_json((self.root / "prepared" / f"{prepared_id}.json").read_bytes())
        except (OSError, ValueError, EstitchupError):
            return None

    def latest_prepared(self) -> str | None:
        """Return the id of the corpus and encoder that were kept last, None when there is none."""
        kept = list((self.root / "prepared").glob("*.json"))
        return max(kept, key=lambda path: path.stat().st_mtime_ns).stem if kept else None

    def add_job(self, spec: JobSpec, name: str = "", status: Status = Status.QUEUED) -> Job:
        """Enter a job into the catalog."""
        return self.catalog.add_job(spec, name, status)

    def job(self, job_id: str) -> Job | None:
        """Return a job, or None when there is none of this id."""
        return self.catalog.job(job_id)

    def jobs(self, *statuses: Status) -> list[Job]:
        """Return the jobs with these statuses (default: all), the oldest first."""
        return self.catalog.jobs(*statuses)

    def experiments(self) -> list[Job]:
        """Return the experiments that have a result and are not set aside, the newest first."""
        removed = set(self.shelf.removed())
        return [job for job in self._with_result() if job.id not in removed]

    def removed_experiments(self) -> list[Job]:
        """Return the experiments that are set aside, the newest first."""
        removed = set(self.shelf.removed())
        return [job for job in self._with_result() if job.id in removed]

    def empty_bin(self) -> None:
        """Delete for good, files and all, the experiments that are set aside."""
        for job in self.removed_experiments():
            shutil.rmtree(self.result_folder(job.id), ignore_errors=True)
            shutil.rmtree(self.job_folder(job.id), ignore_errors=True)
            self.catalog.forget(job.id)
            self.shelf.restore(job.id)

    def _with_result(self) -> list[Job]:
        done = self.jobs(Status.FINISHED, Status.STOPPED)
        return [job for job in reversed(done) if self.has_result(job.id)]

    def set_status(self, job_id: str, status: Status, reason: str = "", *, only_from: Status | None = None) -> bool:
        """Change a job's status, when `only_from` is given only from that one; return whether it changed."""
        return self.catalog.set_status(job_id, status, reason, only_from=only_from)

    def job_folder(self, job_id: str) -> Path:
        """Return the folder of a job's events."""
        return self.root / "jobs" / job_id

    def result_folder(self, job_id: str) -> Path:
        """Return the folder that holds, or will hold, an experiment's result."""
        return self.root / "experiments" / job_id

    def simulation_file(self, job_id: str) -> Path:
        """Return the file that holds, or will hold, what came of a simulation."""
        return self.result_folder(job_id) / SIMULATION_FILE

    def has_result(self, job_id: str) -> bool:
        """Return True when the experiment's result can be opened."""
        return (self.result_folder(job_id) / "experiment.json").is_file()

    def save(self, job_id: str, result: ExperimentResult) -> None:
        """Keep an experiment's result."""
        save_result(result, self.result_folder(job_id))

    def load(self, job_id: str) -> ExperimentResult:
        """Open an experiment's result; raises EstitchupError when there is none."""
        return load_result(self.result_folder(job_id))

    def add_folder(self, folder: Path) -> Job:
        """Take a copy of a finished experiment's folder, such as `estitchup run --out` wrote, into the workspace."""
        result = load_result(folder)
        job = self.add_job(result.spec, folder.resolve().name, Status.STOPPED)  # not listed before it has a result
        self.save(job.id, result)
        if not result.facts.stopped:
            self.set_status(job.id, Status.FINISHED)
        return self.job(job.id) or job


def _short(name: str) -> str:
    """Return the last LONGEST_NAME bytes of a file's name, which keep its ending; no letter is cut in two."""
    return name.encode("utf-8", "ignore")[-LONGEST_NAME:].decode("utf-8", "ignore").strip(". ")


def _write_whole(path: Path, content: bytes) -> None:
    """Write a file that is whole or not there, whoever reads it and whenever we crash."""
    partial = path.with_name(f"{uuid.uuid4().hex}.partial")
    partial.write_bytes(content)
    os.replace(partial, path)
