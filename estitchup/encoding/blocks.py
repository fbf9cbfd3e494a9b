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


def uses_passed_by(transaction: "Transaction", numbers: list[int], last: int, limit: int) -> bool:
    """Return whether the use of these blocks is worth noting: the file is half full, and `last` is newer than one."""
    if used_bytes(transaction) <= limit // 2:
        return False
    uses = read_uses(transaction)
    return any(uses.get(number, number) < last for number in numbers)


def add_uses(transaction: "Transaction", numbers: list[int]) -> None:
    """Note that the blocks were used now; forget those that are gone."""
    there = set(_numbers(transaction))
    uses = read_uses(transaction) | dict.fromkeys(numbers, transaction.id())
    pairs = [pair for pair in uses.items() if pair[0] in there]
    transaction.put(_USES, np.array(pairs, np.int64).tobytes())


def delete_longest_unused(transaction: "Transaction", most_bytes: float) -> int:
    """Delete blocks, the longest unused first, until the rest takes `most_bytes`; return how many.

    What has just been written or used stays, however large it is.
    """
    uses = read_uses(transaction)
    oldest = sorted(_numbers(transaction), key=lambda number: uses.get(number, number))[:-1]
    for count, number in enumerate(oldest):
        if used_bytes(transaction) <= most_bytes:
            return count
        transaction.delete(block_name(number))
    return len(oldest)


def used_bytes(transaction: "Transaction") -> int:
    """Return the size of all pages in use."""
    stat = transaction.stat()
    return stat["psize"] * (stat["branch_pages"] + stat["leaf_pages"] + stat["overflow_pages"])


def _numbers(transaction: "Transaction") -> list[int]:
    cursor = transaction.cursor()
    if not cursor.set_range(block_name(1)):
        return []
    return [int.from_bytes(name, "big") for name in cursor.iternext(keys=True, values=False)]
