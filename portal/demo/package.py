"""Write a native package: a tar, a zip or a folder, its manifest first and then the files in the manifest's order.

The same calls make the same bytes. A package appears under its name only when it is complete.
"""

from __future__ import annotations

import functools
import os
import shutil
import zipfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import IO, Self

MANIFEST = "manifest.jsonl"
MODIFIED_AT = 1_767_225_600
"""The time that files carry, 2026-01-01: the same for the same package, whenever it is made."""

_BLOCK = 512
_BUFFER_BYTES = 4 * 1024 * 1024
_ZIP_TIME = (2026, 1, 1, 0, 0, 0)


class PackageExistsError(Exception):
    """The folder that should become a package has files in it already."""


class PackageWriter:
    """A package while it is written: the manifest, then the files.

    Errors: PackageExistsError when the folder is there already and not empty; OSError as the file system has it.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self.part = out.with_name(f".{out.name}.part")

    def write_manifest(self, lines: Iterable[bytes]) -> None:
        """Write the manifest; lines bring their own ends."""
        raise NotImplementedError

    def add(self, name: str, payload: bytes) -> None:
        """Write a file."""
        raise NotImplementedError

    def close(self) -> None:
        """Write what belongs at the end."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if kind is None:
            self.part.replace(self.out)
        elif self.part.is_dir():
            shutil.rmtree(self.part)
        else:
            self.part.unlink(missing_ok=True)


class TarWriter(PackageWriter):
    """Plain POSIX tar. The manifest's size is filled in once it is known, so nothing has to be held."""

    def __init__(self, out: Path) -> None:
        super().__init__(out)
        self._file: IO[bytes] = self.part.open("wb", buffering=_BUFFER_BYTES)

    def write_manifest(self, lines: Iterable[bytes]) -> None:
        """Write the manifest as the first member."""
        self._file.write(bytes(_BLOCK))
        for line in lines:
            self._file.write(line)
        size = self._file.tell() - _BLOCK
        self._file.write(bytes(-size % _BLOCK))
        end = self._file.tell()
        self._file.seek(0)
        self._file.write(tar_header(MANIFEST, size))
        self._file.seek(end)

    def add(self, name: str, payload: bytes) -> None:
        """Write a member."""
        size = len(payload)
        self._file.write(tar_header(name, size))
        self._file.write(payload)
        self._file.write(bytes(-size % _BLOCK))

    def close(self) -> None:
        """Write the end mark."""
        self._file.write(bytes(2 * _BLOCK))
        self._file.close()


class ZipWriter(PackageWriter):
    """Zip without compression: the letters would hardly shrink the time it takes, and bytes must not vary by zlib."""

    def __init__(self, out: Path) -> None:
        super().__init__(out)
        self._zip = zipfile.ZipFile(self.part, "w", zipfile.ZIP_STORED, allowZip64=True)

    def write_manifest(self, lines: Iterable[bytes]) -> None:
        """Write the manifest as the first member."""
        with self._zip.open(_zip_info(MANIFEST), "w", force_zip64=True) as member:
            for line in lines:
                member.write(line)

    def add(self, name: str, payload: bytes) -> None:
        """Write a member."""
        self._zip.writestr(_zip_info(name), payload)

    def close(self) -> None:
        """Write the directory."""
        self._zip.close()


class FolderWriter(PackageWriter):
    """A folder with the files as they are."""

    def __init__(self, out: Path) -> None:
        super().__init__(out)
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise PackageExistsError(f"{out} exists already. Name a new folder, or a file that ends in .tar or .zip.")
        if self.part.exists():
            shutil.rmtree(self.part)
        self.part.mkdir()
        self._folders: set[str] = set()

    def write_manifest(self, lines: Iterable[bytes]) -> None:
        """Write the manifest."""
        with (self.part / MANIFEST).open("wb") as file:
            file.writelines(lines)

    def add(self, name: str, payload: bytes) -> None:
        """Write a file, and its folder where it is new."""
        path = self.part / name
        folder = os.path.dirname(name)  # noqa: PTH120  (a name inside the package, many thousand times)
        if folder not in self._folders:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._folders.add(folder)
        path.write_bytes(payload)


def open_package(out: Path) -> PackageWriter:
    """Begin a package of the kind that the name asks for: .tar, .zip, else a folder.

    Errors: PackageExistsError; OSError.
    """
    kind = {".tar": TarWriter, ".zip": ZipWriter}.get(out.suffix.lower(), FolderWriter)
    if kind is not FolderWriter and out.is_dir():
        raise PackageExistsError(f"{out} is a folder. Name a file, or move the folder away.")
    return kind(out)


def tar_header(name: str, size_bytes: int) -> bytes:
    """Return the header of a regular file. Source: POSIX ustar. Errors: ValueError when the name does not fit."""
    start, checksum = _header_start()
    raw = name.encode("ascii")
    if len(raw) > 100 or size_bytes >= 8**11:
        raise ValueError(f"{name} does not fit into a plain tar header.")
    size = b"%011o" % size_bytes
    checksum += sum(raw) + sum(size)
    return b"%s%s%s%s%06o\x00 %s" % (raw, bytes(100 - len(raw)), start[0], size + start[1], checksum, start[2])


@functools.cache
def _header_start() -> tuple[tuple[bytes, bytes, bytes], int]:
    """Return the parts of a header that never change, and the checksum that they make."""
    owner = b"0000644\x000000000\x000000000\x00"
    modified = b"\x00%011o\x00" % MODIFIED_AT
    rest = b"0" + bytes(100) + b"ustar\x0000" + bytes(_BLOCK - 265)
    return (owner, modified, rest), sum(owner) + sum(modified) + sum(rest) + 8 * 32


def _zip_info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _ZIP_TIME)
    info.external_attr = 0o644 << 16
    info.create_system = 3
    return info
