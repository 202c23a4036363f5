"""Append-only and protected tables, held by triggers: declared once, made again by every migrate, compared at start.

Django rebuilds tables on SQLite for some migrations and silently drops their triggers (model.md §13), so none of them
is part of a migration.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

PREFIX = "vellum_"


@dataclass(frozen=True, slots=True)
class Protection:
    """What may not happen to a table's rows.

    Shapes: `columns` are those that never change, None for all of them; `keys` are the unique keys, each of one or more
    columns, by which INSERT OR REPLACE could swap a row.
    """

    table: str
    columns: tuple[str, ...] | None
    delete_refused: bool
    keys: tuple[tuple[str, ...], ...] = ()


class MissingTriggerError(Exception):
    """A trigger is missing, is not as declared or was not declared at all; the message names it."""


_protections: dict[str, Protection] = {}


def protect(
    table: str,
    *,
    columns: Iterable[str] | None = None,
    delete_refused: bool = True,
    keys: Iterable[tuple[str, ...]] = (),
) -> None:
    """Declare a table protected; called at start-up.

    Shapes: `columns` None protects all. `keys` are all unique keys of the table, the primary key among them: where they
    are given, INSERT OR REPLACE is refused also on connections without `recursive_triggers`.
    """
    unchanged = None if columns is None else tuple(columns)
    _protections[table] = Protection(table, unchanged, delete_refused, tuple(keys))


def statements() -> dict[str, str]:
    """Return the CREATE TRIGGER statement of every trigger, by name, for SQLite."""
    made: dict[str, str] = {}
    for protection in _protections.values():
        table = protection.table
        columns = "" if protection.columns is None else f" OF {', '.join(protection.columns)}"
        name = f"{PREFIX}{table}_no_update"
        made[name] = (
            f"CREATE TRIGGER {name} BEFORE UPDATE{columns} ON {table} BEGIN "
            f"SELECT RAISE(ABORT, '{table}: rows are never changed'); END"
        )
        if protection.delete_refused:
            name = f"{PREFIX}{table}_no_delete"
            made[name] = (
                f"CREATE TRIGGER {name} BEFORE DELETE ON {table} BEGIN "
                f"SELECT RAISE(ABORT, '{table}: rows are never deleted'); END"
            )
        if protection.keys:
            name = f"{PREFIX}{table}_no_replace"
            known = " OR ".join(_row_with(table, key) for key in protection.keys)
            made[name] = (
                f"CREATE TRIGGER {name} BEFORE INSERT ON {table} WHEN {known} BEGIN "
                f"SELECT RAISE(ABORT, '{table}: rows are never replaced'); END"
            )
    return made


def _row_with(table: str, key: tuple[str, ...]) -> str:
    same = " AND ".join(f"{column} = NEW.{column}" for column in key)
    return f"EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608  (names of ours)


def install(connection: Any) -> None:
    """Make every declared trigger whose table exists, as declared; drop any other on a protected table."""
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        present = _present(cursor)
        declared = {name: sql for name, sql in statements().items() if _table_of(sql) in tables}
        for name, sql in present.items():
            if declared.get(name) != sql:
                cursor.execute(f"DROP TRIGGER {connection.ops.quote_name(name)}")
        for name, sql in declared.items():
            if present.get(name) != sql:
                cursor.execute(sql)


def verify(connection: Any) -> None:
    """Compare the triggers of the protected tables with what is declared.

    Errors: MissingTriggerError names those that are missing, altered, or not ours: one that ignores inserts would
    silence the log.
    """
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        present = _present(cursor)
    declared = statements()
    wrong = sorted(name for name in {*declared, *present} if present.get(name) != declared.get(name))
    if wrong:
        raise MissingTriggerError(
            f"These triggers are missing, altered or not ours: {', '.join(wrong)}. Find out who did it; "
            '"manage.py migrate" puts them right again.'
        )


def _present(cursor: Any) -> dict[str, str]:
    """Return the statements of all triggers that are ours by name or lie on a protected table."""
    cursor.execute("SELECT name, sql, tbl_name FROM sqlite_master WHERE type = 'trigger'")
    return {
        name: sql for name, sql, table in cursor.fetchall() if name.startswith(PREFIX) or table.lower() in _protections
    }


def _table_of(sql: str) -> str:
    return sql.partition(" ON ")[2].split()[0]
