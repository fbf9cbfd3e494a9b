"""estitchup: does embedding augmentation help on your texts? See README.md.

`load` opens a classifier that was taken away, `EStitchupClassifier` trains one in scikit-learn. Both are looked up when
asked for, so that `import estitchup` stays fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from estitchup.bundle import load
    from estitchup.estimator import EStitchupClassifier

__version__ = "0.1.0"
__all__ = ["EStitchupClassifier", "load"]

_HOMES = {"load": "estitchup.bundle", "EStitchupClassifier": "estitchup.estimator"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'estitchup' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
