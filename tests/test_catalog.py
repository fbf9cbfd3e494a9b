"""The catalog on SQLite and on PostgreSQL: jobs, and what people said about texts."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from estitchup.catalog import URL_VARIABLE, Catalog, Status
from estitchup.corpus import CorpusSpec
from estitchup.errors import EstitchupError
from estitchup.label_store import LabelStore
from estitchup.labels import Choice, Decision, Kind, scope_of, text_key
from estitchup.spec import ExperimentSpec

SPEC = ExperimentSpec(corpus=CorpusSpec(file="sample", text_column="text", label_column="intent"))
KILLS = 50


def postgres_programs() -> Path:
    """Return the folder of PostgreSQL's programs, the newest; skip where it is not installed."""
    beside = shutil.which("initdb")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not beside and not found:
        pytest.skip("no PostgreSQL here: install it to run these tests")
    return Path(beside).parent if beside else found[-1].parent


def unprivileged() -> list[str]:
    """Return the words before a command that PostgreSQL refuses to run as root."""
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Start a cluster of our own on a socket; the address of its database."""
    programs = postgres_programs()
    # Not in pytest's folders: each session that begins closes them to all but their owner.
    with tempfile.TemporaryDirectory(prefix="postgres") as folder:
        yield from _cluster(programs, Path(folder))


def _cluster(programs: Path, folder: Path) -> Iterator[str]:
    if os.geteuid() == 0:
        os.chown(folder, 65534, 65534)
    data, quiet = folder / "data", {"check": True, "stdout": subprocess.DEVNULL, "cwd": folder}
    start = ["-D", str(data), "-A", "trust", "-U", "estitchup", "--no-sync"]
    subprocess.run([*unprivileged(), programs / "initdb", *start], **quiet)
    options = f"-k {folder} -c listen_addresses='' -c fsync=off"
    control = [*unprivileged(), programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log"]
    subprocess.run([*control, "-o", options, "start"], **quiet)
    yield f"postgresql+psycopg://estitchup@/postgres?host={folder}"
    subprocess.run([*control, "-m", "immediate", "stop"], **quiet)


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def opened(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Catalog]:
    """Return what opens the same empty catalog again and again."""
    monkeypatch.delenv(URL_VARIABLE, raising=False)
    if request.param == "PostgreSQL":
        url = request.getfixturevalue("postgres")
        with create_engine(url).begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        monkeypatch.setenv(URL_VARIABLE, url)
    return lambda: Catalog(tmp_path)


@pytest.fixture
def store(opened: Callable[[], Catalog]) -> LabelStore:
    return LabelStore(opened().engine)


def label(what: str, name: str, seen: int = 0) -> Choice:
    return Choice(what, Kind.LABEL, name, seen)


def said(store: LabelStore, scope: str = "s") -> dict[str, str]:
    return {decision.text: decision.words for decision in store.current(scope).values()}


def test_jobs_are_kept_and_change_only_from_where_they_are(opened: Callable[[], Catalog]) -> None:
    catalog = opened()
    job = catalog.add_job(SPEC, "mine")
    assert opened().job(job.id) == job
    assert catalog.set_status(job.id, Status.RUNNING, only_from=Status.QUEUED)
    assert not catalog.set_status(job.id, Status.STOPPED, only_from=Status.QUEUED)
    assert [kept.status for kept in opened().jobs(Status.RUNNING)] == [Status.RUNNING]


def test_a_catalog_that_many_open_at_once_is_made_once(opened: Callable[[], Catalog]) -> None:
    with ThreadPoolExecutor(4) as threads:
        stores = list(threads.map(lambda _: LabelStore(opened().engine), range(8)))
    stores[0].decide("s", [label("a", "x")], "Ana")
    assert said(stores[-1]) == {"a": "x"}


def test_a_new_workspace_can_be_opened_by_many_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(URL_VARIABLE, raising=False)
    with ThreadPoolExecutor(8) as threads:
        for turn in range(60):  # without waiting for the turn to WAL, one in twenty-five failed
            (root := tmp_path / str(turn)).mkdir()
            for catalog in threads.map(lambda _, root=root: Catalog(root), range(12)):
                catalog.engine.dispose()


def test_a_database_that_is_not_there_is_said_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(URL_VARIABLE, f"postgresql+psycopg://me:secret@/x?host={tmp_path}")
    with pytest.raises(EstitchupError, match=URL_VARIABLE) as refused:
        Catalog(tmp_path)
    assert "secret" not in str(refused.value)


def test_sqlite_commits_to_the_disk_before_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(URL_VARIABLE, raising=False)
    with Catalog(tmp_path).engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2  # FULL


def test_a_decision_says_who_when_and_what_it_was_before(store: LabelStore, opened: Callable[[], Catalog]) -> None:
    store.decide("s", [label("Hello", "x")], " Ana ")
    store.decide("s", [Choice("hello ", Kind.NONE, seen=1)], "Ben", "answers.csv")
    first, second = LabelStore(opened().engine).history("s")
    assert (first.who, first.words, first.before, first.source) == ("Ana", "x", "", "page")
    assert (second.who, second.words, second.before, second.source) == ("Ben", "none of these", "x", "answers.csv")
    assert second.when >= first.when > "2020"
    assert said(store) == {"hello ": "none of these"}
    assert store.current("other") == {}


def test_who_decides_without_seeing_the_others_choice_does_not_overwrite_it(store: LabelStore) -> None:
    store.decide("s", [label("a", "x")], "Ana")
    (outcome,) = store.decide("s", [label("a", "y", seen=0)], "Ben")
    assert outcome.against is not None
    assert (outcome.against.who, outcome.against.words) == ("Ana", "x")
    assert said(store) == {"a": "x"}
    assert [decision.words for decision in store.history("s")] == ["x", "y"]
    (again,) = store.decide("s", [label("a", "y", seen=store.numbers("s")[text_key("a")])], "Ben")
    assert again.against is None
    assert said(store) == {"a": "y"}


def test_two_who_say_the_same_do_not_contradict_each_other(store: LabelStore) -> None:
    store.decide("s", [label("a", "x")], "Ana")
    assert store.decide("s", [label("a", "x")], "Ben")[0].against is None


def test_of_eight_people_at_once_one_stands_and_all_are_kept(store: LabelStore) -> None:
    barrier = threading.Barrier(8)

    def decide(person: int) -> bool:
        barrier.wait()
        return store.decide("s", [label("a", f"class {person}")], f"person {person}")[0].against is None

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(decide, range(8))) == 1
    history = store.history("s")
    assert [decision.number for decision in history] == list(range(1, 9))
    assert [decision.stands for decision in history] == [True] + 7 * [False]


def test_undo_goes_back_step_by_step_and_takes_a_batch_as_one(store: LabelStore) -> None:
    store.decide("s", [label("a", "x")], "Ana")
    store.decide("s", [label("a", "y", 1)], "Ana")
    store.decide("s", [label("b", "z"), label("c", "z")], "Ana")
    assert {own.decision.text for own in store.undo("s", "Ana")} == {"b", "c"}
    assert said(store) == {"a": "y"}
    store.undo("s", "Ana")
    assert said(store) == {"a": "x"}
    store.undo("s", "Ana")
    assert said(store) == {}
    assert store.undo("s", "Ana") == []
    store.decide("s", [label("a", "w", store.numbers("s")[text_key("a")])], "Ana")
    assert said(store) == {"a": "w"}
    assert len(store.history("s")) == 9


def test_undo_leaves_alone_what_another_has_decided_since(store: LabelStore) -> None:
    store.decide("s", [label("c", "x")], "Ana")
    store.decide("s", [label("a", "x")], "Ana")
    store.decide("s", [label("a", "y", 1)], "Ben")
    (undone,) = store.undo("s", "Ana")
    assert (undone.decision.text, undone.decision.words) == ("a", "x")
    assert undone.against is not None
    assert (undone.against.who, undone.against.words) == ("Ben", "y")
    assert said(store) == {"a": "y", "c": "x"}
    store.undo("s", "Ana")
    assert said(store) == {"a": "y"}


def test_undo_takes_back_what_was_contested_and_nothing_before_it(store: LabelStore) -> None:
    store.decide("s", [label("a", "y")], "Ana")
    store.decide("s", [label("b", "x")], "Ben")
    store.decide("s", [label("b", "y"), label("c", "y")], "Ana")
    undone = {own.decision.text: own.against.words if own.against else "" for own in store.undo("s", "Ana")}
    assert undone == {"b": "x", "c": ""}
    assert said(store) == {"a": "y", "b": "x"}
    assert [(own.text, own.words, own.stands) for own in store.history("s")][-2:] == [
        ("b", "undone", False),
        ("c", "undone", True),
    ]
    store.undo("s", "Ana")
    assert said(store) == {"b": "x"}


def test_undo_of_what_was_contested_leaves_the_others_skip(store: LabelStore) -> None:
    store.decide("s", [label("a", "x")], "Ben")
    store.decide("s", [label("a", "y")], "Ana")
    store.decide("s", [Choice("a", Kind.SKIP, seen=2)], "Ben")
    store.undo("s", "Ana")
    assert said(store) == {"a": "skip"}


def test_two_who_write_many_texts_in_opposite_order_both_get_through(store: LabelStore) -> None:
    texts, barrier = [f"text {number}" for number in range(3000)], threading.Barrier(2)

    def decide(turn: int) -> list[str]:
        barrier.wait()
        outcomes = store.decide("s", [label(own, f"class {turn}") for own in texts[::turn]], f"person {turn}")
        return [own.decision.text for own in outcomes]

    for _ in range(3):
        with ThreadPoolExecutor(2) as threads:
            assert list(threads.map(decide, (1, -1))) == [texts, texts[::-1]]
    assert len(store.current("s")) == 3000


@pytest.mark.parametrize("attempts", [1, 10**6])
def test_a_deadlock_is_tried_again_but_not_for_ever(
    store: LabelStore, monkeypatch: pytest.MonkeyPatch, attempts: int
) -> None:
    tried = []

    class Deadlock(Exception):
        sqlstate = "40P01"

    def fail(*_: object) -> tuple[dict[str, int], dict[str, Decision]]:
        tried.append(1)
        if len(tried) <= attempts:
            raise OperationalError("INSERT", {}, Deadlock("deadlock detected"))
        return {}, {}

    monkeypatch.setattr("estitchup.label_store._latest", fail)
    if attempts == 1:
        assert store.decide("s", [label("a", "x")], "Ana")[0].decision.words == "x"
        return
    with pytest.raises(EstitchupError, match="try again"):
        store.decide("s", [label("a", "x")], "Ana")
    assert 1 < len(tried) < 100


def test_a_catalog_that_fails_is_said_in_a_sentence(opened: Callable[[], Catalog]) -> None:
    engine = opened().engine
    store = LabelStore(engine)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE label_decisions"))
        connection.execute(text("DROP TABLE label_claims"))
    for ask in (
        lambda: store.decide("s", [label("a", "x")], "Ana"),
        lambda: store.undo("s", "Ana"),
        lambda: store.current("s"),
        lambda: store.claim("s", ["a"], "Ana"),
    ):
        with pytest.raises(EstitchupError, match="label_"):
            ask()


@pytest.mark.parametrize("letter", ["\0", "\ud800"])
def test_letters_that_no_database_keeps_are_refused(store: LabelStore, letter: str) -> None:
    for choice, who in ((label("a", f"x{letter}"), "Ana"), (label("a", "x"), f"Ana{letter}")):
        with pytest.raises(EstitchupError, match="cannot be kept"):
            store.decide("s", [choice], who)
    assert store.history("s") == []


def test_two_people_get_different_texts_until_a_claim_runs_out(store: LabelStore) -> None:
    assert store.claim("s", ["a", "b"], "Ana")
    assert not store.claim("s", ["b", "c"], "Ben")
    assert store.claimed("s", "Ben") == {"a": "Ana", "b": "Ana"}
    assert store.claim("s", ["c"], "Ana", seconds=-1)  # lets go of a and b
    assert store.claim("s", ["a", "b", "c"], "Ben")
    assert store.claimed("s", "Ben") == {}


def test_nobody_and_nothing_are_refused_in_a_sentence(store: LabelStore) -> None:
    with pytest.raises(EstitchupError, match="say who"):
        store.decide("s", [label("a", "x")], " ")
    with pytest.raises(EstitchupError, match="label is empty"):
        store.decide("s", [label("a", " ")], "Ana")
    with pytest.raises(EstitchupError, match="twice"):
        store.decide("s", [label("a", "x"), label("A", "y")], "Ana")
    assert store.history("s") == []


def test_the_scope_is_the_texts_whatever_their_order_or_labels() -> None:
    assert scope_of(["a", "b"]) == scope_of(["B ", "a", "b"]) != scope_of(["a"])


CHILD = """
import os, sys
from pathlib import Path
from estitchup.catalog import Catalog
from estitchup.label_store import LabelStore
from estitchup.labels import Choice, Kind
engine = Catalog(Path(sys.argv[1])).engine
store = LabelStore(engine)
for name in sys.stdin:  # each campaign in a process of its own, forked because importing takes longest
    if os.fork() == 0:
        engine.dispose(close=False)  # so that it connects anew
        os.write(1, f"pid {os.getpid()}\\n".encode())
        for number in range(10**6):
            store.decide("s", [Choice(f"{name.strip()} {number}", Kind.LABEL, "x")], name)
            os.write(1, f"{name.strip()} {number}\\n".encode())
    os.wait()
    os.write(1, b"dead\\n")
"""


def test_fifty_kills_lose_no_acknowledged_label(opened: Callable[[], Catalog], tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    assert parent.stdin
    assert parent.stdout
    acknowledged: list[str] = []
    for campaign in range(KILLS):
        parent.stdin.write(f"campaign{campaign}\n")
        victim = int(parent.stdout.readline().split()[1])
        acknowledged += [parent.stdout.readline().strip() for _ in range(1 + campaign % 3)]
        os.kill(victim, signal.SIGKILL)
        while (line := parent.stdout.readline().strip()) != "dead":
            acknowledged.append(line)
    parent.stdin.close()
    assert parent.wait() == 0
    parent.stdout.close()
    kept = said(LabelStore(opened().engine))
    assert len(acknowledged) >= KILLS
    assert [name for name in acknowledged if name not in kept] == []
    assert set(kept.values()) == {"x"}
