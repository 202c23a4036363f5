"""`manage.py export_variant`: the stored bytes of one variant, verified."""

from __future__ import annotations

import os
import re
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.core.management.base import BaseCommand, CommandError

from archive import audit
from archive.audit.actor import Actor
from archive.audit.verbs import Verb
from archive.retrieval.services import open_for_download
from archive.storage.contract import StoreError

_ID = re.compile(r"([0-9a-fA-F-]{36})-(\d{1,4})")


class Command(BaseCommand):
    """Thin: the download of the page, as that user, with its event."""

    help = "Write the stored bytes of a variant (<communication>-<number>) to a file, verified."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("id", help="the variant's public id: <communication>-<number>")
        parser.add_argument("--output", type=Path, required=True, metavar="FILE")
        parser.add_argument("--as", dest="user", required=True, metavar="USER", help="whose rights apply")

    def handle(self, *args: Any, **options: Any) -> None:
        """Export; a file that is there already is not overwritten."""
        user = get_user_model().objects.filter(username=options["user"]).first()
        if user is None:
            raise CommandError(f"No user is called {options['user']!r}. Name one that exists.")
        found = _ID.fullmatch(options["id"])
        if found is None:
            raise CommandError(
                f"{options['id']!r} is no variant. Write <communication>-<number>, as search --json shows."
            )
        target: Path = options["output"]
        try:
            _assert_free(target)
            opened, chunks = open_for_download(
                UUID(found.group(1)), int(found.group(2)), user=user, actor=Actor.of_user(user)
            )
            written = _write(target, chunks)
        except (ObjectDoesNotExist, ValueError):
            raise CommandError("No such record, or none that this user may see.") from None
        except PermissionDenied:
            audit.record_refusal(
                actor=Actor.of_user(user),
                verb=Verb.ACCESS_REFUSED,
                subject=("command", "export_variant"),
                reason="The user's roles do not allow this.",
                variant=options["id"],
            )
            raise CommandError(f"{user} may not download.") from None
        except FileExistsError:
            raise CommandError(f"{target} exists already. Name another file.") from None
        except (StoreError, OSError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{written} bytes, SHA-256 {bytes(opened.variant.sha256).hex()}, written to {target}.")


def _assert_free(target: Path) -> None:
    """Refuse a target that cannot be written before anything is read and recorded."""
    if target.exists():
        raise FileExistsError(target)
    if not os.access(target.parent, os.W_OK):
        raise NotADirectoryError(f"{target.parent} is no folder that can be written to. Name another one.")


def _write(target: Path, chunks: Any) -> int:
    """Write under a temporary name first, so that a broken-off export leaves no half document."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
    written = 0
    try:
        with temporary.open("xb") as file:
            for chunk in chunks:
                written += file.write(chunk)
        os.link(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    return written
