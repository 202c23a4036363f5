"""Recurring care of the store, as background work."""

from __future__ import annotations

from typing import Any

from archive.storage.deletion import finish_deletions
from archive.storage.merging import delete_merged_packs, merge_small_packs
from archive.storage.recovery import clear_broken_off
from archive.work.leases import Lease


def run_merge(lease: Lease) -> dict[str, Any]:
    """Clear what broken-off writes left, merge small packs, delete merged ones whose lock has ended."""
    cleared = clear_broken_off()
    lease.heartbeat()
    merged = merge_small_packs(actor=lease.actor)
    lease.heartbeat()
    deleted = finish_deletions() + delete_merged_packs(actor=lease.actor)
    return {"cleared": cleared, "merged": merged, "deleted": deleted}
