"""Where documents lie; and what documents tell storage, so that packs can be merged and bytes deleted safely."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from django.db import connection
from django.db.models import Max

from archive.documents.models import Communication, Rendition, Variant, VariantResource
from archive.documents.names import member_name
from archive.storage.holders import Held, register_locator_holder
from archive.storage.reading import Locator

OWNERS_AT_ONCE = 500
_REPOINT = """
    UPDATE archive_variant SET stored_object_id = %s, "offset" = %s
    WHERE order_key = %s AND number = %s AND stored_object_id = %s
"""


def locator_of(variant: Variant) -> Locator:
    """Return where a variant's bytes lie and what they must be."""
    blocks = bytes(variant.blocks) if variant.blocks is not None else None
    return Locator(variant.stored_object_id, variant.offset, variant.length, bytes(variant.sha256), blocks)


class VariantHolder:
    """Variants point into packs."""

    def held(self, object_id: int) -> list[Held]:
        """Return the variants in an object, in order of offset."""
        rows = list(Variant.objects.filter(stored_object_id=object_id).order_by("offset"))
        held: list[Held] = []
        for at in range(0, len(rows), OWNERS_AT_ONCE):
            part = rows[at : at + OWNERS_AT_ONCE]
            owners = Communication.objects.only("public_id", "retain_until").in_bulk({row.order_key for row in part})
            held += [_held(row, owners[row.order_key]) for row in part]
        return held

    def repoint(self, object_id: int, moves: Sequence[tuple[tuple[int, ...], int, int]]) -> int:
        """Point variants to another object, by one statement that is prepared once; whoever calls slices them."""
        rows = [(new_object, offset, *reference, object_id) for reference, new_object, offset in moves]
        with connection.cursor() as cursor:
            cursor.executemany(_REPOINT, rows)
            return int(cursor.rowcount)

    def latest_retain_until(self, object_id: int) -> datetime.date | None:
        """Return the latest date of all communications with a variant in an object."""
        keys = Variant.objects.filter(stored_object_id=object_id).values("order_key")
        latest: datetime.date | None = Communication.objects.filter(order_key__in=keys).aggregate(
            latest=Max("retain_until")
        )["latest"]
        return latest

    def points_to(self, object_id: int) -> bool:
        """Tell whether a variant lies in an object."""
        return Variant.objects.filter(stored_object_id=object_id).exists()


class ResourceHolder:
    """Resources and renditions are objects of their own: never moved here, and kept as long as their last user."""

    def held(self, object_id: int) -> list[Held]:
        """Return nothing: resources lie outside packs."""
        return []

    def repoint(self, object_id: int, moves: Sequence[tuple[tuple[int, ...], int, int]]) -> int:
        """Point nothing elsewhere."""
        return 0

    def latest_retain_until(self, object_id: int) -> datetime.date | None:
        """Return nothing: resources have no lock of their own."""
        return None

    def points_to(self, object_id: int) -> bool:
        """Tell whether a variant needs this resource, or has it as its rendition."""
        return (
            VariantResource.objects.filter(stored_object_id=object_id).exists()
            or Rendition.objects.filter(stored_object_id=object_id).exists()
        )


def _held(row: Variant, owner: Communication) -> Held:
    return Held(
        reference=(row.order_key, row.number),
        name=member_name(owner.public_id, row.number, row.content_type),
        offset=row.offset,
        length=row.length,
        sha256=bytes(row.sha256),
        blocks=bytes(row.blocks) if row.blocks is not None else None,
        content_type=row.content_type,
        retain_until=owner.retain_until,
    )


def register() -> None:
    """Register both holders, at start-up."""
    register_locator_holder(VariantHolder())
    register_locator_holder(ResourceHolder())
