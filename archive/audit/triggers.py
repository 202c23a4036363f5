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

    Shapes: `delete` False lets nobody delete; `columns` are those that never change, None for all of them.
    """

    table: str
    columns: tuple[str, ...] | None
    delete_refused: bool
    insert_guard: str = ""


class MissingTriggerError(Exception):
    """A trigger is missing or is not as declared; the message names it."""


_protections: dict[str, Protection] = {}


def protect(table: str, *, columns: Iterable[str] | None = None, delete_refused: bool = True, key: str = "") -> None:
    """Declare a table protected; called at start-up.

    Shapes: `columns` None protects all. `key` names the unique column by which REPLACE could swap a row.
    """
    _protections[table] = Protection(table, None if columns is None else tuple(columns), delete_refused, key)


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
        if protection.insert_guard:
            name = f"{PREFIX}{table}_no_replace"
            key = protection.insert_guard
            known = f"SELECT 1 FROM {table} WHERE {key} = NEW.{key}"  # noqa: S608  (names of ours)
            made[name] = (
                f"CREATE TRIGGER {name} BEFORE INSERT ON {table} WHEN EXISTS ({known}) BEGIN "
                f"SELECT RAISE(ABORT, '{table}: rows are never replaced'); END"
            )
    return made


def install(connection: Any) -> None:
    """Make every declared trigger whose table exists, as declared."""
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        present = _present(cursor)
        declared = {name: sql for name, sql in statements().items() if _table_of(sql) in tables}
        for name, sql in present.items():
            if declared.get(name) != sql:
                cursor.execute(f"DROP TRIGGER {name}")
        for name, sql in declared.items():
            if present.get(name) != sql:
                cursor.execute(sql)


def verify(connection: Any) -> None:
    """Compare the triggers with what is declared.

    Errors: MissingTriggerError names those that are missing or altered.
    """
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        present = _present(cursor)
    wrong = sorted(name for name, sql in statements().items() if present.get(name) != sql)
    if wrong:
        raise MissingTriggerError(
            f"These triggers are missing or altered: {', '.join(wrong)}. Find out who did it; "
            '"manage.py migrate" makes them again.'
        )


def _present(cursor: Any) -> dict[str, str]:
    cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE %s", [f"{PREFIX}%"])
    return dict(cursor.fetchall())


def _table_of(sql: str) -> str:
    return sql.partition(" ON ")[2].split()[0]
