"""What people said about texts of a pool, in the catalog: decisions are only ever added, never changed.

A decision carries what its author saw. When somebody else has decided otherwise in between, both stay in the history,
and the earlier one stands until a person who has seen it decides again. Nothing is acknowledged before it is committed.
"""

import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy import Engine, UniqueConstraint, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Mapped, Session, mapped_column

from estitchup.catalog import URL_VARIABLE, Base, make_tables, writing
from estitchup.errors import EstitchupError
from estitchup.labels import Choice, Decision, Kind, Outcome, check_choices, text_keys

CLAIM_SECONDS = 300.0
ATTEMPTS = 20
_KEYS_AT_ONCE = 5_000  # placeholders in one statement; PostgreSQL takes 65,535
_DO_AGAIN = ("40001", "40P01")  # serialisation failure and deadlock: PostgreSQL asks to do all of it once more

Done = TypeVar("Done")


class _DecisionRow(Base):
    __tablename__ = "label_decisions"
    __table_args__ = (UniqueConstraint("scope", "key", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    scope: Mapped[str] = mapped_column(index=True)
    key: Mapped[str]
    number: Mapped[int]
    kind: Mapped[str]
    label: Mapped[str]
    text: Mapped[str]
    who: Mapped[str]
    when: Mapped[str]
    seen: Mapped[int]
    before_kind: Mapped[str]
    before_label: Mapped[str]
    stands: Mapped[bool]
    source: Mapped[str]
    batch: Mapped[str]
    undoes: Mapped[str]

    def saying(self, choice: Choice, stood: Decision | None) -> "_DecisionRow":
        """Enter what is said, and what stood before."""
        self.text, self.kind, self.label, self.seen = choice.text, choice.kind.value, choice.label.strip(), choice.seen
        self.before_kind, self.before_label = (stood.kind.value, stood.label) if stood else ("", "")
        return self

    def decision(self) -> Decision:
        before = self.before_label if self.before_kind == Kind.LABEL.value else self.before_kind
        return Decision(
            self.id,
            self.text,
            self.key,
            self.number,
            Kind(self.kind),
            self.label,
            self.who,
            self.when,
            before,
            self.stands,
            self.source,
        )


class _ClaimRow(Base):
    __tablename__ = "label_claims"

    scope: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    who: Mapped[str]
    until: Mapped[float]


@contextmanager
def _told() -> Iterator[None]:
    """Say in a sentence what the database refuses."""
    try:
        yield
    except SQLAlchemyError as error:
        reason = next(iter(str(getattr(error, "orig", None) or error).splitlines()), type(error).__name__)
        raise EstitchupError(
            f"The labels in the catalog cannot be reached ({reason}): check ESTITCHUP_HOME or {URL_VARIABLE}."
        ) from error


class LabelStore:
    """Decisions and claims in a catalog, for all corpora."""

    def __init__(self, engine: Engine) -> None:
        make_tables(engine)
        self._engine = engine

    def decide(self, scope: str, choices: Sequence[Choice], who: str, source: str = "page") -> list[Outcome]:
        """Keep the choices, all or none, and return once they are committed.

        Two choices for one text in a call are an error. Raises EstitchupError without a name or a label.
        """
        check_choices(choices, who)
        keys = text_keys(choice.text for choice in choices)
        if len(set(keys)) < len(keys):
            raise EstitchupError("A text is labelled twice at once: give each text one label.")
        return self._append(scope, dict(zip(keys, choices, strict=True)), who.strip(), source)

    @_told()
    def undo(self, scope: str, who: str) -> list[Outcome]:
        """Take back what a person decided last, and return it; each text gets again what it had before.

        Where another's decision stands, it stays, and the outcome says `against` which: what was taken back is then
        only in the history, as before. [] when there is nothing to take back.
        """
        who = who.strip()
        with Session(self._engine) as session:
            everything = select(_DecisionRow).where(_DecisionRow.scope == scope)
            rows = list(session.scalars(everything.order_by(_DecisionRow.id)))
        last, standing = _last_batch(rows, who)
        if not last:
            return []
        numbers = {row.key: row.number for row in rows if row.stands}
        choices = {
            row.key: Choice(row.text, Kind(row.before_kind or Kind.UNDONE), row.before_label, numbers[row.key])
            if row in standing
            else Choice(row.text, Kind.UNDONE)
            for row in last
        }
        outcomes = self._append(scope, choices, who, "undo", undoes=last[0].batch)
        return [Outcome(row.decision(), outcome.against) for row, outcome in zip(last, outcomes, strict=True)]

    @_told()
    def current(self, scope: str) -> dict[str, Decision]:
        """Return the decision that stands for each text, by key; a text whose decision was undone is left out."""
        query = select(_DecisionRow).where(_DecisionRow.scope == scope, _DecisionRow.stands)
        with Session(self._engine) as session:
            rows = session.scalars(query.order_by(_DecisionRow.number))
            latest = {row.key: row.decision() for row in rows}
        return {key: decision for key, decision in latest.items() if decision.kind is not Kind.UNDONE}

    @_told()
    def numbers(self, scope: str) -> dict[str, int]:
        """Return how many decisions there are about each text, by key: what a choice says it has seen."""
        query = select(_DecisionRow.key, _DecisionRow.number).where(_DecisionRow.scope == scope)
        with Session(self._engine) as session:
            rows = session.execute(query.order_by(_DecisionRow.number))
            return {row.key: row.number for row in rows}

    @_told()
    def history(self, scope: str) -> list[Decision]:
        """Return every decision that was ever made, the oldest first."""
        query = select(_DecisionRow).where(_DecisionRow.scope == scope).order_by(_DecisionRow.id)
        with Session(self._engine) as session:
            return [row.decision() for row in session.scalars(query)]

    def claim(self, scope: str, keys: Sequence[str], who: str, seconds: float = CLAIM_SECONDS) -> bool:
        """Reserve texts for a person for a while, in place of what they had reserved; False when one is another's."""
        return self._patiently(lambda: self._claim_once(scope, sorted(keys), who, seconds))

    def _claim_once(self, scope: str, keys: Sequence[str], who: str, seconds: float) -> bool:
        now = time.time()
        with Session(self._engine) as session, writing(session):
            rows = session.scalars(select(_ClaimRow).where(_ClaimRow.scope == scope, _ClaimRow.key.in_(keys)))
            if any(row.who != who and row.until > now for row in rows):
                return False
            session.execute(delete(_ClaimRow).where(_ClaimRow.scope == scope, _ClaimRow.until <= now))
            session.execute(delete(_ClaimRow).where(_ClaimRow.scope == scope, _ClaimRow.who == who))
            values = [{"scope": scope, "key": key, "who": who, "until": now + seconds} for key in keys]
            insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
            adding = insert(_ClaimRow).values(values).on_conflict_do_nothing().returning(_ClaimRow.key)
            if len(session.scalars(adding).all()) < len(keys):  # somebody was faster
                session.rollback()
                return False
        return True

    @_told()
    def claimed(self, scope: str, but: str) -> dict[str, str]:
        """Return the keys that others than `but` have reserved, and who."""
        query = select(_ClaimRow).where(_ClaimRow.scope == scope, _ClaimRow.who != but, _ClaimRow.until > time.time())
        with Session(self._engine) as session:
            return {row.key: row.who for row in session.scalars(query)}

    def _append(
        self, scope: str, choices: Mapping[str, Choice], who: str, source: str, undoes: str = ""
    ) -> list[Outcome]:
        common = {"scope": scope, "who": who, "source": source, "undoes": undoes, "batch": uuid.uuid4().hex}
        return self._patiently(lambda: self._append_once(choices, common))

    @_told()
    def _patiently(self, work: Callable[[], Done]) -> Done:
        """Do a transaction, and do it again when another one got in its way."""
        for _ in range(ATTEMPTS):
            try:
                return work()
            except DBAPIError as error:
                if not isinstance(error, IntegrityError) and getattr(error.orig, "sqlstate", "") not in _DO_AGAIN:
                    raise
        raise EstitchupError("The labels could not be kept, because others write all the time: try again.")

    def _append_once(self, choices: Mapping[str, Choice], common: Mapping[str, str]) -> list[Outcome]:
        """Add a decision for each choice, given by key, after those that are there; `common` is what all rows share."""
        when = datetime.now(UTC).isoformat(timespec="milliseconds")
        with Session(self._engine, expire_on_commit=False) as session, writing(session):
            _wait_for_writers(session, common["scope"])
            last, standing = _latest(session, common["scope"], list(choices))
            made, against = [], []
            for key, choice in choices.items():
                stood = standing.get(key)
                contested = stood is not None and stood.contested_by(choice)
                against.append(stood if contested else None)
                row = _DecisionRow(key=key, number=last.get(key, 0) + 1, when=when, stands=not contested, **common)
                made.append(row.saying(choice, stood))
            session.add_all(made)
        return [Outcome(row.decision(), other) for row, other in zip(made, against, strict=True)]


def _wait_for_writers(session: Session, scope: str) -> None:
    """Let one write about a corpus at a time, as on SQLite: two in opposite order would wait for each other."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(scope, 0))))


def _last_batch(rows: Sequence[_DecisionRow], who: str) -> tuple[list[_DecisionRow], set[_DecisionRow]]:
    """Return what a person decided last and has not taken back, and which of it stands; `rows` are all, by age."""
    undone = {row.undoes for row in rows}
    said = [row for row in rows if not row.undoes and row.batch not in undone]
    batch = next((row.batch for row in reversed(said) if row.who == who), "")
    latest = {row.key: row for row in said if row.stands}
    return [row for row in said if row.batch == batch], {row for row in latest.values() if row.batch == batch}


def _latest(session: Session, scope: str, keys: Sequence[str]) -> tuple[dict[str, int], dict[str, Decision]]:
    """Return the last number, and the decision that stands unless it was undone, of each text that has any."""
    last: dict[str, int] = {}
    standing: dict[str, Decision] = {}
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        part = keys[start : start + _KEYS_AT_ONCE]
        query = select(_DecisionRow).where(_DecisionRow.scope == scope, _DecisionRow.key.in_(part))
        for row in session.scalars(query.order_by(_DecisionRow.number)):
            last[row.key] = row.number
            if row.stands:
                standing[row.key] = row.decision()
    return last, {key: decision for key, decision in standing.items() if decision.kind is not Kind.UNDONE}
