"""What people said about texts of a pool, in the catalog: decisions are only ever added, never changed.

A decision carries what its author saw. When somebody else has decided otherwise in between, both stay in the history,
and the earlier one stands until a person who has seen it decides again. Nothing is acknowledged before it is committed.
"""

import time
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import Engine, UniqueConstraint, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from estitchup.catalog import Base, make_tables, writing
from estitchup.errors import EstitchupError
from estitchup.labels import Choice, Decision, Kind, Outcome, check_choices, text_keys

CLAIM_SECONDS = 300.0
ATTEMPTS = 20
_KEYS_AT_ONCE = 5_000  # placeholders in one statement; PostgreSQL takes 65,535


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
        return self._append(scope, choices, who.strip(), source)

    def undo(self, scope: str, who: str) -> list[Decision]:
        """Take back what a person decided last, and return it; each text gets again what it had before.

        What others have decided anew since is left alone. [] when there is nothing to take back.
        """
        who = who.strip()
        with Session(self._engine) as session:
            standing = select(_DecisionRow).where(_DecisionRow.scope == scope, _DecisionRow.stands)
            rows = list(session.scalars(standing.order_by(_DecisionRow.id)))
        numbers = {row.key: row.number for row in rows}
        last = _last_batch(rows, who)
        if not last:
            return []
        choices = [
            Choice(row.text, Kind(row.before_kind or Kind.UNDONE), row.before_label, numbers[row.key]) for row in last
        ]
        self._append(scope, choices, who, "undo", undoes=last[0].batch)
        return [row.decision() for row in last]

    def current(self, scope: str) -> dict[str, Decision]:
        """Return the decision that stands for each text, by key; a text whose decision was undone is left out."""
        query = select(_DecisionRow).where(_DecisionRow.scope == scope, _DecisionRow.stands)
        with Session(self._engine) as session:
            rows = session.scalars(query.order_by(_DecisionRow.number))
            latest = {row.key: row.decision() for row in rows}
        return {key: decision for key, decision in latest.items() if decision.kind is not Kind.UNDONE}

    def numbers(self, scope: str) -> dict[str, int]:
        """Return how many decisions there are about each text, by key: what a choice says it has seen."""
        query = select(_DecisionRow.key, _DecisionRow.number).where(_DecisionRow.scope == scope)
        with Session(self._engine) as session:
            rows = session.execute(query.order_by(_DecisionRow.number))
            return {row.key: row.number for row in rows}

    def history(self, scope: str) -> list[Decision]:
        """Return every decision that was ever made, the oldest first."""
        query = select(_DecisionRow).where(_DecisionRow.scope == scope).order_by(_DecisionRow.id)
        with Session(self._engine) as session:
            return [row.decision() for row in session.scalars(query)]

    def claim(self, scope: str, keys: Sequence[str], who: str, seconds: float = CLAIM_SECONDS) -> bool:
        """Reserve texts for a person for a while, in place of what they had reserved; False when one is another's."""
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

    def claimed(self, scope: str, but: str) -> dict[str, str]:
        """Return the keys that others than `but` have reserved, and who."""
        query = select(_ClaimRow).where(_ClaimRow.scope == scope, _ClaimRow.who != but, _ClaimRow.until > time.time())
        with Session(self._engine) as session:
            return {row.key: row.who for row in session.scalars(query)}

    def _append(self, scope: str, choices: Sequence[Choice], who: str, source: str, undoes: str = "") -> list[Outcome]:
        keys = text_keys(choice.text for choice in choices)
        if len(set(keys)) < len(keys):
            raise EstitchupError("A text is labelled twice at once: give each text one label.")
        common = {"scope": scope, "who": who, "source": source, "undoes": undoes, "batch": uuid.uuid4().hex}
        for _ in range(ATTEMPTS):
            try:
                return self._append_once(dict(zip(keys, choices, strict=True)), common)
            except IntegrityError:  # somebody took a number at the same time
                continue
        raise EstitchupError("The labels could not be kept, because others write all the time: try again.")

    def _append_once(self, choices: Mapping[str, Choice], common: Mapping[str, str]) -> list[Outcome]:
        """Add a decision for each choice, given by key, after those that are there; `common` is what all rows share."""
        when = datetime.now(UTC).isoformat(timespec="milliseconds")
        with Session(self._engine, expire_on_commit=False) as session, writing(session):
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


def _last_batch(rows: Sequence[_DecisionRow], who: str) -> list[_DecisionRow]:
    """Return what a person decided last, of what nobody has decided anew since; `rows` stand, the oldest first."""
    undone = {row.undoes for row in rows}
    latest = {row.key: row for row in rows if not row.undoes and row.batch not in undone}
    own_rows = [row for row in latest.values() if row.who == who]
    batch = max(own_rows, key=lambda row: row.id).batch if own_rows else ""
    return [row for row in own_rows if row.batch == batch]


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
