"""The pack format: an uncompressed POSIX tar of documents, with a manifest as its last members. Pure but for its sink.

Anyone can list and open a pack with `tar` and check it with `sha256sum -c SHA256SUMS`. The manifest's first line gives
the format version; each further line tells of one document. Our own header writer is used because `tarfile` costs a
quarter of a load's speed.
Source: POSIX.1-1988 ustar; design.md "Storage".
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple

FORMAT_VERSION = 1
BLOCK = 512
CHECKED_BLOCK_BYTES = 1024 * 1024
WHOLE_CHECK_BYTES = 4 * 1024 * 1024
PIECE_BYTES = 256 * 1024
"""What is handed on at once: small enough to lie in the processor's cache still when it is hashed and written."""
MOST_PACK_BYTES = 256 * 1024 * 1024
LARGEST_MEMBER_BYTES = 8 * 1024**3 - 1
_ZEROS = bytes(BLOCK)
_TAIL = b"0" + bytes(100) + b"ustar\x0000" + bytes(32) + bytes(32) + b"0000000\x000000000\x00" + bytes(155) + bytes(12)
_TAIL_SUM = sum(_TAIL)


class Member(NamedTuple):
    """Where a document lies in a pack: its bytes begin at `offset`, after the header."""

    name: str
    offset: int
    length: int
    sha256: bytes
    blocks: bytes | None


def tar_header(name: str, size_bytes: int) -> bytes:
    """Return the ustar header of a regular file, readable by all, of no owner and no time: the same bytes each time.

    Errors: ValueError when the name does not fit or the file is larger than ustar allows.
    """
    raw = name.encode("ascii")
    if not 0 < len(raw) <= 100 or not 0 <= size_bytes <= LARGEST_MEMBER_BYTES:
        raise ValueError(f"{name!r} of {size_bytes} bytes does not fit into a ustar header.")
    head = b"%b0000444\x000000000\x000000000\x00%011o\x0000000000000\x00" % (raw.ljust(100, b"\x00"), size_bytes)
    checksum = sum(head) + 8 * 32 + _TAIL_SUM
    return head + b"%06o\x00 " % checksum + _TAIL


def block_digests(payload: bytes) -> bytes | None:
    """Return a SHA-256 for each MiB of a large document, one after the other; nothing for a small one."""
    if len(payload) <= WHOLE_CHECK_BYTES:
        return None
    return b"".join(
        hashlib.sha256(payload[at : at + CHECKED_BLOCK_BYTES]).digest()
        for at in range(0, len(payload), CHECKED_BLOCK_BYTES)
    )


@lru_cache(maxsize=1_000)
def _quoted(text: str) -> str:
    return json.dumps(text)


class PackWriter:
    """Writes one pack to a sink, member by member.

    Shapes: `write` takes bytes and appends them. Offsets are those of the documents' bytes in the file.
    """

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._manifest: list[str] = []
        self._sums: list[str] = []
        self._names: set[str] = set()
        self._buffer: list[bytes] = []
        self._buffered = 0
        self.size_bytes = 0
        self.documents = 0

    def add(
        self, name: str, payload: bytes | Iterable[bytes], *, size_bytes: int, sha256: bytes, content_type: str
    ) -> Member:
        """Append a document.

        Shapes: `payload` is all of its bytes, or chunks of them in order, that come to `size_bytes` and `sha256`.
        Errors: ValueError for a name that is there already, or chunks of another length.
        """
        if name in self._names:
            raise ValueError(f"{name} is in this pack already.")
        self._names.add(name)
        header = tar_header(name, size_bytes)
        offset = self.size_bytes + BLOCK
        padding = _ZEROS[: -size_bytes % BLOCK]
        if isinstance(payload, bytes):
            blocks = block_digests(payload)
            self._put(header)
            self._put(payload)
        else:
            self._put(header)
            blocks = self._put_chunks(payload, size_bytes)
        self._put(padding)
        self.documents += 1
        hexdigest = sha256.hex()
        told = (
            f'{{"name":"{name}","offset":{offset},"length":{size_bytes},'
            f'"sha256":"{hexdigest}","content_type":{_quoted(content_type)}'
        )
        if blocks is not None:
            told += f',"blocks":"{blocks.hex()}"'
        self._manifest.append(told + "}")
        self._sums.append(f"{hexdigest}  {name}")
        return Member(name, offset, size_bytes, sha256, blocks)

    def finish(self) -> None:
        """Append checksums, manifest and the end of the archive."""
        head = json.dumps({"vellum_pack": FORMAT_VERSION, "documents": self.documents})
        for name, lines in (("SHA256SUMS", self._sums), ("manifest.jsonl", [head, *self._manifest])):
            content = ("\n".join(lines) + "\n").encode()
            self._put(tar_header(name, len(content)))
            self._put(content)
            self._put(_ZEROS[: -len(content) % BLOCK])
        self._put(_ZEROS * 2)
        self._flush()

    def _put_chunks(self, chunks: Iterable[bytes], size_bytes: int) -> bytes | None:
        digests: list[bytes] = []
        current, filled, total = hashlib.sha256(), 0, 0
        for chunk in chunks:
            self._put(chunk)
            total += len(chunk)
            view = memoryview(chunk)
            while view:
                piece = view[: CHECKED_BLOCK_BYTES - filled]
                current.update(piece)
                filled += len(piece)
                view = view[len(piece) :]
                if filled == CHECKED_BLOCK_BYTES:
                    digests.append(current.digest())
                    current, filled = hashlib.sha256(), 0
        if filled:
            digests.append(current.digest())
        if total != size_bytes:
            raise ValueError(f"{total} bytes came where {size_bytes} were announced.")
        return b"".join(digests) if size_bytes > WHOLE_CHECK_BYTES else None

    def _put(self, data: bytes) -> None:
        self._buffer.append(data)
        self._buffered += len(data)
        self.size_bytes += len(data)
        if self._buffered >= PIECE_BYTES:
            self._flush()

    def _flush(self) -> None:
        data = b"".join(self._buffer)
        self._buffer, self._buffered = [], 0
        self._write(data)
