"""Make a stored HTML document viewable on its own: its resources inlined as data, nothing else changed. Pure.

The markup is copied as it stands; only start tags that refer to a resource are rewritten, style sheets of the package
become `<style>`, and hints that make a browser connect somewhere are left out. What the document may then do is ruled
by the headers it is served with (requirements S-08), not by this file.
"""

from __future__ import annotations

import base64
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

from archive.formats.charset import decode_html

INLINE_LIMIT_BYTES = 20 * 1024 * 1024
_REFERENCES = {"src", "href", "background", "poster"}
_CONNECTING = {"dns-prefetch", "preconnect", "prefetch", "preload", "prerender", "modulepreload", "manifest"}
_CSS_URL = re.compile(r"""url\(\s*(?:"([^"\n]*)"|'([^'\n]*)'|([^)\s"']*))\s*\)""", re.IGNORECASE)

Resource = tuple[str, bytes]
"""(content type, bytes)."""


@dataclass(slots=True)
class HtmlView:
    """A document ready to be shown.

    Shapes: `left_out` names resources that did not fit into the limit, `missing` references that the package had not.
    """

    text: str
    left_out: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def inline_resources(text: str, resources: Mapping[str, Resource], limit_bytes: int = INLINE_LIMIT_BYTES) -> HtmlView:
    """Return the document with its resources as `data:`.

    Shapes: `resources` by the name that the document uses, relative to its own folder.
    """
    rewriter = _Rewriter(resources, limit_bytes)
    rewriter.feed(text)
    rewriter.close()
    return HtmlView("".join(rewriter.output), rewriter.left_out, rewriter.missing)


class _Rewriter(HTMLParser):
    """Copies tokens as they stand and rewrites the few that refer to resources."""

    def __init__(self, resources: Mapping[str, Resource], limit_bytes: int) -> None:
        super().__init__(convert_charrefs=False)
        self.resources = {posixpath.normpath(name): resource for name, resource in resources.items()}
        self.budget = limit_bytes
        self.output: list[str] = []
        self.left_out: list[str] = []
        self.missing: list[str] = []
        self.in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.in_style = tag == "style"
        values = {name: value or "" for name, value in attrs}
        if tag == "link":
            self._link(values)
        elif any(name in _REFERENCES or name == "style" for name in values):
            self.output.append(self._tag(tag, attrs))
        else:
            self.output.append(self.get_starttag_text() or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.in_style = False

    def handle_endtag(self, tag: str) -> None:
        self.in_style = False
        self.output.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.output.append(self._css(data, "") if self.in_style else data)

    def handle_entityref(self, name: str) -> None:
        self.output.append(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.output.append(f"&#{name};")

    def handle_comment(self, data: str) -> None:
        self.output.append(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self.output.append(f"<!{decl}>")

    def handle_pi(self, data: str) -> None:
        self.output.append(f"<?{data}>")

    def unknown_decl(self, data: str) -> None:
        self.output.append(f"<![{data}]>")

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
            elif name in _REFERENCES and tag != "a":
                value = self._reference(value)
            parts.append(f'{name}="{escape(value)}"')
        return f"<{' '.join(parts)}>"

    def _reference(self, value: str) -> str:
        name = _local_name(value)
        resource = self._take(name) if name else None
        return _data_url(resource) if resource is not None else value

    def _css(self, css: str, folder: str) -> str:
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
    if parts.scheme or parts.netloc or not parts.path or parts.path.startswith("/"):
        return ""
    return unquote(parts.path)


def _data_url(resource: Resource) -> str:
    content_type, payload = resource
    return f"data:{content_type};base64,{base64.b64encode(payload).decode()}"
