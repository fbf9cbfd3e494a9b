"""Which past experiments are set aside: out of every list, and back again until the bin is emptied.

A table of its own beside the jobs, so that a catalog that was made earlier opens as it is.
"""

from datetime import UTC, datetime

from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from estitchup.catalog import Base


class _Removed(Base):
    __tablename__ = "removed_experiments"

    job_id: Mapped[str] = mapped_column(primary_key=True)
    removed: Mapped[str]


class Shelf:
    """The experiments of a catalog that a person has removed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def remove(self, job_id: str) -> None:
        """Set an experiment aside; its files stay."""
        with Session(self._engine) as session:
            session.merge(_Removed(job_id=job_id, removed=datetime.now(UTC).isoformat(timespec="seconds")))
            session.commit()

    def restore(self, *job_ids: str) -> None:
        """Put experiments back, or forget that they were set aside."""
        with Session(self._engine) as session:
            session.execute(delete(_Removed).where(_Removed.job_id.in_(job_ids)))
            session.commit()

    def removed(self) -> list[str]:
        """Return the ids of the experiments that are set aside, the latest first."""
        with Session(self._engine) as session:
            return list(session.scalars(select(_Removed.job_id).order_by(_Removed.removed.desc())))
