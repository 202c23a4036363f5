"""The bytes of incoming variants and resources: read once, hashed, held while small, read again while large."""

from __future__ import annotations

import hashlib
import posixpath
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from archive.documents.content_types import content_type_of
from archive.ingest.records import DraftVariant, MemberFile, MemberProblem, Problem, Source
from archive.storage.pack import LARGEST_MEMBER_BYTES
from archive.storage.singles import store_resource

HELD_BYTES = 4 * 1024 * 1024
CHUNK_BYTES = 1024 * 1024
LARGEST_RESOURCE_BYTES = 64 * 1024 * 1024
LOOK_SECONDS = 0.5


class ContentChangedError(Exception):
    """A file was not the same when it was read again; the load stops rather than archive something else."""


@dataclass(slots=True)
class Content:
    """A variant's bytes: `held` when small, else to be read again from its member."""

    draft: DraftVariant
    content_type: str
    size_bytes: int
    sha256: bytes
    held: bytes | None
    member: MemberFile | None
    alive: Callable[[], None] | None = None

    @property
    def held_bytes(self) -> int:
        """Return how many bytes of memory it takes."""
        return len(self.held) if self.held is not None else 0

    def payload(self) -> bytes | Iterator[bytes]:
        """Return the bytes, or an iterator over them that ends in an error if they are others than before."""
        if self.held is not None:
            return self.held
        assert self.member is not None
        return self._again(self.member)

    def _again(self, member: MemberFile) -> Iterator[bytes]:
        digest = hashlib.sha256()
        for chunk in _chunks(member, self.draft, self.size_bytes):
            digest.update(chunk)
            if self.alive is not None:
                self.alive()
            yield chunk
        if digest.digest() != self.sha256:
            raise ContentChangedError(
                f"{self.draft.file} changed while it was read. Load it again once it is complete."
            )


class ContentReader:
    """Reads what the variants of one source name; shared resources are read and stored once.

    Shapes: `alive` is called while a large content is read, twice a second at most; what it raises ends the reading.
    """

    def __init__(self, source: Source, *, alive: Callable[[], None] | None = None) -> None:
        self.source = source
        self._alive = alive
        self._said_alive = time.monotonic()
        self._resources: dict[tuple[int, str], int] = {}
        self._resource_problems: dict[str, tuple[str, str] | None] = {}

    def read(self, variant: DraftVariant, index: int) -> Content | Problem:
        """Return the content of one variant, or why its record is set aside.

        Shapes: `index` counts from 0 in the record's variants.
        """
        field = f"variants.{index}.file"
        try:
            content = self._read(variant)
            field = f"variants.{index}.resources"
            for name in variant.resources:
                self._check_resource(name)
            if variant.viewing is not None:
                field = f"variants.{index}.viewing.file"
                self._check_resource(variant.viewing[0])
        except MemberProblem as problem:
            return Problem(code=problem.code, field=field, reason=problem.reason)
        if variant.sha256 is not None and variant.sha256 != content.sha256:
            return Problem(
                code="wrong_sha256",
                field=f"variants.{index}.sha256",
                reason=(
                    f"{variant.file or 'The text'} has the SHA-256 {content.sha256.hex()}, the manifest says "
                    f"{variant.sha256.hex()}. Send the file again, or mend the manifest."
                ),
            )
        return content

    def store_resources(self, variant: DraftVariant, *, unit_id: int) -> list[tuple[str, int]]:
        """Store the resources of a variant where they are new.

        Shapes: returns (name as the document refers to it, stored object id), in the manifest's order.
        """
        stored: list[tuple[str, int]] = []
        folder = posixpath.dirname(variant.file or "")
        for name in variant.resources:
            key = (unit_id, name)
            if key not in self._resources:
                payload = self.source.open(name).read_all()
                stored_object = store_resource(unit_id, payload, content_type_of(name))
                self._resources[key] = stored_object.pk
            stored.append((posixpath.relpath(name, folder or "."), self._resources[key]))
        return stored

    def store_viewing(self, variant: DraftVariant, *, unit_id: int) -> tuple[int, int, bytes] | None:
        """Store the rendition that came with a variant; return (stored object id, size in bytes, SHA-256), or None."""
        if variant.viewing is None:
            return None
        name, content_type, _tool, _version = variant.viewing
        stored = store_resource(unit_id, self.source.open(name).read_all(), content_type)
        return stored.pk, stored.size_bytes, bytes(stored.sha256)

    def _check_resource(self, name: str) -> None:
        if name not in self._resource_problems:
            self._resource_problems[name] = self._resource_problem(name)
        problem = self._resource_problems[name]
        if problem is not None:
            raise MemberProblem(*problem)

    def _resource_problem(self, name: str) -> tuple[str, str] | None:
        """Read a resource through once: one that fails later, when it is stored, would end the whole load."""
        try:
            member = self.source.open(name)
            if member.size_bytes > LARGEST_RESOURCE_BYTES:
                most = LARGEST_RESOURCE_BYTES // 1024**2
                return (
                    "too_large",
                    f"{name} has {member.size_bytes} bytes; a resource has at most {most} MiB. Reduce it.",
                )
            for _ in member.chunks(CHUNK_BYTES):
                pass
        except MemberProblem as problem:
            return problem.code, problem.reason
        return None

    def _read(self, variant: DraftVariant) -> Content:
        content_type = variant.content_type or content_type_of(variant.file or "text.txt")
        if variant.text is not None:
            return Content(
                variant, content_type, len(variant.text), hashlib.sha256(variant.text).digest(), variant.text, None
            )
        member = self.source.open(variant.file or "")
        size = _selected_size(member, variant)
        if size > LARGEST_MEMBER_BYTES:
            raise MemberProblem("too_large", f"{variant.file} has {size} bytes; under 8 GiB fit. Send it in parts.")
        if size <= HELD_BYTES:
            whole = not variant.offset and variant.length is None
            payload = member.read_all() if whole else member.slice(variant.offset or 0, size)
            return Content(variant, content_type, size, hashlib.sha256(payload).digest(), payload, None)
        digest = hashlib.sha256()
        for chunk in _chunks(member, variant, size):
            digest.update(chunk)
            self._say_alive()
        return Content(variant, content_type, size, digest.digest(), None, member, self._say_alive)

    def _say_alive(self) -> None:
        now = time.monotonic()
        if self._alive is not None and now - self._said_alive >= LOOK_SECONDS:
            self._said_alive = now
            self._alive()


def _selected_size(member: MemberFile, variant: DraftVariant) -> int:
    offset = variant.offset or 0
    length = member.size_bytes - offset if variant.length is None else variant.length
    if offset < 0 or length < 0 or offset + length > member.size_bytes:
        raise MemberProblem(
            "outside_file",
            f"Bytes {offset} to {offset + max(length, 0)} lie outside {variant.file}, which has {member.size_bytes}. "
            "Mend offset and length.",
        )
    return length


def _chunks(member: MemberFile, variant: DraftVariant, size: int) -> Iterator[bytes]:
    if not variant.offset and variant.length is None:
        yield from member.chunks(CHUNK_BYTES)
        return
    at, left = variant.offset or 0, size
    while left:
        chunk = member.slice(at, min(left, CHUNK_BYTES))
        yield chunk
        at, left = at + len(chunk), left - len(chunk)
