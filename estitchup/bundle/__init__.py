"""The classifier that a person takes away: made from an experiment, saved, loaded, and asked.

A bundle is a folder or a zip archive of three files: `heads.safetensors` (weights and standardisation), `bundle.json`
(everything else) and `README.md` (a model card). Nothing is ever unpickled.
"""

from estitchup.bundle.bundle import Bundle, load, make_bundle
from estitchup.bundle.choice import Choice, choose, classifier_of
from estitchup.bundle.classifier import Classifier
from estitchup.bundle.manifest import Manifest

__all__ = ["Bundle", "Choice", "Classifier", "Manifest", "choose", "classifier_of", "load", "make_bundle"]
