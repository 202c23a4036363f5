"""What an HTML document would have fetched or done is counted and said, so that a reader knows what may be missing."""

from __future__ import annotations

import contextlib
import time

import pytest

from archive.retrieval import html_view
from archive.retrieval.asked import Asked, sentences
from archive.retrieval.html_view import inline_resources
from archive.retrieval.limited import TooSlowError

COUNTED = [
    ("<img src='https://a.example/x.png'>", {Asked.PICTURE: 1}),
    ("<img src=//a.example/x.png srcset='//a.example/2.png 2x, https://a.example/3.png 3x'>", {Asked.PICTURE: 3}),
    ("<td background=http://a.example/x.png>", {Asked.PICTURE: 1}),
    ("<svg><image href='http://a.example/x.png'/></svg>", {Asked.PICTURE: 1}),
    ("<p style='background:url(http://a.example/x.png)'>", {Asked.PICTURE: 1}),
    ("<link rel=stylesheet href=https://a.example/x.css>", {Asked.STYLE: 1}),
    ("<style>@import 'http://a.example/x.css'; @import url(//a.example/y.css);</style>", {Asked.STYLE: 2}),
    ("<style>@font-face{src:url('https://a.example/f.woff2?1')}</style>", {Asked.FONT: 1}),
    ("<iframe src=https://a.example></iframe><embed src=//a.example/x>", {Asked.FRAME: 2}),
    ("<video src=https://a.example/x.mp4 poster=https://a.example/x.png></video>", {Asked.MEDIA: 2}),
    ("<script src=https://a.example/x.js></script>", {Asked.SCRIPT: 1, Asked.CODE: 1}),
    ("<body onload='run()'><script>run()</script>", {Asked.SCRIPT: 2}),
    ("<form action=https://a.example><input></form>", {Asked.FORM: 1}),
    ("<meta http-equiv=Refresh content='0;url=https://a.example'>", {Asked.REFRESH: 1}),
    # What is not fetched by itself, or not from the network, is not asked for.
    ("<a href=https://a.example>x</a><base href=https://a.example/><link rel=preconnect href=//a.example>", {}),
    ("<img src=data:image/png;base64,AA><img src=cid:a><img src=a.png><!-- <img src=//a.example/x> -->", {}),
    ("<p>url(http://a.example/x.png) &lt;script&gt;</p><img src='http://[bad'>", {}),
    ("<style>p{content:'http://a.example'} /* //a.example */</style>", {}),
]


@pytest.mark.parametrize(("markup", "expected"), COUNTED)
def test_what_a_document_asks_for_is_counted(markup: str, expected: dict[Asked, int]) -> None:
    assert dict(inline_resources(markup, {}).asked) == expected


def test_it_is_said_in_sentences_and_nothing_where_nothing_was_asked() -> None:
    said = sentences(inline_resources("<img src=//a.example/1><img src=//a.example/2><form>", {}).asked, missing=1)
    assert said == [
        "This document asked for 2 things from the network; they are not loaded.",
        "It names 1 file that did not come with it.",
        "It has a form; nothing of it can be sent.",
        "It may look different from what was seen.",
    ]
    assert sentences(inline_resources("<p>Dear Mrs Müller</p>", {}).asked) == []


MARKED = [
    ("<p>Late <b>fee</b></p>", "<p><mark>Late</mark> <b><mark>fee</mark></b></p>"),
    ("<p title='late fee'>no</p>", "<p title='late fee'>no</p>"),
    ("<title>late fee</title><style>.late{}</style>", "<title>late fee</title><style>.late{}</style>"),
    (
        "<script>late fee</script><textarea>late fee</textarea>",
        "<script>late fee</script><textarea>late fee</textarea>",
    ),
    ("<svg><text>late fee</text></svg>late fee", "<svg><text>late fee</text></svg><mark>late fee</mark>"),
    ("<!-- late fee -->", "<!-- late fee -->"),
    ("l&auml;te fee &lt;i&gt;", "<mark>läte fee</mark> &lt;i&gt;"),
    ("&lt;b&gt;late &amp; fee", "&lt;b&gt;<mark>late &amp; fee</mark>"),
    ("<p>other &nbsp;&#228;</p>", "<p>other &nbsp;&#228;</p>"),
]


@pytest.mark.parametrize(("markup", "expected"), MARKED)
def test_searched_words_are_marked_in_texts_and_never_in_markup(markup: str, expected: str) -> None:
    assert inline_resources(markup, {}, words=["late fee"]).text == expected


def test_places_are_counted_and_without_words_nothing_changes() -> None:
    markup = "<p>fee, fees, <i>fee</i>"
    assert inline_resources(markup, {}, words=["fee"]).marks == 2
    assert inline_resources(markup, {}).text == markup


@pytest.mark.parametrize(
    "hostile",
    [
        "<" * 100_000,
        "<a " * 50_000,
        "<a b='" * 50_000 + ">",
        '<a b="' * 50_000,
        "<!--" * 50_000,
        "<!-- >" * 20_000,
        "</a" * 50_000,
        "&" * 100_000,
        "<svg>" * 20_000,
        "<style>" + "url(" * 50_000 + "</style>",
        "<style>url(" + " " * 100_000 + "</style>",
        "<style>" + "@import " * 50_000 + "</style>",
        "<p style='" + "url(//" * 20_000 + "'>",
        "<img srcset='" + ", " * 50_000 + "'>",
    ],
)
def test_a_document_that_is_made_to_take_long_is_shown_or_refused_in_seconds(hostile: str) -> None:
    begun = time.monotonic()
    with contextlib.suppress(TooSlowError):
        inline_resources(hostile, {}, words=["a"])
    assert time.monotonic() - begun < 10


def test_what_takes_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html_view, "MOST_SECONDS", -1)
    with pytest.raises(TooSlowError, match="takes too long to be shown"):
        inline_resources("<p>Dear Mrs Miller</p>", {})
