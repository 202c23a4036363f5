"""Our zip reader: what others write is read, what a hostile hand wrote is refused member by member."""

from __future__ import annotations

import io
import stat
import struct
import subprocess
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.ingest.readers import SourceError
from archive.ingest.readers.zip import ZipFiles
from archive.ingest.records import MemberProblem
from tests.archive.ingest.packages import package, write_folder, write_zip


def code_of_read(files: ZipFiles, name: str) -> str:
    with pytest.raises(MemberProblem) as caught:
        files.open(name).read_all()
    assert caught.value.reason.endswith(".")
    return caught.value.code


def entry(
    name: bytes,
    content: bytes = b"letter",
    *,
    packed: bytes | None = None,
    method: int = 0,
    told_size: int | None = None,
    extra: bytes = b"",
    flags: int = 0,
) -> tuple[bytes, bytes]:
    """Return a member's local record and its directory entry, whose offset is yet to be filled in."""
    packed = content if packed is None else packed
    facts = struct.pack(
        "<HHHHHLLL", 20, flags, method, 0, 0, zlib.crc32(content), len(packed), told_size or len(content)
    )
    local = b"PK\x03\x04" + facts + struct.pack("<HH", len(name), 0) + name + packed
    central = b"PK\x01\x02\x14\x03" + facts + struct.pack("<HHHHHL", len(name), len(extra), 0, 0, 0, 0o100644 << 16)
    return local, central + b"%OFFSET" + name + extra


def hand_made(path: Path, *entries: tuple[bytes, bytes], offsets: list[int] | None = None) -> Path:
    """Write an archive of such entries; `offsets` says other places than the true ones."""
    body, directory = b"", b""
    for number, (local, central) in enumerate(entries):
        at = offsets[number] if offsets else len(body)
        directory += central.replace(b"%OFFSET", struct.pack("<L", at))
        body += local
    end = struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, len(entries), len(entries), len(directory), len(body), 0)
    path.write_bytes(body + directory + end)
    return path


def test_the_hand_made_archive_is_a_good_one(tmp_path: Path):
    path = hand_made(tmp_path / "a.zip", entry(b"a.txt", b"one"), entry(b"b.txt", b"two"))
    assert zipfile.ZipFile(path).testzip() is None
    files = ZipFiles(path)
    assert (files.open("a.txt").read_all(), files.open("b.txt").read_all(), files.problem) == (b"one", b"two", "")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_are_read_whole_in_pieces_and_in_part(tmp_path: Path, method: int):
    content = bytes(range(256)) * 12_000  # three megabytes
    files = ZipFiles(write_zip(tmp_path / "a.zip", {"run.afp": content, "empty.txt": b""}, method=method))
    member = files.open("run.afp")
    assert member.size_bytes == len(content)
    assert member.read_all() == content
    assert b"".join(member.chunks(65_536)) == content
    assert [member.slice(at, 1000) for at in (0, 1_048_000, 3_071_000)] == [
        content[at : at + 1000] for at in (0, 1_048_000, 3_071_000)
    ]
    assert files.open("empty.txt").read_all() == b""
    files.close()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_thousand_ranges_of_one_large_member_unpack_it_once(tmp_path: Path, method: int):
    content = bytes(range(256)) * 40_000  # ten megabytes
    files = ZipFiles(write_zip(tmp_path / "a.zip", {"run.afp": content}, method=method))
    unpacked = 0
    inside = files.packed_bytes

    def counted(name: str, at: int, packed: int):
        nonlocal unpacked
        unpacked += 1
        return inside(name, at, packed)

    files.packed_bytes = counted  # type: ignore[method-assign]
    for number in range(1000):
        assert files.open("run.afp").slice(number * 10_240, 10_240) == content[:10_240]
    assert unpacked == 1
    files.close()


def test_an_archive_of_the_zip_program_is_read(tmp_path: Path):
    try:
        subprocess.run(["zip", "-v"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("the zip program is not installed")
    folder = write_folder(tmp_path / "folder", package(3))
    subprocess.run(["zip", "-qr", tmp_path / "a.zip", "."], check=True, cwd=folder)
    assert ZipFiles(tmp_path / "a.zip").open("print/3.pdf").read_all() == b"%PDF-1.7 letter 3"


@pytest.mark.parametrize("name", ["Müller.pdf", "Übersicht/日本.pdf"])
def test_accented_names_are_read_with_and_without_the_flag(tmp_path: Path, name: str):
    assert ZipFiles(write_zip(tmp_path / "flag.zip", {name: b"x"})).open(name).read_all() == b"x"
    assert ZipFiles(hand_made(tmp_path / "none.zip", entry(name.encode(), b"x"))).open(name).read_all() == b"x"


def test_a_name_of_an_old_code_page_is_read(tmp_path: Path):
    assert (
        ZipFiles(hand_made(tmp_path / "a.zip", entry("Müller.pdf".encode("cp437"), b"x"))).open("Müller.pdf").size_bytes
        == 1
    )


def test_an_archive_with_sixty_four_bit_fields_is_read(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name, content in package(2).items():
            with archive.open(name, "w", force_zip64=True) as member:
                member.write(content)
    assert ZipFiles(tmp_path / "a.zip").open("print/2.pdf").read_all() == b"%PDF-1.7 letter 2"


def test_more_members_than_sixteen_bits_count_are_read(tmp_path: Path):
    members = {f"{number}.txt": b"" for number in range(66_000)}
    files = ZipFiles(write_zip(tmp_path / "a.zip", {**members, "last.txt": b"last"}, method=zipfile.ZIP_STORED))
    assert files.open("last.txt").read_all() == b"last"
    assert (files.open("0.txt").read_all(), files.problem) == (b"", "")
    files.close()


def test_an_archive_written_to_a_pipe_has_its_sizes_in_the_directory(tmp_path: Path):
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in package(2).items():
            archive.writestr(name, content)
    (tmp_path / "a.zip").write_bytes(pipe.getvalue())
    assert ZipFiles(tmp_path / "a.zip").open("print/2.pdf").read_all() == b"%PDF-1.7 letter 2"


def test_more_bytes_than_the_archive_says_are_a_bomb(tmp_path: Path):
    zeros = bytes(5_000_000)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(zeros) + packer.flush()
    path = hand_made(tmp_path / "a.zip", entry(b"bomb.pdf", zeros, packed=packed, method=8, told_size=100))
    assert code_of_read(ZipFiles(path), "bomb.pdf") == "bomb"


def test_a_ratio_beyond_reason_is_a_bomb_before_anything_is_unpacked(tmp_path: Path):
    files = ZipFiles(write_zip(tmp_path / "a.zip", {"zeros.pdf": bytes(50_000_000), "next.txt": b"next"}))
    assert code_of_read(files, "zeros.pdf") == "bomb"
    assert files.open("next.txt").read_all() == b"next"


def test_bytes_behind_the_end_of_the_packed_stream_are_damage(tmp_path: Path):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(b"letter") + packer.flush() + b"more" * 100_000
    path = hand_made(tmp_path / "a.zip", entry(b"a.pdf", b"letter", packed=packed, method=8))
    assert code_of_read(ZipFiles(path), "a.pdf") == "damaged"


def test_a_wrong_checksum_is_damage_and_no_byte_passes_for_whole(tmp_path: Path):
    path = write_zip(tmp_path / "a.zip", {"a.txt": b"letter", "b.txt": b"fine"}, method=zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"letter", b"better"))
    files = ZipFiles(path)
    assert code_of_read(files, "a.txt") == "damaged"
    with pytest.raises(MemberProblem):
        files.open("a.txt").slice(0, 2)
    assert files.open("b.txt").read_all() == b"fine"


def test_members_that_overlap_are_refused(tmp_path: Path):
    inner, inner_entry = entry(b"inner.txt", b"inner")
    outer = entry(b"outer.txt", b"xx" + inner)
    at = len(outer[0]) - len(inner)
    files = ZipFiles(hand_made(tmp_path / "a.zip", outer, (b"", inner_entry), offsets=[0, at]))
    assert code_of_read(files, "outer.txt") == "overlap"
    assert files.open("inner.txt").read_all() == b"inner"


def test_two_names_for_the_same_bytes_are_refused(tmp_path: Path):
    first, second = entry(b"a.txt"), entry(b"b.txt")
    files = ZipFiles(hand_made(tmp_path / "a.zip", first, (b"", second[1]), offsets=[0, 0]))
    assert files.open("a.txt").read_all() == b"letter"
    assert code_of_read(files, "b.txt") == "overlap"


def test_a_member_that_reaches_into_the_directory_is_refused(tmp_path: Path):
    local, central = entry(b"a.txt", b"letter" + b"x" * 40)
    files = ZipFiles(hand_made(tmp_path / "a.zip", (local[:-40], central)))
    assert code_of_read(files, "a.txt") == "overlap"


@pytest.mark.parametrize("offset", [5, 0xFFFFFFF0, 60])
def test_an_offset_to_nowhere_is_damage(tmp_path: Path, offset: int):
    files = ZipFiles(hand_made(tmp_path / "a.zip", entry(b"a.txt"), offsets=[offset]))
    assert code_of_read(files, "a.txt") == "damaged"


@pytest.mark.parametrize("value", [2**64 - 1, 2**63, 2**63 - 1, 2**40])
def test_sixty_four_bit_fields_that_cannot_be_are_problems_of_their_member(tmp_path: Path, value: int):
    extra = struct.pack("<HHQQQ", 1, 24, value, value, value)
    local, central = entry(b"huge.txt", extra=extra)
    central = central[:20] + b"\xff" * 8 + central[28:]
    good = entry(b"good.txt", b"good")
    path = hand_made(tmp_path / "a.zip", (local, central), good, offsets=[0xFFFFFFFF, len(local)])
    files = ZipFiles(path)
    assert files.open("good.txt").read_all() == b"good"
    assert code_of_read(files, "huge.txt") in ("bomb", "damaged")


@pytest.mark.parametrize(
    "extra", [b"\x01\x00\x18\x00" + bytes(5), b"\x01\x00\xff\xff" + bytes(11), b"\x01\x00", b"\x99\x99\xff\xff"]
)
def test_a_broken_extra_field_breaks_nothing_else(tmp_path: Path, extra: bytes):
    files = ZipFiles(hand_made(tmp_path / "a.zip", entry(b"a.txt", extra=extra), entry(b"b.txt")))
    assert files.open("a.txt").read_all() == files.open("b.txt").read_all() == b"letter"


def test_encrypted_members_are_refused(tmp_path: Path):
    assert code_of_read(ZipFiles(hand_made(tmp_path / "a.zip", entry(b"a.txt", flags=1))), "a.txt") == "encrypted"


def test_another_method_is_refused_by_its_number(tmp_path: Path):
    files = ZipFiles(write_zip(tmp_path / "a.zip", {"a.txt": b"x" * 100}, method=zipfile.ZIP_LZMA))
    with pytest.raises(MemberProblem, match="method 14"):
        files.open("a.txt")


def test_a_link_is_refused(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        link = zipfile.ZipInfo("link.pdf")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    assert code_of_read(ZipFiles(tmp_path / "a.zip"), "link.pdf") == "not_a_file"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_stands_there_twice_is_refused(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for content in ("right?", "wrong?"):
            archive.writestr("a.txt", content)
        archive.writestr("b.txt", "b")
    files = ZipFiles(tmp_path / "a.zip")
    assert code_of_read(files, "a.txt") == "twice"
    assert files.open("b.txt").read_all() == b"b"


def test_names_that_lead_outside_are_passed_over(tmp_path: Path):
    files = ZipFiles(write_zip(tmp_path / "a.zip", {"../up.txt": b"1", "/etc/x": b"2", "a\\..\\b": b"3", "good": b"4"}))
    assert files.open("good").read_all() == b"4"
    assert [code_of_read(files, name) for name in ("up.txt", "etc/x", "b")] == ["missing_file"] * 3


@pytest.mark.parametrize("kept", [10, 100, -1, -21, -60])
def test_an_archive_cut_off_is_refused_whole_for_its_directory_is_gone(tmp_path: Path, kept: int):
    path = write_zip(tmp_path / "a.zip", package(3))
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(SourceError, match="Send it again"):
        ZipFiles(path)


def test_a_second_end_record_in_the_comment_is_refused_not_guessed(tmp_path: Path):
    with zipfile.ZipFile(write_zip(tmp_path / "a.zip", package(1)), "a") as archive:
        archive.comment = struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, 0, 0, 0, 0, 0) + b"tail"
    with pytest.raises(SourceError) as caught:
        ZipFiles(tmp_path / "a.zip")
    assert caught.value.code == "damaged"


def test_a_comment_does_no_harm(tmp_path: Path):
    with zipfile.ZipFile(write_zip(tmp_path / "a.zip", package(1)), "a") as archive:
        archive.comment = b"Run 7 of October" * 3000
    assert ZipFiles(tmp_path / "a.zip").open("print/1.pdf").size_bytes == 17


@pytest.mark.parametrize(
    ("at", "value"), [(10, b"\xff\xff"), (10, b"\x09\0"), (12, b"\xff\xff\xff\x7f"), (16, b"\xff\xff\xff\x7f")]
)
def test_an_end_record_that_lies_is_noticed(tmp_path: Path, at: int, value: bytes):
    path = write_zip(tmp_path / "a.zip", package(2))
    content = bytearray(path.read_bytes())
    end = content.rfind(b"PK\x05\x06")
    content[end + at : end + at + len(value)] = value
    path.write_bytes(content)
    try:
        files = ZipFiles(path)
    except SourceError as error:
        assert error.code == "damaged"
    else:
        assert files.problem.endswith(".")


def test_a_sixty_four_bit_end_record_to_nowhere_is_refused(tmp_path: Path):
    path = write_zip(tmp_path / "a.zip", package(2))
    content = path.read_bytes()
    end = content.rfind(b"PK\x05\x06")
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, 2**64 - 1, 1)
    path.write_bytes(content[:end] + locator + content[end : end + 10] + b"\xff\xff" + content[end + 12 :])
    try:
        assert ZipFiles(path).problem.endswith(".")
    except SourceError as error:
        assert error.code == "damaged"


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_archive_raises_nothing_but_errors_of_ours(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
):
    path = write_zip(tmp_path_factory.mktemp("zip") / "a.zip", {**package(2), "Ünï.txt": b"x" * 300})
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        files = ZipFiles(path)
    except SourceError:
        return
    files.manifest_names()
    for name in ("manifest.jsonl", "print/1.pdf", "print/2.pdf", "Ünï.txt"):
        try:
            files.open(name).read_all()
        except MemberProblem as problem:
            assert problem.reason.endswith(".")
    files.close()
