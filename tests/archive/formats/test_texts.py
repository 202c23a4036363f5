"""The text of each format."""

from __future__ import annotations

import io
import zipfile
from email.message import EmailMessage

import pypdfium2
import pytest
from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from archive.formats import office_text, pdf_text
from archive.formats.html_text import words_of_html
from archive.formats.text import text_of

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
ODT = "application/vnd.oasis.opendocument.text"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def words(content_type: str, payload: bytes, **kwargs: str) -> list[str]:
    """Return the words of a document that has text."""
    found = text_of(content_type, payload, **kwargs)
    assert found.outcome == "text", found
    return found.text.split()


def pdf(*pages: str, password: str = "") -> bytes:
    """Return a PDF with a line on each page."""
    content = io.BytesIO()
    canvas = Canvas(content, encrypt=StandardEncryption(password) if password else None)
    for text in pages:
        canvas.drawString(72, 700, text)
        canvas.showPage()
    canvas.save()
    return content.getvalue()


def zipped(members: dict[str, str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return content.getvalue()


def test_a_pdf_page_by_page() -> None:
    found = text_of("application/pdf", pdf("first page", "second page"))
    assert found.text.split() == ["first", "page", "second", "page"] and found.pages == 2 and not found.cut


def test_a_pdf_of_pictures_has_no_text() -> None:
    content = io.BytesIO()
    Image.new("L", (40, 40)).save(content, "PDF")
    assert text_of("application/pdf", content.getvalue()).reason == "scan"


def test_a_pdf_with_a_password_cannot_be_read() -> None:
    assert text_of("application/pdf", pdf("secret", password="x")).reason == "encrypted"


def test_a_pdf_of_very_many_pages_is_read_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_text, "MOST_PAGES", 2)
    found = text_of("application/pdf", pdf("one", "two", "three"))
    assert found.text.split() == ["one", "two"] and found.cut


def test_pdfium_reads_what_reportlab_wrote() -> None:
    assert len(pypdfium2.PdfDocument(pdf("a", "b"))) == 2


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p>late</p><p>fee</p>", ["late", "fee"]),
        ("la<b>te</b> fe<i>e</i>", ["late", "fee"]),
        ("late<br>fee", ["late", "fee"]),
        ("<td>late<td>fee", ["late", "fee"]),
        ("<title>Your bill</title><body>fee", ["Your", "bill", "fee"]),
        ("<script>steal()</script>fee<style>p{}</style>", ["fee"]),
        ("<div hidden>no</div><div style='display : none'>no <p>no</div>fee", ["fee"]),
        ("<img alt='late'>fee&nbsp;&amp;&#8364;", ["late", "fee", "&€"]),
        ("<head><meta charset=utf-8><body>fee", ["fee"]),
        ("<template><p>no</p></template>fee", ["fee"]),
        ("<!-- no --><p>fee</p>", ["fee"]),
        ("<p>fee", ["fee"]),
        ("</p></div>fee", ["fee"]),
    ],
)
def test_what_a_reader_of_html_sees(markup: str, expected: list[str]) -> None:
    assert words_of_html(markup).replace("\xa0", " ").split() == expected


def test_the_charset_of_html_is_heeded() -> None:
    payload = '<meta charset="iso-8859-1"><p>Gebühr</p>'.encode("latin-1")
    assert words("text/html", payload) == ["Gebühr"]


@pytest.mark.parametrize("charset", ["utf-8", "cp1252", "utf-16", "koi8-r"])
def test_plain_text_in_its_charset(charset: str) -> None:
    text = "плата" if charset == "koi8-r" else "Gebühr"
    assert words(f"text/plain; charset={charset}", text.encode(charset)) == [text]


def mail(*, attachment: bytes = b"", html: str = "") -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.org", "b@example.org", "Mahngebühr"
    message.set_content("plain body")
    if html:
        message.add_alternative(html, subtype="html")
    if attachment:
        message.add_attachment(attachment, maintype="application", subtype="pdf", filename="bill.pdf")
    return message.as_bytes()


def test_an_email_with_its_subject_and_attachments() -> None:
    found = words("message/rfc822", mail(attachment=pdf("inside the bill"), html="<p>rich body</p>"))
    assert {"Mahngebühr", "plain", "inside", "bill", "bill.pdf", "b@example.org"} <= set(found)


def test_an_email_in_an_email() -> None:
    outer = EmailMessage()
    outer["Subject"] = "Forwarded"
    outer.set_content("see below")
    inner = EmailMessage()
    inner["Subject"] = "Inner"
    inner.set_content("deep words")
    outer.add_attachment(inner)
    assert {"Forwarded", "Inner", "deep"} <= set(words("message/rfc822", outer.as_bytes()))


def test_a_word_document() -> None:
    runs = "<w:p><w:r><w:t>Late</w:t></w:r><w:r><w:t>st</w:t></w:r></w:p><w:p><w:t>fee</w:t></w:p>"
    body = f'<w:document xmlns:w="w">{runs}</w:document>'
    assert words(WORD, zipped({"word/document.xml": body, "word/styles.xml": "<no/>"})) == ["Latest", "fee"]


def test_an_open_document() -> None:
    lines = "<text:p>late <text:span>fee</text:span></text:p><text:h>end</text:h>"
    body = f'<office:document xmlns:office="o" xmlns:text="t">{lines}</office:document>'
    assert words(ODT, zipped({"content.xml": body})) == ["late", "fee", "end"]


def test_a_spreadsheet() -> None:
    shared = "<sst><si><t>late</t></si><si><t>fee</t></si></sst>"
    assert words(SHEET, zipped({"xl/sharedStrings.xml": shared})) == ["late", "fee"]


def test_an_office_file_with_a_document_type_is_refused() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]><w:p><w:t>&a;</w:t></w:p>'
    assert text_of(WORD, zipped({"word/document.xml": bomb})).reason == "broken"


def test_an_office_file_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office_text, "MOST_UNPACKED_BYTES", 1_000)
    assert text_of(WORD, zipped({"word/document.xml": "<w:t>" + "a" * 2_000 + "</w:t>"})).reason == "too_large"


@pytest.mark.parametrize("payload", [b"", b"PK\x03\x04", b"nothing", b"\x00" * 100])
@pytest.mark.parametrize("kind", [WORD, ODT, "application/pdf"])
def test_what_is_no_such_file_fails(kind: str, payload: bytes) -> None:
    assert text_of(kind, payload).reason == "broken"


@pytest.mark.parametrize("kind", ["image/png", "application/vnd.ibm.modcap", "application/octet-stream", ""])
def test_what_has_no_text_is_no_failure(kind: str) -> None:
    assert text_of(kind, b"\x89PNG").reason == "kind"


def test_the_name_tells_what_the_type_does_not() -> None:
    assert words("application/octet-stream", b"late fee", file_name="a.txt") == ["late", "fee"]


def test_bytes_that_are_no_email_are_text() -> None:
    assert words("message/rfc822", b'{"event": "bounce"}') == ['{"event":', '"bounce"}']


def test_a_header_without_end_is_cut_before_it_is_parsed() -> None:
    found = text_of("message/rfc822", b"Subject: fee\nTo: " + b"(" * 200_000 + b"\n\nbody")
    assert {"fee", "body"} <= set(found.text.split())
