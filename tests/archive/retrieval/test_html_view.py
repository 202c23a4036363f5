"""Resources are inlined as data, at most 20 MiB of them; everything else in the markup stays as it was sent."""

from __future__ import annotations

import base64
import re

import pytest

from archive.formats.charset import decode_html
from archive.retrieval.html_view import inline_resources

PNG = ("image/png", b"\x89PNG")
DATA = f"data:image/png;base64,{base64.b64encode(PNG[1]).decode()}"

INLINED = [
    ('<img src="logo.png">', f'<img src="{DATA}">'),
    ("<img src=logo.png alt=Logo>", f'<img src="{DATA}" alt="Logo">'),
    ("<IMG SRC='./logo.png'>", f'<img src="{DATA}">'),
    ('<img src="img/../logo.png"/>', f'<img src="{DATA}">'),
    ('<img src="img/a%20b.png">', f'<img src="{DATA}">'),
    ('<img src="logo.png?v=3#x">', f'<img src="{DATA}">'),
    ('<td background="logo.png">', f'<td background="{DATA}">'),
    ('<p style="background:url(logo.png)">', f'<p style="background:url(&quot;{DATA}&quot;)">'),
    ("<style>p{background:url( 'logo.png' )}</style>", f'<style>p{{background:url("{DATA}")}}</style>'),
    (
        '<link rel="stylesheet" href="css/a.css" media="print">',
        f'<style media="print">b{{background:url("{DATA}")}}</style>',
    ),
]
RESOURCES = {
    "logo.png": PNG,
    "img/a b.png": PNG,
    "css/a.css": ("text/css", b"b{background:url(../logo.png)}"),
}


def shown(text: str) -> str:
    """Return a document with the resources inlined."""
    return inline_resources(text, RESOURCES).text


def test_resources_are_inlined_by_the_name_that_the_document_uses() -> None:
    assert [(source, shown(source)) for source, _result in INLINED] == INLINED


# What leads elsewhere stays as it was sent, and the headers let nothing of it be asked for; what would make a browser
# connect without being drawn, and style sheets, are left out.
UNTOUCHED = [
    '<img src="https://evil.example/x.png">',
    '<img src="//evil.example/x.png">',
    '<img src="/static/x.png">',
    '<img src="missing.png">',
    '<img src="javascript:alert(1)">',
    '<img src="file:///etc/passwd">',
    '<img src="../../etc/passwd">',
    '<img src="http://[bad">',
    '<a href="logo.png">logo</a>',
    "<p title='a &lt; b &amp; c'>&nbsp;&#228;</p>",
    "<!doctype html><!-- <img src=logo.png> --><?php echo 1 ?>",
    '<script>var a = "<img src=logo.png>";</script>',
    "<style>@import url(https://evil.example/x.css)</style>",
]
LEFT_OUT = [
    '<link rel="stylesheet" href="https://evil.example/x.css">',
    '<link rel="stylesheet" href="missing.css">',
    '<link rel="dns-prefetch" href="//evil.example">',
    '<LINK REL="Preconnect" HREF="https://evil.example">',
    '<link rel="prefetch stylesheet" href="css/a.css">',
    '<link rel="modulepreload" href="https://evil.example/x.js">',
    '<link rel="manifest" href="https://evil.example/m.json">',
]


def test_nothing_but_resources_is_changed() -> None:
    assert [shown(source) for source in UNTOUCHED] == UNTOUCHED


def test_what_would_connect_elsewhere_is_left_out() -> None:
    assert [shown(source) for source in LEFT_OUT] == [""] * len(LEFT_OUT)


def test_a_style_sheet_cannot_end_its_element() -> None:
    sheet = {"a.css": ("text/css", b"a{}</style><script>alert(1)</script>")}
    view = inline_resources('<link rel=stylesheet href="a.css">', sheet)
    assert re.findall(r"(?i)</?(?:script|style)", view.text) == ["<style", "<script", "</style"]
    assert view.text.index("<script") < view.text.index("</style")


def test_an_attribute_cannot_be_left() -> None:
    hostile = {"a.png": ('image/png" onerror="alert(1)', b"x")}
    assert 'onerror="' not in inline_resources("<img src=a.png>", hostile).text


def test_beyond_the_limit_resources_are_left_out_and_named() -> None:
    two = {"a.png": ("image/png", b"x" * 60), "b.png": ("image/png", b"y" * 60)}
    view = inline_resources('<img src="a.png"><img src="b.png"><img src="none.png">', two, limit_bytes=100)
    assert (view.left_out, view.missing) == (["b.png"], ["none.png"])
    assert view.text.count("data:image/png") == 1


def test_a_resource_that_is_named_often_counts_each_time() -> None:
    view = inline_resources('<img src="a.png">' * 10, {"a.png": ("image/png", b"x" * 30)}, limit_bytes=100)
    assert view.text.count("data:image/png") == 3 and view.left_out == ["a.png"] * 7


DECODED = [
    (b"\xef\xbb\xbf\xc3\xa4", "", "ä"),
    ("ä".encode("utf-16"), "", "ä"),
    (b"\xfe\xff\x00\xe4", "", "ä"),
    (b"\xc3\xa4", "", "ä"),
    (b"\xe4", "", "ä"),
    (b"<meta charset=iso-8859-15>\xa4", "", "<meta charset=iso-8859-15>€"),
    (b"<meta charset=latin1>\x80", "", "<meta charset=latin1>€"),
    (b'<meta content="text/html; charset=windows-1251">\xd6', "", '<meta content="text/html; charset=windows-1251">Ц'),
    (b"\xd6", "windows-1251", "Ц"),
    (b"<meta charset=utf-16>ab", "", "<meta charset=utf-16>ab"),
    (b"<meta charset=utf-8>\xe4", "", "<meta charset=utf-8>ä"),
    (b"", "", ""),
]


def test_bytes_are_read_as_browsers_read_them() -> None:
    assert [(payload, declared, decode_html(payload, declared)) for payload, declared, _text in DECODED] == DECODED


NO_CHARACTER_SETS = "undefined idna punycode unicode_escape utf-7 hex zlib rot13 mbcs nonsense"


@pytest.mark.parametrize("name", [*NO_CHARACTER_SETS.split(), "x" * 300])
def test_a_character_set_that_is_none_is_ignored(name: str) -> None:
    payload = b"<meta charset=" + name.encode() + b">\\u0041 +ADw- \xc3\xa4" + b"x" * 70
    assert decode_html(payload).endswith("\\u0041 +ADw- ä" + "x" * 70)
    assert decode_html(b"+ADw-\xc3\xa4", name) == "+ADw-ä"
