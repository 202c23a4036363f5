"""Pictures of PDF pages, made in a process of its own with limits: PDFium is not thread-safe, and files are hostile."""

from __future__ import annotations

import io
import subprocess
import sys
import textwrap

from PIL import Image, ImageDraw, ImageFont

from archive.documents.locators import locator_of
from archive.documents.models import Variant
from archive.retrieval.render_page import NO_SUCH_PAGE, WIDTH_PIXELS
from archive.storage.reading import read_whole

LARGEST_BYTES = 64 * 1024 * 1024
TIMEOUT_SECONDS = 20


class CannotRenderError(Exception):
    """A page cannot be drawn; the message says why."""


class NoSuchPageError(CannotRenderError):
    """The document has fewer pages."""


def render_page(variant: Variant, page: int) -> bytes:
    """Return page number `page`, from 1, as PNG.

    Errors: NoSuchPageError; CannotRenderError for broken, encrypted or too large files; DamagedObjectError.
    """
    if page < 1:
        raise NoSuchPageError("Pages are counted from 1.")
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
    if done.returncode == NO_SUCH_PAGE:
        raise NoSuchPageError("The document has no such page.")
    if done.returncode:
        raise CannotRenderError("This page cannot be drawn: the file is broken or encrypted. Download it.")
    return done.stdout


def message_picture(text: str) -> bytes:
    """Return a sentence as PNG, for a place where only a picture is shown."""
    lines = textwrap.wrap(text, 60)
    picture = Image.new("RGB", (WIDTH_PIXELS, 80 + 36 * len(lines)), "white")
    ImageDraw.Draw(picture).multiline_text((40, 40), "\n".join(lines), "black", ImageFont.load_default(24), spacing=12)
    written = io.BytesIO()
    picture.save(written, "PNG")
    return written.getvalue()
