"""The raw limit: the same bytes read, hashed, written and synced, then the same rows by bare `executemany`."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

SYNC_BYTES = 64 * 1024 * 1024
ROWS = 500
TABLES = (
    "archive_communication",
    "archive_ingestkey",
    "archive_variant",
    "archive_person",
    "archive_persontoken",
    "archive_party",
    "archive_multiplevalue",
    "archive_variantresource",
    "archive_communicationlink",
)
KEY = {"archive_communicationlink": "from_key"}


def raw_seconds(package: Path, loaded: Path, before: Path, scratch: Path, *, load_id: int, cache_mb: int) -> float:
    """Return how long the bare work takes that a load did.

    Shapes: `loaded` is the database after the load, `before` a copy of it as it was before; `before` gets the rows.
    """
    rows = _rows(loaded, load_id)
    started = time.perf_counter()
    _bytes(package, scratch)
    with closing(sqlite3.connect(before, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("PRAGMA wal_autocheckpoint = 8000")
        database.execute(f"PRAGMA cache_size = -{cache_mb * 1000}")
        _insert(database, rows)
    return time.perf_counter() - started


def _bytes(package: Path, scratch: Path) -> None:
    """Read each member of the tar, hash it, write it, and sync every 64 MiB."""
    unsynced = 0
    with package.open("rb") as source, (scratch / "raw.bytes").open("wb") as target:
        while len(header := source.read(512)) == 512 and header != bytes(512):
            size = int(header[124:135], 8)
            payload = source.read((size + 511) // 512 * 512)[:size]
            hashlib.sha256(payload).digest()
            target.write(payload)
            unsynced += size
            if unsynced >= SYNC_BYTES:
                target.flush()
                os.fsync(target.fileno())
                unsynced = 0
        target.flush()
        os.fsync(target.fileno())
    (scratch / "raw.bytes").unlink()


def _rows(loaded: Path, load_id: int) -> dict[str, list[tuple[Any, ...]]]:
    """Read back what the load inserted, each table in the order of the records."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    with closing(sqlite3.connect(loaded)) as database:
        mine = "SELECT order_key FROM archive_communication WHERE load_id = ?"
        order = database.execute(f"{mine} ORDER BY load_position", (load_id,)).fetchall()
        position = {order_key: number for number, (order_key,) in enumerate(order)}
        for table in TABLES:
            key = KEY.get(table, "order_key")
            # No join: not all of these tables have an index that begins with the key, and a loop would take minutes.
            sql = f"SELECT {key}, * FROM {table} WHERE +{key} IN ({mine})"
            rows = database.execute(sql, (load_id,)).fetchall()
            found[table] = [row[1:] for row in sorted(rows, key=lambda row: position[row[0]])]
    return found


def _insert(database: sqlite3.Connection, rows: dict[str, list[tuple[Any, ...]]]) -> None:
    count = max(len(rows["archive_communication"]), 1)
    for start in range(0, count, ROWS):
        database.execute("BEGIN IMMEDIATE")
        for table, values in rows.items():
            first, last = len(values) * start // count, len(values) * min(start + ROWS, count) // count
            part = values[first:last]
            if part:
                places = ", ".join("?" * len(part[0]))
                database.executemany(f"INSERT INTO {table} VALUES ({places})", part)
        database.execute("COMMIT")
