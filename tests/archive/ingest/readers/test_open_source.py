"""One door for every container: what is inside decides, and each gives the same records and bytes."""

from __future__ import annotations

import gzip
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from archive.ingest.readers import SourceError, open_source
from tests.archive.ingest.packages import package, read_records, write_folder, write_tar, write_zip

OUTSIDE = ["../1.pdf", "/etc/passwd", "print/../../1.pdf", "print\\1.pdf", "C:/1.pdf", "", "a//b", "a\0b"]
Writer = Callable[[Path, dict[str, bytes]], Path]

CONTAINERS: dict[str, Writer] = {
    "ustar": write_tar,
    "gnu": lambda path, members: write_tar(path, members, style=tarfile.GNU_FORMAT),
    "pax": lambda path, members: write_tar(path, members, style=tarfile.PAX_FORMAT),
    "zip": write_zip,
    "stored zip": lambda path, members: write_zip(path, members, method=zipfile.ZIP_STORED),
    "folder": write_folder,
    "manifest beside its files": lambda path, members: write_folder(path, members) / "manifest.jsonl",
}


@pytest.mark.parametrize("write", CONTAINERS.values(), ids=CONTAINERS)
def test_every_container_gives_the_same_records_and_bytes(tmp_path: Path, write: Writer):
    path = write(tmp_path / "package.bin", package(3))
    with open_source(path) as source:
        records = list(source.records(0))
        assert [(found.ordinal, found.line, found.problem) for found in records] == [
            (0, 1, None),
            (1, 2, None),
            (2, 3, None),
        ]
        assert [found.data["external_id"] for found in records] == ["JOB7-000001", "JOB7-000002", "JOB7-000003"]
        member = source.open("print/2.pdf")
        assert (member.size_bytes, member.read_all()) == (17, b"%PDF-1.7 letter 2")
        assert member.slice(5, 3) == b"1.7"
        assert b"".join(member.chunks(4)) == b"%PDF-1.7 letter 2"
        assert source.problem == ""


@pytest.mark.parametrize("write", CONTAINERS.values(), ids=CONTAINERS)
def test_the_manifest_is_found_as_the_last_member_too(tmp_path: Path, write: Writer):
    members = package(3)
    last = {**{name: content for name, content in members.items() if name != "manifest.jsonl"}, **members}
    assert list(last)[-1] == "manifest.jsonl"
    assert len(read_records(write(tmp_path / "package.bin", last))) == 3


@pytest.mark.parametrize("write", CONTAINERS.values(), ids=CONTAINERS)
def test_reading_resumes_at_an_ordinal(tmp_path: Path, write: Writer):
    found = read_records(write(tmp_path / "package.bin", package(5)), start=3)
    assert [(entry.ordinal, entry.line, entry.data["external_id"]) for entry in found] == [
        (3, 4, "JOB7-000004"),
        (4, 5, "JOB7-000005"),
    ]


def test_the_name_of_a_package_means_nothing(tmp_path: Path):
    assert len(read_records(write_tar(tmp_path / "really-a-tar.zip", package(2)))) == 2
    assert len(read_records(write_zip(tmp_path / "really-a-zip.tar", package(2)))) == 2


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"Dear customer", "unknown"),
        (bytes(1024), "unknown"),
        (b"%PDF-1.7\n" + bytes(2000), "unknown"),
        (gzip.compress(b"a tar, perhaps", mtime=0), "compressed"),
        (b"PK\x03\x04 and nothing else", "truncated"),
        (b"PK\x05\x06" + bytes(18), "no_manifest"),
    ],
)
def test_what_is_no_package_is_refused_in_a_sentence(tmp_path: Path, content: bytes, code: str):
    path = tmp_path / "package.tar"
    path.write_bytes(content)
    with pytest.raises(SourceError) as caught:
        read_records(path)
    assert caught.value.code == code
    assert str(caught.value).endswith(".") and "Traceback" not in str(caught.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(SourceError, match="cannot be read"):
        open_source(tmp_path / "gone.tar")


def test_a_link_to_a_package_is_refused(tmp_path: Path):
    (tmp_path / "link.tar").symlink_to(write_tar(tmp_path / "package.tar", package()))
    with pytest.raises(SourceError, match="is a link"):
        open_source(tmp_path / "link.tar")


def test_a_pipe_in_place_of_a_package_does_not_hang(tmp_path: Path):
    os.mkfifo(tmp_path / "package.tar")
    with pytest.raises(SourceError) as caught:
        open_source(tmp_path / "package.tar")
    assert caught.value.code == "unknown"


def test_a_device_in_place_of_a_package_is_refused():
    with pytest.raises(SourceError) as caught:
        open_source(Path("/dev/zero"))
    assert caught.value.code == "unknown"


def test_without_a_manifest_the_error_says_what_to_add(tmp_path: Path):
    with pytest.raises(SourceError, match=r"no manifest\.jsonl or manifest\.csv"):
        open_source(write_tar(tmp_path / "package.tar", {"letter.pdf": b"x"}))


def test_a_csv_that_is_not_ours_needs_a_mapping(tmp_path: Path):
    with pytest.raises(SourceError) as caught:
        open_source(write_zip(tmp_path / "package.zip", {"index.csv": b"a;b\n", "letter.pdf": b"x"}))
    assert caught.value.code == "no_mapping"


def test_a_lone_manifest_may_have_any_name_and_case(tmp_path: Path):
    members = package(2)
    members["Run7.JSONL"] = members.pop("manifest.jsonl")
    write_folder(tmp_path, members)
    assert len(read_records(tmp_path / "Run7.JSONL")) == 2


@pytest.mark.parametrize("write", [write_tar, write_zip, write_folder])
@pytest.mark.parametrize("name", OUTSIDE)
def test_no_name_leads_out_of_a_package(tmp_path: Path, write: Writer, name: str):
    with open_source(write(tmp_path / "package", package())) as source, pytest.raises(Exception) as caught:
        source.open(name)
    assert caught.value.code == "outside"


@pytest.mark.parametrize("write", [write_tar, write_zip, write_folder])
@pytest.mark.parametrize("name", ["print/9.pdf", "print", "print/1.pdf/more", "%2e%2e/1.pdf", "x" * 5000])
def test_a_file_that_is_not_in_the_package_is_a_problem_of_its_record(tmp_path: Path, write: Writer, name: str):
    with open_source(write(tmp_path / "package", package())) as source, pytest.raises(Exception) as caught:
        source.open(name)
    assert caught.value.code in ("missing_file", "not_a_file")
