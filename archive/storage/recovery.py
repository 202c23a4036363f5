"""After a crash: what was being written and never registered is nobody's, and goes."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from archive.storage.deletion import DELETING
from archive.storage.models import Location, WriteIntent
from archive.storage.tiers import store_of

FORGOTTEN_AFTER = timedelta(hours=24)


def clear_broken_off(*, reference: str | None = None) -> int:
    """Remove what broken-off writes left behind; returns how many keys were cleared. Safe to repeat.

    Shapes: with `reference`, those of one load, which its resuming worker owns alone; without, all older than a day.
    """
    intents = WriteIntent.objects.select_related("tier").exclude(reference=DELETING)
    if reference is not None:
        intents = intents.filter(reference=reference)
    else:
        intents = intents.filter(created_at__lt=timezone.now() - FORGOTTEN_AFTER)
    cleared = 0
    for intent in list(intents):
        with transaction.atomic():
            registered = Location.objects.filter(tier=intent.tier, key=intent.key).exists()
            mine, _ = WriteIntent.objects.filter(pk=intent.pk).delete()
            if registered or not mine:
                continue
            store_of(intent.tier).discard_unfinished(intent.key)
        cleared += 1
    return cleared
