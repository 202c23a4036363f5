"""SQLite as several writers need it: WAL, synchronous=FULL, and a fair wait for the one write lock.

SQLite's own busy handler sleeps 1, 2, 5 … 100 ms and starves whoever waits longest. Here a writer tries BEGIN IMMEDIATE
again every few milliseconds with jitter, so that a bulk load that commits every 100 ms lets readers' audit inserts in.
Figures: README, bench table.
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import OperationalError
from django.db.backends.sqlite3 import base
from django.db.backends.sqlite3.schema import DatabaseSchemaEditor as SQLiteSchemaEditor
from django.db.models import CompositePrimaryKey

GIVE_UP_SECONDS = 60.0
SHORTEST_WAIT, LONGEST_WAIT = 0.002, 0.006
Result = TypeVar("Result")


def _is_busy(error: Exception) -> bool:
    return "database is locked" in str(error) or "database table is locked" in str(error)


def patiently(attempt: Callable[[], Result]) -> Result:
    """Call until the write lock is ours.

    Errors: OperationalError after a minute, with what to do.
    """
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while True:
        try:
            return attempt()
        except (sqlite3.OperationalError, OperationalError) as error:
            if not _is_busy(error):
                raise
            if time.monotonic() > deadline:
                raise OperationalError(
                    f"The database was busy for {GIVE_UP_SECONDS:.0f} seconds. Another process holds its write lock: "
                    "look for one that hangs, then try again."
                ) from error
        time.sleep(random.uniform(SHORTEST_WAIT, LONGEST_WAIT))  # noqa: S311  (jitter, no secret)


class PatientCursor(base.SQLiteCursorWrapper):
    """A cursor that waits for the write lock when a single statement writes outside of a transaction."""

    def execute(self, query: str, params: Any = None) -> Any:
        """Run a statement; inside a transaction the lock is ours already."""
        if self.connection.in_transaction:
            return super().execute(query, params)
        return patiently(lambda: super(PatientCursor, self).execute(query, params))

    def executemany(self, query: str, param_list: Any) -> Any:
        """Run a statement for many rows; inside a transaction the lock is ours already."""
        if self.connection.in_transaction:
            return super().executemany(query, param_list)
        rows = list(param_list)
        return patiently(lambda: super(PatientCursor, self).executemany(query, rows))


class DatabaseSchemaEditor(SQLiteSchemaEditor):
    """Tables with a composite primary key are WITHOUT ROWID: they are the index that they need (DECISIONS 3)."""

    def table_sql(self, model: Any) -> tuple[str, Any]:
        """Return the CREATE TABLE statement."""
        sql, params = super().table_sql(model)
        if isinstance(model._meta.pk, CompositePrimaryKey):
            sql += " WITHOUT ROWID"
        return sql, params


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's SQLite back end with our settings and our wait."""

    SchemaEditorClass = DatabaseSchemaEditor

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Open a connection and set it up."""
        known = {key: value for key, value in conn_params.items() if key != "cache_mb"}
        connection = super().get_new_connection({**known, "timeout": 0})
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "recursive_triggers = ON",
            "wal_autocheckpoint = 8000",
            "temp_store = MEMORY",
            f"cache_size = -{conn_params.get('cache_mb', 64) * 1000}",
        ):
            patiently(lambda pragma=pragma: connection.execute(f"PRAGMA {pragma}"))  # type: ignore[misc]
        return connection

    def create_cursor(self, name: str | None = None) -> Any:
        """Return a patient cursor."""
        return self.connection.cursor(factory=PatientCursor)

    def _start_transaction_under_autocommit(self) -> None:
        """Begin, waiting for the write lock by our own rule."""
        patiently(lambda: self.connection.execute("BEGIN IMMEDIATE"))
