"""`manage.py index_text`: index the text of what waits, now."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from archive import audit
from archive.audit.actor import Actor
from archive.audit.verbs import Verb
from archive.search.index_work import SUBJECT
from archive.search.indexing import index_waiting, rebuild, report
from archive.search.words.database import IndexDownError, reader
from archive.search.words.writer import IndexBusyError


class Command(BaseCommand):
    """Thin: indexing or the rebuild, run here with workers of this process."""

    help = "Extracts and indexes the text of what waits, in workers of this process; counts variants."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument(
            "--rebuild", action="store_true", help="build the index again; the old one serves meanwhile"
        )
        parser.add_argument("--workers", type=int, help="processes that read documents; default: EXTRACTION_WORKERS")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Index and print what is in which state."""
        if options["workers"] is not None and not 0 <= options["workers"] <= 64:
            raise CommandError("--workers is a number from 0 to 64; 0 reads documents in this process.")
        actor = Actor.system("index_text")
        run = rebuild if options["rebuild"] else index_waiting
        try:
            run(workers=options["workers"], heartbeat=self._tell if not options["json"] else None)
            index = reader()
            counts = report(index.counts(), index.progress())
        except IndexBusyError as error:
            raise CommandError(str(error)) from None
        except IndexDownError as error:
            raise CommandError(f"{error} Build it again: manage.py index_text --rebuild.") from None
        if options["rebuild"]:
            with transaction.atomic():
                audit.record(actor=actor, verb=Verb.INDEX_REBUILT, subject=SUBJECT, counts=counts)
        if options["json"]:
            self.stdout.write(json.dumps(counts))
            return
        self.stdout.write("".join(f"{name.replace('_', ' '):>8}  {number:,}\n" for name, number in counts.items()))

    def _tell(self, variants: int) -> None:
        self.stderr.write(f"\r{variants:,} variants", ending="")
