"""What one threshold does to an augmentation's test texts, over its seeds."""

from dataclasses import dataclass

import numpy as np

from estitchup.threshold import Outcome


@dataclass(frozen=True)
class Outcomes:
    """What one threshold does to an augmentation's test texts, seed by seed."""

    seeds: tuple[Outcome, ...]

    @property
    def known_kept(self) -> float:
        """Return the share of known texts that are accepted, mean over seeds."""
        return float(np.mean([outcome.known_kept for outcome in self.seeds]))

    @property
    def unknown_caught(self) -> float:
        """Return the share of unknown texts that are refused, mean over seeds; NaN without any."""
        return float(np.mean([outcome.unknown_caught for outcome in self.seeds]))

    @property
    def accepted_accuracy(self) -> float:
        """Return the share of right answers among accepted texts, mean over seeds that accept any."""
        accepting = [outcome.accepted_accuracy for outcome in self.seeds if not np.isnan(outcome.accepted_accuracy)]
        return float(np.mean(accepting)) if accepting else float("nan")

    @property
    def counts(self) -> dict[str, tuple[int, int]]:
        """Return what the three shares count, (part, whole), summed over seeds."""
        known, unknown = (sum(getattr(outcome, side) for outcome in self.seeds) for side in ("known", "unknown"))
        accepted = sum(outcome.known_accepted for outcome in self.seeds)
        let_in = sum(outcome.unknown_accepted for outcome in self.seeds)
        return {
            "known_kept": (accepted, known),
            "unknown_caught": (unknown - let_in, unknown),
            "accepted_accuracy": (sum(outcome.accepted_right for outcome in self.seeds), accepted + let_in),
        }

    @property
    def words(self) -> list[str]:
        """Return, as Plotly's HTML, each share in large type, what it is, and what it counts."""
        large = '<span style="font-size: 16px"><b>{}</b></span><br>{}<br>{:,}/{:,}'
        return [
            large.format(percent(getattr(self, share)), name, *self.counts[share]) for share, name in SHARES.items()
        ]

    @property
    def sentence(self) -> str:
        """Return the shares as a sentence."""
        return ", ".join(f"{name} {percent(getattr(self, share))}" for share, name in SHARES.items())


SHARES = {
    "known_kept": "known kept",
    "unknown_caught": "unknown caught",
    "accepted_accuracy": "right of accepted",
}


def percent(share: float) -> str:
    """Write a share, and a dash where there is none."""
    return "–" if np.isnan(share) else f"{share:.1%}"


def in_words(outcomes: Outcomes) -> str:
    """Return a sentence for somebody who has never heard of a threshold."""
    kept = f"answers {of_100(outcomes.known_kept)} known texts"
    right = f"is right in {of_100(outcomes.accepted_accuracy)} answers"
    caught = f"refuses {of_100(outcomes.unknown_caught)} unknown texts"
    said = [kept] if np.isnan(outcomes.accepted_accuracy) else [kept, right]
    if not np.isnan(outcomes.unknown_caught):
        said.append(caught)
    return (said[0] if len(said) == 1 else ", ".join(said[:-1]) + f" and {said[-1]}") + "."


def of_100(share: float) -> str:
    """Write a share as a count of 100, which says 0 and 100 only where it is so."""
    whole = round(100 * share) if not np.isnan(share) else 0
    if whole == 100 and share < 1:
        return "more than 99 of 100"
    if whole == 0 and share > 0:
        return "fewer than 1 of 100"
    return f"{whole} of 100"


def written(threshold: float) -> str:
    """Write a threshold with two decimals, or as many as it needs, six at most."""
    for decimals in (2, 3):
        if abs(threshold - round(threshold, decimals)) < 1e-9:
            return f"{threshold:.{decimals}f}"
    return f"{threshold:.3f}" if 0.0005 <= threshold < 0.9995 else f"{threshold:.6f}"
