"""Words of a text for the index, and where they stand in it. Pure.

Source: model.md §12; the tokeniser is `archive/documents/text.py`, the same at extraction and in queries.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from archive.documents.text import tokens

LONGEST_TOKEN_BYTES = 255
_BLANKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ud800-\udfff\ufeff]+")
# A soft hyphen only says where a line may break; direction marks and joiners cannot be seen.
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069]")
_RUN = re.compile(r"\S+")
_PART = re.compile(r"[^\W_]+(?:[\u0300-\u036f]+[^\W_]*)*")


def plain_text(text: str) -> str:
    """Return a text as it is indexed and shown beside hits: compatibility forms folded, one blank between words."""
    seen = _UNSEEN.sub("", text)
    return _BLANKS.sub(" ", unicodedata.normalize("NFKC", seen) if not seen.isascii() else seen).strip()


def words_of(text: str) -> list[str]:
    """Return the tokens of a text in order, each cut to 255 bytes of UTF-8."""
    return [cut(token) for token in tokens(_UNSEEN.sub("", text))]


def cut(token: str) -> str:
    """Cut a token to 255 bytes of UTF-8, at a character."""
    if len(token) <= LONGEST_TOKEN_BYTES // 4:
        return token
    return token.encode()[:LONGEST_TOKEN_BYTES].decode(errors="ignore")


@lru_cache(maxsize=50_000)
def _folded(run: str) -> tuple[str, ...]:
    return tuple(words_of(run))


def spans_of(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield (token, start, end) of a plain text, in order.

    Shapes: a run between blanks that has several tokens is looked into; where its parts cannot be told apart (they
    fold into more or fewer tokens than they are), all of them stand at the whole run.
    """
    for run in _RUN.finditer(text):
        found = _folded(run.group())
        if not found:
            continue
        parts = list(_PART.finditer(run.group()))
        if len(parts) == len(found):
            for token, part in zip(found, parts, strict=True):
                yield token, run.start() + part.start(), run.start() + part.end()
        else:
            for token in found:
                yield token, run.start(), run.end()
