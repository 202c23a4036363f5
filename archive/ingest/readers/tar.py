"""Tar archives: our own header reader, random access into the file, members found by scanning ahead once.

Understood: ustar, GNU long names, pax path and size. Refused for each member: links, devices, pipes, sparse files,
names that lead outside. A truncated archive yields what is whole.
Source: POSIX pax interchange format; GNU tar manual, "Basic Tar Format".
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from archive.ingest.readers.files import MANIFESTS, checked_name, missing
from archive.ingest.readers.member_index import MemberIndex
from archive.ingest.records import MemberProblem

BLOCK = 512
_END = bytes(BLOCK)
LARGEST_HEADER_BYTES = 1024 * 1024
MOST_MEMBERS = 20_000_000
_OCTAL = re.compile(rb"[0-7]{1,12}")
_DECIMAL = re.compile(r"[0-9]{1,18}")  # any number a file of today can have, none that overflows
_REGULAR = frozenset(b"0\x007")
_WITHOUT_CONTENT = (b"1", b"2", b"3", b"4", b"5", b"6")
_SMALL = 4_096
_AHEAD_BYTES = 256 * 1024
_WHOLE, _TRUNCATED, _NOT_A_FILE = 0, 1, 2


def looks_like_tar(head: bytes) -> bool:
    """Tell by magic, or by the checksum of old archives that have none."""
    return len(head) >= BLOCK and (head[257:262] == b"ustar" or _checksum_matches(head[:BLOCK]))


class TarMember:
    """A member's bytes in the archive file."""

    def __init__(self, window: _Window, offset: int, size_bytes: int) -> None:
        self._window = window
        self._offset = offset
        self.size_bytes = size_bytes

    def read_all(self) -> bytes:
        """Return all bytes."""
        return self.slice(0, self.size_bytes)

    def chunks(self, size: int) -> Iterator[bytes]:
        """Yield the bytes in pieces."""
        for at in range(0, self.size_bytes, size):
            yield self.slice(at, min(size, self.size_bytes - at))

    def slice(self, offset: int, length: int) -> bytes:
        """Return part of the bytes."""
        data = self._window.read(self._offset + offset, length)
        while len(data) < length:
            piece = self._window.read(self._offset + offset + len(data), length - len(data))
            if not piece:
                raise MemberProblem("truncated", "The archive ends within this file. Send the archive again.")
            data += piece
        return data


class TarFiles:
    """The members of one tar archive. Headers are read ahead only as far as a name asks for."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self.problem = ""
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.total_bytes = os.fstat(self._descriptor).st_size
        self._index = MemberIndex()
        self._window = _Window(self._descriptor)
        self._headers = _Headers(self._window, self.total_bytes)

    def manifest_names(self) -> list[str]:
        """Return our manifest where it is the first member; else look through the whole archive."""
        if self._scan_one() and (found := [name for name in MANIFESTS if self._index.get(name)]):
            return found
        while self._scan_one():
            pass
        return self._index.manifest_names()

    def open(self, name: str) -> TarMember:
        """Return a member; scans ahead until it is met."""
        entry = self._index.get(name)
        if entry is None:
            name = checked_name(name)
            entry = self._index.get(name)
        while entry is None and self._scan_one():
            entry = self._index.get(name) if self._last == name else None
        if entry is None:
            entry = self._index.get(name)
        if entry is None and self.problem:
            reason = f"{name} was not found before the place where the archive breaks off. Send the archive again."
            raise MemberProblem("truncated", reason)
        if entry is None:
            raise missing(name)
        offset, size, state, _ = entry
        if self._index.is_twice(name):
            raise MemberProblem("twice", f"{name} is in the archive twice. Keep the right one only.")
        if state == _NOT_A_FILE:
            raise MemberProblem("not_a_file", f"{name} is a link, a device or a sparse file. Send the file itself.")
        if state == _TRUNCATED:
            raise MemberProblem("truncated", f"The archive ends within {name}. Send the archive again.")
        return TarMember(self._window, offset, size)

    def finish(self) -> None:
        """Read on to the end mark: without one the archive was cut off, even if nothing that was named is missing."""
        while self._scan_one():
            pass

    def close(self) -> None:
        """Close the archive."""
        self._index.close()
        os.close(self._descriptor)

    _last = ""

    def _scan_one(self) -> bool:
        """Read the next header into the index; tell whether there was one."""
        header = self._headers.next()
        self.problem = self._headers.problem
        if header is None:
            return False
        name, offset, size, state = header
        try:
            self._last = checked_name(name.rstrip("/"))
        except MemberProblem:
            return True  # a name that leads outside can be asked for by nobody
        if name.endswith("/"):
            return True  # a folder; old archives mark one by its name alone
        self._index.add(self._last, (offset, size, state, 0))
        return True


class _Window:
    """Reads ahead where reads go on from one another: many small members come with one system call then."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._data = b""
        self._at = 0

    def read(self, at: int, length: int) -> bytes:
        """Return these bytes, or fewer at the end of the file or where a system call gives no more."""
        start = at - self._at
        if start >= 0 and start + length <= len(self._data):
            return self._data[start : start + length]
        if length > _AHEAD_BYTES:
            return os.pread(self._descriptor, length, at)
        goes_on = 0 <= start <= len(self._data) + _SMALL
        self._data = os.pread(self._descriptor, _AHEAD_BYTES if goes_on else length, at)
        self._at = at
        return self._data[:length]


class _Headers:
    """Walks the headers of an archive; never trusts a size beyond the file's end."""

    def __init__(self, window: _Window, total_bytes: int) -> None:
        self._read = window.read
        self._total = total_bytes
        self._at = 0
        self._count = 0
        self.problem = ""

    def next(self) -> tuple[str, int, int, int] | None:
        """Return (name, offset, size, state) of the next member, or None at the end."""
        long_name = ""
        pax: dict[str, str] = {}
        while True:
            header = self._read(self._at, BLOCK)
            if len(header) < BLOCK:
                if self._at < self._total or not header:
                    self.problem = self.problem or "The archive has no end mark: it was cut off. Send it again."
                return None
            if header == _END:
                return None
            size = _number(header[124:136])
            if size is None or not _checksum_matches(header) or self._count >= MOST_MEMBERS:
                self.problem = f"The archive is damaged at byte {self._at}: what follows was not read. Send it again."
                self._at = self._total
                return None
            self._count += 1
            kind, body = header[156:157], self._at + BLOCK
            if kind in (b"L", b"K", b"x", b"g"):
                if size > LARGEST_HEADER_BYTES:
                    self.problem = f"A header at byte {self._at} is larger than 1 MiB; what follows was not read."
                    self._at = self._total
                    return None
                content = self._read(body, size)
                if kind == b"L":
                    long_name = content.rstrip(b"\x00").decode("utf-8", "replace")
                elif kind == b"x":
                    pax = _pax(content)
                self._at = body + _padded(size)
                continue
            name = long_name or _ustar_name(header)
            if pax:
                name = pax.get("GNU.sparse.name") or pax.get("path") or name
                size = int(pax["size"]) if _DECIMAL.fullmatch(pax.get("size", "")) else size
            if kind in _WITHOUT_CONTENT:
                size = 0  # links, devices, folders and pipes: a size there is not that of a content
            if kind == b"S":
                body = self._after_sparse_map(header, body)
            size = min(size, self._total)  # no member is larger than its archive; the file has no place beyond
            self._at = body + _padded(size)
            state = _WHOLE if kind and kind[0] in _REGULAR else _NOT_A_FILE
            if pax and any(key.startswith("GNU.sparse") for key in pax):
                state = _NOT_A_FILE
            if state == _WHOLE and body + size > self._total:
                state = _TRUNCATED
            return name, body, size, state

    def _after_sparse_map(self, header: bytes, at: int) -> int:
        """Return where the content begins after the blocks in which GNU tar goes on with a sparse file's map."""
        more = header[482:483] != b"\x00"
        while more:
            block = self._read(at, BLOCK)
            at += BLOCK
            more = block[504:505] not in (b"\x00", b"")
        return at


def _padded(size: int) -> int:
    return (size + BLOCK - 1) // BLOCK * BLOCK


def _number(raw: bytes) -> int | None:
    if raw[0] & 0x80:  # base-256, for sizes over 8 GiB
        return int.from_bytes(bytes([raw[0] & 0x7F]) + raw[1:], "big")
    digits = raw.partition(b"\x00")[0].strip() or b"0"
    return int(digits, 8) if _OCTAL.fullmatch(digits) else None  # int() alone would take 0o7, 1_0 and -1


def _checksum_matches(header: bytes) -> bool:
    told = _number(header[148:156])
    return told == sum(header) - sum(header[148:156]) + 8 * 32


def _ustar_name(header: bytes) -> str:
    name = header[:100].partition(b"\x00")[0]
    if header[345] and header[257:263] == b"ustar\x00":
        name = header[345:500].partition(b"\x00")[0] + b"/" + name
    return name.decode("utf-8", "replace")


def _pax(content: bytes) -> dict[str, str]:
    records: dict[str, str] = {}
    at = 0
    while at < len(content):
        length, blank, _ = content[at:].partition(b" ")
        if not blank or not _DECIMAL.fullmatch(length.decode("latin-1")):
            break
        if not len(length) < int(length) <= len(content) - at:
            break
        record = content[at + len(length) + 1 : at + int(length) - 1]
        key, _, value = record.partition(b"=")
        records[key.decode("utf-8", "replace")] = value.decode("utf-8", "replace")
        at += int(length)
    return records
