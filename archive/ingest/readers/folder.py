"""A folder, opened part by part without following links: nothing outside can be reached, not even by a race.

A file that has a second name (a hard link) is refused too: the other name may be anywhere (S-13).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from archive.ingest.readers.files import MANIFESTS, checked_name, index_names, missing
from archive.ingest.records import MemberProblem, SourceError


class FolderFile:
    """A regular file of the folder. It is opened for each read, so that thousands can be named at once."""

    def __init__(self, folder: FolderFiles, name: str, size_bytes: int) -> None:
        self._folder = folder
        self._name = name
        self.size_bytes = size_bytes

    def read_all(self) -> bytes:
        """Return all bytes."""
        return self.slice(0, self.size_bytes)

    def chunks(self, size: int) -> Iterator[bytes]:
        """Yield the bytes in pieces."""
        for at in range(0, self.size_bytes, size):
            yield self.slice(at, min(size, self.size_bytes - at))

    def slice(self, offset: int, length: int) -> bytes:
        """Return part of the bytes; a file that shrank meanwhile is a problem."""
        descriptor = self._folder.descriptor(self._name)
        try:
            data = b""
            while len(data) < length and (piece := os.pread(descriptor, length - len(data), offset + len(data))):
                data += piece
        finally:
            os.close(descriptor)
        if len(data) < length:
            raise MemberProblem("changed", f"{self._name} became shorter while it was read. Send it again.")
        return data


def bytes_below(descriptor: int) -> int:
    """Return the bytes of all files below an open folder; no link is followed.

    Errors: OSError when a file goes away meanwhile.
    """
    total = 0
    for _path, _folders, files, folder in os.fwalk(".", dir_fd=descriptor, follow_symlinks=False):
        total += sum(os.stat(name, dir_fd=folder, follow_symlinks=False).st_size for name in files)
    return total


class FolderFiles:
    """The files below one folder."""

    def __init__(self, path: Path, manifest: str = "") -> None:
        self.name = path.name
        self.problem = ""
        self._manifest = manifest
        try:
            self._root = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            self.total_bytes = bytes_below(self._root)
        except OSError as error:
            raise SourceError("unreadable", f"{path.name} cannot be read: {error.strerror}.") from error

    def manifest_names(self) -> list[str]:
        """Return the manifests at the top of the folder."""
        if self._manifest:
            return [self._manifest]
        names = sorted(entry.name for entry in os.scandir(self._root) if entry.is_file(follow_symlinks=False))
        return [name for name in MANIFESTS if name in names] or index_names(names)

    def open(self, name: str) -> FolderFile:
        """Return a regular file."""
        name = checked_name(name)
        descriptor = self.descriptor(name)
        try:
            return FolderFile(self, name, os.fstat(descriptor).st_size)
        finally:
            os.close(descriptor)

    def descriptor(self, name: str) -> int:
        """Open a regular file below the folder; links, devices and pipes are problems."""
        *folders, last = name.split("/")
        at = os.dup(self._root)
        try:
            for folder in folders:
                below = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=at)
                os.close(at)
                at = below
            # Non-blocking, so that a pipe without a writer does not hang the load.
            descriptor = os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=at)
        except FileNotFoundError:
            raise missing(name) from None
        except OSError as error:
            reason = f"{name} is no regular file ({error.strerror}). Send the file itself."
            raise MemberProblem("not_a_file", reason) from None
        finally:
            os.close(at)
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            os.close(descriptor)
            raise MemberProblem("not_a_file", f"{name} is no regular file. Send the file itself.")
        if facts.st_nlink > 1:
            os.close(descriptor)
            raise MemberProblem("linked", f"{name} has another name somewhere (a hard link). Send a copy of its own.")
        return descriptor

    def finish(self) -> None:
        """A folder says all at once."""

    def close(self) -> None:
        """Close the folder."""
        os.close(self._root)
