"""What an installation holds, to tell that something changed nothing."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection


def rows() -> dict[str, str]:
    """Return the digest of all rows of every table, by table."""
    found: dict[str, str] = {}
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            table = model._meta.db_table
            cursor.execute(f'SELECT * FROM "{table}"')
            found[table] = hashlib.sha256(repr(sorted(map(repr, cursor.fetchall()))).encode()).hexdigest()
    return found


def files(folder: Path | None = None) -> dict[str, tuple[int, int]]:
    """Return size and time of last change of every file of the data folder but the database's own, by name."""
    root = folder or Path(settings.DATA_DIR)
    found = {}
    for path in sorted(root.rglob("*")):
        if path.is_file() and ".db" not in path.name:
            facts = path.stat()
            found[str(path.relative_to(root))] = (facts.st_size, facts.st_mtime_ns)
    return found


def everything() -> Any:
    """Return all of it."""
    return rows(), files()
