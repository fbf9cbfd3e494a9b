"""Counts tokens with an encoder's own tokenizer, without loading its model or PyTorch.

`tokenizers` reads the tokenizer.json that every fast tokenizer is saved with and counts 25,000 short texts in a second.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_TEXTS_AT_ONCE = 4096


def count_tokens(texts: Sequence[str], folder: Path) -> NDArray[np.int64] | None:
    """Return the number of tokens of each text, (N,), those that mark start and end included.

    `folder` is the encoder's; None where it holds no tokenizer.json that can be read.
    """
    from tokenizers import Tokenizer

    path = next(iter([*folder.glob("tokenizer.json"), *sorted(folder.glob("*/tokenizer.json"))]), None)
    if path is None:
        return None
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception:  # the library raises plain Exception for a file it does not understand
        return None
    tokenizer.no_truncation()
    tokenizer.no_padding()
    counts: list[int] = []
    for start in range(0, len(texts), _TEXTS_AT_ONCE):
        part = [text.encode("utf-8", "replace").decode() for text in texts[start : start + _TEXTS_AT_ONCE]]
        counts += [len(encoding) for encoding in tokenizer.encode_batch_fast(part)]
    return np.array(counts, dtype=np.int64)
