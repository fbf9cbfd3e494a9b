"""What people said about texts of a pool: decisions that are only ever added, in the catalog.

A decision carries what its author saw. When somebody else has decided otherwise in between, both stay in the history,
and the earlier one stands until a person who has seen it decides again. Nothing is acknowledged before it is committed.
"""

import hashlib
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import Engine, UniqueConstraint, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from estitchup.catalog import Base, make_tables, writing
from estitchup.corpus import normalised
from estitchup.errors import EstitchupError

CLAIM_SECONDS = 300.0
ATTEMPTS = 20
_KEYS_AT_ONCE = 5_000  # placeholders in one statement; PostgreSQL takes 65,535


class Kind(StrEnum):
    """What a person said: a class (`label` names it), none of the classes, not now, or what I said is void."""

    LABEL = "label"
    NONE = "none of these"
    SKIP = "skip"
    UNDONE = "undone"


@dataclass(frozen=True)
class Choice:
    """What a person says about a text, having seen decision number `seen` of it (0: none)."""

    text: str
    kind: Kind
    label: str = ""
    seen: int = 0


@dataclass(frozen=True)
class Decision:
    """A decision in the catalog: the `number`-th about its text; when it does not stand, an earlier one does.

    `when` is UTC, ISO 8601; `before` is what stood before, in words ("" for nothing); `source` says where it was made.
    """

    id: int
    text: str
    key: str
    number: int
    kind: Kind
    label: str
    who: str
    when: str
    before: str
    stands: bool
    source: str

    @property
    def words(self) -> str:
        """Return the class, or "none of these", "skip", "undone"."""
        return self.label if self.kind is Kind.LABEL else str(self.kind)


@dataclass(frozen=True)
class Outcome:
    """What became of a choice: the decision it is now, and the other's decision that it ran into, if any."""

    decision: Decision
    against: Decision | None = None


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


def text_key(text: str) -> str:
    """Return the key under which a text is known; texts that are the same once normalised have one key."""
    return text_keys([text])[0]


def text_keys(texts: Iterable[str]) -> list[str]:
    """Return the keys of texts, in order."""
    return [hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest() for plain in normalised(texts)]


def scope_of(texts: Iterable[str]) -> str:
    """Return the name under which labels of a corpus are kept: a digest of its texts.

    Roles, classes and labels do not matter, so that labels stay with the texts when they are trained on.
    """
    return hashlib.sha256("".join(sorted(set(text_keys(texts)))).encode()).hexdigest()


class LabelStore:
    """Decisions and claims in a catalog, for all corpora."""

    def __init__(self, engine: Engine) -> None:
        make_tables(engine)
        self._engine = engine

    def decide(self, scope: str, choices: Sequence[Choice], who: str, source: str = "page") -> list[Outcome]:
        """Keep the choices, all or none, and return once they are committed.

        Two choices for one text in a call are an error. Raises EstitchupError without a name or a label.
        """
        _check(choices, who)
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
        undone = {row.undoes for row in rows}
        latest = {row.key: row for row in rows if not row.undoes and row.batch not in undone}
        own_rows = [row for row in latest.values() if row.who == who]
        if not own_rows:
            return []
        batch = max(own_rows, key=lambda row: row.id).batch
        last = [row for row in own_rows if row.batch == batch]
        choices = [
            Choice(row.text, Kind(row.before_kind or Kind.UNDONE), row.before_label, numbers[row.key]) for row in last
        ]
        self._append(scope, choices, who, "undo", undoes=batch)
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
        for _ in range(ATTEMPTS):
            try:
                return self._append_once(scope, choices, who, source, undoes)
            except IntegrityError:  # somebody took a number at the same time
                continue
        raise EstitchupError("The labels could not be kept, because others write all the time: try again.")

    def _append_once(self, scope: str, choices: Sequence[Choice], who: str, source: str, undoes: str) -> list[Outcome]:
        keys = text_keys(choice.text for choice in choices)
        if len(set(keys)) < len(keys):
            raise EstitchupError("A text is labelled twice at once: give each text one label.")
        batch, when = uuid.uuid4().hex, datetime.now(UTC).isoformat(timespec="milliseconds")
        with Session(self._engine, expire_on_commit=False) as session, writing(session):
            last, standing = _latest(session, scope, keys)
            made, against = [], []
            for key, choice in zip(keys, choices, strict=True):
                stood = standing.get(key)
                contested = stood is not None and stood.number > choice.seen and _contradict(stood, choice)
                against.append(stood.decision() if stood is not None and contested else None)
                made.append(
                    _DecisionRow(
                        scope=scope,
                        key=key,
                        number=last.get(key, 0) + 1,
                        kind=choice.kind.value,
                        label=choice.label.strip(),
                        text=choice.text,
                        who=who,
                        when=when,
                        seen=choice.seen,
                        stands=not contested,
                        source=source,
                        before_kind=stood.kind if stood else "",
                        before_label=stood.label if stood else "",
                        batch=batch,
                        undoes=undoes,
                    )
                )
            session.add_all(made)
        return [Outcome(row.decision(), other) for row, other in zip(made, against, strict=True)]


def _check(choices: Sequence[Choice], who: str) -> None:
    if not who.strip():
        raise EstitchupError("Nobody is named: say who labels, so that others can see whose labels these are.")
    if any(choice.kind is Kind.LABEL and not choice.label.strip() for choice in choices):
        raise EstitchupError("The label is empty: choose a class, or name a new one.")


def _latest(session: Session, scope: str, keys: Sequence[str]) -> tuple[dict[str, int], dict[str, _DecisionRow]]:
    """Return the last number, and the decision that stands unless it was undone, of each text that has any."""
    last: dict[str, int] = {}
    standing: dict[str, _DecisionRow] = {}
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        part = keys[start : start + _KEYS_AT_ONCE]
        query = select(_DecisionRow).where(_DecisionRow.scope == scope, _DecisionRow.key.in_(part))
        for row in session.scalars(query.order_by(_DecisionRow.number)):
            last[row.key] = row.number
            if row.stands:
                standing[row.key] = row
    return last, {key: row for key, row in standing.items() if row.kind != Kind.UNDONE.value}


def _contradict(stood: _DecisionRow, choice: Choice) -> bool:
    """Return True when a choice says something else than what stands; a text that was skipped is still open."""
    if stood.kind == Kind.SKIP.value:
        return False
    return (stood.kind, stood.label) != (choice.kind.value, choice.label.strip())
