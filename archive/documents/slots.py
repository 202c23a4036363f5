"""Typed slots: which one a new searchable field gets (model.md §2)."""

from __future__ import annotations

from archive.documents.models import IndexField
from archive.documents.models.communications import DATE_SLOTS, NUMBER_SLOTS, TEXT_SLOTS

_SLOTS = {"text": TEXT_SLOTS, "number": NUMBER_SLOTS, "date": DATE_SLOTS}


class NoSlotLeftError(ValueError):
    """All slots of a type are taken."""


def choose_slot(kind: str) -> str:
    """Return the first slot of a type that no field has, retired ones included: their values are still there.

    Errors: NoSlotLeftError.
    """
    taken = set(IndexField.objects.exclude(slot="").values_list("slot", flat=True))
    for slot in _SLOTS[kind]:
        if slot not in taken:
            return slot
    raise NoSlotLeftError(f"All {len(_SLOTS[kind])} searchable {kind} fields are taken. Make this one not searchable.")
