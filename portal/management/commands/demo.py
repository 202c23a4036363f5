"""`manage.py demo`: configuration, one user for each role, and letters that look like the real thing."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from archive.audit.actor import Actor
from portal.demo.demo_set import COMMUNICATIONS
from portal.demo.installing import install


class Command(BaseCommand):
    """Thin: `portal.demo.installing` does the work."""

    help = "Install the demo: units, classes, rules, one user per role, letters by the real pipeline. Safe to repeat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--communications", type=int, default=COMMUNICATIONS, metavar="N")
        parser.add_argument("--password", default="", help="of all demo users; a random one when it is not given")

    def handle(self, *args: Any, **options: Any) -> None:
        """Install what is missing."""
        if not 0 <= options["communications"] <= 1_000_000:
            raise CommandError("--communications is a number from 0 to 1,000,000.")
        install(
            communications=options["communications"],
            password=options["password"],
            until=timezone.localdate(),
            sign_ins=settings.DATA_DIR / "demo_sign_ins.txt",
            say=self.stdout.write,
            actor=Actor.system("manage.py demo"),
        )
