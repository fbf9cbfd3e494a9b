"""What lasts: one folder with a catalog (SQL), the vectors already computed, uploads, jobs and experiments.

The folder is `ESTITCHUP_HOME`, by default the platform's folder for application data. The catalog holds what was asked
and what became of it; everything large is a file beside it.
"""

import hashlib
import os
import re
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path, PurePath

import platformdirs
from sqlalchemy import Engine, create_engine, event, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from estitchup.corpus import CorpusSpec
from estitchup.encoding import DEFAULT_ENCODER, VectorStore
from estitchup.errors import EstitchupError
from estitchup.result import ExperimentResult, load_result, save_result
from estitchup.settings import Settings
from estitchup.spec import ExperimentSpec


class Status(StrEnum):
    """What has become of a job."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def over(self) -> bool:
        """Return True when the job will not go on."""
        return self not in (Status.QUEUED, Status.RUNNING)


class EmbedSpec(Settings):
    """The work of embedding a corpus, before anybody decides what to train."""

    corpus: CorpusSpec
    encoder: str = DEFAULT_ENCODER


@dataclass(frozen=True)
class Job:
    """A piece of work in the catalog; `reason` says why it failed. Times are UTC, ISO 8601."""

    id: str
    name: str
    spec: ExperimentSpec | EmbedSpec
    status: Status
    reason: str
    created: str


class _Base(DeclarativeBase):
    pass


class _JobRow(_Base):
    __tablename__ = "jobs"

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]
    spec: Mapped[str]
    status: Mapped[str] = mapped_column(index=True)
    reason: Mapped[str] = mapped_column(default="")
    created: Mapped[str]

    def job(self) -> Job | None:
        """Return the job, None when another version wrote a spec that this one cannot read."""
        try:
            spec = _KINDS[self.kind].model_validate_json(self.spec)
        except (EstitchupError, ValueError, KeyError):
            return None
        return Job(self.id, self.name, spec, Status(self.status), self.reason, self.created)


_KINDS: dict[str, type[ExperimentSpec] | type[EmbedSpec]] = {"experiment": ExperimentSpec, "embed": EmbedSpec}


class Workspace:
    """Open the workspace folder, making it when it is new; raises EstitchupError when it cannot be used."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = (
            root or Path(os.environ.get("ESTITCHUP_HOME") or platformdirs.user_data_dir("estitchup"))
        ).resolve()
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            self._engine = _catalog(self.root / "catalog.db")
        except (OSError, SQLAlchemyError) as error:
            raise EstitchupError(
                f"The workspace {str(self.root)!r} cannot be used ({error}): set ESTITCHUP_HOME to a writable folder."
            ) from None

    def vectors(self) -> VectorStore:
        """Open the store of vectors."""
        return VectorStore(self.root / "vectors")

    def keep_upload(self, name: str, content: bytes) -> Path:
        """Keep an uploaded file under its content's digest and return its path; the same content is kept once."""
        folder = self.root / "uploads" / hashlib.sha256(content).hexdigest()[:16]
        plain = "".join(letter for letter in name.replace("\\", "/").rsplit("/", 1)[-1] if letter.isprintable())
        path = folder / (plain.strip(". ")[-100:] or "upload")
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            _write_whole(path, content)
        return path

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

    def add_job(self, spec: ExperimentSpec | EmbedSpec, name: str = "", status: Status = Status.QUEUED) -> Job:
        """Enter a job into the catalog."""
        kind = next(kind for kind, model in _KINDS.items() if isinstance(spec, model))
        row = _JobRow(
            id=uuid.uuid4().hex[:12],
            kind=kind,
            name=name or _name(spec),
            spec=spec.model_dump_json(),
            status=status,
            reason="",
            created=datetime.now(UTC).isoformat(timespec="microseconds"),
        )
        with Session(self._engine, expire_on_commit=False) as session:
            session.add(row)
            session.commit()
        return Job(row.id, row.name, spec, status, "", row.created)

    def job(self, job_id: str) -> Job | None:
        """Return a job, or None when there is none of this id."""
        with Session(self._engine) as session:
            row = session.get(_JobRow, job_id)
            return row.job() if row else None

    def jobs(self, *statuses: Status) -> list[Job]:
        """Return the jobs with these statuses (default: all), the oldest first."""
        query = select(_JobRow).order_by(_JobRow.created)
        if statuses:
            query = query.where(_JobRow.status.in_(statuses))
        with Session(self._engine) as session:
            return [job for row in session.scalars(query) if (job := row.job())]

    def experiments(self) -> list[Job]:
        """Return the experiments that have a result, the newest first."""
        done = self.jobs(Status.FINISHED, Status.STOPPED)
        return [job for job in reversed(done) if self.has_result(job.id)]

    def set_status(self, job_id: str, status: Status, reason: str = "", *, only_from: Status | None = None) -> bool:
        """Change a job's status, when `only_from` is given only from that one; return whether it changed."""
        change = update(_JobRow).where(_JobRow.id == job_id)
        if only_from:
            change = change.where(_JobRow.status == only_from)
        with Session(self._engine) as session:
            changed = session.execute(change.values(status=status, reason=reason))
            session.commit()
        return bool(changed.rowcount)  # type: ignore[attr-defined]

    def job_folder(self, job_id: str) -> Path:
        """Return the folder of a job's events."""
        return self.root / "jobs" / job_id

    def result_folder(self, job_id: str) -> Path:
        """Return the folder that holds, or will hold, an experiment's result."""
        return self.root / "experiments" / job_id

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


def _write_whole(path: Path, content: bytes) -> None:
    """Write a file that is whole or not there, whoever reads it and whenever we crash."""
    partial = path.with_name(f"{uuid.uuid4().hex}.partial")
    partial.write_bytes(content)
    os.replace(partial, path)


def _catalog(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 30})

    @event.listens_for(engine, "connect")
    def _configure(connection: object, _: object) -> None:
        cursor = connection.cursor()  # type: ignore[attr-defined]
        cursor.execute("PRAGMA journal_mode=WAL")  # the worker writes while pages read
        cursor.close()

    _Base.metadata.create_all(engine)
    return engine


def _name(spec: ExperimentSpec | EmbedSpec) -> str:
    """Return a name that tells experiments apart in a list."""
    corpus = PurePath(spec.corpus.file).stem
    if isinstance(spec, EmbedSpec):
        return f"Embed {corpus}"
    cells, seeds = len(spec.augmentations), len(spec.seeds)
    return f"{corpus}: {cells} augmentation{'s' * (cells > 1)} × {seeds} seed{'s' * (seeds > 1)}"
