"""A folder: only regular files that lie in it are read, also when somebody swaps them meanwhile."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from archive.ingest.readers.folder import FolderFiles
from archive.ingest.records import MemberProblem
from tests.archive.ingest.packages import package, write_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "1.pdf").write_bytes(b"not yours")
    return write_folder(tmp_path / "drop", package(2))


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def code_of_open(folder: Path, name: str) -> str:
    with pytest.raises(MemberProblem) as caught:
        FolderFiles(folder).open(name)
    assert caught.value.reason.endswith(".")
    return caught.value.code


def test_a_link_to_a_file_is_refused(folder: Path):
    (folder / "link.pdf").symlink_to(folder / "print" / "1.pdf")
    assert code_of_open(folder, "link.pdf") == "not_a_file"


def test_a_link_to_a_folder_is_refused_wherever_it_stands(folder: Path):
    (folder / "linked").symlink_to(folder.parent / "secret")
    (folder / "print" / "deeper").symlink_to(folder.parent / "secret")
    assert code_of_open(folder, "linked/1.pdf") == "not_a_file"
    assert code_of_open(folder, "print/deeper/1.pdf") == "not_a_file"


def test_a_file_that_has_another_name_elsewhere_is_refused(folder: Path):
    os.link(folder.parent / "secret" / "1.pdf", folder / "hard.pdf")
    assert code_of_open(folder, "hard.pdf") == "linked"


def test_a_pipe_is_refused_without_waiting_for_a_writer(folder: Path):
    os.mkfifo(folder / "pipe.pdf")
    assert code_of_open(folder, "pipe.pdf") == "not_a_file"


def test_a_socket_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(folder)  # the names of sockets must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        assert code_of_open(folder, "s") == "not_a_file"


def test_a_folder_is_no_file(folder: Path):
    assert code_of_open(folder, "print") == "not_a_file"


def test_a_file_swapped_for_a_link_after_it_was_named_is_refused(folder: Path):
    member = FolderFiles(folder).open("print/1.pdf")
    (folder / "print" / "1.pdf").unlink()
    (folder / "print" / "1.pdf").symlink_to(folder.parent / "secret" / "1.pdf")
    with pytest.raises(MemberProblem) as caught:
        member.read_all()
    assert caught.value.code == "not_a_file"


def test_a_folder_swapped_for_a_link_after_its_file_was_named_is_refused(folder: Path):
    member = FolderFiles(folder).open("print/1.pdf")
    (folder / "print").rename(folder / "gone")
    (folder / "print").symlink_to(folder.parent / "secret")
    with pytest.raises(MemberProblem):
        member.read_all()


def test_a_drop_folder_swapped_for_a_link_is_still_the_one_that_was_opened(folder: Path):
    files = FolderFiles(folder)
    folder.rename(folder.with_name("moved"))
    folder.symlink_to(folder.parent / "secret")
    assert files.open("print/1.pdf").read_all() == b"%PDF-1.7 letter 1"


def test_a_file_that_became_shorter_is_a_problem(folder: Path):
    member = FolderFiles(folder).open("print/1.pdf")
    (folder / "print" / "1.pdf").write_bytes(b"short")
    with pytest.raises(MemberProblem) as caught:
        member.read_all()
    assert caught.value.code == "changed"


def test_a_file_removed_after_it_was_named_is_missing(folder: Path):
    member = FolderFiles(folder).open("print/1.pdf")
    (folder / "print" / "1.pdf").unlink()
    with pytest.raises(MemberProblem) as caught:
        list(member.chunks(4))
    assert caught.value.code == "missing_file"


def test_no_descriptor_stays_open(folder: Path):
    before = open_descriptors()
    files = FolderFiles(folder)
    files.manifest_names()
    for name in ("print/1.pdf", "print/2.pdf"):
        files.open(name).read_all()
    for name in ("gone", "print", "print/1.pdf/x"):
        with pytest.raises(MemberProblem):
            files.open(name)
    files.close()
    assert open_descriptors() == before


def test_a_manifest_that_is_a_link_is_no_manifest(folder: Path):
    (folder / "manifest.jsonl").rename(folder / "elsewhere")
    (folder / "manifest.jsonl").symlink_to(folder / "elsewhere")
    assert FolderFiles(folder).manifest_names() == []


def test_one_csv_among_texts_is_the_index(folder: Path):
    write_folder(folder, {"index.csv": b"a,b\n", "letter-1.txt": b"Dear", "letter-2.txt": b"Dear"})
    (folder / "manifest.jsonl").unlink()
    assert FolderFiles(folder).manifest_names() == ["index.csv"]
