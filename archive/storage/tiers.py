"""Tiers and their stores."""

from __future__ import annotations

from typing import cast

from django.core.files.storage import storages

from archive.storage.contract import Store
from archive.storage.models import Tier


def default_tier() -> Tier:
    """Return the tier that new objects go to; an installation that configured none gets the local one."""
    tier = Tier.objects.filter(is_default=True).order_by("pk").first()
    if tier is None:
        tier, _ = Tier.objects.get_or_create(
            key="primary", defaults={"label": "Local files", "store": "local", "is_default": True}
        )
    return tier


def store_of(tier: Tier) -> Store:
    """Return the store of a tier, as configured in STORAGES."""
    return cast(Store, storages[tier.store])
