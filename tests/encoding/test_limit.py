"""The store keeps within its limit, the longest unused leave first, and not while somebody else has it open."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from estitchup.encoding import StoreLimit, VectorStore, keep_store_limit, store_limit
from estitchup.errors import EstitchupError

BLOCK = 100  # texts in a write: 100 × 64 × 4 bytes and their keys
LIMIT = 200_000  # bytes; some six blocks


def put(store: VectorStore, name: str) -> None:
    store.put("encoder", texts(name), np.full((BLOCK, 64), ord(name[0]), np.float32))


def texts(name: str) -> list[str]:
    return [f"{name} {row}" for row in range(BLOCK)]


def has(store: VectorStore, name: str) -> bool:
    vectors, found = store.get("encoder", texts(name), 64)
    assert found.all() or not found.any()
    assert (vectors[found] == ord(name[0])).all()
    return bool(found.all())


def test_the_oldest_leave_when_it_is_full(tmp_path: Path) -> None:
    with VectorStore(tmp_path / "store", LIMIT) as store:
        for name in "abcdefghijkl":
            put(store, name)
            assert store.size_in_bytes() <= LIMIT
        there = [has(store, name) for name in "abcdefghijkl"]
    assert there == sorted(there)  # first all that are gone, then all that are there
    assert not there[0]
    assert sum(there) >= 4


def test_what_was_used_stays_longer_than_what_was_not(tmp_path: Path) -> None:
    with VectorStore(tmp_path / "store", LIMIT) as store:
        for name in "abcde":
            put(store, name)
        assert has(store, "a")
        for name in "fghi":
            put(store, name)
        assert has(store, "a")
        assert not has(store, "b")


def test_who_looked_before_sees_what_has_left(tmp_path: Path) -> None:
    with VectorStore(tmp_path / "store", LIMIT) as store:
        for name in "ab":
            put(store, name)
        assert len(store) == 2 * BLOCK
        for name in "cdefghi":
            put(store, name)
        assert not has(store, "a")
        assert len(store) == BLOCK * sum(has(store, name) for name in "abcdefghi")


def test_nothing_leaves_while_another_process_has_the_store_open(tmp_path: Path) -> None:
    path = tmp_path / "store"
    code = (
        "import sys; from pathlib import Path; from estitchup.encoding import VectorStore\n"
        "store = VectorStore(Path(sys.argv[1])); print('open', flush=True); sys.stdin.readline()"
    )
    with VectorStore(path, LIMIT) as store:
        command = [sys.executable, "-c", code, str(path)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
            assert other.stdout is not None
            other.stdout.readline()
            for name in "abcdefghi":
                put(store, name)
            assert has(store, "a")
            assert store.size_in_bytes() > LIMIT
            other.kill()  # without a word, as a crash
        assert store.trim() > 0
        assert store.size_in_bytes() <= LIMIT
        assert not has(store, "b")


def test_without_a_limit_everything_stays(tmp_path: Path) -> None:
    with VectorStore(tmp_path / "store") as store:
        for name in "abcdefghijkl":
            put(store, name)
        assert store.trim() == 0
        assert has(store, "a")


def test_the_limit_is_kept_and_the_environment_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ESTITCHUP_STORE_GB", raising=False)
    assert store_limit(tmp_path) == StoreLimit()
    keep_store_limit(tmp_path, StoreLimit(gigabytes=2.5))
    assert store_limit(tmp_path).bytes == 2_500_000_000
    monkeypatch.setenv("ESTITCHUP_STORE_GB", "4")
    assert store_limit(tmp_path).gigabytes == 4
    monkeypatch.setenv("ESTITCHUP_STORE_GB", "much")
    with pytest.raises(EstitchupError, match="much"):
        store_limit(tmp_path)


@pytest.mark.parametrize("gigabytes", [0, -1, float("nan"), float("inf")])
def test_a_limit_that_makes_no_sense_is_told_in_one_sentence(gigabytes: float) -> None:
    with pytest.raises(EstitchupError, match="limit of the store"):
        StoreLimit(gigabytes=gigabytes)


def test_a_limit_edited_by_hand_is_read_or_told_with_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ESTITCHUP_STORE_GB", raising=False)
    file = tmp_path / "store.json"
    file.write_bytes(b'\xef\xbb\xbf{"gigabytes": 3}')  # as an editor on Windows saves it
    assert store_limit(tmp_path).gigabytes == 3
    for content in (b"{", b"[1]", b"\xff", b"", b"[" * 100_000):
        file.write_bytes(content)
        with pytest.raises(EstitchupError, match=r"store\.json"):
            store_limit(tmp_path)
