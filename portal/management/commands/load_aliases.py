"""`manage.py load_aliases`: customers and accounts merged or renumbered, from CSV."""

from __future__ import annotations

import csv
import datetime
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from archive.audit.actor import Actor
from archive.documents.services import AliasError, NewAlias, add_aliases

COLUMNS = ("unit", "kind", "old", "new", "from", "source", "reason")


class Command(BaseCommand):
    """Thin: CSV in, `archive.documents.services.add_aliases` does the work."""

    help = f"Load renumberings from a CSV with the columns {', '.join(COLUMNS)}; a file with a fault is refused whole."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Load and say how many were new."""
        path: Path = options["file"]
        try:
            with path.open(encoding="utf-8", newline="") as file:
                aliases = _read(csv.DictReader(file, strict=True))
            added = add_aliases(aliases, actor=Actor.system("manage.py load_aliases"))
        except (OSError, UnicodeDecodeError, csv.Error, AliasError) as error:
            raise CommandError(f"{path.name}: {error} Nothing was changed.") from None
        self.stdout.write(f"{added} renumberings added, {len(aliases) - added} were there already.")


def _read(rows: csv.DictReader[str]) -> list[NewAlias]:
    columns = list(rows.fieldnames or ())
    missing = [name for name in ("unit", "kind", "old", "new") if name not in columns]
    if missing:
        raise AliasError(f"The columns {', '.join(missing)} are missing.")
    if len(set(columns)) != len(columns):
        raise AliasError("Two columns have the same name. Rename one.")
    aliases: list[NewAlias] = []
    for number, row in enumerate(rows, 1):
        if None in row:
            raise AliasError(f"Row {number} has more cells than the header.")
        try:
            valid_from = datetime.date.fromisoformat(row["from"].strip()) if row.get("from") else None
        except ValueError:
            raise AliasError(f"Row {number}: from is no date such as 2026-02-28.") from None
        told = {name: (row.get(name) or "").strip() for name in COLUMNS}
        aliases.append(
            NewAlias(told["unit"], told["kind"], told["old"], told["new"], told["source"], told["reason"], valid_from)
        )
    return aliases
