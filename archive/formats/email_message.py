"""An e-mail as its reader saw it: headers, the body to show, attachments. Pure; whatever is broken gives what it can.

Source: RFC 5322, RFC 2045 to 2049, RFC 2387 (related), RFC 2046 §5.1.4 (alternative: the last that can be shown).
"""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from email.utils import parsedate_to_datetime

from archive.formats.charset import decode_html
from archive.formats.extracted import Extracted, as_extracted
from archive.formats.html_text import words_of_html

SHOWN_HEADERS = ("From", "Reply-To", "To", "Cc", "Bcc", "Date", "Subject")
DEEPEST = 10
MOST_PARTS = 500
LONGEST_HEADER = 10_000


@dataclass(frozen=True, slots=True)
class Part:
    """A file inside an e-mail: an attachment, or what its body refers to by `content_id`."""

    name: str
    content_type: str
    payload: bytes
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class Mail:
    """An e-mail.

    Shapes: `headers` are (name, value) in the order in which people read them, decoded; `html` and `text` are the body
    in either form, empty where there is none; `inline` are parts that the body refers to, `attachments` all others.
    `sent_at` is the Date header as RFC 3339 where it is a date.
    """

    headers: tuple[tuple[str, str], ...]
    html: str = ""
    text: str = ""
    inline: tuple[Part, ...] = ()
    attachments: tuple[Part, ...] = ()
    sent_at: str = ""


@dataclass(slots=True)
class _Body:
    html: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    inline: list[Part] = field(default_factory=list)
    attachments: list[Part] = field(default_factory=list)
    parts: int = 0


def parse_mail(payload: bytes) -> Mail:
    """Read an e-mail; never fails: of what is no e-mail at all the bytes are the text."""
    message = email.message_from_bytes(payload, policy=email.policy.default)
    body = _Body()
    _gather(message, body, depth=0)
    headers = tuple((name, value) for name in SHOWN_HEADERS for value in _values(message, name))
    if not headers and not (body.html or body.attachments or any(part.strip() for part in body.text)):
        body.text[:] = [decode_html(payload)]
    return Mail(
        headers,
        "\n<hr>\n".join(body.html),
        "\n\n".join(body.text),
        tuple(body.inline),
        tuple(body.attachments),
        _sent_at(message),
    )


def text_of_mail(payload: bytes) -> tuple[Extracted, tuple[Part, ...]]:
    """Return subject, addresses and body as one text, and the attachments, whose texts are their own formats'."""
    mail = parse_mail(payload)
    said = [value for _name, value in mail.headers]
    return as_extracted("\n".join([*said, mail.text or words_of_html(mail.html)])), mail.attachments


def _values(message: Message, name: str) -> Iterator[str]:
    """Yield the values of a header, decoded; one that cannot be parsed as it came."""
    for key, raw in message.raw_items():
        if key.lower() != name.lower():
            continue
        raw = str(raw)[:LONGEST_HEADER]  # what parses a header takes the square of its length
        try:
            value = str(email.policy.default.header_fetch_parse(key, raw))
        except Exception:  # the standard library's parser raises many kinds of error on broken headers
            value = str(raw)
        shown = " ".join(value.encode(errors="replace").decode().split())
        if shown:
            yield shown


def _sent_at(message: Message) -> str:
    for value in _values(message, "Date"):
        try:
            return parsedate_to_datetime(value).isoformat()
        except (ValueError, TypeError, IndexError, OverflowError):
            return ""
    return ""


def _gather(message: Message, body: _Body, *, depth: int) -> None:
    body.parts += 1
    if depth > DEEPEST or body.parts > MOST_PARTS:
        return
    kind = message.get_content_type()
    if message.is_multipart() and kind != "message/rfc822":
        for child in _children(message):
            _gather(child, body, depth=depth + 1)
    else:
        _leaf(message, kind, body)


def _children(message: Message) -> list[Message]:
    payload = message.get_payload()
    return [child for child in payload if isinstance(child, Message)] if isinstance(payload, list) else []


def _leaf(message: Message, kind: str, body: _Body) -> None:
    content = _content(message)
    attached = _disposition(message) == "attachment"
    name = _name(message)
    if kind == "text/html" and not attached:
        body.html.append(decode_html(content, _charset(message)))
    elif kind in ("text/plain", "text/enriched") and not attached and not name:
        body.text.append(decode_html(content, _charset(message)))
    elif content or name:
        content_id = _text(message, "Content-ID").strip("<> ")
        part = Part(name or _plain_name(kind), kind, content, content_id)
        (body.inline if content_id and not attached and kind.startswith("image/") else body.attachments).append(part)


def _content(message: Message) -> bytes:
    if message.get_content_type() == "message/rfc822":
        inner = _children(message)
        return inner[0].as_bytes(policy=email.policy.compat32) if inner else b""
    try:
        found = message.get_payload(decode=True)
    except Exception:  # broken encodings
        found = None
    if isinstance(found, bytes):
        return found
    return str(message.get_payload() or "").encode(errors="replace")


def _text(message: Message, name: str) -> str:
    return next(_values(message, name), "")


def _disposition(message: Message) -> str:
    return _text(message, "Content-Disposition").partition(";")[0].strip().lower()


def _charset(message: Message) -> str:
    try:
        return str(message.get_content_charset() or "")
    except Exception:
        return ""


def _name(message: Message) -> str:
    try:
        name = message.get_filename() or ""
    except Exception:
        name = ""
    cleaned = "".join(char for char in str(name).replace("\\", "/").rpartition("/")[2] if char.isprintable())
    return cleaned.encode(errors="replace").decode()[:200]


def _plain_name(kind: str) -> str:
    return {"message/rfc822": "message.eml", "text/plain": "text.txt", "text/calendar": "calendar.ics"}.get(
        kind, "attachment"
    )
