"""What a reader yields and what validation makes of it: the shapes that every incoming format shares."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    from archive.ingest.catalogue import ClassInfo, UnitInfo


@dataclass(slots=True, frozen=True)
class Problem:
    """Why a record is set aside: a code for programs, the field, and a sentence that says what to do."""

    code: str
    field: str
    reason: str


class MemberProblem(Exception):  # noqa: N818  (told of a record, not of the program)
    """A member of a package cannot be used."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class SourceError(Exception):
    """The package as a whole cannot be read; the message says why and what to do."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(slots=True)
class RawRecord:
    """One record of a manifest, in its order.

    Shapes: `ordinal` counts records from 0, `line` lines of the manifest from 1; `raw` is the line as it came, at most
    1 MiB of it; `data` is None when `problem` says why it could not be parsed.
    """

    ordinal: int
    line: int
    raw: bytes
    data: dict[str, Any] | None
    problem: Problem | None = None


@dataclass(slots=True)
class DraftParty:
    """A person the communication concerns."""

    role: str = ""
    customer_id: str = ""
    name: str = ""
    postcode: str = ""
    address: str = ""
    details: dict[str, Any] | None = None


@dataclass(slots=True)
class DraftVariant:
    """One channel's form: a member of the package, a range of one, or a text.

    Shapes: `viewing` is a rendition for reading that came with it: (file, content type, tool, its version).
    """

    channel: str
    content_type: str = ""
    file: str | None = None
    offset: int | None = None
    length: int | None = None
    text: bytes | None = None
    sha256: bytes | None = None
    pages: int | None = None
    queue: str = ""
    queue_file: str = ""
    producer_ref: str = ""
    recipient_party: int | None = None
    recipient_address: str = ""
    resources: list[str] = field(default_factory=list)
    viewing: tuple[str, str, str, str] | None = None


@dataclass(slots=True)
class Draft:
    """A validated record, not yet part of the archive.

    Shapes: `slots` holds by slot what the database stores, days as ISO text; `multiple` (field id, folded value);
    `replaces` (external id, reason).
    """

    ordinal: int
    line: int
    raw: bytes
    producer_key: str
    external_id: str
    unit: UnitInfo
    document_class: ClassInfo
    issued_on: datetime.date
    batch: str = ""
    run_sequence: int | None = None
    sequence: int | None = None
    subject: str = ""
    language: str = ""
    customer_id: str = ""
    account_number: str = ""
    parties: list[DraftParty] = field(default_factory=list)
    variants: list[DraftVariant] = field(default_factory=list)
    slots: dict[str, Any] = field(default_factory=dict)
    index_values: dict[str, Any] = field(default_factory=dict)
    multiple: list[tuple[int, str]] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    assets: list[Any] = field(default_factory=list)
    replaces: tuple[str, str] | None = None


class MemberFile(Protocol):
    """One file of a package."""

    size_bytes: int

    def read_all(self) -> bytes:
        """Return all bytes. Errors: MemberProblem."""

    def chunks(self, size: int) -> Iterator[bytes]:
        """Yield the bytes in pieces of at most `size`. Errors: MemberProblem."""

    def slice(self, offset: int, length: int) -> bytes:
        """Return part of the bytes. Errors: MemberProblem."""


class Source(Protocol):
    """An opened package.

    Shapes: `problem` says, after reading, what was wrong
    with the package as a whole although its records were read (a truncated archive, say).
    """

    name: str
    total_bytes: int

    @property
    def problem(self) -> str:
        """Return what was wrong with the package as a whole, or nothing."""

    def __enter__(self) -> Self:
        """Use it in a with statement, which closes it."""

    def __exit__(self, *error: object) -> None:
        """Close it."""

    def count_records(self) -> int | None:
        """Return how many records there are, or None where that is not cheap to know."""

    def records(self, start: int) -> Iterator[RawRecord]:
        """Yield the records from ordinal `start` on."""

    def open(self, name: str) -> MemberFile:
        """Return a member. Errors: MemberProblem when it is missing, no regular file, or lies outside."""
