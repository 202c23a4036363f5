"""A document that is read: a variant, or a file inside one that is an e-mail."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from archive.documents.locators import locator_of
from archive.documents.models import Communication, Variant
from archive.formats.email_message import Mail, Part, parse_mail
from archive.retrieval.filenames import attachment_name, download_name, kind_of
from archive.retrieval.limited import CannotShowError, TooSlowError, run_worker
from archive.retrieval.read_mail import from_plain
from archive.storage.contract import StoreError
from archive.storage.reading import DamagedObjectError, read_whole, stream

LARGEST_MAIL_BYTES = 64 * 1024 * 1024
ORDINARY_HEADER_BYTES, LONG_HEADER_BYTES, LONG_HEADERS_BYTES = 200, 2_000, 20_000
_HEADER = re.compile(rb"^[!-9;-~]{1,80}:[^\n]*(?:\n[ \t][^\n]*)*", re.MULTILINE)
_BROKEN = gettext_lazy("This email cannot be shown: it is broken. The stored file is as it was sent; download it.")


@dataclass(frozen=True, slots=True)
class Opened:
    """A document, whatever it lies in.

    Shapes: `file` is 0 for the variant itself, else the number of the file in the e-mail, from 1, and `part` that file.
    Units: `size_bytes` is what its bytes count.
    """

    communication: Communication
    variant: Variant
    file: int = 0
    part: Part | None = None

    @classmethod
    def of(cls, communication: Communication, variant: Variant, *, file: int = 0) -> Self:
        """Return a variant, or a file of it.

        Errors: DoesNotExist for a file that is not there; those of `mail_of` where one is asked for.
        """
        if not file:
            return cls(communication, variant)
        if kind_of(variant.content_type) != "mail":
            raise Variant.DoesNotExist
        files = mail_of(cls(communication, variant)).attachments
        if not 1 <= file <= len(files):
            raise Variant.DoesNotExist
        return cls(communication, variant, file, files[file - 1])

    @property
    def content_type(self) -> str:
        """Return what it was declared as."""
        return self.part.content_type if self.part else self.variant.content_type

    @property
    def kind(self) -> str:
        """Return how it is shown."""
        return kind_of(self.content_type)

    @property
    def size_bytes(self) -> int:
        """Return its size."""
        return len(self.part.payload) if self.part else self.variant.length

    @property
    def name(self) -> str:
        """Return the name under which it leaves: ours for what was archived, its own for a file of an e-mail."""
        if self.part:
            return attachment_name(self.part.name, self.part.content_type)
        return download_name(
            record_number=self.communication.record_number,
            channel=self.variant.channel,
            content_type=self.variant.content_type,
            file_name=self.variant.file_name,
        )

    def chunks(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Return verified bytes of a range; the first block is verified when this returns.

        Errors: DamagedObjectError.
        """
        if self.part:
            return iter([self.part.payload[start:end]])
        return stream(locator_of(self.variant), start, self.variant.length if end is None else end)

    def payload(self) -> bytes:
        """Return all of it. Errors: DamagedObjectError."""
        return self.part.payload if self.part else read_whole(locator_of(self.variant))


def told_of(error: StoreError | CannotShowError) -> str:
    """Return what a reader is told of an error; what only the store knows of, such as its keys, is for operations."""
    if isinstance(error, CannotShowError | DamagedObjectError):
        return str(error)
    return _("The document cannot be read now. Try again in a moment.")


def mail_of(opened: Opened) -> Mail:
    """Return an e-mail, read as far as it goes.

    Errors: DamagedObjectError; CannotShowError for one that is too large, or nested beyond all reason.
    """
    if opened.size_bytes > LARGEST_MAIL_BYTES:
        raise CannotShowError(_("This email is too large to be shown. The stored file is as it was sent; download it."))
    payload = opened.payload()
    try:
        return parse_mail(payload) if _has_plain_headers(payload) else _read_apart(payload)
    except (RecursionError, MemoryError, TooSlowError):
        raise CannotShowError(_BROKEN) from None


def _has_plain_headers(payload: bytes) -> bool:
    """Tell whether no header is so long that to parse it may take long: the library's time grows with the square."""
    long = [len(found.group()) for found in _HEADER.finditer(payload) if len(found.group()) > ORDINARY_HEADER_BYTES]
    return max(long, default=0) <= LONG_HEADER_BYTES and sum(long) <= LONG_HEADERS_BYTES


def _read_apart(payload: bytes) -> Mail:
    """Read an e-mail in a process with limits. Errors: TooSlowError; CannotShowError."""
    code, answer = run_worker("read_mail", payload=payload)
    if code:
        raise CannotShowError(_BROKEN)
    return from_plain(json.loads(answer))
