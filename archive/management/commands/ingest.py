"""`manage.py ingest`: load a package, a folder or a manifest."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from archive.audit.actor import Actor
from archive.batches.models import Load
from archive.ingest.checking import check_source
from archive.ingest.errors import LoadError
from archive.ingest.naming import producer_told
from archive.ingest.reports import full_report_of, report_of
from archive.ingest.running import load_now
from archive.ingest.services import NO_ROOM, LoadRequest, is_full
from archive.work.yielding import yield_to_people


class Command(BaseCommand):
    """Thin: arguments in, `archive.ingest` does the work, a report out."""

    help = "Load a package (.tar, .zip or folder), or a folder of files with a CSV and a saved mapping."

    def run_from_argv(self, argv: list[str]) -> None:
        """Run as a process of its own, which leaves the processor to people."""
        yield_to_people()
        super().run_from_argv(argv)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("path", type=Path, help="package, folder or manifest")
        parser.add_argument(
            "--producer",
            help="whose output it is; without it, the producer that the first record names (else: command). "
            "Records that name another are set aside. One that is not known yet is created",
        )
        parser.add_argument("--mapping", default="", help="a saved mapping, for a CSV that is not ours")
        parser.add_argument(
            "--resubmits",
            default="",
            metavar="L-N",
            help="the load that set these mended records aside: has their files",
        )
        parser.add_argument("--check", action="store_true", help="validate everything and write nothing")
        parser.add_argument("--json", action="store_true", help="print the report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Load; exit 0 only if nothing was rejected."""
        path: Path = options["path"]
        if not path.exists():
            raise CommandError(f"There is no {path}. Name a package, a folder or a manifest.")
        try:
            if options["check"]:
                self._check(path, options)
            else:
                self._load(path, options)
        except LoadError as error:
            raise CommandError(str(error)) from None
        except OperationalError as error:
            if not is_full(error):
                raise
            raise CommandError(NO_ROOM) from None
        except KeyboardInterrupt:
            reason = "Stopped. Resume the load on its page, or load the package again: no duplicate comes of it."
            raise CommandError(reason, returncode=130) from None

    def _load(self, path: Path, options: dict[str, Any]) -> None:
        resubmits = _load_named(options["resubmits"]) if options["resubmits"] else None
        request = LoadRequest(
            path=path,
            producer_key=_producer(path, options, resubmits),
            mapping_key=options["mapping"],
            create_producer=True,
            resubmits=resubmits,
        )
        progress = None if options["json"] else self._progress
        load = load_now(request, actor=Actor.system("manage.py ingest"), progress=progress)
        if options["json"]:
            self.stdout.write(json.dumps(report_of(load), ensure_ascii=False))
            if load.message:
                self.stderr.write(load.message)
        else:
            self._print(full_report_of(load))
        if load.rejected or load.state != Load.State.COMPLETE:
            sys.exit(1)

    def _check(self, path: Path, options: dict[str, Any]) -> None:
        resubmits = _load_named(options["resubmits"]) if options["resubmits"] else None
        producer_key = _producer(path, options, resubmits)
        report = check_source(path, producer_key=producer_key, mapping_key=options["mapping"])
        if options["json"]:
            self.stdout.write(json.dumps(report, ensure_ascii=False))
        else:
            self._print(report)
        if report["problems"]:
            sys.exit(1)

    def _progress(self, load: Load) -> None:
        of = f" of {load.expected:,}" if load.expected else ""
        self.stderr.write(f"\r{load.next_record:,}{of} records, {load.rejected:,} set aside", ending="")

    def _print(self, report: dict[str, Any]) -> None:
        for key, value in report.items():
            if key != "problems" and value not in (None, ""):
                self.stdout.write(f"{key:>15}  {', '.join(value) if key == 'batches' else value}")
        for problem in report["problems"]:
            place = ", ".join(str(part) for part in (problem["line"], problem["field"]) if part)
            self.stdout.write(f"line {place}: {problem['reason']}" if place else problem["reason"])


def _producer(path: Path, options: dict[str, Any], resubmits: Load | None) -> str:
    if options["producer"] is not None:
        return str(options["producer"])
    return resubmits.producer_key if resubmits else producer_told(path, mapping_key=options["mapping"])


def _load_named(name: str) -> Load:
    number = name.removeprefix("L-")
    load = Load.objects.filter(pk=int(number)).first() if number.isascii() and number.isdigit() else None
    if load is None:
        raise CommandError(f"There is no load {name}. Give its number, such as L-12.")
    return load
