"""What comes twice is archived once, however it comes, and each line of it is told (F-05)."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archive.batches.models import Load, LoadLogLine
from archive.documents.models import Communication, IngestKey, Variant
from archive.ingest.checking import check_source
from tests.archive.ingest.conftest import load_package
from tests.archive.ingest.packages import manifest_of, package, record, write_folder, write_tar, write_zip

pytestmark = pytest.mark.usefixtures("configured")
COUNT = 4


def re_dropped(path: Path) -> Path:
    """Give the same file."""
    return path


def renamed(path: Path) -> Path:
    """Give the same bytes under another name."""
    return Path(shutil.copy(path, path.with_name("october-final-2.tar")))


def re_zipped(path: Path) -> Path:
    """Give the same files in another container."""
    return write_zip(path.with_name("again.zip"), package(COUNT))


def as_folder(path: Path) -> Path:
    """Give the same files unpacked."""
    return write_folder(path.with_name("unpacked"), package(COUNT))


def in_another_order(path: Path) -> Path:
    """Give the same records, last first, under other file names."""
    records = [
        record(number, variants=[{"channel": "print", "file": f"x{number}", "content_type": "application/pdf"}])
        for number in range(COUNT, 0, -1)
    ]
    files = {f"x{number}": package(COUNT)[f"print/{number}.pdf"] for number in range(1, COUNT + 1)}
    return write_tar(path.with_name("order.tar"), {**files, "manifest.jsonl": manifest_of(*records)})


def told(load: Load) -> list[str]:
    """Return what the log says of duplicates, in order."""
    lines = LoadLogLine.objects.filter(load=load, text__contains="duplicate of").order_by("pk")
    return list(lines.values_list("text", flat=True))


@pytest.mark.parametrize("again", [re_dropped, renamed, re_zipped, as_folder, in_another_order])
def test_the_same_package_makes_no_second_document_and_each_line_is_told(
    tmp_path: Path, again: Callable[[Path], Path]
) -> None:
    path = write_tar(tmp_path / "october.tar", package(COUNT))
    load_package(path)
    ids = {row.external_id: row.public_id for row in Communication.objects.all()}
    second = again(path)
    checked = check_source(second, producer_key="engine")
    load = load_package(second)
    assert (load.state, load.received, load.duplicates, load.archived) == ("complete", COUNT, COUNT, 0)
    assert (checked["duplicates"], checked["archived"], checked["bytes"]) == (COUNT, 0, 0)
    assert Communication.objects.count() == Variant.objects.count() == IngestKey.objects.count() == COUNT
    assert {row.external_id: row.public_id for row in Communication.objects.all()} == ids
    order = range(COUNT, 0, -1) if again is in_another_order else range(1, COUNT + 1)
    expected = [
        f"Line {line}: duplicate of {ids[record(number)['external_id']]}." for line, number in enumerate(order, 1)
    ]
    assert told(load) == expected


def test_a_package_that_overlaps_brings_in_only_what_is_new(tmp_path: Path) -> None:
    load_package(write_tar(tmp_path / "a.tar", package(3)))
    members = {**package(5), "manifest.jsonl": manifest_of(*(record(number) for number in (2, 3, 4, 5)))}
    load = load_package(write_tar(tmp_path / "b.tar", members))
    assert (load.state, load.archived, load.duplicates) == ("complete", 2, 2)
    assert Communication.objects.count() == 5
    assert [text.partition(":")[0] for text in told(load)] == ["Line 1", "Line 2"]


def test_a_record_that_stands_twice_in_one_package_is_archived_once(tmp_path: Path) -> None:
    members = package(2)
    members["manifest.jsonl"] += manifest_of(record(1))
    load = load_package(write_tar(tmp_path / "a.tar", members))
    assert (load.state, load.archived, load.duplicates) == ("complete", 2, 1)
    assert [text.partition(":")[0] for text in told(load)] == ["Line 3"]


def test_a_duplicate_that_says_otherwise_is_told_with_the_fields_and_changes_nothing(tmp_path: Path) -> None:
    load_package(write_tar(tmp_path / "a.tar", package(1)))
    before = Communication.objects.values().get()
    members = {**package(1), "manifest.jsonl": manifest_of(record(1, subject="Another", account_number="8"))}
    load = load_package(write_tar(tmp_path / "b.tar", members))
    assert load.duplicates == 1 and Communication.objects.values().get() == before
    (text,) = told(load)
    assert "It says otherwise in subject, account_number; nothing was changed." in text


def test_the_same_number_from_another_producer_or_unit_is_another_document(tmp_path: Path, db: Any) -> None:
    from archive.documents.models import Producer

    Producer.objects.create(key="other", label="Other")
    load_package(write_tar(tmp_path / "a.tar", package(1)))
    members = {**package(1), "manifest.jsonl": manifest_of(record(1, business_unit="commercial"))}
    assert load_package(write_tar(tmp_path / "b.tar", members)).archived == 1
    from archive.ingest.running import load_now
    from archive.ingest.services import LoadRequest
    from tests.archive.ingest.conftest import ACTOR

    assert load_now(LoadRequest(tmp_path / "a.tar", "other"), actor=ACTOR).archived == 1
    assert Communication.objects.count() == 3
