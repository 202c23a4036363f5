"""Bytes out: opened, verified and recorded before the first of them leaves."""

from __future__ import annotations

from collections.abc import Collection, Iterator
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
from archive.retrieval.filenames import kind_of
from archive.retrieval.html_view import INLINE_LIMIT_BYTES, HtmlView, Resource, inline_resources
from archive.retrieval.pdf_layout import is_compact
from archive.storage.contract import StoreError
from archive.storage.models import StoredObject
from archive.storage.reading import Locator, read_whole, stream

VIEW_PERMISSION = "archive.search_communications"
DOWNLOAD_PERMISSION = "archive.download_communications"
TEXT_LIMIT_BYTES = 4 * 1024 * 1024
SMALL_BYTES = 4 * 1024 * 1024


def open_for_view(
    public_id: UUID, number: int, *, user: Any, actor: Actor, kinds: Collection[str]
) -> tuple[Variant, str]:
    """Return a variant that is about to be shown, with its kind; the view is recorded and committed when this returns.

    Errors: DoesNotExist, alike for absent and forbidden, and for one of another kind; PermissionDenied.
    """
    require(actor, VIEW_PERMISSION)
    communication, variant = get_variant(public_id, number, user=user)
    kind = kind_of(variant.content_type)
    if kind not in kinds:
        raise Variant.DoesNotExist  # nothing of it is shown here, so nothing was read
    record_view(communication, variant, actor=actor)
    return variant, kind


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
    public_id: UUID, number: int, *, user: Any, actor: Actor
) -> tuple[Communication, Variant, Iterator[bytes]]:
    """Return a variant and its verified bytes; the download is recorded and committed when this returns.

    Errors: DoesNotExist; PermissionDenied; DamagedObjectError, after which nothing was recorded as downloaded.
    """
    require(actor, DOWNLOAD_PERMISSION)
    communication, variant = get_variant(public_id, number, user=user)
    chunks = stream(locator_of(variant), 0, variant.length)
    audit.record_read(
        actor=actor,
        verb=Verb.VARIANT_DOWNLOADED,
        subject=communication,
        part=str(variant.number),
        channel=variant.channel,
        sha256=bytes(variant.sha256).hex(),
        bytes=variant.size_bytes,
    )
    return communication, variant, chunks


def read_range(variant: Variant, start: int, end: int) -> Iterator[bytes]:
    """Yield verified bytes of a range; only the blocks it touches are read."""
    return stream(locator_of(variant), start, end)


def html_view(variant: Variant) -> HtmlView:
    """Return an HTML variant with its resources inlined, ready to be served under a sandbox.

    Errors: DamagedObjectError, also for a resource.
    """
    text = decode_html(read_whole(locator_of(variant)))
    return inline_resources(text, resources_of(variant))


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


def text_of(variant: Variant) -> tuple[str, bool]:
    """Return the text of a plain-text variant, and whether it was cut after 4 MiB."""
    end = min(variant.length, TEXT_LIMIT_BYTES)
    payload = b"".join(read_range(variant, 0, end))
    charset = variant.content_type.partition("charset=")[2].strip(' "')
    return decode_html(payload, charset), end < variant.length
