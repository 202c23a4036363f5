"""A reserve on the disk of the database: loads end before it is used up, so that people can still work (F-13)."""

from __future__ import annotations

import shutil

from django.conf import settings

from archive.storage.contract import StoreFullError

MIB = 1024 * 1024


def leave_reserve() -> None:
    """Refuse to go on writing in bulk where less than the reserve is free: signing in and reading write events, too.

    Units: RESERVE_MB is in MiB; 0 turns this off.
    Errors: StoreFullError; a load that gets it has failed, keeps what is committed and can be resumed.
    """
    reserve: int = settings.RESERVE_MB
    if shutil.disk_usage(settings.DATA_DIR).free < reserve * MIB:
        raise StoreFullError(
            f"No space is left on the disk of DATA_DIR but the reserve of {reserve} MB. Free some; the load can then "
            "be resumed."
        )
