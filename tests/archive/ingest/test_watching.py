"""A drop folder: what is complete is loaded once, moved out of the way, and reported."""

from __future__ import annotations

import io
import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from archive.batches.models import Load
from archive.documents.models import Communication, Producer
from archive.ingest import pipeline, running, watching
from archive.ingest.running import pause_load
from archive.ingest.services import LoadRequest
from archive.ingest.watching import CannotMoveError, DropFolder, watch
from archive.work.models import WorkItem
from tests.archive.ingest.conftest import ACTOR
from tests.archive.ingest.packages import manifest_of, package, record, write_folder, write_tar
from tests.archive.ingest.state import everything

configured = pytest.mark.usefixtures("configured")


@pytest.fixture
def drop(tmp_path: Path) -> DropFolder:
    """Return a drop folder whose files are stable after a moment."""
    (tmp_path / "drop").mkdir()
    return DropFolder(tmp_path / "drop", "engine", stable_seconds=0.01)


def watched(drop: DropFolder) -> list[str]:
    """Look once; return where things went."""
    moved: list[Path] = []
    watch(drop, actor=ACTOR, once=True, said=moved.append)
    return [str(path.relative_to(drop.path)) for path in moved]


def report(drop: DropFolder, name: str) -> dict[str, Any]:
    """Return the report beside a file that was moved."""
    return json.loads((drop.path / f"{name}.report.json").read_text(encoding="utf-8"))


def names(drop: DropFolder) -> list[str]:
    """Return what lies in the folder, below it too."""
    return sorted(str(path.relative_to(drop.path)) for path in drop.path.rglob("*") if path.is_file())


@configured
def test_a_good_package_goes_to_done_with_its_report_beside(drop: DropFolder) -> None:
    write_tar(drop.path / "a.tar", package(3))
    assert watched(drop) == ["done/a.tar"]
    assert names(drop) == ["done/a.tar", "done/a.tar.report.json"]
    told = report(drop, "done/a.tar")
    assert (told["state"], told["received"], told["archived"], told["problems"]) == ("complete", 3, 3, [])
    assert Communication.objects.count() == 3 and Load.objects.get().requested_by == "tests"


@configured
def test_a_package_with_a_bad_record_goes_to_failed_and_the_report_says_line_and_field(drop: DropFolder) -> None:
    members = {**package(2), "manifest.jsonl": manifest_of(record(1), record(2, issued_on="2026-02-31"))}
    write_tar(drop.path / "a.tar", members)
    assert watched(drop) == ["failed/a.tar"]
    told = report(drop, "failed/a.tar")
    assert (told["state"], told["archived"], told["rejected"]) == ("incomplete", 1, 1)
    assert [(problem["line"], problem["field"]) for problem in told["problems"]] == [(2, "issued_on")]


@configured
def test_what_is_no_package_goes_to_failed_and_the_next_is_loaded(drop: DropFolder) -> None:
    (drop.path / "a.tar").write_text("a letter")
    (drop.path / "b.tar").touch()
    os.mkfifo(drop.path / "c.tar")
    write_tar(drop.path / "d.tar", package(1))
    assert watched(drop) == ["failed/a.tar", "failed/b.tar", "failed/c.tar", "done/d.tar"]
    assert "neither a tar nor a zip" in report(drop, "failed/a.tar")["message"]
    assert "is empty" in report(drop, "failed/b.tar")["message"]


@configured
def test_a_load_that_breaks_off_is_reported_and_the_next_is_loaded(
    drop: DropFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = running.run_load

    def broken(load: Load, **options: Any) -> Load:
        if load.source_name == "a.tar":
            options["control"] = _raise
        return run(load, **options)

    def _raise(_load: Load) -> None:
        raise RuntimeError("out of luck")

    monkeypatch.setattr(running, "run_load", broken)
    write_tar(drop.path / "a.tar", package(2))
    write_tar(drop.path / "b.tar", package(1))
    assert watched(drop) == ["failed/a.tar", "done/b.tar"]
    told = report(drop, "failed/a.tar")
    assert (told["state"], told["error"]) == ("errored", "RuntimeError: out of luck")


@configured
def test_a_folder_is_a_package_too(drop: DropFolder) -> None:
    write_folder(drop.path / "in", package(2))
    assert watched(drop) == ["done/in"]
    assert (drop.path / "done" / "in" / "print" / "1.pdf").exists()
    assert report(drop, "done/in")["archived"] == 2


def test_a_file_that_grows_is_left_alone_until_it_stays_the_same(drop: DropFolder) -> None:
    drop.stable_seconds = 2
    path = drop.path / "a.tar"
    path.write_bytes(b"1")
    assert list(drop.ready(100.0)) == []
    path.write_bytes(b"12")
    assert list(drop.ready(101.9)) == [] and list(drop.ready(103.8)) == []
    assert list(drop.ready(103.9)) == [path]


def test_a_file_that_is_rewritten_with_the_same_size_counts_as_growing(drop: DropFolder) -> None:
    drop.stable_seconds = 2
    path = drop.path / "a.tar"
    path.write_bytes(b"1")
    assert list(drop.ready(100.0)) == []
    os.utime(path, (1, 1))
    assert list(drop.ready(102.0)) == [] and list(drop.ready(104.0)) == [path]


def test_a_folder_counts_as_complete_when_nothing_in_it_grows(drop: DropFolder) -> None:
    drop.stable_seconds = 2
    folder = write_folder(drop.path / "in", {"deep/er/a.pdf": b"1"})
    assert list(drop.ready(100.0)) == []
    (folder / "deep" / "er" / "a.pdf").write_bytes(b"12")
    assert list(drop.ready(102.0)) == [] and list(drop.ready(104.0)) == [folder]


@configured
def test_looking_once_waits_as_long_and_leaves_alone_what_grows(
    drop: DropFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tar(drop.path / "a.tar", package(1))
    growing = drop.path / "b.tar"
    growing.write_bytes(b"1")
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        growing.write_bytes(b"12")

    drop.stable_seconds = 2
    clock = iter(range(0, 100, 3))
    monkeypatch.setattr(watching.time, "sleep", sleep)
    monkeypatch.setattr(watching.time, "monotonic", lambda: float(next(clock)))
    moved: list[Path] = []
    monkeypatch.setattr(DropFolder, "load", lambda _drop, path, **_options: path)
    watch(drop, actor=ACTOR, once=True, said=moved.append)
    assert slept == [2] and [path.name for path in moved] == ["a.tar"]


def test_links_hidden_and_unfinished_names_are_never_taken(drop: DropFolder, tmp_path: Path) -> None:
    outside = write_tar(tmp_path / "outside.tar", {"a": b"1"})
    (drop.path / "link.tar").symlink_to(outside)
    (drop.path / "linked").symlink_to(tmp_path, target_is_directory=True)
    for name in (".hidden.tar", "a.tar.part", "a.tmp", "a.FILEPART", "a.crdownload"):
        (drop.path / name).write_bytes(b"1")
    (drop.path / "done").mkdir()
    (drop.path / "failed").mkdir()
    list(drop.ready(0.0))
    assert list(drop.ready(1000.0)) == []


def test_a_file_taken_away_while_we_look_is_nothing(drop: DropFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    path = drop.path / "a.tar"
    path.write_bytes(b"1")
    looked = Path.is_symlink

    def taken(self: Path) -> bool:
        answer = looked(self)
        path.unlink(missing_ok=True)
        return answer

    monkeypatch.setattr(Path, "is_symlink", taken)
    assert list(drop.ready(0.0)) == [] and list(drop.ready(1000.0)) == []


@configured
def test_the_same_name_twice_keeps_both_files_and_both_reports(drop: DropFolder) -> None:
    for expected in ("done/a.tar", "done/a.tar.2", "done/a.tar.3"):
        write_tar(drop.path / "a.tar", package(2))
        assert watched(drop) == [expected]
    assert [report(drop, f"done/a.tar{suffix}")["duplicates"] for suffix in ("", ".2", ".3")] == [0, 2, 2]
    assert Communication.objects.count() == 2


@configured
def test_a_file_that_is_called_like_a_report_is_not_overwritten(drop: DropFolder) -> None:
    (drop.path / "a.tar.report.json").write_text("mine")
    (drop.path / "b").write_text("x")
    assert watched(drop) == ["failed/a.tar.report.json", "failed/b"]
    (drop.path / "a.tar").write_text("no package")
    assert watched(drop) == ["failed/a.tar.2"]
    assert (drop.path / "failed" / "a.tar.report.json").read_text() == "mine"


@configured
def test_when_nothing_can_be_moved_the_watcher_ends_and_says_why(drop: DropFolder) -> None:
    write_tar(drop.path / "a.tar", package(1))
    (drop.path / "done").write_text("no folder")
    with pytest.raises(CannotMoveError, match="cannot be moved to done/"):
        watched(drop)
    assert Communication.objects.count() == 1 and (drop.path / "a.tar").exists()


@configured
def test_an_unknown_producer_or_mapping_is_refused_before_anything_is_touched(drop: DropFolder) -> None:
    write_tar(drop.path / "a.tar", package(1))
    before = everything()
    for options in ({"producer": "newcomer"}, {"producer": "engine", "mapping": "other"}):
        with pytest.raises(CommandError, match=r'No (producer|mapping) is called "(newcomer|other)"'):
            call_command("watch", str(drop.path), once=True, **options)
    with pytest.raises(CommandError, match="is not a folder"):
        call_command("watch", str(drop.path / "absent"), producer="engine", once=True)
    assert everything() == before and names(drop) == ["a.tar"]
    assert not Producer.objects.filter(key="newcomer").exists()


@configured
def test_a_producer_that_went_meanwhile_is_told_in_the_report(drop: DropFolder) -> None:
    drop.producer_key = "newcomer"
    write_tar(drop.path / "a.tar", package(1))
    assert watched(drop) == ["failed/a.tar"]
    assert 'No producer is called "newcomer"' in report(drop, "failed/a.tar")["error"]
    assert not Load.objects.exists()


@configured
def test_the_command_says_where_each_package_went(drop: DropFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching.time, "sleep", lambda _seconds: None)
    monkeypatch.setattr(DropFolder, "ready", lambda drop, _now: [drop.path / "a.tar"])
    write_tar(drop.path / "a.tar", package(1))
    said = io.StringIO()
    call_command("watch", str(drop.path), producer="engine", once=True, stdout=said)
    assert said.getvalue() == "done: a.tar\n"


@configured
def test_looking_once_ends_with_1_when_a_package_failed(drop: DropFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching.time, "sleep", lambda _seconds: None)
    monkeypatch.setattr(DropFolder, "ready", lambda drop, _now: [drop.path / "a.tar", drop.path / "b.tar"])
    (drop.path / "a.tar").write_text("no package")
    write_tar(drop.path / "b.tar", package(1))
    said = io.StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("watch", str(drop.path), producer="engine", once=True, stdout=said)
    assert end.value.code == 1 and said.getvalue() == "failed: a.tar\ndone: b.tar\n"


@configured
def test_a_paused_load_keeps_its_file_and_goes_on_from_there(drop: DropFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"CHUNK_RECORDS": 1, "PART_RECORDS": 1, "ROWS_IN_MEMORY": 1}.items():
        monkeypatch.setattr(pipeline, name, value)
    path = write_tar(drop.path / "a.tar", package(5))
    run = running.run_load

    def paused_once(load: Load, **options: Any) -> Load:
        from archive.work.leases import PauseRequested
        from tests.archive.ingest.test_interrupted import at_call

        return run(load, **{**options, "control": at_call(2, PauseRequested)})

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(running, "run_load", paused_once)
        assert watched(drop) == []
    load = Load.objects.get()
    WorkItem.objects.update(state="paused")  # as the work of a load is after the wish that was heeded
    assert load.state == "paused" and path.exists()
    assert watched(drop) == [] and Load.objects.count() == 1
    running.resume_load(load, actor=ACTOR)
    assert watched(drop) == ["done/a.tar"]
    load.refresh_from_db()
    assert (load.state, load.archived, load.duplicates) == ("complete", 5, 0)
    assert load.source_path == str(drop.path / "done" / "a.tar")


@configured
def test_the_load_of_a_watcher_that_was_killed_goes_on_instead_of_another(drop: DropFolder) -> None:
    path = write_tar(drop.path / "a.tar", package(3))
    load = running.create_load(LoadRequest(path=path, producer_key="engine"), actor=ACTOR)
    work = running._enqueue(load, ACTOR, ring=False)
    WorkItem.objects.filter(pk=work.pk).update(state="running", fence=1, lease_until=timezone.now())
    Load.objects.update(state="running")
    assert watched(drop) == ["done/a.tar"]
    assert Load.objects.get().state == "complete"


@configured
def test_a_file_whose_load_a_worker_has_in_hand_is_left_alone(drop: DropFolder) -> None:
    path = write_tar(drop.path / "a.tar", package(3))
    load = running.create_load(LoadRequest(path=path, producer_key="engine"), actor=ACTOR)
    running._take(load, ACTOR)
    assert watched(drop) == [] and path.exists()
    assert Load.objects.count() == 1


@configured
def test_a_stopped_load_can_be_resumed_from_where_its_file_went(
    drop: DropFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from archive.work.leases import StopRequested
    from tests.archive.ingest.test_interrupted import at_call

    run = running.run_load
    write_tar(drop.path / "a.tar", package(3))
    with monkeypatch.context() as meanwhile:
        stopped = at_call(1, StopRequested)
        meanwhile.setattr(running, "run_load", lambda load, **options: run(load, **{**options, "control": stopped}))
        assert watched(drop) == ["failed/a.tar"]
    load = Load.objects.get()
    assert load.state == "stopped"
    running.run_now(load, actor=ACTOR)
    load.refresh_from_db()
    assert (load.state, load.archived) == ("complete", 3)
    with pytest.raises(running.LoadStateError):
        pause_load(load, actor=ACTOR)


@pytest.mark.usefixtures("committed_db", "configured")
def test_two_watchers_of_one_folder_load_each_package_once(drop: DropFolder) -> None:
    from django.db import connection

    for number in range(4):
        members = {f"print/{number}.pdf": b"%%PDF letter %d" % number}
        members["manifest.jsonl"] = manifest_of(record(number))
        write_tar(drop.path / f"{number}.tar", members)
    moved: list[str] = []
    errors: list[BaseException] = []

    def look() -> None:
        try:
            moved.extend(watched(DropFolder(drop.path, "engine", stable_seconds=0.01)))
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sorted(moved) == [f"done/{number}.tar" for number in range(4)]
    assert Load.objects.count() == 4 and Communication.objects.count() == 4
    assert set(Load.objects.values_list("state", "duplicates")) == {("complete", 0)}
