"""Zip archives: the central directory read as a stream, members inflated with their bytes counted.

Declared sizes are an attacker's data: nothing is believed before it was inflated and its CRC checked (S-11).
Source: PKWARE APPNOTE 6.3.10 §4.3, §4.5.3.
"""

from __future__ import annotations

import os
import struct
import tempfile
import zlib
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import IO

from archive.ingest.readers.files import checked_name, missing
from archive.ingest.readers.member_index import MemberIndex
from archive.ingest.records import MemberProblem, SourceError

MOST_MEMBERS = 5_000_000
MOST_RATIO = 1_000
RATIO_COUNTS_FROM_BYTES = 10 * 1024 * 1024
LARGEST_MEMBER_BYTES = 8 * 1024**3
MOST_TIMES_IN_ALL = 100
ALWAYS_ALLOWED_BYTES = 1024**3
_END, _END64, _LOCATOR64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_CENTRAL, _LOCAL = b"PK\x01\x02", b"PK\x03\x04"
_PIECE = 65_536
_LARGEST_OFFSET = 2**62
SLICED_IN_MEMORY_BYTES = 1024 * 1024
MOST_SPOOLED = 4
_STORED, _DEFLATED = 0, 8


def looks_like_zip(head: bytes) -> bool:
    """Tell by the first record: a local file header, or the end record of an empty archive."""
    return head.startswith((_LOCAL, _END))


class ZipMember:
    """A member, inflated whenever it is read."""

    def __init__(
        self, files: ZipFiles, name: str, at: int, packed: int, size_bytes: int, crc: int, method: int
    ) -> None:
        self._files = files
        self._name = name
        self._at = at
        self._packed = packed
        self._crc = crc
        self._method = method
        self.size_bytes = size_bytes

    def read_all(self) -> bytes:
        """Return all bytes, their CRC checked."""
        return b"".join(self.chunks(1024 * 1024))

    def slice(self, offset: int, length: int) -> bytes:
        """Return part of the bytes, once the whole was checked. A large member is unpacked once for many parts."""
        if self.size_bytes <= SLICED_IN_MEMORY_BYTES:
            return self.read_all()[offset : offset + length]
        file = self._files.spooled(self._name, self)
        file.seek(offset)
        return file.read(length)

    def chunks(self, size: int) -> Iterator[bytes]:
        """Yield the bytes in pieces of about `size`; the last one only once size and CRC agree."""
        crc = total = 0
        held = b""
        is_new = self._files.is_new(self._at)
        for piece in self._inflated(size):
            crc, total = zlib.crc32(piece, crc), total + len(piece)
            if is_new:
                self._files.count(len(piece))
            if total > self.size_bytes:
                raise self._problem("bomb", "is larger than the archive says")
            if held:
                yield held
            held = piece
        if total != self.size_bytes or crc != self._crc:
            raise self._problem("damaged", "is damaged: size or checksum differ")
        self._files.counted(self._at)
        yield held

    def _inflated(self, size: int) -> Iterator[bytes]:
        packed = self._files.packed_bytes(self._name, self._at, self._packed)
        if self._method == _STORED:
            yield from packed
            return
        inflater = zlib.decompressobj(-15)
        try:
            for piece in packed:
                waiting = piece
                while waiting:
                    yield inflater.decompress(waiting, size)
                    waiting = inflater.unconsumed_tail
                if inflater.unused_data:  # it would be collected, up to the size of the archive
                    raise self._problem("damaged", "goes on behind its own end")
            yield inflater.flush()
        except zlib.error:
            raise self._problem("damaged", "cannot be unpacked") from None

    def _problem(self, code: str, what: str) -> MemberProblem:
        return MemberProblem(code, f"{self._name} {what}. Make the archive again.")


class ZipFiles:
    """The members of one zip archive."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self.problem = ""
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.total_bytes = os.fstat(self._descriptor).st_size
        self._index = MemberIndex()
        self._spooled: dict[str, IO[bytes]] = {}
        self._starts: array[int] = array("Q")
        self._directory_at = 0
        self._unpacked = 0
        self._most_unpacked = self.total_bytes * MOST_TIMES_IN_ALL + ALWAYS_ALLOWED_BYTES
        try:
            self._read_directory()
        except BaseException:
            self.close()
            raise

    def manifest_names(self) -> list[str]:
        """Return the manifests at the top of the archive, or in the one folder that it consists of."""
        return self._index.manifest_names()

    def open(self, name: str) -> ZipMember:
        """Return a member. Errors: MemberProblem, also for encrypted, linked, overlapping and exploding ones."""
        name = checked_name(name)
        entry = self._index.get(name)
        if entry is None:
            raise missing(name)
        if self._index.is_twice(name):
            raise MemberProblem("twice", f"{name} is in the archive twice. Keep the right one only.")
        at, packed, size, packed_facts = entry
        crc, method = packed_facts >> 32 & 0xFFFFFFFF, packed_facts >> 24 & 0xFF
        flags, is_file = packed_facts >> 8 & 0xFFFF, packed_facts & 1
        if not is_file:
            raise MemberProblem("not_a_file", f"{name} is a link or a device. Send the file itself.")
        if flags & 1:
            raise MemberProblem("encrypted", f"{name} is encrypted. Make the archive without a password.")
        if method not in (_STORED, _DEFLATED):
            raise MemberProblem("method", f"{name} is packed by method {method}. Use deflate or store.")
        if size > LARGEST_MEMBER_BYTES or (size > RATIO_COUNTS_FROM_BYTES and size > packed * MOST_RATIO):
            raise MemberProblem("bomb", f"{name} would unpack to {size} bytes from {packed}. Send it unpacked.")
        return ZipMember(self, name, at, packed, size, crc, method)

    def is_new(self, at: int) -> bool:
        """Tell whether the member that begins at this byte was never unpacked whole."""
        place = bisect_left(self._starts, at)
        return not self._counted[place >> 3] & 1 << (place & 7)

    def counted(self, at: int) -> None:
        """Remember that a member was unpacked whole: once more counts nothing."""
        place = bisect_left(self._starts, at)
        self._counted[place >> 3] |= 1 << (place & 7)

    def count(self, size_bytes: int) -> None:
        """Count what was unpacked. Errors: SourceError beyond what a package of this size may hold: many small bombs.

        Source: requirements S-11.
        """
        self._unpacked += size_bytes
        if self._unpacked > self._most_unpacked:
            reason = (
                f"{self.name} would unpack to more than {self._most_unpacked} bytes from {self.total_bytes}. "
                "Send it as a tar archive or in parts."
            )
            raise SourceError("bomb", reason)

    def packed_bytes(self, name: str, at: int, packed: int) -> Iterator[bytes]:
        """Yield the packed bytes of a member, after checking that its local header is its own."""
        local = os.pread(self._descriptor, 30, at)
        if len(local) < 30 or not local.startswith(_LOCAL):
            raise MemberProblem("damaged", f"{name} is not where the archive says. Make the archive again.")
        name_length, extra_length = struct.unpack("<HH", local[26:30])
        told = os.pread(self._descriptor, name_length, at + 30)
        if told.decode("utf-8", "replace").rstrip("/").removeprefix("./") != name and not _same_name(told, name):
            raise MemberProblem("overlap", f"{name} overlaps another file of the archive. Make the archive again.")
        start = at + 30 + name_length + extra_length
        if start + packed > self._end_of(at):
            raise MemberProblem("overlap", f"{name} overlaps another file of the archive. Make the archive again.")
        for offset in range(0, packed, _PIECE):
            piece = os.pread(self._descriptor, min(_PIECE, packed - offset), start + offset)
            if not piece:
                raise MemberProblem("truncated", f"The archive ends within {name}. Send it again.")
            yield piece

    def spooled(self, name: str, member: ZipMember) -> IO[bytes]:
        """Return a member's checked bytes in a temporary file; the last few are kept."""
        if name not in self._spooled:
            file = tempfile.TemporaryFile()  # noqa: SIM115  (closed with the archive, or when others take its place)
            try:
                for chunk in member.chunks(1024 * 1024):
                    file.write(chunk)
            except BaseException:
                file.close()
                raise
            if len(self._spooled) >= MOST_SPOOLED:
                self._spooled.pop(next(iter(self._spooled))).close()
            self._spooled[name] = file
        return self._spooled[name]

    def finish(self) -> None:
        """The directory was read whole when the archive was opened."""

    def close(self) -> None:
        """Close the archive."""
        for file in self._spooled.values():
            file.close()
        self._index.close()
        os.close(self._descriptor)

    def _read_directory(self) -> None:
        at, size, count = self._directory()
        self._directory_at = at
        if count > MOST_MEMBERS:
            raise SourceError("too_many", f"The archive names {count} files. Split it.")
        end = at + size
        met = 0
        while at < end:
            block = os.pread(self._descriptor, min(4 * 1024 * 1024, end - at), at)
            used = self._read_entries(block)
            if not used:
                break
            met += used[1]
            at += used[0]
        if any(later < earlier for earlier, later in pairwise(self._starts)):
            self._starts = array("Q", sorted(self._starts))
        self._counted = bytearray(len(self._starts) // 8 + 1)
        if met != count:
            self.problem = f"The archive's directory names {count} files and has {met}. Make the archive again."

    def _read_entries(self, block: bytes) -> tuple[int, int] | None:
        at = met = 0
        while at + 46 <= len(block):
            if block[at : at + 4] != _CENTRAL:
                break
            made_by, flags, method = block[at + 5], *struct.unpack_from("<HH", block, at + 8)
            crc, packed, size, name_length, extra_length, comment_length = struct.unpack_from("<LLLHHH", block, at + 16)
            attributes, offset = struct.unpack_from("<LL", block, at + 38)
            whole = 46 + name_length + extra_length + comment_length
            if at + whole > len(block):
                break
            raw_name = block[at + 46 : at + 46 + name_length]
            extra = block[at + 46 + name_length : at + 46 + name_length + extra_length]
            size, packed, offset = _zip64(extra, size, packed, offset)
            # Beyond the file's end there is nothing, and the index holds no larger numbers.
            packed, offset = min(packed, self.total_bytes), min(offset, self.total_bytes)
            size = min(size, _LARGEST_OFFSET)
            self._starts.append(offset)
            self._add(raw_name, flags, made_by, attributes, (offset, packed, size, crc), method)
            at, met = at + whole, met + 1
        return (at, met) if met else None

    def _add(
        self, raw_name: bytes, flags: int, made_by: int, attributes: int, place: tuple[int, int, int, int], method: int
    ) -> None:
        name = _decode(raw_name, flags)
        if name.endswith("/"):
            return
        try:
            name = checked_name(name)
        except MemberProblem:
            return  # a name that leads outside can be asked for by nobody
        offset, packed, size, crc = place
        mode = attributes >> 16 if made_by == 3 else 0
        is_file = mode == 0 or mode & 0o170000 in (0, 0o100000)
        facts = crc << 32 | min(method, 255) << 24 | flags << 8 | is_file
        if facts >= 1 << 63:
            facts -= 1 << 64  # SQLite's integers are signed; shifting right restores the crc below
        self._index.add(name, (offset, packed, size, facts))

    def _end_of(self, at: int) -> int:
        """Return where the member that begins at this byte must have ended: at the next one, or at the directory."""
        place = bisect_right(self._starts, at)
        return self._starts[place] if place < len(self._starts) else self._directory_at

    def _directory(self) -> tuple[int, int, int]:
        """Return (offset, size, count) of the central directory."""
        tail_at = max(0, self.total_bytes - 65_557)
        tail = os.pread(self._descriptor, 65_557, tail_at)
        found = tail.rfind(_END)
        if found < 0 or len(tail) - found < 22:
            raise SourceError("truncated", "The zip archive has no directory: it was cut off. Send it again.")
        count, size, offset = struct.unpack_from("<HLL", tail, found + 10)
        if found + 22 + struct.unpack_from("<H", tail, found + 20)[0] != len(tail):
            raise SourceError("damaged", "The zip archive goes on behind its end record. Make the archive again.")
        locator = tail.rfind(_LOCATOR64, 0, found)
        if locator >= 0 and (count == 0xFFFF or size == 0xFFFFFFFF or offset == 0xFFFFFFFF):
            (end64_at,) = struct.unpack_from("<Q", tail, locator + 8)
            end64 = os.pread(self._descriptor, 56, min(end64_at, self.total_bytes))
            if len(end64) == 56 and end64.startswith(_END64):
                count, size, offset = struct.unpack_from("<QQQ", end64, 32)
        if offset + size > self.total_bytes:
            raise SourceError("damaged", "The directory of the zip archive lies outside the file. Make it again.")
        return offset, size, count


def _decode(raw: bytes, flags: int) -> str:
    if flags & 0x800:
        return raw.decode("utf-8", "replace")
    try:
        return raw.decode("ascii")
    except UnicodeDecodeError:
        try:
            return raw.decode("utf-8")  # many writers forget the flag
        except UnicodeDecodeError:
            return raw.decode("cp437")


def _same_name(raw: bytes, name: str) -> bool:
    return name in (_decode(raw, 0x800).removeprefix("./"), _decode(raw, 0).removeprefix("./"))


def _zip64(extra: bytes, size: int, packed: int, offset: int) -> tuple[int, int, int]:
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            content = extra[at + 4 : at + 4 + length]
            values = [value[0] for value in struct.iter_unpack("<Q", content[: len(content) // 8 * 8])]
            if size == 0xFFFFFFFF and values:
                size = values.pop(0)
            if packed == 0xFFFFFFFF and values:
                packed = values.pop(0)
            if offset == 0xFFFFFFFF and values:
                offset = values.pop(0)
            break
        at += 4 + length
    return size, packed, offset
