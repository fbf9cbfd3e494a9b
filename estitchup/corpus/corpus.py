"""The corpus: texts with their labels and roles, as every later step sees them.

Targets are −1 for a class to refuse and for no label at all; the label tells which.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from estitchup.corpus.roles import Role


@dataclass(frozen=True, eq=False)
class Corpus:
    """Texts, labels ("" = none), roles (`Role` values) and targets, one a row, each (N,).

    `classes` are the known classes, sorted: the K outputs of a head. `targets` index them; −1 is an unknown class or
    no label. `notes` are sentences about what was dropped or moved, to be shown to the user. `vectors` (N, D) are
    embeddings that came with the texts, None where an encoder makes them; then a text may be a mere name of its row.
    """

    texts: tuple[str, ...]
    labels: NDArray[np.object_]
    roles: NDArray[np.str_]
    classes: tuple[str, ...]
    targets: NDArray[np.int64]
    unknown_classes: tuple[str, ...]
    notes: tuple[str, ...]
    vectors: NDArray[np.float32] | None = None

    def rows(self, role: Role, known: bool | None = None) -> NDArray[np.int64]:
        """Return the indices of a role's rows, in order: of known classes, of unknown ones (False), or all (None).

        A row without a label is neither known nor unknown.
        """
        chosen = self.roles == role
        if known is not None:
            chosen &= self._known if known else self._unknown
        return np.flatnonzero(chosen)

    def counts(self) -> pd.DataFrame:
        """Count the rows of each role (index) that are known, unknown and unlabelled (columns)."""
        kinds = {"known": self._known, "unknown": self._unknown, "unlabelled": self.labels == ""}
        table = {kind: [int((rows & (self.roles == role)).sum()) for role in Role] for kind, rows in kinds.items()}
        return pd.DataFrame(table, index=[str(role) for role in Role])

    def class_counts(self) -> pd.DataFrame:
        """Count the rows of each class (index: the known ones, then the unknown ones) in each role (columns)."""
        table = pd.crosstab(self.labels, self.roles)
        every = [*self.classes, *self.unknown_classes]
        return table.reindex(index=every, columns=[str(role) for role in Role], fill_value=0).rename_axis(
            index="class", columns="role"
        )

    @cached_property
    def digest(self) -> str:
        """Return a SHA-256 of all that decides an experiment: texts or vectors, labels, roles and classes, in order."""
        parts = [self.texts, self.labels.tolist(), self.roles.tolist(), self.classes]
        if self.vectors is not None:
            parts.append(hashlib.sha256(self.vectors.tobytes()).hexdigest())
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    @property
    def _known(self) -> NDArray[np.bool_]:
        return np.asarray(self.targets >= 0)

    @property
    def _unknown(self) -> NDArray[np.bool_]:
        return np.asarray((self.labels != "") & (self.targets < 0))
