"""One door to the text of a document of any format. Pure; meant to run in a process with limits."""

from __future__ import annotations

import re

from archive.formats.charset import decode_html
from archive.formats.email_message import text_of_mail
from archive.formats.extracted import BROKEN, KIND, MOST_CHARACTERS, TEXT, Extracted, as_extracted, failed
from archive.formats.html_text import text_of_html
from archive.formats.office_text import text_of_office
from archive.formats.pdf_text import text_of_pdf

MOST_ATTACHMENTS = 50
DEEPEST = 3
_OFFICE = re.compile(
    r"application/(vnd\.openxmlformats-officedocument\.(wordprocessingml\.document|spreadsheetml\.sheet"
    r"|presentationml\.presentation)|vnd\.oasis\.opendocument\.(text|spreadsheet|presentation))"
)
_XML = re.compile(r"application/([a-z0-9.-]+\+)?xml|text/xml")
_TAG = re.compile(
    r"<[^<>]*>"
)  # from the last "<" on: from the first, thousands of open ones would each look on to the end
_BY_NAME = {
    "pdf": "application/pdf",
    "htm": "text/html",
    "html": "text/html",
    "eml": "message/rfc822",
    "txt": "text/plain",
    "csv": "text/csv",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odp": "application/vnd.oasis.opendocument.presentation",
}


def text_of(content_type: str, payload: bytes, *, file_name: str = "", depth: int = 0) -> Extracted:
    """Return the text of a document.

    Shapes: what the content type does not tell, the name's ending does. Pictures, AFP and other page formats have
    none. An e-mail's text is its own and that of its attachments.
    Errors: none; whatever a file does to its parser is `failed`.
    """
    bare, _semicolon, rest = content_type.partition(";")
    kind = bare.strip().lower()
    if kind in ("", "application/octet-stream"):
        kind = _BY_NAME.get(file_name.rpartition(".")[2].lower(), kind)
    charset = rest.partition("charset=")[2].strip(' "')
    try:
        return _text(kind, payload, charset, depth)
    except (MemoryError, RecursionError):
        raise
    except Exception:  # parsers of hostile files raise anything
        return failed(BROKEN)


def _text(kind: str, payload: bytes, charset: str, depth: int) -> Extracted:
    if kind == "application/pdf":
        return text_of_pdf(payload)
    if kind in ("text/html", "application/xhtml+xml"):
        return text_of_html(payload, charset)
    if kind == "message/rfc822":
        return _with_attachments(payload, depth)
    if _OFFICE.fullmatch(kind):
        return text_of_office(payload)
    if _XML.fullmatch(kind):
        return as_extracted(_TAG.sub(" ", decode_html(payload[: MOST_CHARACTERS * 4], charset)))
    if kind.startswith("text/") or kind == "application/json":
        return as_extracted(
            decode_html(payload[: MOST_CHARACTERS * 4], charset), cut=len(payload) > MOST_CHARACTERS * 4
        )
    return Extracted("no_text", reason=KIND)


def _with_attachments(payload: bytes, depth: int) -> Extracted:
    own, attachments = text_of_mail(payload)
    if depth >= DEEPEST:
        return own
    texts, cut = [own.text], own.cut or len(attachments) > MOST_ATTACHMENTS
    for part in attachments[:MOST_ATTACHMENTS]:
        found = text_of(part.content_type, part.payload, file_name=part.name, depth=depth + 1)
        cut = cut or found.cut
        if found.outcome == TEXT:
            texts.append(found.text)
        if sum(map(len, texts)) > MOST_CHARACTERS:
            break
    return as_extracted("\n".join([*texts, *(part.name for part in attachments)]), cut=cut)
