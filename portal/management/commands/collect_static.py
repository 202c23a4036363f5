"""`manage.py collect_static`: collect and compress static files where any changed since the last time."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.files.storage import storages
from django.core.management import call_command
from django.core.management.base import BaseCommand

STAMP = ".collected"


class Command(BaseCommand):
    """Compressing takes ten seconds, which each start would spend on the files of the last one."""

    help = "Collect and compress static files where any changed since the last time."

    def handle(self, *args: Any, **options: Any) -> None:
        """Do nothing where the stamp of the last time is that of the files as they are."""
        stamp, found = Path(settings.STATIC_ROOT) / STAMP, sources_digest()
        if stamp.exists() and stamp.read_text() == found:
            return
        stamp.unlink(missing_ok=True)
        call_command("collectstatic", interactive=False, verbosity=0)
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(found)


def sources_digest() -> str:
    """Return a digest over name, size and time of each source file, and over the storage that works on them."""
    digest = hashlib.sha256(f"{settings.VERSION}\n{type(storages['staticfiles']).__qualname__}\n".encode())
    for finder in get_finders():
        for name, storage in sorted(finder.list(None), key=lambda entry: entry[0]):
            told = Path(storage.path(name)).stat()
            digest.update(f"{name}\0{told.st_size}\0{told.st_mtime_ns}\n".encode())
    return digest.hexdigest()
