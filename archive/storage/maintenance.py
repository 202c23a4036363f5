"""Recurring care of the store, as background work."""

from __future__ import annotations

from typing import Any

from archive.storage.deletion import finish_deletions
from archive.storage.locking import renew_locks
from archive.storage.merging import delete_merged_packs, merge_small_packs
from archive.storage.recovery import clear_broken_off
from archive.storage.repair import repair_damaged
from archive.work.leases import Lease


def run_merge(lease: Lease) -> dict[str, Any]:
    """Clear broken-off writes, repair what is damaged, delete what was merged, renew locks, merge small packs.

    Packs are deleted before others are merged: so one that was merged stays until the next run, for readers who still
    have its locator.
    """
    cleared = clear_broken_off()
    lease.heartbeat()
    repaired = repair_damaged(actor=lease.actor, heartbeat=lease.heartbeat)
    lease.heartbeat()
    deleted = finish_deletions() + delete_merged_packs(actor=lease.actor, heartbeat=lease.heartbeat)
    lease.heartbeat()
    renewed = renew_locks(actor=lease.actor, heartbeat=lease.heartbeat)
    merged = merge_small_packs(actor=lease.actor, heartbeat=lease.heartbeat)
    return {"cleared": cleared, "repaired": repaired, "deleted": deleted, "merged": merged, "renewed": renewed}
