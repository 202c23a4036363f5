"""What a load does about packages that are large, or that would become so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from archive.batches.models import Load
from archive.documents.models import Communication
from archive.ingest import content
from archive.ingest.checking import check_source
from archive.ingest.errors import LoadError
from archive.ingest.readers import zip as zip_reader
from archive.ingest.selectors import progress_of
from archive.ingest.services import LoadRequest, create_load, run_load
from archive.work.leases import PauseRequested
from tests.archive.ingest.conftest import ACTOR, load_package
from tests.archive.ingest.packages import manifest_of, package, record, write_tar, write_zip

pytestmark = pytest.mark.usefixtures("configured")
LARGE = bytes(range(256)) * (5 * 4096)


def small_bombs(count: int) -> dict[str, bytes]:
    """Return a package whose documents pack to a thousandth."""
    files = {f"print/{number}.pdf": b"%d" % number + bytes(200_000) for number in range(1, count + 1)}
    return {"manifest.jsonl": manifest_of(*(record(number) for number in range(1, count + 1))), **files}


def test_a_zip_of_many_small_bombs_ends_at_what_a_package_of_its_size_may_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zip_reader, "ALWAYS_ALLOWED_BYTES", 1_000_000)
    path = write_zip(tmp_path / "a.zip", small_bombs(30))
    load = load_package(path)
    assert load.state == "failed" and "would unpack to more than" in load.message
    with pytest.raises(LoadError, match="would unpack to more than"):
        check_source(path, producer_key="engine")
    assert Communication.objects.count() == load.archived < 30


def test_what_is_read_again_counts_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_reader, "ALWAYS_ALLOWED_BYTES", 300_000)
    monkeypatch.setattr(zip_reader, "MOST_TIMES_IN_ALL", 0)
    parts = [
        record(number, variants=[{"channel": "print", "file": "run.pdf", "offset": number * 1_000, "length": 1_000}])
        for number in range(50)
    ]
    members = {"manifest.jsonl": manifest_of(*parts), "run.pdf": bytes(100_000) + b"run" * 50_000}
    load = load_package(write_zip(tmp_path / "a.zip", members))
    assert (load.state, load.archived) == ("complete", 50)


def test_a_load_says_how_many_records_it_will_have_read(tmp_path: Path) -> None:
    load = load_package(write_tar(tmp_path / "a.tar", package(7)))
    assert (load.expected, load.next_record) == (7, 7) and progress_of(load).percent == 100


def test_a_load_can_be_paused_and_keeps_its_lease_within_a_large_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "LOOK_SECONDS", 0)
    members = {"manifest.jsonl": manifest_of(record(1)), "print/1.pdf": LARGE}
    path = write_tar(tmp_path / "a.tar", members)
    load = create_load(LoadRequest(path=path, producer_key="engine"), actor=ACTOR)
    looked = 0

    def control(_load: Load) -> None:
        nonlocal looked
        looked += 1
        if looked == 8:  # five times while it is hashed, then while it is packed
            raise PauseRequested

    assert run_load(load, actor=ACTOR, control=control).state == "paused"
    assert Communication.objects.count() == 0
    calls: list[Any] = []
    load = run_load(load, actor=ACTOR, control=calls.append)
    assert load.state == "complete" and len(calls) == 11
    assert Communication.objects.get().load_id == load.pk


def test_a_tar_that_lacks_its_end_mark_is_told_although_nothing_that_was_named_is_missing(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", package(3))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole.rstrip(b"\x00")) // 512 * 512 + 512])
    load = load_package(path)
    assert (load.state, load.archived, load.rejected) == ("incomplete", 3, 0)
    assert "no end mark" in load.message
    (problem,) = check_source(path, producer_key="engine")["problems"]
    assert (problem["code"], problem["line"]) == ("package", None)


def test_a_tar_that_is_damaged_behind_all_that_was_named_is_told(tmp_path: Path) -> None:
    members = package(3)
    path = write_tar(tmp_path / "a.tar", {**members, "print/9.pdf": b"named by nobody"})
    data = bytearray(path.read_bytes())
    at = data.index(b"print/9.pdf")
    data[at + 148 : at + 154] = b"000001"
    path.write_bytes(data)
    load = load_package(path)
    assert (load.state, load.archived) == ("incomplete", 3) and "damaged" in load.message
