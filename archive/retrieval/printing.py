"""The form of a document that goes to a printer: the document alone, with what an e-mail says above its body."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from archive.formats.charset import decode_html
from archive.formats.email_message import Mail
from archive.retrieval.opened import Opened, mail_of
from archive.retrieval.services import charset_of, html_view
from archive.retrieval.tiff_pages import count_pages

MOST_PICTURES = 200


def printable(opened: Opened) -> str | dict[str, Any]:
    """Return an HTML document as it is, or for other kinds the context of the page that is printed.

    Errors: DamagedObjectError; those of `mail_of`.
    """
    if opened.kind == "html":
        return html_view(opened).text
    if opened.kind == "mail":
        return _mail(opened, mail_of(opened))
    if opened.kind in ("image", "tiff"):
        return {"opened": opened, "pictures": _pictures(opened)}
    return {"opened": opened, "text": decode_html(opened.payload(), charset_of(opened.content_type))}


def _mail(opened: Opened, mail: Mail) -> dict[str, Any]:
    body = html_view(opened, mail=mail).text if mail.html else ""
    return {"opened": opened, "headers": mail.headers, "files": mail.attachments, "body": body, "text": mail.text}


def _pictures(opened: Opened) -> list[str]:
    place = (opened.communication.public_id, opened.variant.number)
    query = f"?file={opened.file}" if opened.file else ""
    if opened.kind == "image":
        return [reverse("variant_content", args=place) + query]
    pages = min(count_pages(opened.payload()) or 1, MOST_PICTURES)
    return [reverse("variant_page", args=(*place, page)) + query for page in range(1, pages + 1)]
