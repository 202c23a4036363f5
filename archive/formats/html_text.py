"""The text that a reader of an HTML document sees. Pure."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from archive.formats.charset import decode_html
from archive.formats.extracted import MOST_CHARACTERS, Extracted, as_extracted

_UNSEEN = frozenset({"script", "style", "template", "noscript", "head", "object", "svg", "math", "select", "datalist"})
_INLINE = frozenset(
    "a abbr acronym b bdi bdo big cite code data dfn em font i kbd mark nobr q s samp small span strike strong sub sup "
    "time tt u var wbr ins del label".split()
)
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
_MARK = re.compile(r"<[a-zA-Z/!?]")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all", re.IGNORECASE)


def text_of_html(payload: bytes, declared: str = "") -> Extracted:
    """Return the words between the marks: no script, no style, nothing hidden; blocks end a line."""
    return as_extracted(words_of_html(decode_html(payload, declared)))


def words_of_html(markup: str) -> str:
    """Return the text of some markup, its title first, then what alternatives of pictures say in their place."""
    reader = _Reader()
    reader.feed(_without_an_open_end(markup[: MOST_CHARACTERS * 4]))
    reader.close()
    return "".join(reader.parts).strip()


def _without_an_open_end(markup: str) -> str:
    """Drop the mark that is never closed, as browsers do: the parser would look for its end from each further one."""
    closed = markup.rfind(">") + 1
    left_open = _MARK.search(markup, closed)
    return markup[: left_open.start()] if left_open else markup


class _Reader(HTMLParser):
    """Gathers text; keeps count of the hidden element that it is in, if any."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unseen: list[str] = []
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "title":
            self._in_title = True
        elif tag == "body":
            self._unseen.clear()  # a head that was not closed
        values = {name: value or "" for name, value in attrs}
        hidden = "hidden" in values or bool(_HIDDEN.search(values.get("style", "")))
        if (self._unseen or tag in _UNSEEN or hidden) and tag not in _VOID:
            self._unseen.append(tag)
        if not self._unseen:
            if tag not in _INLINE:
                self.parts.append("\n")
            if tag == "img" and values.get("alt"):
                self.parts.append(f" {values['alt']} ")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False
        if self._unseen:
            if tag in self._unseen:  # what was not closed inside ends with it
                del self._unseen[len(self._unseen) - 1 - self._unseen[::-1].index(tag) :]
        elif tag not in _INLINE:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.parts.append(f"{data}\n")
        elif not self._unseen:
            self.parts.append(data)
