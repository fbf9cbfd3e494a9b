"""The profile of a corpus: what it holds and what a person should know before training on it.

Pure: a corpus, and where they are at hand its vectors and token counts, in; a frozen `Profile` out.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from estitchup.corpus.corpus import Corpus
from estitchup.corpus.profile import labels, texts
from estitchup.corpus.profile.finding import Finding, Severity
from estitchup.corpus.profile.neighbours import Vectors, near_duplicates, unit
from estitchup.corpus.roles import PROTECTION
from estitchup.corpus.wording import counted
from estitchup.progress import Listener

NEAR = 0.95
"""Cosine from which two texts count as nearly the same: a choice made for all-MiniLM-L6-v2."""


@dataclass(frozen=True, eq=False)
class Profile:
    """What a corpus holds: lengths in characters (N,) and in tokens (N,), scripts (N,), class sizes and findings.

    `tokens` is None where they were not counted, `max_tokens` where nothing is cut. Serious findings come first.
    """

    characters: NDArray[np.int64]
    tokens: NDArray[np.int64] | None
    max_tokens: int | None
    scripts: NDArray[np.str_]
    class_sizes: pd.DataFrame
    findings: tuple[Finding, ...]
    headline: str


def profile_of(
    corpus: Corpus,
    vectors: Vectors | None = None,
    tokens: NDArray[np.int64] | None = None,
    max_tokens: int | None = None,
    threshold: float = NEAR,
    listener: Listener | None = None,
) -> Profile:
    """Profile a corpus.

    `vectors` (N, D) find near duplicates (cosine ≥ `threshold`, 0 to 1) and likely label errors; a row of zeros stands
    for a text without one. `tokens` (N,) and the encoder's `max_tokens` find what is cut.
    """
    per_text = texts.scripts(corpus.texts)
    found: list[Finding | None] = [
        labels.spelling_variants(corpus),
        labels.contradictions(corpus),
        labels.small_classes(corpus),
        texts.empty_texts(corpus),
        texts.repeated_texts(corpus),
        texts.rare_scripts(corpus, per_text),
    ]
    if tokens is not None and max_tokens is not None:
        found.append(texts.cut_texts(corpus, tokens, max_tokens))
    if vectors is not None:
        found += _by_vector(corpus, vectors, threshold, listener)
    severities = list(Severity)
    findings = sorted((one for one in found if one), key=lambda finding: severities.index(finding.severity))
    return Profile(
        characters=np.array([len(text) for text in corpus.texts], dtype=np.int64),
        tokens=tokens,
        max_tokens=max_tokens,
        scripts=per_text,
        class_sizes=corpus.class_counts(),
        findings=tuple(findings),
        headline=_headline(corpus, findings),
    )


def _by_vector(corpus: Corpus, vectors: Vectors, threshold: float, listener: Listener | None) -> list[Finding | None]:
    units = unit(vectors)
    rank = {str(role): place for place, role in enumerate(PROTECTION)}
    ranks = np.array([rank[role] for role in corpus.roles.tolist()], dtype=np.int64)
    across, within = near_duplicates(units, ranks, threshold, listener)
    return [
        texts.leaking_texts(corpus, across, threshold),
        texts.resembling_texts(corpus, within, threshold),
        labels.likely_errors(corpus, units),
    ]


def _headline(corpus: Corpus, findings: list[Finding]) -> str:
    size = f"{counted(len(corpus.texts), 'text')} in {counted(len(corpus.classes), 'known class')}"
    serious = sum(finding.severity is Severity.SERIOUS for finding in findings)
    other = sum(finding.severity is Severity.MATTERS for finding in findings)
    if serious:
        which = "one thing bends" if serious == 1 else f"{serious} things bend"
        return f"{size}: {which} the figures, and can be fixed here"
    if other:
        return f"{size}: nothing bends the figures; {'one thing' if other == 1 else f'{other} things'} to look at"
    return f"{size}: nothing stands in the way of training"
