"""`manage.py ingest`: load a package, a folder or a manifest."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from archive.audit.actor import Actor
from archive.batches.models import Load
from archive.ingest.checking import check_source
from archive.ingest.errors import LoadError
from archive.ingest.reports import report_of
from archive.ingest.running import run_now
from archive.ingest.services import LoadRequest, create_load


class Command(BaseCommand):
    """Thin: arguments in, `archive.ingest` does the work, a report out."""

    help = "Load a package (.tar, .zip or folder), or a folder of files with a CSV and a saved mapping."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("path", type=Path, help="package, folder or manifest")
        parser.add_argument("--producer", default="command", help="whose output it is, where the manifest does not say")
        parser.add_argument("--mapping", default="", help="a saved mapping, for a CSV that is not ours")
        parser.add_argument("--check", action="store_true", help="validate everything and write nothing")
        parser.add_argument("--json", action="store_true", help="print the report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Load; exit 0 only if nothing was rejected."""
        path: Path = options["path"]
        if not path.exists():
            raise CommandError(f"There is no {path}. Name a package, a folder or a manifest.")
        try:
            report = self._check(path, options) if options["check"] else self._load(path, options)
        except LoadError as error:
            raise CommandError(str(error)) from None
        self._print(report, as_json=options["json"])
        if report["rejected"] or report.get("state") not in (None, Load.State.COMPLETE):
            sys.exit(1)

    def _load(self, path: Path, options: dict[str, Any]) -> dict[str, Any]:
        actor = Actor.system("manage.py ingest")
        request = LoadRequest(
            path=path, producer_key=options["producer"], mapping_key=options["mapping"], create_producer=True
        )
        load = create_load(request, actor=actor)
        return report_of(run_now(load, actor=actor, progress=None if options["json"] else self._progress))

    def _check(self, path: Path, options: dict[str, Any]) -> dict[str, Any]:
        return check_source(path, producer_key=options["producer"], mapping_key=options["mapping"])

    def _progress(self, load: Load) -> None:
        of = f" of {load.expected:,}" if load.expected else ""
        self.stderr.write(f"\r{load.next_record:,}{of} records, {load.rejected:,} set aside", ending="")

    def _print(self, report: dict[str, Any], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(report, ensure_ascii=False))
            return
        for key, value in report.items():
            if key != "problems":
                self.stdout.write(f"{key:>15}  {value}")
        for problem in report.get("problems", []):
            self.stdout.write(f"line {problem['line']}, {problem['field']}: {problem['reason']}")
