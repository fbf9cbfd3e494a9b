"""The store gives back what was put in, however many write and however they end."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import estitchup.encoding.block_file as module
from estitchup.encoding import VectorStore
from estitchup.errors import EstitchupError

WRITER = """
import sys
from pathlib import Path
import numpy as np
from estitchup.encoding import VectorStore
path, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
with VectorStore(path) as store:
    for start in range(0, count, 50):
        rows = range(start, start + 50)
        vectors = np.repeat(np.array(rows, np.float32)[:, None], 256, axis=1)
        store.put("encoder", [f"{name} {row}" for row in rows], vectors)
        print(start + 50, flush=True)
"""


def start_writer(path: Path, name: str, count: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", WRITER, str(path), name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def assert_written(store: VectorStore, name: str, count: int) -> None:
    vectors, found = store.get("encoder", [f"{name} {row}" for row in range(count)], 256)
    assert found.all()
    np.testing.assert_array_equal(vectors, np.repeat(np.arange(count, dtype=np.float32)[:, None], 256, axis=1))


def random_vectors(rows: int, dimension: int = 8) -> np.ndarray:
    return np.random.default_rng(rows).standard_normal((rows, dimension), np.float32)


def test_what_was_put_comes_back_bit_for_bit_after_reopening(tmp_path: Path) -> None:
    texts, vectors = ["a", "", "ü 世界", "\ud800", "a\x00b"], random_vectors(5)
    with VectorStore(tmp_path / "new" / "store") as store:
        store.put("encoder", texts, vectors)
    with VectorStore(tmp_path / "new" / "store") as store:
        got, found = store.get("encoder", [*reversed(texts), "unknown", "a"], 8)
        assert len(store) == 5
        assert store.size_in_bytes() > 0
    assert found.tolist() == [True] * 5 + [False, True]
    np.testing.assert_array_equal(got, [*vectors[::-1], np.zeros(8), vectors[0]])


def test_encoders_and_texts_are_kept_apart(tmp_path: Path) -> None:
    with VectorStore(tmp_path / "store") as store:
        store.put("one", ["text"], np.ones((1, 3), np.float32))
        store.put("two", ["text"], np.full((1, 5), 2, np.float32))
        assert not store.get("on", ["etext"], 3)[1].any()
        np.testing.assert_array_equal(store.get("one", ["text"], 3)[0], np.ones((1, 3)))
        np.testing.assert_array_equal(store.get("two", ["text"], 5)[0], np.full((1, 5), 2))


def test_nothing_asked_or_put_is_nothing_done(tmp_path: Path) -> None:
    with VectorStore(tmp_path / "store") as store:
        store.put("encoder", [], np.empty((0, 8), np.float32))
        vectors, found = store.get("encoder", [], 8)
        assert (vectors.shape, found.shape, len(store)) == ((0, 8), (0,), 0)


def test_a_text_put_twice_counts_once(tmp_path: Path) -> None:
    with VectorStore(tmp_path / "store") as store:
        for _ in range(2):
            store.put("encoder", ["a", "b", "a"], np.ones((3, 8), np.float32))
        assert len(store) == 2


def test_clear_forgets_everything_also_for_who_has_looked_before(tmp_path: Path) -> None:
    with VectorStore(tmp_path / "store") as store, VectorStore(tmp_path / "store") as other:
        store.put("encoder", ["a", "b"], random_vectors(2))
        assert len(other) == 2
        store.clear()
        assert len(other) == 0
        store.put("encoder", ["b"], np.ones((1, 8), np.float32))
        vectors, found = other.get("encoder", ["a", "b"], 8)
        assert found.tolist() == [False, True]
        np.testing.assert_array_equal(vectors[1], np.ones(8))


def test_clear_in_another_process_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "store"
    with VectorStore(path) as store:
        store.put("encoder", ["a", "b"], random_vectors(2))
        assert len(store) == 2
        code = (
            "import sys, numpy as np; from pathlib import Path; from estitchup.encoding import VectorStore\n"
            "store = VectorStore(Path(sys.argv[1])); store.clear()\n"
            "store.put('encoder', ['b', 'c', 'd'], np.ones((3, 8), np.float32))"
        )
        subprocess.run([sys.executable, "-c", code, str(path)], check=True)
        vectors, found = store.get("encoder", ["a", "b"], 8)
        assert found.tolist() == [False, True]
        np.testing.assert_array_equal(vectors[1], np.ones(8))


def test_the_map_grows_here_and_follows_the_growth_of_another_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_FIRST_MAP", 1 << 16)
    path = tmp_path / "store"
    with VectorStore(path) as store:
        store.put("encoder", [f"first {row}" for row in range(500)], random_vectors(500, 256))
        before = path.stat().st_size
        writer = start_writer(path, "other", 2000)
        writer.communicate()
        assert writer.returncode == 0
        assert path.stat().st_size > 2 * before > 1 << 17
        assert_written(store, "other", 2000)
        store.put("encoder", ["last"], random_vectors(1, 256))
        assert len(store) == 2501


def test_two_processes_writing_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "store"
    writers = [start_writer(path, name, 2000) for name in ("one", "two")]
    for writer in writers:
        writer.communicate()
        assert writer.returncode == 0
    with VectorStore(path) as store:
        assert len(store) == 4000
        assert_written(store, "one", 2000)
        assert_written(store, "two", 2000)


def test_two_threads_share_the_file_of_one_process(tmp_path: Path) -> None:
    def write(name: str) -> None:
        with VectorStore(tmp_path / "store") as store:
            for row in range(50):
                store.put("encoder", [f"{name} {row}"], np.full((1, 256), row, np.float32))

    threads = [threading.Thread(target=write, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with VectorStore(tmp_path / "store") as store:
        assert_written(store, "one", 50)
        assert_written(store, "two", 50)


def test_a_writer_killed_midway_leaves_all_it_had_reported(tmp_path: Path) -> None:
    path = tmp_path / "store"
    writer = start_writer(path, "killed", 1_000_000)
    assert writer.stdout is not None
    reported = [int(writer.stdout.readline()) for _ in range(20)]
    os.kill(writer.pid, signal.SIGKILL)
    writer.communicate()
    with VectorStore(path) as store:
        assert_written(store, "killed", reported[-1])
        assert len(store) % 50 == 0  # a commit is whole or not there
        store.put("encoder", ["after"], np.ones((1, 256), np.float32))
        assert store.get("encoder", ["after"], 256)[1].all()


@pytest.mark.parametrize("content", [b"text,label\n" * 1000, b"\x00" * 100, os.urandom(50_000)])
def test_a_foreign_file_is_told_in_one_sentence_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(EstitchupError, match=r"table\.csv") as caught:
        VectorStore(path)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == content


def test_a_file_cut_short_is_told_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "store"
    with VectorStore(path) as store:
        store.put("encoder", [str(row) for row in range(100)], random_vectors(100))
    os.truncate(path, path.stat().st_size // 2 // 4096 * 4096)
    with pytest.raises(EstitchupError, match="cut short"):
        VectorStore(path)


def test_a_folder_in_the_way_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(EstitchupError, match="cannot be used"):
        VectorStore(tmp_path)


def test_a_hundred_thousand_vectors_are_found_in_a_second(tmp_path: Path) -> None:
    texts = [f"text {row}" for row in range(100_000)]
    with VectorStore(tmp_path / "store") as store:
        store.put("encoder", texts, random_vectors(100_000, 32))
        begun = time.thread_time()  # not the clock on the wall, which other work slows
        assert store.get("encoder", texts, 32)[1].all()
        assert time.thread_time() - begun < 1


def test_vectors_of_another_length_are_refused_and_not_joined(tmp_path: Path) -> None:
    with VectorStore(tmp_path / "vectors") as store:
        store.put("encoder", ["a", "b"], np.ones((2, 4), np.float32))
        with pytest.raises(EstitchupError, match="4 numbers where 8"):
            store.get("encoder", ["a"], 8)
