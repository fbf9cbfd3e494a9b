"""The classifier as a scikit-learn estimator: a matrix of embeddings and labels in, predictions and OOD scores out.

`fit` takes the training path of an experiment (`training.train`) with a single run. Predictions are computed in
float64, so that a row's answer does not depend on the rows that are asked with it.
"""

import numbers
import re
import warnings
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from estitchup.calibration import answers, log_softmax, softmax
from estitchup.errors import EstitchupError
from estitchup.recipe import DEFAULT_ALPHA, DEFAULT_EPSILON, Augmentation, HeadSpec, Mix, Run, TrainingSpec
from estitchup.trained import StackedHeads

Floats = NDArray[np.float64]
HEADS = ("linear", "mlp")


class EStitchupClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Classify embeddings (N, D) by a head that is trained with embedding augmentation.

    `mix` is "none", "mixup" or "stitchup", `soften` ε in [0, 1), `alpha` > 0 that of λ ~ Beta(α, α), `share` in [0, 1]
    the share of pairs that are mixed. `head` is "linear" or "mlp" with `hidden` units. `validation_fraction` in [0, 1)
    of each class is held out to choose the best epoch; with 0 all rows train and also choose. A whole number as
    `random_state` is the seed of an experiment's run. `device` is "cpu", "cuda" or None for the fastest there is; a
    GPU that is not there is warned of. Raises EstitchupError for a value out of range.
    """

    classes_: NDArray[Any]
    n_features_in_: int
    heads_: StackedHeads
    best_epoch_: int

    def __init__(
        self,
        mix: str = "stitchup",
        soften: float = DEFAULT_EPSILON,
        alpha: float = DEFAULT_ALPHA,
        share: float = 1.0,
        head: str = "mlp",
        hidden: int = 512,
        epochs: int = 12,
        learning_rate: float = 2e-3,
        weight_decay: float = 0.01,
        batch_size: int | None = None,
        validation_fraction: float = 0.0,
        device: str | None = "cpu",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.mix = mix
        self.soften = soften
        self.alpha = alpha
        self.share = share
        self.head = head
        self.hidden = hidden
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.validation_fraction = validation_fraction
        self.device = device
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train on embeddings (N, D) with labels (N,) of any kind; the same `random_state` gives the same bits."""
        from estitchup.streams import TrainingData  # loads PyTorch, which importing this class need not wait for
        from estitchup.training import train

        run, head, spec = self._run(), *self._specs()
        X, y = validate_data(self, X, y, dtype=[np.float64, np.float32])
        check_classification_targets(y)
        self.classes_, targets = np.unique(y, return_inverse=True)
        embeddings, held_out = np.asarray(X, np.float32), self._held_out(targets, run.seed)
        kept, judged = (~held_out, held_out) if held_out.any() else (~held_out, ~held_out)
        data = TrainingData(embeddings[kept], targets[kept], embeddings[judged], targets[judged], len(self.classes_))
        trained = train(data, [run], head, spec, device=self._device())
        self.heads_, self.best_epoch_ = trained.heads, int(trained.best_epochs[0])
        return self

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable class (N,), also where it is doubtful: `ood_score` tells what to refuse."""
        best = self._logits(X).argmax(axis=1)
        predicted: NDArray[Any] = self.classes_[best]
        return predicted

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Return probabilities (N, K), in the order of `classes_`."""
        return softmax(self._logits(X))

    def decision_function(self, X: ArrayLike) -> Floats:
        """Return log-probabilities (N, K), for two classes the log-odds (N,) of the second, as scikit-learn wants it.

        The OOD score can be read off them: it is 1 − exp(row maximum), for two classes 1 / (1 + exp |log-odds|).
        """
        logits = self._logits(X)
        odds: Floats = logits[:, 1] - logits[:, 0] if len(self.classes_) == 2 else log_softmax(logits)
        return odds

    def ood_score(self, X: ArrayLike) -> Floats:
        """Return 1 − confidence (N,), higher = more out of distribution, without rounding near 0."""
        return answers(self._logits(X)).doubt

    def _logits(self, X: ArrayLike) -> Floats:
        check_is_fitted(self)
        outputs: Floats = np.asarray(validate_data(self, X, reset=False), np.float64)
        outputs = (outputs - self.heads_.mean[0]) / self.heads_.deviation[0]
        for layer, (weight, bias) in enumerate(zip(self.heads_.weights, self.heads_.biases, strict=True)):
            outputs = (np.maximum(outputs, 0) if layer else outputs) @ weight[0].astype(np.float64) + bias[0]
        return outputs

    def _run(self) -> Run:
        if self.mix not in list(Mix):
            raise EstitchupError(f"There is no mix {self.mix!r}: choose among {', '.join(Mix)}.")
        if not isinstance(self.soften, numbers.Real) or not 0 <= self.soften < 1:
            raise EstitchupError(f"The value of soften is {self.soften!r}: give a number from 0 to below 1.")
        augmentation = Augmentation(mix=Mix(self.mix), epsilon=self.soften, alpha=self.alpha, share=self.share)
        if isinstance(self.random_state, numbers.Integral):
            return Run(augmentation, int(self.random_state))
        return Run(augmentation, int(check_random_state(self.random_state).randint(2**31 - 1)))

    def _specs(self) -> tuple[HeadSpec, TrainingSpec]:
        if not 0 <= self.validation_fraction < 1:
            raise EstitchupError(f"The validation_fraction is {self.validation_fraction}: give one from 0 to below 1.")
        if self.head not in HEADS:
            raise EstitchupError(f"There is no head {self.head!r}: choose among {', '.join(HEADS)}.")
        head = HeadSpec.model_validate({"kind": self.head, "hidden": self.hidden})
        training = TrainingSpec(
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
        )
        return head, training

    def _device(self) -> str | None:
        """Return where to train, having warned where there is no such place; raises EstitchupError."""
        wanted = self.device if self.device is None else str(self.device)
        if wanted is not None and not re.fullmatch(r"cpu|cuda(:\d+)?", wanted):
            raise EstitchupError(
                f"There is no device {wanted!r}: give 'cpu', 'cuda', or None for the fastest there is."
            )
        if wanted is not None and wanted != "cpu":
            import torch

            if not torch.cuda.is_available():
                warnings.warn(f"No GPU is at hand for device={wanted!r}: training on the CPU.", stacklevel=3)
        return wanted

    def _held_out(self, targets: NDArray[np.int64], seed: int) -> NDArray[np.bool_]:
        """Mark the validation rows (N,): so large a part of each class, and never all of it."""
        order = np.random.default_rng(seed).permutation(len(targets))
        counts = np.bincount(targets)
        held_out = np.zeros(len(targets), np.bool_)
        for target, count in enumerate((self.validation_fraction * counts).astype(np.int64)):
            held_out[order[targets[order] == target][:count]] = True
        return held_out
