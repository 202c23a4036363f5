"""`manage.py configure`: units, producers, classes, schedules, roles, rules, mappings, tiers from one reviewed file."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from archive.audit.actor import Actor
from portal.configuration.applying import apply
from portal.configuration.errors import ConfigurationError
from portal.configuration.exporting import export
from portal.configuration.reading import read


class Command(BaseCommand):
    """Thin: `portal.configuration` does the work."""

    help = "Apply a configuration file, differences first; or write down the present one with --export."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("file", type=Path, nargs="?", help="JSON, described by portal/configuration/schema.json")
        parser.add_argument("--dry-run", action="store_true", help="tell the differences and change nothing")
        parser.add_argument("--export", type=Path, metavar="FILE", help="write the present configuration to FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        """Apply or export."""
        if options["export"]:
            text = json.dumps(export(), indent=2, ensure_ascii=False) + "\n"
            try:
                options["export"].write_text(text, encoding="utf-8")
            except OSError as error:
                raise CommandError(f"{options['export']} cannot be written: {error.strerror}. Name another.") from None
            self.stdout.write(f"Written to {options['export']}.")
            return
        if not options["file"]:
            raise CommandError("Name a file to apply, or --export FILE.")
        try:
            content = read(options["file"])
            differences = apply(content, actor=Actor.system("manage.py configure"), dry_run=options["dry_run"])
        except ConfigurationError as error:
            raise CommandError(f"Nothing was changed.\n{error}") from None
        for difference in differences or ["No differences."]:
            self.stdout.write(difference)
        if differences:
            self.stdout.write("Nothing was changed: this was a rehearsal." if options["dry_run"] else "Applied.")
