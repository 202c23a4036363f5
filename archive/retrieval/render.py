"""Pictures of PDF pages, made in a process of its own with limits: PDFium is not thread-safe, and files are hostile."""

from __future__ import annotations

import subprocess
import sys

from archive.documents.models import Variant
from archive.retrieval.services import locator_of
from archive.storage.reading import read_whole

LARGEST_BYTES = 64 * 1024 * 1024
TIMEOUT_SECONDS = 20


class CannotRenderError(Exception):
    """A page cannot be drawn; the message says why."""


def render_page(variant: Variant, page: int) -> bytes:
    """Return page number `page`, from 1, as PNG.

    Errors: CannotRenderError for broken, encrypted or too large files and pages that are not there; DamagedObjectError.
    """
    if page < 1:
        raise CannotRenderError("Pages are counted from 1.")
    if variant.length > LARGEST_BYTES:
        raise CannotRenderError("This PDF is too large to be drawn as pictures. Download it.")
    payload = read_whole(locator_of(variant))
    try:
        done = subprocess.run(  # noqa: S603  (our own module, no shell)
            [sys.executable, "-m", "archive.retrieval.render_page", str(page)],
            input=payload,
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CannotRenderError("Drawing this page took too long. Download the file.") from None
    if done.returncode:
        raise CannotRenderError("This page cannot be drawn: the file is broken or encrypted. Download it.")
    return done.stdout
