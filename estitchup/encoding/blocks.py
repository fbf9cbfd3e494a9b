"""The names of a store's blocks in LMDB, and which block was used when.

A block is named by the number of the transaction that wrote it. One record before all blocks notes later uses, by the
number of the transaction that noted them, so that no clock is needed and the two compare.
"""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import lmdb

    Transaction = lmdb.Transaction[memoryview]

_USES = b"\0"  # sorts before every block's name


def block_name(number: int) -> bytes:
    """Return the name of a block."""
    return number.to_bytes(8, "big")  # big-endian, so that names sort as numbers


def blocks_after(transaction: "Transaction", number: int) -> list[tuple[int, memoryview]]:
    """Return the blocks whose number is larger, each with its content, which is gone when the transaction ends."""
    cursor = transaction.cursor()
    if not cursor.set_range(block_name(number + 1)):
        return []
    return [(int.from_bytes(name, "big"), block) for name, block in cursor]


def count_blocks(transaction: "Transaction") -> int:
    """Return the number of blocks."""
    return transaction.stat()["entries"] - (transaction.get(_USES) is not None)


def read_uses(transaction: "Transaction") -> dict[int, int]:
    """Return the latest use of each block that was used after it had been written."""
    blocks, uses = np.frombuffer(transaction.get(_USES, b""), np.int64).reshape(-1, 2).T
    return dict(zip(blocks.tolist(), uses.tolist(), strict=True))


def add_uses(transaction: "Transaction", numbers: list[int]) -> None:
    """Note that the blocks were used now; forget those that are gone."""
    there = set(_numbers(transaction))
    uses = read_uses(transaction) | dict.fromkeys(numbers, transaction.id())
    pairs = [pair for pair in uses.items() if pair[0] in there]
    transaction.put(_USES, np.array(pairs, np.int64).tobytes())


def numbers_by_use(transaction: "Transaction") -> list[int]:
    """Return the numbers of all blocks, the longest unused first."""
    uses = read_uses(transaction)
    return sorted(_numbers(transaction), key=lambda number: uses.get(number, number))


def _numbers(transaction: "Transaction") -> list[int]:
    cursor = transaction.cursor()
    if not cursor.set_range(block_name(1)):
        return []
    return [int.from_bytes(name, "big") for name in cursor.iternext(keys=True, values=False)]
