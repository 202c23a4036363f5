"""Make a stored HTML document viewable on its own: its resources inlined as data, nothing else changed. Pure.

The markup is copied as it stands; only start tags that refer to a resource are rewritten, style sheets of the package
become `<style>`, and hints that make a browser connect somewhere are left out. Where words were searched they are
marked in texts, never in markup. What the document may then do is ruled by the headers it is served with (requirements
S-08), not by this file; what it will miss is counted here.
"""

from __future__ import annotations

import base64
import posixpath
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape, unescape
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

from django.utils.translation import gettext as _

from archive.formats.charset import decode_html
from archive.retrieval.asked import Asked, asked_by_css, asks_elsewhere
from archive.retrieval.limited import TooSlowError
from archive.retrieval.marking import count_marks, mark_all

INLINE_LIMIT_BYTES = 20 * 1024 * 1024
_REFERENCES = {"src", "href", "background", "poster"}
_LEADING = {"a", "area", "base"}
_CONNECTING = {"dns-prefetch", "preconnect", "prefetch", "preload", "prerender", "modulepreload", "manifest"}
_UNMARKED = frozenset({"script", "style", "title", "textarea", "xmp", "iframe", "noframes", "noembed", "plaintext"})
"""Elements whose text is no markup, so that a mark inside would be shown as it is written."""
_FOREIGN = frozenset({"svg", "math"})
"""A mark inside would end them."""

# Bounded, as a hostile style sheet must not make the search long; what is longer is no name of a resource.
_CSS_URL = re.compile(
    r"""url\(\s{0,50}(?:"([^"\n]{0,2000})"|'([^'\n]{0,2000})'|([^)(\s"']{0,2000}))\s{0,50}\)""", re.IGNORECASE
)
MOST_SECONDS = 3.0

Resource = tuple[str, bytes]
"""(content type, bytes)."""


@dataclass(slots=True)
class HtmlView:
    """A document ready to be shown.

    Shapes: `left_out` names resources that did not fit into the limit, `missing` references that the package had not;
    `asked` counts by kind what the document would have done or fetched elsewhere; `marks` are the places marked.
    """

    text: str
    left_out: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    asked: Counter[Asked] = field(default_factory=Counter)
    marks: int = 0


def inline_resources(
    text: str,
    resources: Mapping[str, Resource],
    limit_bytes: int = INLINE_LIMIT_BYTES,
    *,
    words: Sequence[str] = (),
) -> HtmlView:
    """Return the document with its resources as `data:` and the words marked.

    Shapes: `resources` by the name that the document uses, relative to its own folder, or `cid:` and the content id of
    a part of an e-mail; `words` as in marking.py.
    Errors: TooSlowError for a document that is made to take long.
    """
    rewriter = _Rewriter(resources, limit_bytes)
    # What follows the last tag is copied: the parser would look for the end of each tag that begins there, to no end.
    whole, _end, rest = text.rpartition(">")
    rewriter.feed(whole + _end)
    rewriter.close()
    if "<" in rest:
        rewriter.copy(rest)
    else:
        rewriter.handle_data(rest)
    rewriter.end_text()
    marks = rewriter.mark(words) if words else 0
    return HtmlView("".join(rewriter.output), rewriter.left_out, rewriter.missing, rewriter.asked, marks)


class _Rewriter(HTMLParser):
    """Copies tokens as they stand and rewrites the few that refer to resources."""

    def __init__(self, resources: Mapping[str, Resource], limit_bytes: int) -> None:
        super().__init__(convert_charrefs=False)
        self.resources = {posixpath.normpath(name): resource for name, resource in resources.items()}
        self.budget = limit_bytes
        self.output: list[str] = []
        self.left_out: list[str] = []
        self.missing: list[str] = []
        self.asked: Counter[Asked] = Counter()
        self.in_style = False
        self._texts: list[int] = []
        self._raw: list[str] = []
        self._until = time.monotonic() + MOST_SECONDS
        self._unmarked = ""
        self._foreign = 0

    def end_text(self) -> None:
        """Write the text that was gathered since the last tag, and remember where it stands."""
        if self._raw:
            if not (self._unmarked or self._foreign):
                self._texts.append(len(self.output))
            self.output.append("".join(self._raw))
            self._raw.clear()

    def mark(self, words: Sequence[str]) -> int:
        """Mark words in all texts at once, as phrases run over tags; return how many places were marked."""
        marks = 0
        texts = [unescape(self.output[at]) for at in self._texts]
        for at, parts in zip(self._texts, mark_all(texts, words), strict=True):
            if found := count_marks(parts):
                marks += found
                self.output[at] = "".join(
                    f"<mark>{escape(text, quote=False)}</mark>" if marked else escape(text, quote=False)
                    for text, marked in parts
                )
        return marks

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.end_text()
        self.in_style = tag == "style"
        self._unmarked = tag if tag in _UNMARKED else self._unmarked
        self._foreign += tag in _FOREIGN
        values = {name: value or "" for name, value in attrs}
        self._count(tag, values)
        if tag == "link":
            self._link(values)
        elif any(name in _REFERENCES or name == "style" for name in values):
            self.output.append(self._tag(tag, attrs))
        else:
            self.output.append(self.get_starttag_text() or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.in_style = False
        self._unmarked = ""
        self._foreign -= tag in _FOREIGN

    def handle_endtag(self, tag: str) -> None:
        self.end_text()
        self.in_style = False
        self._unmarked = "" if tag == self._unmarked else self._unmarked
        self._foreign = max(0, self._foreign - (tag in _FOREIGN))
        self.output.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        # The parser takes long where it finds no end, and calls this after each such place.
        if time.monotonic() > self._until:
            raise TooSlowError(_("This document takes too long to be shown. Read it as text, or download it."))
        self._raw.append(self._css(data, "") if self.in_style else data)

    def handle_entityref(self, name: str) -> None:
        self._raw.append(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._raw.append(f"&#{name};")

    def handle_comment(self, data: str) -> None:
        self._between(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self._between(f"<!{decl}>")

    def handle_pi(self, data: str) -> None:
        self._between(f"<?{data}>")

    def unknown_decl(self, data: str) -> None:
        self._between(f"<![{data}]>")

    def copy(self, markup: str) -> None:
        """Write markup as it stands."""
        self._between(markup)

    def _between(self, markup: str) -> None:
        self.end_text()
        self.output.append(markup)

    def _count(self, tag: str, values: Mapping[str, str]) -> None:
        """Count what a start tag would have the browser do or fetch."""
        self.asked.update(asks_elsewhere(tag, values))

    def _link(self, values: Mapping[str, str]) -> None:
        relations = set(values.get("rel", "").lower().split())
        if relations & _CONNECTING:
            return
        if "stylesheet" not in relations:
            self.output.append(self.get_starttag_text() or "")
            return
        name = _local_name(values.get("href", ""))
        sheet = self._take(name) if name else None
        if sheet is not None:
            media = f' media="{escape(values["media"])}"' if values.get("media") else ""
            css = self._css(decode_html(sheet[1]), posixpath.dirname(name)).replace("</", "<\\/")
            self.output.append(f"<style{media}>{css}</style>")

    def _tag(self, tag: str, attrs: list[tuple[str, str | None]]) -> str:
        parts = [tag]
        for name, value in attrs:
            if value is None:
                parts.append(name)
                continue
            if name == "style":
                value = self._css(value, "")
            elif name in _REFERENCES and tag not in _LEADING:
                value = self._reference(value)
            parts.append(f'{name}="{escape(value)}"')
        return f"<{' '.join(parts)}>"

    def _reference(self, value: str) -> str:
        name = _local_name(value)
        resource = self._take(name) if name else None
        return _data_url(resource) if resource is not None else value

    def _css(self, css: str, folder: str) -> str:
        self.asked.update(asked_by_css(css))

        def replace(match: re.Match[str]) -> str:
            name = _local_name(next((group for group in match.groups() if group is not None), ""))
            resource = self._take(posixpath.join(folder, name)) if name else None
            return f'url("{_data_url(resource)}")' if resource is not None else match.group(0)

        return _CSS_URL.sub(replace, css)

    def _take(self, name: str) -> Resource | None:
        name = posixpath.normpath(name)
        resource = self.resources.get(name)
        if resource is None:
            self.missing.append(name)
            return None
        if len(resource[1]) > self.budget:
            self.left_out.append(name)
            return None
        self.budget -= len(resource[1])
        return resource


def _local_name(reference: str) -> str:
    """Return the path of a relative reference, or nothing when it leads elsewhere."""
    try:
        parts = urlsplit(reference.strip())
    except ValueError:
        return ""
    if parts.scheme.lower() == "cid":
        return f"cid:{unquote(parts.path)}"
    if parts.scheme or parts.netloc or not parts.path or parts.path.startswith("/"):
        return ""
    return unquote(parts.path)


def _data_url(resource: Resource) -> str:
    content_type, payload = resource
    return f"data:{content_type};base64,{base64.b64encode(payload).decode()}"
