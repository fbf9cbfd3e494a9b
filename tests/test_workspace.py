"""What lasts, and what a wrong folder is told."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from estitchup.corpus import CorpusSpec
from estitchup.errors import EstitchupError
from estitchup.workspace import EmbedSpec, Status, Workspace

SPEC = EmbedSpec(corpus=CorpusSpec(file="sample", text_column="text", label_column="intent"))


def test_jobs_outlive_the_process_that_entered_them(tmp_path: Path) -> None:
    job = Workspace(tmp_path).add_job(SPEC)
    assert Workspace(tmp_path).job(job.id) == job
    assert job.spec == SPEC
    assert job.status is Status.QUEUED


def test_only_one_of_two_takers_gets_a_queued_job(tmp_path: Path) -> None:
    first, second = Workspace(tmp_path), Workspace(tmp_path)
    job = first.add_job(SPEC)
    took = [w.set_status(job.id, Status.RUNNING, only_from=Status.QUEUED) for w in (first, second)]
    assert took == [True, False]


def test_jobs_come_in_the_order_of_their_submission_and_by_status(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    jobs = [workspace.add_job(SPEC, name) for name in "abc"]
    workspace.set_status(jobs[1].id, Status.FAILED, "because")
    assert [job.name for job in workspace.jobs()] == ["a", "b", "c"]
    assert [job.reason for job in workspace.jobs(Status.FAILED)] == ["because"]
    assert workspace.experiments() == []


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "..\\..\\boot.ini", "/abs/file.csv", "", "..", "a\0b", "x" * 4000 + ".csv"]
)
def test_an_upload_never_leaves_its_folder(tmp_path: Path, name: str) -> None:
    path = Workspace(tmp_path).keep_upload(name, b"text,label\n")
    assert path.resolve().is_relative_to(tmp_path.resolve() / "uploads")
    assert path.read_bytes() == b"text,label\n"


def test_the_same_upload_is_kept_once(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    assert workspace.keep_upload("a.csv", b"1") == workspace.keep_upload("a.csv", b"1")
    assert workspace.keep_upload("a.csv", b"2") != workspace.keep_upload("a.csv", b"1")


def test_a_folder_without_an_experiment_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(EstitchupError, match="no finished experiment"):
        Workspace(tmp_path / "home").add_folder(tmp_path)


def test_a_home_that_is_a_file_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EstitchupError, match="ESTITCHUP_HOME"):
        Workspace(tmp_path / "file")


def test_a_home_with_a_broken_catalog_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "catalog.db").write_bytes(b"not a database, but longer than its header would be" * 40)
    with pytest.raises(EstitchupError, match="ESTITCHUP_HOME"):
        Workspace(tmp_path)
    shutil.rmtree(tmp_path)


def test_a_job_that_another_version_wrote_is_passed_over(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    kept, old = workspace.add_job(SPEC), workspace.add_job(SPEC)
    with sqlite3.connect(tmp_path / "catalog.db") as catalog:
        catalog.execute("update jobs set spec = replace(spec, 'encoder', 'old_name') where id = ?", (old.id,))
    assert [job.id for job in workspace.jobs()] == [kept.id]
    assert workspace.job(old.id) is None


def test_a_choice_of_texts_is_kept_once_and_the_last_is_the_latest(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    first, second = (workspace.keep_prepared(SPEC.model_copy(update={"encoder": name})) for name in ("a", "b"))
    assert workspace.latest_prepared() == second
    assert workspace.keep_prepared(SPEC.model_copy(update={"encoder": "a"})) == first
    assert workspace.latest_prepared() == first
    assert workspace.prepared("../../etc/pas") is None


@pytest.mark.parametrize(
    "name", ["漢" * 100 + ".csv", "a" * 300 + ".parquet", "👩‍👧" * 40 + ".xlsx", "." * 300, "é" * 99]
)
def test_a_long_name_is_cut_to_what_file_systems_take_and_keeps_its_ending(tmp_path: Path, name: str) -> None:
    path = Workspace(tmp_path).keep_upload(name, b"text")
    assert path.read_bytes() == b"text"
    assert len(path.name.encode()) <= 100
    assert path.suffix == Path(name.strip(".")).suffix
