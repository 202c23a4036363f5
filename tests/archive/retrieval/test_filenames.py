"""Names and types under which bytes leave: safe whatever came in (requirements S-09; RFC 6266, RFC 8187)."""

from __future__ import annotations

import re
from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st

from archive.retrieval.filenames import attachment, download_name, download_type, kind_of, plain_type

_HEADER = re.compile(r'attachment; filename="([A-Za-z0-9._-]+)"; filename\*=UTF-8\'\'([A-Za-z0-9._~%-]*)')


def parts(name: str) -> tuple[str, str]:
    """Return the plain and the extended name of a header, each read as a browser does."""
    found = _HEADER.fullmatch(attachment(name))
    assert found, attachment(name)
    return found.group(1), unquote(found.group(2))


NAMES = [
    ("letter.pdf", "letter.pdf", "letter.pdf"),
    ("Kündigung März.pdf", "K_ndigung_M_rz.pdf", "Kündigung März.pdf"),
    ('"\r\nX: y";.html', "X_y_.html", "X: y;.html"),
    ("a\u202egnp.exe", "a_gnp.exe", "agnp.exe"),
    ("a\u2028b\u0000c\x1b[31m.txt", "a_b_c_31m.txt", "abc[31m.txt"),
    ("../../etc/passwd", "etc_passwd", "....etcpasswd"),
    ("C:\\Windows\\evil.exe", "C_Windows_evil.exe", "C:Windowsevil.exe"),
    ("", "document", ""),
    ("...", "document", "..."),
    ("信.pdf", "pdf", "信.pdf"),
    ("100%25.pdf", "100_25.pdf", "100%25.pdf"),
]


def test_names_are_made_safe() -> None:
    assert [(name, *parts(name)) for name, _plain, _extended in NAMES] == NAMES


@given(st.text(max_size=400))
def test_no_name_breaks_the_header_or_hides_its_end(name: str) -> None:
    plain, extended = parts(name)
    assert attachment(name).isascii() and plain[0] not in "._"
    assert extended.isprintable() and not set(extended) & set('\\/"')


@given(st.text(max_size=200), st.text(max_size=100), st.text(max_size=3_000))
def test_a_download_is_named_by_record_and_channel_alone(record: str, content_type: str, file_name: str) -> None:
    name = download_name(record_number="V-1-2", channel="print", content_type=content_type, file_name=file_name)
    assert re.fullmatch(r"V-1-2-print\.[a-z0-9._-]{1,8}", name)
    assert re.fullmatch(r"[A-Za-z0-9._-]*", download_name(record_number=record, channel="sms", content_type="a/b"))


def test_the_extension_is_that_of_the_type_and_only_else_that_of_the_file() -> None:
    def name(content_type: str, file_name: str = "") -> str:
        return download_name(record_number="V-1-2", channel="web", content_type=content_type, file_name=file_name)

    assert name("application/pdf", "evil.exe") == "V-1-2-web.pdf"
    assert name("TEXT/HTML; charset=utf-8", "a.hta") == "V-1-2-web.html"
    assert name("application/vnd.hp-pcl", "run.PCL") == "V-1-2-web.pcl"
    assert name("application/x-thing", '"\r\nX: y";.ht"m\r\nl') == "V-1-2-web.html"
    assert name("application/x-thing", "no extension") == "V-1-2-web.bin"
    assert name("application/x-thing", "x." + "a" * 500) == "V-1-2-web.aaaaaaaa"


TYPES = [
    ("application/pdf", "application/pdf", "pdf"),
    ("Text/HTML;charset=utf-8", "text/html", "html"),
    ("application/xhtml+xml", "application/octet-stream", "html"),
    ("image/gif", "image/gif", "image"),
    ("image/svg+xml", "image/svg+xml", "other"),
    ("text/plain", "text/plain", "text"),
    ("text/javascript", "application/octet-stream", "other"),
    ("application/javascript", "application/octet-stream", "other"),
    ("application/x-ecmascript", "application/octet-stream", "other"),
    ("text/css", "application/octet-stream", "other"),
    ("application/wasm", "application/octet-stream", "other"),
    ("application/x-shockwave-flash", "application/octet-stream", "other"),
    ("text/html\r\nX: y", "application/octet-stream", "other"),
    ("", "application/octet-stream", "other"),
    ("nonsense", "application/octet-stream", "other"),
]


def test_a_download_has_a_type_of_a_fixed_list_without_scripts_and_style_sheets() -> None:
    assert [(given, download_type(given), kind_of(given)) for given, _type, _kind in TYPES] == TYPES


@given(st.text(max_size=60))
def test_a_type_never_breaks_its_header(content_type: str) -> None:
    assert re.fullmatch(r"[a-z0-9][a-z0-9.+-]*/[a-z0-9][a-z0-9.+-]*", plain_type(content_type))
