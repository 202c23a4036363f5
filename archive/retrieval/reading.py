"""What stands in the place of the document on a page: text and headers at once, all else by addresses of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from archive.audit.actor import Actor
from archive.documents.models import Communication, Variant
from archive.formats.charset import decode_html
from archive.formats.email_message import Mail, Part
from archive.retrieval.asked import sentences
from archive.retrieval.filenames import attachment_name, has_text, kind_of, plain_type
from archive.retrieval.limited import LARGEST_BYTES, CannotShowError, TooSlowError, run_worker
from archive.retrieval.marking import Part as MarkedPart
from archive.retrieval.marking import count_marks, mark_all, words_for
from archive.retrieval.opened import Opened, mail_of, told_of
from archive.retrieval.renditions import MadeRendition, rendition_of
from archive.retrieval.services import charset_of, html_view, record_view
from archive.retrieval.tiff_pages import count_pages
from archive.storage.contract import StoreError

TEXT_LIMIT_BYTES = 4 * 1024 * 1024
MOST_READ_CHARACTERS = 1_000_000
PRINTED_KINDS = ("pdf", "image", "tiff", "html", "mail", "text")
_PARAGRAPHS = re.compile(r"\n[ \t]*\n\s*")

Paragraph = list[MarkedPart]


@dataclass(frozen=True, slots=True)
class MailFile:
    """A file inside an e-mail; `number` counts from 1."""

    number: int
    name: str
    content_type: str
    size_bytes: int
    kind: str
    current: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """What is shown of a document.

    Shapes: `kind` as filenames.kind_of, and `text` too for what is read as text (`as_text`); `file` as in Opened.
    `problem` stands in its place where it cannot be shown. `paragraphs` are texts in parts, `words` what is marked in
    them or by the viewer, `marks` how many places. `asked` are sentences on what the document did not get. `page` and
    `pages` count from 1, for documents that are shown as pictures. `search` is the search it is read from.
    `rendition` is shown in place of a format that no browser knows; `unreadable` says why there is none.
    """

    kind: str
    content_type: str = ""
    file: int = 0
    name: str = ""
    search: str = ""
    as_text: bool = False
    may_be_text: bool = False
    problem: str = ""
    unreadable: str = ""
    paragraphs: list[Paragraph] = field(default_factory=list)
    cut: bool = False
    words: Sequence[str] = ()
    marks: int = 0
    asked: list[str] = field(default_factory=list)
    mail: Mail | None = None
    files: list[MailFile] = field(default_factory=list)
    page: int = 1
    pages: int = 1
    rendition: MadeRendition | None = None

    @property
    def query(self) -> str:
        """Return what its addresses end with."""
        told = {"file": self.file or None, "s": self.search if self.words else None}
        given = {key: value for key, value in told.items() if value}
        return f"?{urlencode(given)}" if given else ""

    @property
    def may_be_printed(self) -> bool:
        """Tell whether a printer can be given it."""
        return not self.problem and kind_of(self.content_type) in PRINTED_KINDS

    @property
    def page_before(self) -> int:
        """Return the number of the page before."""
        return self.page - 1

    @property
    def page_after(self) -> int:
        """Return the number of the page after."""
        return self.page + 1

    @property
    def has_tools(self) -> bool:
        """Tell whether there is anything to do with it."""
        return bool(self.file or self.may_be_text or self.may_be_printed)

    @property
    def viewer_words(self) -> str:
        """Return the marked words for the viewer's attribute; they have no bars."""
        return "|".join(self.words)


def read_document(
    communication: Communication, variant: Variant, *, asked: Mapping[str, str], user: Any, actor: Actor
) -> Reading:
    """Return what is shown of a variant; what stands in the page itself is recorded as read before this returns.

    Shapes: `asked` are parameters of the page: `file` in an e-mail, `as` text, `page`, `s` the search.
    Errors: none; a document that cannot be shown is told by `problem`.
    """
    number = _number(asked.get("file", ""), 0)
    search = asked.get("s", "")
    base = Reading(kind_of(variant.content_type), variant.content_type, search=search)
    try:
        opened = Opened.of(communication, variant, file=number)
        base = replace(
            base,
            kind=opened.kind,
            content_type=opened.content_type,
            file=opened.file,
            name=opened.name if opened.file else "",
            may_be_text=has_text(opened.content_type),
            words=words_for(search, user) if search else (),
        )
        if opened.file:
            record_view(communication, variant, actor=actor)
            base = replace(base, files=_files(mail_of(Opened(communication, variant)), opened.file))
        if asked.get("as") == "text" and base.may_be_text:
            record_view(communication, variant, actor=actor)
            return _as_text(opened, replace(base, kind="text", as_text=True))
        if base.kind in ("text", "mail") and not opened.file:
            record_view(communication, variant, actor=actor)
        return _shown(opened, base, page=_number(asked.get("page", ""), 1))
    except Variant.DoesNotExist:
        return replace(base, problem=_("This email has no such file."))
    except (StoreError, CannotShowError) as error:
        return replace(base, problem=told_of(error))


def _shown(opened: Opened, base: Reading, *, page: int) -> Reading:
    if base.kind == "text":
        return _plain(opened, base)
    if base.kind == "html":
        view = html_view(opened, words=base.words)
        return replace(base, marks=view.marks, asked=sentences(view.asked, len(set(view.missing))))
    if base.kind == "mail":
        return _mail(opened, base)
    if base.kind == "tiff":
        pages = opened.variant.pages if not opened.file else None
        pages = pages or count_pages(opened.payload()) or 1
        return replace(base, pages=pages, page=min(max(page, 1), pages))
    try:
        found = rendition_of(opened)
    except CannotShowError as error:
        return replace(base, unreadable=str(error))
    return replace(base, kind="pdf", rendition=found) if found else base


def _plain(opened: Opened, base: Reading) -> Reading:
    end = min(opened.size_bytes, TEXT_LIMIT_BYTES)
    text = decode_html(b"".join(opened.chunks(0, end)), charset_of(opened.content_type))
    return _with_text(replace(base, cut=end < opened.size_bytes), [text])


def _mail(opened: Opened, base: Reading) -> Reading:
    mail = mail_of(opened)
    base = replace(base, mail=mail, files=base.files if opened.file else _files(mail, 0))
    if not mail.html:
        cut = len(mail.text) > TEXT_LIMIT_BYTES
        return _with_text(replace(base, cut=cut), [mail.text[:TEXT_LIMIT_BYTES]] if mail.text.strip() else [])
    view = html_view(opened, words=base.words, mail=mail)
    return replace(base, marks=view.marks, asked=sentences(view.asked, len(set(view.missing))))


def _as_text(opened: Opened, base: Reading) -> Reading:
    text, cut = extracted_text(opened)
    cut = cut or len(text) > MOST_READ_CHARACTERS
    paragraphs = [part.strip() for part in _PARAGRAPHS.split(text[:MOST_READ_CHARACTERS])]
    return _with_text(replace(base, cut=cut), [part for part in paragraphs if part])


def _with_text(base: Reading, texts: list[str]) -> Reading:
    paragraphs = mark_all(texts, base.words)
    return replace(base, paragraphs=paragraphs, marks=sum(count_marks(parts) for parts in paragraphs))


def extracted_text(opened: Opened) -> tuple[str, bool]:
    """Return a document's text, read by a worker with limits, and whether it was cut.

    Errors: CannotShowError where it has none or cannot be read; DamagedObjectError.
    """
    if opened.size_bytes > LARGEST_BYTES:
        raise CannotShowError(_("This document is too large to be read as text. Download it."))
    ending = opened.name.rpartition(".")[2]
    try:
        code, answer = run_worker(
            "read_text", opened.content_type, ending if ending.isalnum() else "", payload=opened.payload()
        )
    except TooSlowError:
        raise CannotShowError(_("Reading the text of this document took too long. Download it.")) from None
    found: dict[str, Any] = json.loads(answer) if code == 0 else {"outcome": "failed", "reason": "died"}
    if found["outcome"] != "text":
        raise CannotShowError(_no_text(found["reason"]))
    return str(found["text"]), bool(found["cut"])


def _no_text(reason: str) -> str:
    return {
        "scan": _("This document has no text to read: its pages are pictures."),
        "no_words": _("This document has no text to read: there is no word in it."),
        "kind": _("Text of files of this type cannot be read here. Download it."),
        "encrypted": _("The text of this document cannot be read: it is protected by a password."),
        "too_large": _("This document is too large to be read as text. Download it."),
    }.get(reason, _("The text of this document cannot be read: the file is broken. Download it."))


def _files(mail: Mail, current: int) -> list[MailFile]:
    return [_file(number, part, number == current) for number, part in enumerate(mail.attachments, 1)]


def _file(number: int, part: Part, current: bool) -> MailFile:
    name = attachment_name(part.name, part.content_type)
    return MailFile(number, name, plain_type(part.content_type), len(part.payload), kind_of(part.content_type), current)


def _number(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else otherwise
