"""What can be wrong with texts: nothing in them, too long for the encoder, the same or nearly the same as another."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from estitchup.corpus.corpus import Corpus
from estitchup.corpus.fixes import DropDuplicates
from estitchup.corpus.profile.finding import Example, Finding, Severity
from estitchup.corpus.profile.labels import SHOWN, drop
from estitchup.corpus.profile.neighbours import Nearest
from estitchup.corpus.roles import PROTECTION, Role
from estitchup.corpus.split import normalised
from estitchup.corpus.wording import counted

NO_LETTERS = "no letters"
RARE_SHARE = 0.1
FEW_ARE_CUT = 0.2
"""Share of cut texts up to which leaving them out is offered; beyond, another encoder is the better answer."""


def scripts(texts: Sequence[str]) -> NDArray[np.str_]:
    """Return the script that most letters of each text are of, such as "Latin" or "Cyrillic", (N,)."""
    return np.array([_script(text) for text in texts], dtype=np.str_)


def _script(text: str) -> str:
    if text.isascii():
        return "Latin" if any(map(str.isalpha, text)) else NO_LETTERS
    counts = Counter(_script_of(letter) for letter in text if letter.isalpha())
    return counts.most_common(1)[0][0] if counts else NO_LETTERS


@lru_cache(maxsize=100_000)
def _script_of(letter: str) -> str:
    """Return the first word of the letter's Unicode name: the script, for nearly all letters in use."""
    name = unicodedata.name(letter, "OTHER").removeprefix("FULLWIDTH ").removeprefix("HALFWIDTH ")
    word = name.replace("-", " ").split()[0]
    return {"CJK": "Han", "OTHER": "Other"}.get(word, word.capitalize())


def rare_scripts(corpus: Corpus, per_text: NDArray[np.str_]) -> Finding | None:
    """Find texts in a script that fewer than a tenth of the texts are in."""
    counts = Counter(per_text.tolist())
    main = counts.most_common(1)[0][0]
    rare = [
        name for name, count in counts.items() if name not in (main, NO_LETTERS) and count < RARE_SHARE * len(per_text)
    ]
    rows = np.flatnonzero(np.isin(per_text, rare))
    if not len(rows):
        return None
    named = ", ".join(f"{counts[name]:,} {name}" for name in sorted(rare, key=lambda name: -counts[name])[:5])
    return Finding(
        "rare scripts",
        Severity.NOTE,
        f"{counted(len(rows), 'text')} in another script than {main}: {named}.",
        "An encoder trained on one language gives little for another.",
        tuple(_example(corpus, row, str(per_text[row])) for row in rows[:SHOWN].tolist()),
        drop(corpus, rows, f"in another script than {main}"),
        f"Leave out {counted(len(rows), 'text')}",
    )


def empty_texts(corpus: Corpus) -> Finding | None:
    """Find texts without a letter or a digit."""
    rows = np.flatnonzero([not any(map(str.isalnum, text)) for text in corpus.texts])
    if not len(rows):
        return None
    return Finding(
        "empty texts",
        Severity.MATTERS,
        f"{counted(len(rows), 'text')} without a letter or a digit.",
        "There is nothing in them to learn from or to answer.",
        tuple(_example(corpus, row) for row in rows[:SHOWN].tolist()),
        drop(corpus, rows, "without a letter or a digit"),
        f"Leave out {counted(len(rows), 'text')}",
    )


def cut_texts(corpus: Corpus, tokens: NDArray[np.int64], max_tokens: int) -> Finding | None:
    """Find texts of which the encoder does not see the end."""
    rows = np.flatnonzero(tokens > max_tokens)
    if not len(rows):
        return None
    rows = rows[np.argsort(-tokens[rows], kind="stable")]
    share = len(rows) / len(tokens)
    few = share <= FEW_ARE_CUT
    advice = "What stands behind the cut counts for nothing."
    return Finding(
        "cut texts",
        Severity.NOTE if share < 0.01 else Severity.MATTERS,
        f"{counted(len(rows), 'text')} ({share:.1%}) longer than the {max_tokens:,} tokens the encoder reads.",
        advice if few else f"{advice} Choose an encoder that reads more, or bring shorter texts.",
        tuple(_example(corpus, row, f"{tokens[row]:,} tokens") for row in rows[:SHOWN].tolist()),
        drop(corpus, rows, f"longer than {max_tokens:,} tokens") if few else None,
        f"Leave out {counted(len(rows), 'text')}",
    )


def repeated_texts(corpus: Corpus) -> Finding | None:
    """Find rows that repeat an earlier one, text and label."""
    keys = pd.Series(normalised(corpus.texts))
    rows = np.flatnonzero(pd.DataFrame({"key": keys, "label": corpus.labels}).duplicated())
    if not len(rows):
        return None
    times = keys.map(keys.value_counts())
    return Finding(
        "repeated texts",
        Severity.NOTE,
        f"{counted(len(rows), 'row')} that repeat an earlier row of the same role, text and label.",
        "A repeated text counts several times, in training and in the figures; never in two roles.",
        tuple(_example(corpus, row, f"{times[row]} times") for row in rows[:SHOWN].tolist()),
        DropDuplicates(),
        "Keep each text once",
    )


def leaking_texts(corpus: Corpus, across: Nearest, threshold: float) -> Finding | None:
    """Find texts that nearly repeat one of a role that must not leak into theirs."""
    rows = _closest_first(across)
    if not len(rows):
        return None
    counts = Counter(corpus.roles[rows].tolist())
    parts = ", ".join(f"{counts[role.value]:,} in {role}" for role in PROTECTION if counts[role.value])
    tested = int((corpus.roles[across.rows[rows]] == Role.TEST).sum())
    return Finding(
        "near duplicates across roles",
        Severity.NOTE if set(counts) == {Role.POOL.value} else Severity.SERIOUS,
        f"{counted(len(rows), 'text')} nearly the same as one of another role (cosine ≥ {threshold:g}): "
        f"{parts}; {tested:,} of them near a test text.",
        "A test on a text that was nearly trained on measures memory. Of two such texts the one in test stays, else "
        "the one in validation.",
        _pairs(corpus, across, rows),
        drop(corpus, rows, "nearly the same as one of another role"),
        f"Leave out {counted(len(rows), 'text')}",
    )


def resembling_texts(corpus: Corpus, within: Nearest, threshold: float) -> Finding | None:
    """Find training texts that nearly repeat an earlier one."""
    rows = _closest_first(within)
    rows = rows[(corpus.roles[rows] == Role.TRAIN) & (_keys(corpus, rows) != _keys(corpus, within.rows[rows]))]
    if not len(rows):
        return None
    return Finding(
        "near duplicates in training",
        Severity.NOTE,
        f"{counted(len(rows), 'training text')} nearly the same as an earlier one (cosine ≥ {threshold:g}).",
        "They teach little that is new. Often they are how people write; many may mean a template.",
        _pairs(corpus, within, rows),
        drop(corpus, rows, "nearly the same as an earlier training text", (Role.TRAIN,)),
        f"Leave out {counted(len(rows), 'text')}",
    )


def _keys(corpus: Corpus, rows: NDArray[np.int64]) -> NDArray[np.object_]:
    return np.array(normalised(corpus.texts[row] for row in rows.tolist()), dtype=object)


def _closest_first(nearest: Nearest) -> NDArray[np.int64]:
    found = nearest.found
    return found[np.argsort(-nearest.cosines[found], kind="stable")]


def _pairs(corpus: Corpus, nearest: Nearest, rows: NDArray[np.int64]) -> tuple[Example, ...]:
    """Return examples with the other text; those whose labels differ come first, for they tell most."""
    others = nearest.rows[rows]
    order = np.argsort(corpus.labels[rows] == corpus.labels[others], kind="stable")[:SHOWN]
    pairs = list(zip(rows[order].tolist(), others[order].tolist(), strict=True))
    beside = [
        f"{nearest.cosines[row]:.3f} {corpus.roles[other]}, {corpus.labels[other] or 'no label'}: {corpus.texts[other]}"
        for row, other in pairs
    ]
    return tuple(_example(corpus, row, words) for (row, _), words in zip(pairs, beside, strict=True))


def _example(corpus: Corpus, row: int, beside: str = "") -> Example:
    return Example(corpus.texts[row], str(corpus.labels[row]), str(corpus.roles[row]), beside)
