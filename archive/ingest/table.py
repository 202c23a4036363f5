"""Bulk insertion from one table description: the same rows go in by `executemany` on SQLite.

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
