"""OOD scores and figures against pytorch-ood, on random, tied, saturated and tiny data.

Its `__init__` files import torchvision, which is not here; the modules below do not, so the packages above them are
entered into sys.modules bare. Where it answers another question, or answers ours with a known fault, a test says so.
"""

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from estitchup.embedding_scores import MahalanobisDistance
from estitchup.ood import aupr_in, aupr_out, auroc, fpr_at_tpr
from estitchup.ood_scores import LOGIT_SCORES, energy

GENERATOR = np.random.default_rng(0)
SIDES = {
    "random": (GENERATOR.normal(0, 1, 300), GENERATOR.normal(1, 1, 90)),
    "tied": (np.round(GENERATOR.normal(0, 1, 300)), np.round(GENERATOR.normal(1, 1, 90))),
    "saturated": (np.repeat([0.0, 1e-12, 1.0], [200, 50, 50]), np.repeat([0.0, 1e-12, 1.0], [20, 20, 50])),
    "tiny": (np.array([0.2]), np.array([0.1, 0.2])),
    "twenty": (np.arange(20.0), np.array([17.5, 18.0, 18.5, 19.5])),  # 95% of twenty is nineteen, exactly
}


@pytest.fixture(scope="module")
def oracle() -> Iterator[Any]:
    """Return what imports a module of pytorch-ood."""
    found = importlib.util.find_spec("pytorch_ood")
    if found is None or found.origin is None:
        pytest.skip("no pytorch-ood: pip install --no-deps -r requirements-oracles.txt")
    before = set(sys.modules)
    for name in ("pytorch_ood", "pytorch_ood.detector"):
        bare = ModuleType(name)
        bare.__path__ = [str(Path(found.origin).parent / name.partition(".")[2])]
        sys.modules[name] = bare
    yield lambda name: importlib.import_module(f"pytorch_ood.{name}")
    for name in set(sys.modules) - before:
        if name.split(".")[0] == "pytorch_ood":
            del sys.modules[name]


def as_theirs(id_scores: np.ndarray, ood_scores: np.ndarray) -> tuple[Any, Any]:
    """Return scores and labels, in which OOD is −1."""
    import torch

    labels = np.repeat([0, -1], [len(id_scores), len(ood_scores)])
    return torch.from_numpy(np.concatenate([id_scores, ood_scores])), torch.from_numpy(labels)


@pytest.mark.parametrize("data", SIDES)
def test_auroc_is_theirs(oracle: Any, data: str) -> None:
    known, unknown = SIDES[data]
    assert auroc(known, unknown) == pytest.approx(float(oracle("metrics.functional").auroc(*as_theirs(known, unknown))))


@pytest.mark.parametrize("data", SIDES)
def test_fpr_is_theirs_with_known_texts_as_the_positive_class(oracle: Any, data: str) -> None:
    """Their positive class is OOD: they report known texts refused where 95% of the unknown ones are caught."""
    known, unknown = SIDES[data]
    theirs = oracle("metrics.functional").fpr_at_tpr(*as_theirs(-unknown, -known), 0.95)
    assert fpr_at_tpr(known, unknown) == pytest.approx(float(theirs))


@pytest.mark.parametrize("data", ["random"])
def test_aupr_is_near_theirs_where_nothing_is_tied(oracle: Any, data: str) -> None:
    known, unknown = SIDES[data]
    functional, theirs = oracle("metrics.functional"), as_theirs(known, unknown)
    assert aupr_out(known, unknown) == pytest.approx(float(functional.aupr(*theirs, "ood")), abs=0.01)
    assert aupr_in(known, unknown) == pytest.approx(float(functional.aupr(*theirs, "id")), abs=0.01)


def test_their_known_fault_is_the_trapezoid_which_flatters_a_constant_detector(oracle: Any) -> None:
    known, unknown = np.ones(90), np.ones(10)
    assert float(oracle("metrics.functional").aupr(*as_theirs(known, unknown), "ood")) == pytest.approx(0.55)
    assert aupr_out(known, unknown) == pytest.approx(0.1)


THEIRS = {
    "Confidence": ("detector.softmax", "MaxSoftmax"),
    "Largest logit": ("detector.maxlogit", "MaxLogit"),
    "Energy": ("detector.energy", "EnergyBased"),
    "Entropy": ("detector.entropy", "Entropy"),
}
LOGITS = {
    "random": GENERATOR.normal(0, 3, (200, 7)),
    "tied": np.round(GENERATOR.normal(0, 3, (200, 7))),
    "saturated": GENERATOR.normal(0, 3, (200, 7)) + 60 * np.eye(7)[GENERATOR.integers(7, size=200)],
    "tiny": np.array([[0.3, -0.2]]),
}


@pytest.mark.parametrize("data", LOGITS)
@pytest.mark.parametrize("name", THEIRS)
def test_scores_of_logits_are_theirs_but_for_their_constant(oracle: Any, name: str, data: str) -> None:
    """Their MSP is −confidence and ours 1 − confidence, which tells saturated answers apart."""
    import torch

    module, cls = THEIRS[name]
    theirs = getattr(oracle(module), cls)(None).predict_logits(torch.from_numpy(LOGITS[data])).numpy()
    constant = 1.0 if name == "Confidence" else 0.0
    exact = 1e-5 if name == "Entropy" else 1e-12  # their entropy takes no probability for less than some 1e-6
    np.testing.assert_allclose(LOGIT_SCORES[name](LOGITS[data]), theirs + constant, rtol=1e-9, atol=exact)


def test_their_known_fault_is_an_entropy_that_ties_all_sure_answers(oracle: Any) -> None:
    import torch

    theirs = oracle("detector.entropy").Entropy(None).predict_logits(torch.from_numpy(LOGITS["saturated"])).numpy()
    assert np.ptp(theirs) < 1e-12
    assert len(np.unique(LOGIT_SCORES["Entropy"](LOGITS["saturated"]))) == 200


def test_the_energy_has_their_temperature(oracle: Any) -> None:
    import torch

    theirs = oracle("detector.energy").EnergyBased(None, t=2.5).predict_logits(torch.from_numpy(LOGITS["random"]))
    np.testing.assert_allclose(energy(LOGITS["random"], 2.5), theirs.numpy())


def test_mahalanobis_orders_as_theirs_where_the_covariance_is_well_known(oracle: Any) -> None:
    """Theirs is a sum, not a mean, and not shrunk, so nearly singular with few rows; with many only scale differs."""
    import torch
    from scipy.stats import spearmanr

    generator = np.random.default_rng(1)
    targets = np.arange(3000) % 3
    rows = 4 * np.eye(3, 5)[targets] + generator.normal(size=(3000, 5)) * np.array([3.0, 1, 1, 1, 2])
    asked = 3 * generator.normal(size=(400, 5))
    detector = oracle("detector.mahalanobis").Mahalanobis(None)
    detector.fit_features(torch.from_numpy(rows).float(), torch.from_numpy(targets))
    theirs = detector.predict_features(torch.from_numpy(asked).float()).numpy()
    assert spearmanr(MahalanobisDistance.of(rows, targets).score(asked), theirs).statistic > 0.999
