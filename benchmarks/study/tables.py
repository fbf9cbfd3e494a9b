"""How the study's page writes tables and differences."""

from collections.abc import Iterable

import numpy as np

from benchmarks.study.verdicts import Claim
from estitchup.comparison import Difference


def markdown(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table, numbers to the right."""
    names = list(header)
    lines = [names, ["---"] + ["---:"] * (len(names) - 1), *(list(row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def signed(claim: Claim, value: float) -> str:
    """Return a value with its sign, in the claim's unit."""
    return "–" if np.isnan(value) else f"{claim.factor * value:+.{claim.decimals}f}"


def told(claim: Claim, found: Difference) -> str:
    """Return a difference with its interval in the claim's unit, bold where it is clear."""
    if np.isnan(found.mean):
        return "–"
    low, high = (f"{claim.factor * bound:.{claim.decimals}f}" for bound in (found.low, found.high))
    text = f"{signed(claim, found.mean)} ({low} to {high})"
    return f"**{text}**" if found.clear else text
