"""`manage.py make_package`: a native package of realistic documents, of any size, for benchmarks and trials."""

from __future__ import annotations

import datetime
import os
import time
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.demo import months
from portal.demo.bulk import BulkRequest, SizeTooSmallError, write_bulk
from portal.demo.package import PackageExistsError, open_package

MOST_COMMUNICATIONS = 10_000_000
LARGEST_DOCUMENT_BYTES = 1024 * 1024 * 1024
CHANNELS = {1: ("print",), 3: ("print", "email", "sms")}
DEFAULT_MONTHS = 24


class Command(BaseCommand):
    """Thin: arguments in, `portal.demo.bulk` does the work, a line out."""

    help = "Write a native package of realistic documents (.tar, .zip or a folder) without touching the archive."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--communications", type=_whole(1, MOST_COMMUNICATIONS), required=True, metavar="N")
        parser.add_argument("--out", type=Path, required=True, help="a file that ends in .tar or .zip, or a new folder")
        parser.add_argument("--seed", type=_whole(0, 10**6), default=1, help="another seed makes other documents (1)")
        parser.add_argument(
            "--variants", type=int, choices=sorted(CHANNELS), default=1, help="1: print; 3: print, e-mail, SMS (1)"
        )
        parser.add_argument(
            "--size",
            type=_whole(1, LARGEST_DOCUMENT_BYTES),
            default=0,
            metavar="BYTES",
            help="how large each print document is (as large as its letter)",
        )
        parser.add_argument(
            "--from", dest="first_day", type=_day, metavar="DATE", help="first issue day (24 months before this one)"
        )
        parser.add_argument(
            "--to", dest="last_day", type=_day, metavar="DATE", help="last issue day (the end of last month)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the package and say what it is."""
        out: Path = options["out"]
        request = _request(options)
        started = time.monotonic()
        try:
            with open_package(out) as writer:
                write_bulk(writer, request)
        except (PackageExistsError, SizeTooSmallError) as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            reason = error.strerror or str(error)
            raise CommandError(f"{out} cannot be written: {reason}. Name another place, or make room.") from None
        seconds = time.monotonic() - started
        rate = request.count / max(seconds, 0.001)
        documents = sum(channel != "sms" for channel in request.channels) * request.count
        self.stdout.write(
            f"{out}: {request.count:,} communications, {documents:,} documents, {_size_of(out):,} bytes, "
            f"{request.first_day} to {request.last_day}, {seconds:.1f} s ({rate:,.0f} a second)"
        )


def _request(options: dict[str, Any]) -> BulkRequest:
    range_of_months = months.whole_months_before(datetime.date.today(), DEFAULT_MONTHS)  # noqa: DTZ011  (a default)
    last_day = options["last_day"] or months.last_day(range_of_months[-1])
    first_day = options["first_day"] or min(months.first_day(range_of_months[0]), last_day)
    if first_day > last_day:
        raise CommandError(f"--from {first_day} is after --to {last_day}. Swap them.")
    return BulkRequest(
        count=options["communications"],
        first_day=first_day,
        last_day=last_day,
        seed=options["seed"],
        channels=CHANNELS[options["variants"]],
        size_bytes=options["size"],
    )


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else -1
        if not least <= number <= most:
            raise ArgumentTypeError(f"{text!r} is no whole number from {least} to {most}.")
        return number

    return read


def _day(text: str) -> datetime.date:
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no date. Write it like 2026-01-31.") from None
    if not 1990 <= day.year <= 2090:
        raise ArgumentTypeError(f"{text!r} is outside the years 1990 to 2090.")
    return day


def _size_of(out: Path) -> int:
    if not out.is_dir():
        return out.stat().st_size
    return sum(
        os.path.getsize(os.path.join(folder, name))  # noqa: PTH118, PTH202  (many thousand files)
        for folder, _, names in os.walk(out)
        for name in names
    )
