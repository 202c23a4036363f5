"""Our tar reader against archives that others write, and against hostile ones."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.ingest.readers.tar import TarFiles, looks_like_tar
from archive.ingest.records import MemberProblem
from tests.archive.ingest.packages import package, write_folder, write_tar

LONG = "/".join(["a-long-folder-name"] * 12) + "/letter.pdf"


def code_of_open(files: TarFiles, name: str) -> str:
    with pytest.raises(MemberProblem) as caught:
        files.open(name)
    return caught.value.code


def add(archive: tarfile.TarFile, name: str, content: bytes = b"", **facts: object) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for fact, value in facts.items():
        setattr(info, fact, value)
    archive.addfile(info, io.BytesIO(content))


@pytest.mark.parametrize("style", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("name", [LONG, "brief/Müller.pdf", "Übersicht " * 30, "./print/1.pdf"])
def test_long_and_accented_names_are_read(tmp_path: Path, style: int, name: str):
    files = TarFiles(write_tar(tmp_path / "a.tar", {name: b"letter", "after.txt": b"next"}, style=style))
    assert files.open(name).read_all() == b"letter"
    assert files.open("after.txt").read_all() == b"next"


def test_an_archive_of_the_tar_program_is_read(tmp_path: Path):
    write_folder(tmp_path / "folder", {**package(3), LONG: b"deep"})
    subprocess.run(["tar", "cf", tmp_path / "a.tar", "-C", tmp_path / "folder", "."], check=True)
    files = TarFiles(tmp_path / "a.tar")
    assert files.manifest_names() == ["manifest.jsonl"]
    assert files.open(LONG).read_all() == b"deep"
    assert files.open("print/3.pdf").read_all() == b"%PDF-1.7 letter 3"
    assert files.problem == ""


characters = st.characters(codec="utf-8", exclude_characters="\0\\", exclude_categories=["Cs"])
names = st.text(characters, min_size=1, max_size=150)
contents = st.binary(max_size=1500)


def plain(name: str) -> bool:
    parts = name.split("/")
    return all(part not in ("", ".", "..") for part in parts) and name[1:2] != ":"


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(names.filter(plain), contents, max_size=8),
    st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]),
)
def test_what_python_writes_we_read(tmp_path_factory: pytest.TempPathFactory, members: dict[str, bytes], style: int):
    path = write_tar(tmp_path_factory.mktemp("tar") / "a.tar", members, style=style)
    files = TarFiles(path)
    for name in reversed(members):
        assert files.open(name).read_all() == members[name]
    files.close()


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_archive_raises_nothing_but_problems_of_ours(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
):
    style = data.draw(st.sampled_from([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]))
    members = {**package(2), "Ünï" * 40: b"x"} if style != tarfile.USTAR_FORMAT else package(2)
    path = write_tar(tmp_path_factory.mktemp("tar") / "a.tar", members, style=style)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    files = TarFiles(path)
    files.manifest_names()
    for name in ("manifest.jsonl", "print/1.pdf", "print/2.pdf", "gone"):
        try:
            files.open(name).read_all()
        except MemberProblem as problem:
            assert problem.reason.endswith(".")
    files.close()


def resigned(header: bytearray) -> bytes:
    """Return a header block with its checksum made right again."""
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


def header_of(name: str, size_field: bytes, kind: bytes = b"0") -> bytes:
    block = bytearray(512)
    block[: len(name)] = name.encode()
    block[124 : 124 + len(size_field)] = size_field
    block[156:157] = kind
    block[257:265] = b"ustar\x0000"
    return resigned(block)


A_TXT = header_of("a.txt", b"00000000001\0") + b"a".ljust(512, b"\0") + bytes(1024)


@pytest.mark.parametrize(
    "size_field",
    [
        b"\x80" + b"\xff" * 11,
        b"\xff" * 12,
        b"\x80" + bytes(3) + b"\x7f" + b"\xff" * 7,
        b"77777777777\0",
        b"-0000000001\0",
        b"0o000000017\0",
        b"1_000000000\0",
        b"99999999999\0",
    ],
)
def test_a_size_that_cannot_be_is_never_believed(tmp_path: Path, size_field: bytes):
    good = write_tar(tmp_path / "good.tar", {"first.txt": b"first"}).read_bytes()[:1024]
    huge = header_of("huge.pdf", size_field) + b"content".ljust(512, b"\0")
    (tmp_path / "a.tar").write_bytes(good + huge + bytes(1024))
    files = TarFiles(tmp_path / "a.tar")
    assert files.open("first.txt").read_all() == b"first"
    assert code_of_open(files, "huge.pdf") == "truncated"
    assert code_of_open(files, "later.pdf") == "truncated"
    assert files.problem.endswith(".")


@pytest.mark.parametrize("size", ["9" * 5000, "²", "-1", "9" * 30, ""])
def test_a_pax_size_that_cannot_be_is_never_believed(tmp_path: Path, size: str):
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        add(archive, "first.txt", b"first")
        add(archive, "huge.pdf", b"content", pax_headers={"size": size})
    files = TarFiles(tmp_path / "a.tar")
    assert files.open("first.txt").read_all() == b"first"
    try:
        assert files.open("huge.pdf").read_all() == b"content"
    except MemberProblem as problem:
        assert problem.code == "truncated"


def test_a_pax_record_whose_length_is_a_thousand_digits_does_no_harm(tmp_path: Path):
    record = b"9" * 5000 + b" path=x\n"
    extended = header_of("pax", b"%011o\0" % len(record), b"x") + record.ljust(5120, b"\0")
    (tmp_path / "a.tar").write_bytes(extended + A_TXT)
    assert TarFiles(tmp_path / "a.tar").open("a.txt").read_all() == b"a"


def test_links_devices_and_pipes_are_refused_one_by_one(tmp_path: Path):
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        add(archive, "soft", type=tarfile.SYMTYPE, linkname="/etc/passwd")
        add(archive, "hard", type=tarfile.LNKTYPE, linkname="letter.txt")
        add(archive, "disk", type=tarfile.BLKTYPE, devmajor=8)
        add(archive, "tty", type=tarfile.CHRTYPE, devmajor=4)
        add(archive, "pipe", type=tarfile.FIFOTYPE)
        add(archive, "letter.txt", b"Dear")
    files = TarFiles(tmp_path / "a.tar")
    assert {code_of_open(files, name) for name in ("soft", "hard", "disk", "tty", "pipe")} == {"not_a_file"}
    assert files.open("letter.txt").read_all() == b"Dear"


def test_a_member_behind_a_linked_folder_is_only_what_the_archive_has(tmp_path: Path):
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "x").write_bytes(b"secret")
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        add(archive, "folder", type=tarfile.SYMTYPE, linkname=str(tmp_path / "secret"))
    assert code_of_open(TarFiles(tmp_path / "a.tar"), "folder/x") == "missing_file"


def test_names_that_lead_outside_are_passed_over(tmp_path: Path):
    hostile = {"../up.txt": b"1", "/etc/cron.d/x": b"2", "a/../../b": b"3", "C:\\x": b"4", "good.txt": b"good"}
    files = TarFiles(write_tar(tmp_path / "a.tar", hostile))
    assert files.open("good.txt").read_all() == b"good"
    assert [code_of_open(files, name) for name in ("up.txt", "etc/cron.d/x", "b")] == ["missing_file"] * 3


def test_a_name_that_stands_there_twice_is_refused(tmp_path: Path):
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        add(archive, "letter.txt", b"right?")
        add(archive, "./letter.txt", b"wrong?")
        add(archive, "last.txt", b"last")
    files = TarFiles(tmp_path / "a.tar")
    assert files.open("last.txt").read_all() == b"last"
    assert code_of_open(files, "letter.txt") == "twice"


@pytest.mark.parametrize(
    "style", ["--format=gnu", "--format=pax --sparse-version=1.0", "--format=pax --sparse-version=0.1"]
)
def test_a_sparse_file_is_refused_and_the_next_is_read(tmp_path: Path, style: str):
    folder = tmp_path / "folder"
    folder.mkdir()
    with (folder / "holes.bin").open("wb") as file:
        for place in range(0, 40):  # more pieces than a header holds
            file.seek(place * 1024 * 1024)
            file.write(b"data" * 1024)
    (folder / "next.txt").write_bytes(b"next")
    subprocess.run(
        ["tar", "cSf", tmp_path / "a.tar", *style.split(), "-C", folder, "holes.bin", "next.txt"], check=True
    )
    if (tmp_path / "a.tar").stat().st_size > 10_000_000:
        pytest.skip("this file system keeps no holes")
    files = TarFiles(tmp_path / "a.tar")
    assert files.open("next.txt").read_all() == b"next"
    assert code_of_open(files, "holes.bin") == "not_a_file"


def test_a_truncated_archive_yields_what_is_whole_and_says_so(tmp_path: Path):
    path = write_tar(tmp_path / "a.tar", package(3))
    path.write_bytes(path.read_bytes()[: 1024 + 1024 + 512 + 5])  # within print/2.pdf
    files = TarFiles(path)
    assert files.manifest_names() == ["manifest.jsonl"]
    assert files.open("print/1.pdf").read_all() == b"%PDF-1.7 letter 1"
    assert code_of_open(files, "print/2.pdf") == "truncated"
    assert code_of_open(files, "print/3.pdf") == "truncated"
    assert "cut off" in files.problem


def test_a_file_missing_from_a_whole_archive_is_called_missing(tmp_path: Path):
    assert code_of_open(TarFiles(write_tar(tmp_path / "a.tar", package(3))), "print/9.pdf") == "missing_file"


def test_a_header_longer_than_a_mebibyte_ends_the_reading(tmp_path: Path):
    big = header_of("pax", b"%011o\0" % (2 * 1024 * 1024), b"x")
    (tmp_path / "a.tar").write_bytes(big + bytes(2 * 1024 * 1024) + header_of("a.txt", b"00000000001\0") + bytes(1536))
    files = TarFiles(tmp_path / "a.tar")
    assert code_of_open(files, "a.txt") == "truncated"
    assert "1 MiB" in files.problem


def test_an_old_archive_without_magic_is_known_by_its_checksum(tmp_path: Path):
    block = bytearray(header_of("old.txt", b"00000000003\0", b"\0"))
    block[257:265] = bytes(8)
    content = resigned(block) + b"old".ljust(512, b"\0") + bytes(1024)
    assert looks_like_tar(content)
    (tmp_path / "a.tar").write_bytes(content)
    assert TarFiles(tmp_path / "a.tar").open("old.txt").read_all() == b"old"


def test_folders_are_no_members(tmp_path: Path):
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        add(archive, "print", type=tarfile.DIRTYPE)
        add(archive, "print/1.pdf", b"x")
    files = TarFiles(tmp_path / "a.tar")
    assert files.open("print/1.pdf").read_all() == b"x"
    assert code_of_open(files, "print") in ("missing_file", "not_a_file")


@pytest.mark.parametrize("kind", [b"1", b"2", b"5"])
def test_a_size_at_a_link_or_folder_is_no_content(tmp_path: Path, kind: bytes):
    odd = header_of("odd", b"00000001000\0", kind)
    (tmp_path / "a.tar").write_bytes(odd + A_TXT)
    assert TarFiles(tmp_path / "a.tar").open("a.txt").read_all() == b"a"
