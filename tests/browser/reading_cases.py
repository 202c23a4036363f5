"""Documents that are hard to read: e-mails, a fax, text of another charset, and what calls home from inside them."""

from __future__ import annotations

import contextlib
import io
import json
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from tests.browser.installation import HOSTILE, PNG, manage, pdf_of

WORD = "arrears"


def install_cases(data: Path, port: int) -> None:
    """Load them into an installation; what is hostile calls home to `port`."""
    package = data / "reading-cases"
    package.mkdir()
    files = {
        "mail.eml": mail(),
        "hostile.eml": hostile_mail(port),
        "fax.tif": fax(3),
        "words.pdf": pdf_of(["Dear Mrs Miller", f"Your {WORD} of 12.00", f"Pay the {WORD} soon: no fee"]),
        "letter.txt": "Grüße aus Köln\n\nIhr Rückstand".encode("cp1252"),
    }
    for name, content in files.items():
        (package / name).write_bytes(content)
    lines = [
        _line("MAIL-1", "email", "mail.eml", "message/rfc822", "A message with files"),
        _line("MAIL-2", "email", "hostile.eml", "message/rfc822", "A message that calls home"),
        _line("FAX-1", "fax", "fax.tif", "image/tiff", "A fax of three pages"),
        _line("WORDS-1", "print", "words.pdf", "application/pdf", "A letter with words", pages=3),
        _line("TEXT-1", "web", "letter.txt", "text/plain", "A text of another charset"),
    ]
    (package / "manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    manage(data, "ingest", str(package), "--producer", "exstream-prod")
    index(data)


def index(data: Path) -> None:
    """Index the words now; while the worker of a running server does so itself, wait for it."""
    for _attempt in range(20):
        with contextlib.suppress(AssertionError):
            manage(data, "index_text")
            return
    manage(data, "index_text")


def _line(external_id: str, channel: str, file: str, content_type: str, subject: str, **variant: Any) -> dict[str, Any]:
    return {
        "external_id": external_id,
        "business_unit": "retail",
        "document_class": "notice",
        "issued_on": "2026-10-02",
        "subject": subject,
        "account_number": "777",
        "index": {"branch": "012"},
        "variants": [{"channel": channel, "file": file, "content_type": content_type, **variant}],
    }


def mail() -> bytes:
    """Return an e-mail with an HTML body, a picture in it, and three files."""
    message = EmailMessage()
    message["From"] = "Bank <service@bank.example>"
    message["To"] = "Eva Müller <eva@example.org>"
    message["Date"] = "Fri, 02 Oct 2026 09:15:00 +0200"
    message["Subject"] = "Your arrears, and what to do – Rückstand"
    message.set_content("Your arrears are 12.00.")
    message.add_alternative(
        f"<html><body><h1>Good day</h1><p>Your <b>{WORD}</b> are 12.00 &euro;.</p><img src='cid:logo@bank'></body>",
        subtype="html",
    )
    alternatives = message.get_payload()[1]
    alternatives.add_related(PNG, "image", "png", cid="<logo@bank>")
    message.add_attachment(
        pdf_of(["The file in the message"]), maintype="application", subtype="pdf", filename="Kündigung 1.pdf"
    )
    message.add_attachment(PNG, maintype="image", subtype="png", filename="picture.png")
    message.add_attachment(b"PK\x03\x04", maintype="application", subtype="zip", filename="all.zip")
    return message.as_bytes()


def hostile_mail(port: int) -> bytes:
    """Return an e-mail whose body and whose file call home in every way."""
    message = EmailMessage()
    message["From"] = "x@example.org"
    message["Subject"] = "<script>alert(1)</script>"
    message.set_content("plain")
    message.add_alternative(HOSTILE.replace("{port}", str(port)), subtype="html")
    message.add_attachment(HOSTILE.replace("{port}", str(port)), subtype="html", filename="again.html")
    return message.as_bytes()


def fax(pages: int) -> bytes:
    """Return a fax: black and white, with half as many lines as dots, one picture a page."""
    pictures = []
    for number in range(1, pages + 1):
        picture = Image.new("1", (1728, 1100), 1)
        ImageDraw.Draw(picture).text((200, 200), f"FAX PAGE {number}", fill=0, font_size=120)
        pictures.append(picture)
    out = io.BytesIO()
    pictures[0].save(
        out, "TIFF", save_all=True, append_images=pictures[1:], compression="group4", dpi=(204, 98), resolution_unit=2
    )
    return out.getvalue()
