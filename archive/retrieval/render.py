"""Pictures of pages, made in a process of its own with limits: PDFium is not thread-safe, and files are hostile."""

from __future__ import annotations

import io
import textwrap

from django.utils.translation import gettext as _
from PIL import Image, ImageDraw, ImageFont

from archive.retrieval.limited import LARGEST_BYTES, CannotShowError, TooSlowError, run_worker
from archive.retrieval.render_page import NO_SUCH_PAGE, WIDTH_PIXELS

WORKERS = {"pdf": "render_page", "tiff": "render_tiff"}


class CannotRenderError(CannotShowError):
    """A page cannot be drawn; the message says why."""


class NoSuchPageError(CannotRenderError):
    """The document has fewer pages."""


def assert_drawable(size_bytes: int) -> None:
    """Refuse what is too large to be drawn, before it is read. Errors: CannotRenderError."""
    if size_bytes > LARGEST_BYTES:
        raise CannotRenderError(_("This document is too large to be drawn as pictures. Download it."))


def render_page(payload: bytes, page: int, *, kind: str) -> bytes:
    """Return page number `page`, from 1, as PNG; `kind` is pdf or tiff.

    Errors: NoSuchPageError; CannotRenderError for broken, encrypted or too large files.
    """
    if page < 1:
        raise NoSuchPageError("Pages are counted from 1.")
    assert_drawable(len(payload))
    try:
        code, drawn = run_worker(WORKERS[kind], str(page), payload=payload)
    except TooSlowError:
        raise CannotRenderError(_("Drawing this page took too long. Download the file.")) from None
    if code == NO_SUCH_PAGE:
        raise NoSuchPageError("The document has no such page.")
    if code:
        raise CannotRenderError(_("This page cannot be drawn: the file is broken or encrypted. Download it."))
    return drawn


def message_picture(text: str) -> bytes:
    """Return a sentence as PNG, for a place where only a picture is shown."""
    lines = textwrap.wrap(text, 60)
    picture = Image.new("RGB", (WIDTH_PIXELS, 80 + 36 * len(lines)), "white")
    ImageDraw.Draw(picture).multiline_text((40, 40), "\n".join(lines), "black", ImageFont.load_default(24), spacing=12)
    written = io.BytesIO()
    picture.save(written, "PNG")
    return written.getvalue()
