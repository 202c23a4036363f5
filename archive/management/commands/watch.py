"""`manage.py watch`: load what arrives in a drop folder."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from archive.audit.actor import Actor
from archive.documents.models import Producer
from archive.ingest.errors import LoadError, UnknownProducerError
from archive.ingest.mapping import get_mapping
from archive.ingest.watching import FAILED, DropFolder, watch
from archive.work.yielding import yield_to_people


class Command(BaseCommand):
    """Thin: arguments in, `archive.ingest.watching` does the work."""

    help = "Watch a drop folder: complete files are loaded, then moved to done/ or failed/ with a report beside."

    def run_from_argv(self, argv: list[str]) -> None:
        """Run as a process of its own, which leaves the processor to people."""
        yield_to_people()
        super().run_from_argv(argv)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("folder", type=Path)
        parser.add_argument("--producer", default="command", help="whose output arrives here; it must exist")
        parser.add_argument("--mapping", default="", help="a saved mapping, for a CSV that is not ours")
        parser.add_argument(
            "--once", action="store_true", help="load what lies there now, and end: with 1 when a package failed"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Watch until interrupted; with --once exit 0 only if no package went to failed/."""
        self._failed = False
        folder: Path = options["folder"]
        if not folder.is_dir():
            raise CommandError(f"{folder} is not a folder. Make it, or name another.")
        try:
            if not Producer.objects.filter(key=options["producer"]).exists():
                raise UnknownProducerError(options["producer"])
            if options["mapping"]:
                get_mapping(options["mapping"])
            drop = DropFolder(folder, options["producer"], options["mapping"])
            watch(drop, actor=Actor.system("manage.py watch"), once=options["once"], said=self._say)
            if self._failed:
                sys.exit(1)
        except LoadError as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            self.stdout.write("Stopped. What was loaded stays; what lies in the folder is loaded next time.")

    def _say(self, path: Path) -> None:
        self._failed = self._failed or path.parent.name == FAILED
        self.stdout.write(f"{path.parent.name}: {path.name}")
