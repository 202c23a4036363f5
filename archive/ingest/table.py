"""Bulk insertion and change from one table description: the same rows go in by `executemany` on SQLite.

Django's `bulk_create` builds an object and an expression for every value, which halves the speed of a load.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection, models


class Table:
    """Some columns of a model, in the order in which rows give their values.

    Shapes: values are what the database stores: bytes for public ids and digests, ISO text for dates and instants.
    """

    def __init__(self, model: type[models.Model], columns: Sequence[str]) -> None:
        fields = {field.attname: field for field in model._meta.concrete_fields}
        names = [connection.ops.quote_name(str(fields[column].column)) for column in columns]
        places = ", ".join(["%s"] * len(names))
        table = connection.ops.quote_name(model._meta.db_table)
        self.columns = tuple(columns)
        self.insert_sql = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places})"  # noqa: S608  (names of ours)

    def insert(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert the rows in the transaction that is open; none is fine."""
        if rows:
            with connection.cursor() as cursor:
                cursor.executemany(self.insert_sql, rows)


class Change:
    """An update of some columns of rows that are named by others, which are a key.

    Shapes: rows give the new values first, then the key's; values as in `Table`.
    """

    def __init__(self, model: type[models.Model], columns: Sequence[str], key: Sequence[str]) -> None:
        fields = {field.attname: field for field in model._meta.concrete_fields}

        def equal(names: Sequence[str], joint: str) -> str:
            return joint.join(f"{connection.ops.quote_name(str(fields[name].column))} = %s" for name in names)

        table = connection.ops.quote_name(model._meta.db_table)
        self.update_sql = f"UPDATE {table} SET {equal(columns, ', ')} WHERE {equal(key, ' AND ')}"  # noqa: S608  (names of ours)

    def apply(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Change the rows in the transaction that is open; none is fine."""
        if rows:
            with connection.cursor() as cursor:
                cursor.executemany(self.update_sql, rows)
