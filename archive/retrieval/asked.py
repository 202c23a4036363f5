"""What an HTML document would have a browser do or fetch, were it let: counted, so that the page can say it. Pure.

Nothing of it happens (requirements S-08). A reader should know that the customer may have seen more.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from enum import StrEnum
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import ngettext


class Asked(StrEnum):
    """What a document asked for; the first six are fetched from the network."""

    PICTURE = "picture"
    STYLE = "style"
    FONT = "font"
    FRAME = "frame"
    MEDIA = "media"
    CODE = "code"
    SCRIPT = "script"
    FORM = "form"
    REFRESH = "refresh"


NETWORK = frozenset({Asked.PICTURE, Asked.STYLE, Asked.FONT, Asked.FRAME, Asked.MEDIA, Asked.CODE})
_BY_TAG = {
    "embed": Asked.FRAME,
    "frame": Asked.FRAME,
    "iframe": Asked.FRAME,
    "object": Asked.FRAME,
    "audio": Asked.MEDIA,
    "source": Asked.MEDIA,
    "track": Asked.MEDIA,
    "video": Asked.MEDIA,
    "script": Asked.CODE,
}
_FETCHING = ("src", "background", "poster", "data", "href", "xlink:href")
_LEADING = frozenset({"a", "area", "base", "link"})
_CSS = re.compile(r"""(?P<how>@import\s+(?:url\(\s*)?|url\(\s*)["']?(?P<url>(?:https?:)?//[^"')\s;]+)""", re.IGNORECASE)
_FONT = re.compile(r"\.(woff2?|ttf|otf|eot)(?:[?#]|$)|//fonts\.", re.IGNORECASE)
_SET = re.compile(r"(?:^|,)\s*((?:https?:)?//\S+)", re.IGNORECASE)


def asks_elsewhere(tag: str, values: Mapping[str, str]) -> Iterator[Asked]:
    """Yield what a start tag asks for, once for each thing.

    Shapes: `values` are its attributes, names in lower case.
    """
    if tag == "script" or any(name.startswith("on") for name in values):
        yield Asked.SCRIPT
    if tag == "form":
        yield Asked.FORM
    if tag == "meta" and values.get("http-equiv", "").strip().lower() == "refresh":
        yield Asked.REFRESH
    if tag == "link" and _is_elsewhere(values.get("href", "")):
        relations = values.get("rel", "").lower().split()
        if "stylesheet" in relations:
            yield Asked.STYLE
    if tag not in _LEADING:
        kind = _BY_TAG.get(tag, Asked.PICTURE)
        yield from (kind for name in _FETCHING if _is_elsewhere(values.get(name, "")))
        yield from (kind for _found in _SET.finditer(values.get("srcset", "")))


def asked_by_css(css: str) -> Iterator[Asked]:
    """Yield what a style sheet, or a style, asks for."""
    for found in _CSS.finditer(css):
        if found["how"].startswith("@"):
            yield Asked.STYLE
        elif _FONT.search(found["url"]):
            yield Asked.FONT
        else:
            yield Asked.PICTURE


def sentences(asked: Counter[Asked], missing: int = 0) -> list[str]:
    """Return what a page says of it, the most important first; nothing where the document asked for nothing.

    Shapes: `missing` is how many files it names that did not come with it.
    """
    said: list[str] = []
    if fetched := sum(count for kind, count in asked.items() if kind in NETWORK):
        said.append(
            ngettext(
                "This document asked for %(count)s thing from the network; it is not loaded.",
                "This document asked for %(count)s things from the network; they are not loaded.",
                fetched,
            )
            % {"count": fetched}
        )
    if missing:
        said.append(
            ngettext(
                "It names %(count)s file that did not come with it.",
                "It names %(count)s files that did not come with it.",
                missing,
            )
            % {"count": missing}
        )
    if asked[Asked.SCRIPT]:
        said.append(_("It has scripts; none of them runs."))
    if asked[Asked.FORM]:
        said.append(_("It has a form; nothing of it can be sent."))
    if asked[Asked.REFRESH]:
        said.append(_("It would have gone on to another page by itself; it stays."))
    if said:
        said.append(_("It may look different from what was seen."))
    return said


def _is_elsewhere(reference: str) -> bool:
    """Tell whether a reference leads to the network."""
    try:
        parts = urlsplit(reference.strip())
    except ValueError:
        return False
    return bool(parts.netloc) and parts.scheme.lower() in ("", "http", "https", "ftp")
