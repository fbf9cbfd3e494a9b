"""Public sets: fetched from a real server on loopback, checked, kept, and read into text, label and split."""

import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd
import pytest

from estitchup.corpus import CorpusSpec, Role, load_corpus, path_of, read_table
from estitchup.corpus.public import DATA_FOLDER, PUBLIC_SETS, Download, PublicSet, is_at_hand, public_file
from estitchup.errors import EstitchupError
from estitchup.progress import Progress

Serve = Callable[[str, bytes], str]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ESTITCHUP_HOME", str(tmp_path / "home"))
    monkeypatch.delenv(DATA_FOLDER, raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path / "home"


class Server(ThreadingHTTPServer):
    """Serves what it is given; `cut` bytes are promised and not sent, `asked` counts requests."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content: dict[str, bytes] = {}
        self.cut = 0
        self.asked = 0

    def offer(self, name: str, content: bytes) -> str:
        self.content[f"/{name}"] = content
        return f"http://127.0.0.1:{self.server_address[1]}/{name}"

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that hang up, as those do whose download is too large."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked += 1
        content = self.server.content.get(self.path)
        if content is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) - self.server.cut])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def served(server: Server, name: str, *contents: bytes) -> PublicSet:
    """Return the public set of this name with its files at the server."""
    downloads = tuple(
        Download(
            server.offer(f"{name}-{place}", content), hashlib.sha256(content).hexdigest(), len(content), f"{place}.bin"
        )
        for place, content in enumerate(contents)
    )
    return replace(PUBLIC_SETS[name], downloads=downloads)


def clinc_json(table: pd.DataFrame) -> bytes:
    """Write rows as the authors' data_full.json is written, byte for byte."""
    parts = {"train": "train", "validation": "val", "test": "test"}
    content: dict[str, list[list[str]]] = {
        key: [] for key in ("oos_val", "val", "train", "oos_test", "test", "oos_train")
    }
    for text, intent, split in table.itertuples(index=False):
        content[("oos_" if intent == "oos" else "") + parts[split]].append([text, intent])
    return json.dumps(content, indent=4, separators=(", ", ": ")).encode()


SMALL_CLINC = clinc_json(
    pd.DataFrame(
        [(f"{kind} {n}", intent, split) for kind, intent in (("pay", "bill"), ("fly", "trip"), ("odd", "oos"))
         for split in ("train", "validation", "test") for n in range(4)]
    )
)  # fmt: skip


def nothing_is_kept(home: Path) -> bool:
    return not [path for path in home.rglob("*") if path.is_file()]


def test_a_set_is_fetched_once_checked_and_kept(server: Server, home: Path) -> None:
    wanted = served(server, "clinc150", SMALL_CLINC)
    seen: list[Progress] = []
    assert not is_at_hand(wanted)
    path = public_file(wanted, seen.append)
    assert is_at_hand(wanted)
    assert home in path.parents
    assert public_file(wanted) == path
    assert server.asked == 1
    assert (seen[-1].done, seen[-1].total, seen[-1].unit) == (len(SMALL_CLINC), len(SMALL_CLINC), "bytes")
    assert [file for file in home.rglob("*") if file.is_file()] == [path]


def test_other_content_is_refused_and_nothing_is_kept(server: Server, home: Path) -> None:
    wanted = served(server, "clinc150", SMALL_CLINC)
    server.content = {path: content.replace(b"pay", b"pax") for path, content in server.content.items()}
    with pytest.raises(EstitchupError, match="is not the file it should be: its SHA-256 is"):
        public_file(wanted)
    assert nothing_is_kept(home)


def test_more_content_than_there_should_be_is_not_read_to_its_end(server: Server, home: Path) -> None:
    wanted = served(server, "clinc150", SMALL_CLINC)
    server.content = {path: content * 10_000 for path, content in server.content.items()}
    seen: list[Progress] = []
    with pytest.raises(EstitchupError, match="SHA-256"):
        public_file(wanted, seen.append)
    assert seen[-1].done < 2 * 65_536 + len(SMALL_CLINC)
    assert nothing_is_kept(home)


def test_an_answer_that_breaks_off_is_a_sentence_and_nothing_is_kept(server: Server, home: Path) -> None:
    wanted = served(server, "clinc150", SMALL_CLINC)
    server.cut = 100
    with pytest.raises(EstitchupError, match=rf"ended after {len(SMALL_CLINC) - 100:,} of {len(SMALL_CLINC):,} bytes"):
        public_file(wanted)
    assert nothing_is_kept(home)


def test_a_file_that_is_gone_is_a_sentence(server: Server, home: Path) -> None:
    wanted = served(server, "clinc150", SMALL_CLINC)
    server.content.clear()
    with pytest.raises(EstitchupError, match=r"CLINC150 is not on this computer, and .* answers with 404"):
        public_file(wanted)
    assert nothing_is_kept(home)


def test_without_a_network_it_is_one_sentence_that_says_what_to_do(server: Server, home: Path) -> None:
    wanted = served(server, "clinc150", SMALL_CLINC)
    server.shutdown()
    server.server_close()
    with pytest.raises(EstitchupError, match=r"cannot be reached: connect .* or set ESTITCHUP_DATA_DIR"):
        public_file(wanted)
    assert nothing_is_kept(home)


def test_stopping_in_the_middle_leaves_nothing_and_does_not_hinder_the_next_try(server: Server, home: Path) -> None:
    big = clinc_json(pd.DataFrame([(f"text {n}", f"class {n % 2}", "train") for n in range(5_000)]))
    wanted = served(server, "clinc150", big)

    def stop(progress: Progress) -> None:
        if progress.done > 100_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        public_file(wanted, stop)
    assert nothing_is_kept(home)
    assert len(read_table(public_file(wanted))) == 5_000


def test_a_table_in_the_data_folder_comes_before_all_else(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATA_FOLDER, str(tmp_path))
    (tmp_path / "clinc150.csv").write_text("text,intent,split\nhello,greeting,train\n")
    wanted = served(server, "clinc150", SMALL_CLINC)
    assert public_file(wanted) == tmp_path / "clinc150.csv"
    assert server.asked == 0


def test_copies_of_the_downloads_are_taken_when_they_are_unchanged(
    server: Server, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATA_FOLDER, str(tmp_path))
    wanted = served(server, "clinc150", SMALL_CLINC)
    (tmp_path / "0.bin").write_bytes(SMALL_CLINC + b" ")
    with pytest.raises(EstitchupError, match=r"0\.bin of CLINC150 is not the file it should be"):
        public_file(wanted)
    assert nothing_is_kept(home)
    (tmp_path / "0.bin").write_bytes(SMALL_CLINC)
    assert len(read_table(public_file(wanted))) == 36
    assert server.asked == 0


def test_clinc150s_file_made_again_from_its_rows_has_the_pinned_checksum_and_gives_the_same_rows(
    server: Server, public_data: Path
) -> None:
    table = pd.read_csv(public_data / "clinc150.csv", dtype=str, keep_default_na=False)
    content = clinc_json(table)
    (download,) = PUBLIC_SETS["clinc150"].downloads
    assert (hashlib.sha256(content).hexdigest(), len(content)) == (download.sha256, download.size)
    fetched = pd.read_csv(public_file(served(server, "clinc150", content)), dtype=str, keep_default_na=False)
    pd.testing.assert_frame_equal(fetched, table)


def test_banking77_comes_from_its_two_files_by_name(public_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DATA_FOLDER, str(public_data))
    corpus = load_corpus(
        CorpusSpec(file="banking77", text_column="text", label_column="category", split_column="split")
    )
    assert len(corpus.classes) == 77
    assert len(corpus.rows(Role.TEST)) == 3_080
    originals = [pd.read_csv(public_data / f"banking77_{part}.csv", dtype=str) for part in ("train", "test")]
    table = pd.read_csv(path_of("banking77"), dtype=str)
    assert table["text"].tolist() == pd.concat(originals)["text"].tolist()


def test_massive_is_read_out_of_its_archive_in_english_alone(server: Server) -> None:
    def record(utterance: str, partition: str) -> str:
        return json.dumps(
            {"id": "0", "partition": partition, "intent": "alarm_set", "utt": utterance, "worker_id": "1"}
        )

    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for locale, word in (("de-DE", "weck mich"), ("en-US", "wake me")):
            lines = "\n".join(record(f"{word} {part}", part) for part in ("train", "dev", "test")).encode()
            member = tarfile.TarInfo(f"1.1/data/{locale}.jsonl")
            member.size = len(lines)
            archive.addfile(member, io.BytesIO(lines))
    table = read_table(public_file(served(server, "massive", packed.getvalue())))
    assert table.to_numpy().tolist() == [
        ["wake me train", "alarm_set", "train"],
        ["wake me dev", "alarm_set", "validation"],
        ["wake me test", "alarm_set", "test"],
    ]


def test_nlu_evaluation_loses_its_annotations_and_its_empty_rows(server: Server) -> None:
    header = (
        "userid;answerid;scenario;intent;status;answer_annotation;notes;suggested_entities;answer_normalised;answer;q"
    )
    rows = [
        "1;1;alarm;set;;wake me up at [time : five am] [date : this week];;;x;x;x",
        '1;2;audio;volume_mute;;"quiet; please";;;x;x;x',
        "1;3;alarm;set;;null;;;x;x;x",
        "1;4;music;query;;what [media_type :: song] is this [10] now: tell;;;x;x;x",
    ]
    table = read_table(public_file(served(server, "nlu-evaluation", "\n".join([header, *rows]).encode())))
    assert table.to_numpy().tolist() == [
        ["wake me up at five am this week", "alarm_set"],
        ["quiet; please", "audio_volume_mute"],
        ["what song is this [10] now: tell", "music_query"],
    ]


def test_goemotions_keeps_comments_with_one_emotion(server: Server) -> None:
    files = (b'so "good\t0\tid1\nboth\t0,17\tid2\n', b"well\t27\tid3\n", b"thanks\t15\tid4\n")
    table = read_table(public_file(served(server, "go-emotions", *files)))
    assert table.to_numpy().tolist() == [
        ['so "good', "admiration", "train"],
        ["well", "neutral", "validation"],
        ["thanks", "gratitude", "test"],
    ]


@pytest.mark.parametrize("name", PUBLIC_SETS)
def test_every_set_says_what_a_person_and_a_checker_need(name: str) -> None:
    wanted = PUBLIC_SETS[name]
    assert wanted.name == name == name.lower()
    assert wanted.licence.startswith("CC BY")
    for download in wanted.downloads:
        assert download.url.startswith("https://")
        assert len(bytes.fromhex(download.sha256)) == 32
        assert download.size > 0
    copies = [download.copy_name for one in PUBLIC_SETS.values() for download in one.downloads]
    assert len(set(copies)) == len(copies)


def test_a_folder_that_cannot_be_written_is_a_sentence(server: Server, home: Path) -> None:
    home.write_text("a file where the folder should be")
    with pytest.raises(EstitchupError, match="cannot be kept in"):
        public_file(served(server, "clinc150", SMALL_CLINC))


def test_an_unknown_name_is_a_path() -> None:
    assert path_of("clinc151") == Path("clinc151")
