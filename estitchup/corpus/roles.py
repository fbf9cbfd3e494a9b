"""The roles rows play, and the words by which files call them.

A role is decided once, here and in `split`, so that nothing later can choose on a test row.
"""

import re
from enum import StrEnum


class Role(StrEnum):
    """What a row is for; pool rows wait to be labelled."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"
    POOL = "pool"


SYNONYMS: dict[Role, tuple[str, ...]] = {
    Role.TRAIN: ("train", "training", "trn"),
    Role.VALIDATION: ("validation", "valid", "val", "dev", "development"),
    Role.TEST: ("test", "testing", "tst"),
    Role.POOL: ("pool", "unlabelled", "unlabeled"),
}
_ROLES = {word: role for role, words in SYNONYMS.items() for word in words}

PROTECTION = (Role.TEST, Role.VALIDATION, Role.TRAIN, Role.POOL)
"""Which row stays when the same text stands in several roles: the first of these."""


def role_named(value: str) -> Role | None:
    """Return the role that a split column's value means, white space and case aside; None for any other value.

    A last word counts, too: CLINC150's own file calls its unknown texts oos_train, oos_val and oos_test.
    """
    words = re.split(r"[\W_]+", value.strip().casefold())
    return _ROLES.get(words[-1]) if len(words) <= 2 else None
