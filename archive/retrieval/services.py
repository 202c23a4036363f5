"""Bytes out: opened, verified and recorded before the first of them leaves."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any
from uuid import UUID

from archive import audit
from archive.audit.actor import Actor
from archive.audit.rights import require
from archive.audit.verbs import Verb
from archive.documents.locators import locator_of
from archive.documents.models import Communication, Variant
from archive.documents.selectors import get_variant, list_resources
from archive.formats.charset import decode_html
from archive.formats.email_message import Mail
from archive.retrieval.filenames import kind_of
from archive.retrieval.html_view import INLINE_LIMIT_BYTES, HtmlView, Resource, inline_resources
from archive.retrieval.opened import Opened
from archive.retrieval.pdf_layout import is_compact
from archive.storage.contract import StoreError
from archive.storage.models import StoredObject
from archive.storage.reading import Locator, read_whole, stream

VIEW_PERMISSION = "archive.search_communications"
DOWNLOAD_PERMISSION = "archive.download_communications"
SMALL_BYTES = 4 * 1024 * 1024


def open_for_view(
    public_id: UUID, number: int, *, user: Any, actor: Actor, kinds: Collection[str], file: int = 0
) -> Opened:
    """Return a document that is about to be shown; the view is recorded and committed when this returns.

    Shapes: `file` is 0 for the variant itself, else the number of a file inside an e-mail, from 1.
    Errors: DoesNotExist, alike for absent and forbidden, and for one of another kind; PermissionDenied;
    DamagedObjectError and CannotShowError for an e-mail that cannot be looked into.
    """
    require(actor, VIEW_PERMISSION)
    communication, variant = get_variant(public_id, number, user=user)
    opened = Opened.of(communication, variant, file=file)
    if opened.kind not in kinds:
        raise Variant.DoesNotExist  # nothing of it is shown here, so nothing was read
    record_view(communication, variant, actor=actor)
    return opened


def record_view(communication: Communication, variant: Variant, *, actor: Actor) -> None:
    """Record that a variant is looked at, once for each user, variant and quarter of an hour."""
    audit.record_view(
        actor=actor,
        verb=Verb.VARIANT_VIEWED,
        subject=communication,
        part=str(variant.number),
        channel=variant.channel,
        sha256=bytes(variant.sha256).hex(),
    )


def is_fetched_by_ranges(variant: Variant) -> bool:
    """Tell whether the viewer should fetch only the ranges that a page needs: for large PDFs laid out for it.

    Errors: none; of bytes that cannot be read the viewer tells by itself.
    """
    if kind_of(variant.content_type) != "pdf" or variant.length <= SMALL_BYTES:
        return False
    locator = locator_of(variant)
    try:
        return is_compact(lambda start, end: b"".join(stream(locator, start, end)), variant.length)
    except StoreError:
        return False


def open_for_download(
    public_id: UUID, number: int, *, user: Any, actor: Actor, file: int = 0
) -> tuple[Opened, Iterator[bytes]]:
    """Return a document and its verified bytes; the download is recorded and committed when this returns.

    Shapes: `file` as in `open_for_view`.
    Errors: DoesNotExist; PermissionDenied; DamagedObjectError and CannotShowError, after which nothing was recorded as
    downloaded.
    """
    return _take(public_id, number, user=user, actor=actor, file=file, verb=Verb.VARIANT_DOWNLOADED)


def open_for_print(
    public_id: UUID, number: int, *, user: Any, actor: Actor, kinds: Collection[str], file: int = 0
) -> tuple[Opened, Iterator[bytes]]:
    """Return a document that goes to a printer, and its verified bytes; recorded each time, as a download is.

    Errors: those of `open_for_download`; DoesNotExist also for one of another kind.
    """
    return _take(public_id, number, user=user, actor=actor, file=file, verb=Verb.VARIANT_PRINTED, kinds=kinds)


def _take(
    public_id: UUID,
    number: int,
    *,
    user: Any,
    actor: Actor,
    file: int,
    verb: Verb,
    kinds: Collection[str] | None = None,
) -> tuple[Opened, Iterator[bytes]]:
    require(actor, DOWNLOAD_PERMISSION)
    communication, variant = get_variant(public_id, number, user=user)
    opened = Opened.of(communication, variant, file=file)
    if kinds is not None and opened.kind not in kinds:
        raise Variant.DoesNotExist
    chunks = opened.chunks()
    details: dict[str, Any] = {"file": file} if file else {}
    audit.record_read(
        actor=actor,
        verb=verb,
        subject=communication,
        part=str(variant.number),
        channel=variant.channel,
        sha256=bytes(variant.sha256).hex(),
        bytes=opened.size_bytes,
        **details,
    )
    return opened, chunks


def read_range(variant: Variant, start: int, end: int) -> Iterator[bytes]:
    """Yield verified bytes of a range; only the blocks it touches are read."""
    return stream(locator_of(variant), start, end)


def html_view(opened: Opened, *, words: Sequence[str] = (), mail: Mail | None = None) -> HtmlView:
    """Return an HTML document, or the HTML body of an e-mail, with what it refers to inlined and words marked.

    Shapes: `words` as in marking.py; ready to be served under a sandbox.
    Errors: DamagedObjectError, also for a resource.
    """
    text = mail.html if mail else decode_html(opened.payload(), charset_of(opened.content_type))
    return inline_resources(text, _resources_shown(opened, mail), words=words)


def charset_of(content_type: str) -> str:
    """Return the charset that a content type declares, or nothing."""
    return content_type.partition("charset=")[2].strip(' "')


def resources_of(variant: Variant) -> dict[str, Resource]:
    """Return a variant's resources by the name that it uses; those beyond the limit are left out."""
    rows = list_resources(variant.order_key, variant.number)
    objects = StoredObject.objects.in_bulk([row.stored_object_id for row in rows])
    found: dict[str, Resource] = {}
    budget = INLINE_LIMIT_BYTES
    for row in rows:
        stored = objects[row.stored_object_id]
        budget -= stored.size_bytes
        if budget < 0:
            break
        locator = Locator(stored.pk, 0, stored.size_bytes, bytes(stored.sha256))
        found[row.name] = (stored.content_type or "application/octet-stream", read_whole(locator))
    return found


def _resources_shown(opened: Opened, mail: Mail | None) -> dict[str, Resource]:
    """Return what an HTML body may refer to: resources of the variant, and parts of the e-mail by `cid:`.

    Errors: DamagedObjectError.
    """
    found = {} if opened.file else resources_of(opened.variant)
    if mail is not None:
        for part in (*mail.inline, *mail.attachments):
            if part.content_id:
                found[f"cid:{part.content_id}"] = (part.content_type, part.payload)
    return found
