"""The text of office documents: zipped XML, read part by part within limits. Pure.

A reader of our own, since it needs no more than the text between a few elements, and must refuse document types and
entities and count what it unpacks, which libraries for whole documents leave to their callers.
Source: ECMA-376 (docx, xlsx, pptx), OASIS OpenDocument 1.3 (odt, ods, odp).
"""

from __future__ import annotations

import io
import re
import zipfile
from xml.parsers import expat

from archive.formats.extracted import (
    BROKEN,
    ENCRYPTED,
    MOST_CHARACTERS,
    MOST_UNPACKED_BYTES,
    TOO_LARGE,
    Extracted,
    as_extracted,
    failed,
)

_PARTS = re.compile(
    r"word/(document|header\d*|footer\d*|footnotes|endnotes|comments)\.xml|xl/sharedStrings\.xml"
    r"|xl/worksheets/sheet\d+\.xml|ppt/(slides/slide|notesSlides/notesSlide)\d+\.xml|content\.xml"
)
_TEXT = frozenset({"w:t", "a:t", "t"})
_BREAKS = frozenset({"w:p", "w:br", "w:tab", "w:tc", "a:p", "si", "row", "c", "text:p", "text:h", "text:tab", "text:s",
                     "text:line-break", "table:table-cell"})  # fmt: skip
MOST_PARTS = 2_000


class _TooLargeError(Exception):
    """More would be unpacked than is allowed."""


class _RefusedError(Exception):
    """The XML has a document type, which no office program writes."""


def text_of_office(payload: bytes) -> Extracted:
    """Return the text of all parts that have any, the body first."""
    try:
        with zipfile.ZipFile(io.BytesIO(payload)) as archive:
            names = sorted((name for name in archive.namelist() if _PARTS.fullmatch(name)), key=_order)[:MOST_PARTS]
            texts = _texts(archive, names)
    except _TooLargeError:
        return failed(TOO_LARGE)
    except RuntimeError:  # zipfile says so of a member with a password
        return failed(ENCRYPTED)
    except (zipfile.BadZipFile, expat.ExpatError, _RefusedError, NotImplementedError, ValueError, OSError, EOFError):
        return failed(BROKEN)
    return as_extracted("\n".join(texts)) if names else failed(BROKEN)


def _order(name: str) -> tuple[bool, int, str]:
    number = re.search(r"(\d+)\.xml", name)
    return ("document.xml" not in name, int(number.group(1)) if number else 0, name)


def _texts(archive: zipfile.ZipFile, names: list[str]) -> list[str]:
    texts: list[str] = []
    left = MOST_UNPACKED_BYTES
    for name in names:
        with archive.open(name) as member:
            content = member.read(left + 1)
        left -= len(content)
        if left < 0:
            raise _TooLargeError
        texts.append(_Reader().read(content))
        if sum(map(len, texts)) > MOST_CHARACTERS:
            break
    return texts


class _Reader:
    """Gathers the characters of the elements that hold text."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._depth = 0
        self._parser = expat.ParserCreate()
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._data

    def read(self, content: bytes) -> str:
        self._parser.Parse(content, True)
        return "".join(self._parts)

    def _refuse(self, *_declared: object) -> None:
        raise _RefusedError

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        if name in _BREAKS:
            self._parts.append("\n" if name[-1] in "ph" or name in ("si", "row") else " ")
        if name in _TEXT or name.startswith("text:p") or name.startswith("text:h"):
            self._depth += 1

    def _end(self, name: str) -> None:
        if name in _TEXT or name.startswith("text:p") or name.startswith("text:h"):
            self._depth -= 1

    def _data(self, data: str) -> None:
        if self._depth > 0:
            self._parts.append(data)
