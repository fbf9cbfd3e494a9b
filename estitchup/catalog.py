"""The catalog: what was asked and what became of it, in SQL. One engine serves jobs and labels.

SQLite beside the files by default, in WAL mode so that pages read while the worker writes, and `synchronous=FULL` so
that what was committed outlives a power cut. `ESTITCHUP_DATABASE_URL` names another database, one for each workspace,
such as postgresql+psycopg://user@host/estitchup.
"""

import os
import sqlite3
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path, PurePath

from sqlalchemy import Connection, Engine, create_engine, delete, event, make_url, select, text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from estitchup.campaign import SimulationSpec
from estitchup.corpus import CorpusSpec
from estitchup.encoding import DEFAULT_ENCODER
from estitchup.errors import EstitchupError
from estitchup.settings import Settings
from estitchup.spec import ExperimentSpec

URL_VARIABLE = "ESTITCHUP_DATABASE_URL"
LONGEST_NAME = 120
SECONDS_TO_WAIT = 30  # for another's transaction on SQLite
_MAKING_TABLES = 0x657374  # the number of PostgreSQL's advisory lock under which tables are made


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


JobSpec = ExperimentSpec | EmbedSpec | SimulationSpec


@dataclass(frozen=True)
class Job:
    """A piece of work in the catalog; `reason` says why it failed. Times are UTC, ISO 8601."""

    id: str
    name: str
    spec: JobSpec
    status: Status
    reason: str
    created: str


class Base(DeclarativeBase):
    """The tables of the catalog; a module that adds one has them made by `make_tables`."""


class _JobRow(Base):
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


_KINDS: dict[str, type[ExperimentSpec] | type[EmbedSpec] | type[SimulationSpec]] = {
    "experiment": ExperimentSpec,
    "embed": EmbedSpec,
    "simulation": SimulationSpec,
}


class Catalog:
    """Open the catalog of a workspace folder, making a new one; raises EstitchupError when it cannot be used."""

    def __init__(self, root: Path) -> None:
        try:
            self.engine = _engine(root)
            make_tables(self.engine)
        except (SQLAlchemyError, ImportError) as error:
            raise EstitchupError(_refusal(root, error)) from None

    def add_job(self, spec: JobSpec, name: str = "", status: Status = Status.QUEUED) -> Job:
        """Enter a job into the catalog."""
        kind = next(kind for kind, model in _KINDS.items() if isinstance(spec, model))
        row = _JobRow(
            id=uuid.uuid4().hex[:12],
            kind=kind,
            name=name or _name(spec),
            spec=spec.model_dump_json(),
            status=status.value,
            reason="",
            created=datetime.now(UTC).isoformat(timespec="microseconds"),
        )
        with Session(self.engine, expire_on_commit=False) as session:
            session.add(row)
            session.commit()
        return Job(row.id, row.name, spec, status, "", row.created)

    def job(self, job_id: str) -> Job | None:
        """Return a job, or None when there is none of this id."""
        with Session(self.engine) as session:
            row = session.get(_JobRow, job_id)
            return row.job() if row else None

    def jobs(self, *statuses: Status) -> list[Job]:
        """Return the jobs with these statuses (default: all), the oldest first."""
        query = select(_JobRow).order_by(_JobRow.created)
        if statuses:
            query = query.where(_JobRow.status.in_([status.value for status in statuses]))
        with Session(self.engine) as session:
            return [job for row in session.scalars(query) if (job := row.job())]

    def rename(self, job_id: str, name: str) -> None:
        """Give a job another name; raises EstitchupError for one without a letter."""
        if not name.strip():
            raise EstitchupError("The name is empty: give one that you will know again.")
        with Session(self.engine) as session:
            session.execute(update(_JobRow).where(_JobRow.id == job_id).values(name=name.strip()[:LONGEST_NAME]))
            session.commit()

    def forget(self, job_id: str) -> None:
        """Take a job out of the catalog for good."""
        with Session(self.engine) as session:
            session.execute(delete(_JobRow).where(_JobRow.id == job_id))
            session.commit()

    def set_status(self, job_id: str, status: Status, reason: str = "", *, only_from: Status | None = None) -> bool:
        """Change a job's status, when `only_from` is given only from that one; return whether it changed."""
        change = update(_JobRow).where(_JobRow.id == job_id)
        if only_from:
            change = change.where(_JobRow.status == only_from.value)
        with Session(self.engine) as session:
            changed = session.execute(change.values(status=status.value, reason=reason))
            session.commit()
        return bool(changed.rowcount)  # type: ignore[attr-defined]


def make_tables(engine: Engine) -> None:
    """Make the tables of all modules imported so far that are not there yet; of two at once, one waits."""
    with engine.begin() as connection:
        _lock(connection)
        Base.metadata.create_all(connection)


@contextmanager
def writing(session: Session) -> Iterator[None]:
    """Commit what the block did; on SQLite nobody else writes meanwhile, so that what it reads first stays true."""
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text("BEGIN IMMEDIATE"))
    yield
    session.commit()


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.execute(text("BEGIN IMMEDIATE"))  # Python's driver begins none before a table is made
    elif connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_MAKING_TABLES})"))


def _engine(root: Path) -> Engine:
    if url := os.environ.get(URL_VARIABLE):
        return create_engine(url, pool_pre_ping=True)  # a database may restart while the app runs
    engine = create_engine(f"sqlite:///{root / 'catalog.db'}", connect_args={"timeout": SECONDS_TO_WAIT})

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _: object) -> None:
        cursor = connection.cursor()
        _turn_to_wal(cursor)
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.close()

    return engine


def _turn_to_wal(cursor: sqlite3.Cursor) -> None:
    """Turn a database to a write-ahead log; SQLite does not wait with that while another does the same."""
    until = time.monotonic() + SECONDS_TO_WAIT
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def _refusal(root: Path, error: Exception) -> str:
    if url := os.environ.get(URL_VARIABLE):
        reason = str(error).splitlines()[0]
        return f"The catalog at {_without_password(url)} cannot be used ({reason}): check {URL_VARIABLE}."
    return f"The workspace {str(root)!r} cannot be used ({error}): set ESTITCHUP_HOME to a writable folder."


def _without_password(url: str) -> str:
    try:
        return make_url(url).render_as_string(hide_password=True)
    except SQLAlchemyError:
        return f"the address in {URL_VARIABLE}"


def _name(spec: JobSpec) -> str:
    """Return a name that tells experiments apart in a list."""
    corpus = PurePath(spec.corpus.file).stem
    if isinstance(spec, EmbedSpec):
        return f"Embed {corpus}"
    if isinstance(spec, SimulationSpec):
        return f"Simulate labelling {corpus}"
    cells, seeds = len(spec.augmentations), len(spec.seeds)
    return f"{corpus}: {cells} augmentation{'s' * (cells > 1)} × {seeds} seed{'s' * (seeds > 1)}"
