import pickle
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.sparse import csr_matrix
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.datasets import load_digits, make_blobs
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from estitchup import EStitchupClassifier
from estitchup.errors import EstitchupError
from estitchup.ood import auroc
from estitchup.recipe import Augmentation, HeadSpec, Run, TrainingSpec
from estitchup.streams import TrainingData
from estitchup.training import train

CLASSIFIER = EStitchupClassifier(hidden=32, epochs=12, learning_rate=0.02, random_state=0)


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """These matrices are small: two threads wait for each other longer than one computes."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    images, names = load_digits(return_X_y=True)
    return images[:600], names[:600]


def test_it_passes_every_check_of_scikit_learn() -> None:
    outcomes = check_estimator(EStitchupClassifier(), on_skip=None, on_fail="raise")
    skipped = [outcome["check_name"] for outcome in outcomes if outcome["status"] == "skipped"]
    assert skipped in ([], ["check_array_api_input"])  # scikit-learn runs that one only when SCIPY_ARRAY_API is set
    assert sum(outcome["status"] == "passed" for outcome in outcomes) > 50


@pytest.mark.parametrize("mix", ["none", "mixup", "stitchup"])
def test_it_learns_with_every_mix(digits: tuple[np.ndarray, np.ndarray], mix: str) -> None:
    found = cross_val_score(clone(CLASSIFIER).set_params(mix=mix), *digits, cv=3)
    assert found.mean() > 0.85


def test_it_is_the_run_of_an_experiment_with_this_seed(digits: tuple[np.ndarray, np.ndarray]) -> None:
    embeddings, targets = digits[0].astype(np.float32), digits[1].astype(np.int64)
    data = TrainingData(embeddings, targets, embeddings, targets, 10)
    run = Run(Augmentation.named("Soft E-Stitchup"), 7)
    heads = train(data, [run], HeadSpec(hidden=32), TrainingSpec(epochs=12, learning_rate=0.02), device="cpu").heads
    fitted = clone(CLASSIFIER).set_params(random_state=7).fit(*digits)
    assert all((own == other).all() for own, other in zip(fitted.heads_.weights, heads.weights, strict=True))
    assert softmax(heads.logits(embeddings)[0], axis=1) == pytest.approx(fitted.predict_proba(embeddings), abs=1e-5)


def test_the_same_random_state_gives_the_same_bits_and_another_does_not(digits: tuple[np.ndarray, np.ndarray]) -> None:
    first, again = (clone(CLASSIFIER).fit(*digits).predict_proba(digits[0]) for _ in range(2))
    other = clone(CLASSIFIER).set_params(random_state=1).fit(*digits).predict_proba(digits[0])
    assert (first == again).all()
    assert (first != other).any()


def test_the_ood_score_can_be_read_off_the_decision_function(digits: tuple[np.ndarray, np.ndarray]) -> None:
    embeddings, targets = digits
    many = clone(CLASSIFIER).fit(embeddings, targets)
    assert many.decision_function(embeddings).shape == (600, 10)
    assert 1 - np.exp(many.decision_function(embeddings).max(axis=1)) == pytest.approx(many.ood_score(embeddings))
    two = clone(CLASSIFIER).fit(embeddings, targets > 4)
    assert expit(-np.abs(two.decision_function(embeddings))) == pytest.approx(two.ood_score(embeddings))
    assert 1 - many.predict_proba(embeddings).max(axis=1) == pytest.approx(many.ood_score(embeddings))


def test_what_it_has_not_seen_has_a_higher_ood_score() -> None:
    rows, names = make_blobs(500, 8, centers=5, cluster_std=1.0, random_state=3)
    known = names < 3
    fitted = clone(CLASSIFIER).fit(rows[known], names[known])
    known_scores, unknown_scores = fitted.ood_score(rows[known]), fitted.ood_score(rows[~known])
    assert auroc(known_scores, unknown_scores) > 0.8


def test_it_works_in_pipelines_searches_and_with_labels_that_are_words(digits: tuple[np.ndarray, np.ndarray]) -> None:
    words = np.array([f"digit {name}" for name in digits[1]], object)
    pipeline = make_pipeline(StandardScaler(), clone(CLASSIFIER))
    grid = {"estitchupclassifier__mix": ["none", "stitchup"], "estitchupclassifier__head": ["linear", "mlp"]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(digits[0], words)
    assert search.best_score_ > 0.8
    assert set(search.predict(digits[0])) <= set(words)


def test_data_frames_keep_the_names_of_their_columns(digits: tuple[np.ndarray, np.ndarray]) -> None:
    frame = pd.DataFrame(digits[0][:100]).add_prefix("d")
    fitted = clone(CLASSIFIER).fit(frame, digits[1][:100])
    assert list(fitted.feature_names_in_) == list(frame.columns)
    assert fitted.n_features_in_ == 64
    with pytest.raises(ValueError, match="feature names"):
        fitted.predict(frame[frame.columns[::-1]])


def test_one_class_is_always_the_answer() -> None:
    fitted = clone(CLASSIFIER).fit(np.random.default_rng(0).normal(size=(20, 4)), ["only"] * 20)
    assert list(fitted.predict(np.zeros((2, 4)))) == ["only", "only"]
    assert list(fitted.ood_score(np.zeros((2, 4)))) == [0, 0]


def test_held_out_rows_are_a_share_of_each_class_and_do_not_train(digits: tuple[np.ndarray, np.ndarray]) -> None:
    choosing = clone(CLASSIFIER).set_params(validation_fraction=0.25)
    targets = np.unique(digits[1], return_inverse=True)[1]
    held_out = choosing._held_out(targets, 0)
    assert (np.bincount(targets[held_out]) == np.bincount(targets) // 4).all()
    changed = digits[0].copy()
    changed[held_out] = changed[held_out][::-1]
    means = [clone(choosing).fit(rows, digits[1]).heads_.mean for rows in (digits[0], changed)]
    assert (means[0] == means[1]).all()
    assert (means[0] != clone(CLASSIFIER).fit(*digits).heads_.mean).any()


def test_it_survives_pickling(digits: tuple[np.ndarray, np.ndarray]) -> None:
    fitted = clone(CLASSIFIER).fit(*digits)
    again = pickle.loads(pickle.dumps(fitted))
    assert (again.predict_proba(digits[0]) == fitted.predict_proba(digits[0])).all()


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"mix": "cutmix"}, "cutmix"),
        ({"soften": 1.0}, r"soften is 1\.0"),
        ({"soften": float("nan")}, "soften is nan"),
        ({"soften": "much"}, "soften is 'much'"),
        ({"alpha": 0.0}, "alpha"),
        ({"share": 2.0}, "share"),
        ({"head": "tree"}, "no head 'tree': choose among linear, mlp"),
        ({"device": "nope"}, "no device 'nope'"),
        ({"hidden": 0}, "hidden"),
        ({"epochs": 0}, "epochs"),
        ({"validation_fraction": 1.0}, "validation_fraction"),
    ],
)
def test_a_value_out_of_range_is_said_in_a_sentence(parameters: dict[str, object], words: str) -> None:
    with pytest.raises(EstitchupError, match=words):
        EStitchupClassifier(**parameters).fit(np.eye(4), [0, 0, 1, 1])  # type: ignore[arg-type]


def test_a_gpu_that_is_not_there_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.warns(UserWarning, match="No GPU is at hand for device='cuda'"):
        clone(CLASSIFIER).set_params(device="cuda").fit(np.eye(4), [0, 0, 1, 1])


def test_a_sparse_matrix_is_refused_in_a_sentence() -> None:
    with pytest.raises(TypeError, match="Sparse data was passed"):
        clone(CLASSIFIER).fit(csr_matrix(np.eye(4)), [0, 0, 1, 1])


def test_importing_the_package_loads_neither_torch_nor_scikit_learn() -> None:
    code = "import sys, estitchup; print([m for m in ('torch', 'sklearn', 'pandas') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        __import__("estitchup").lode  # noqa: B018
