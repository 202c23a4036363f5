"""Marks the words that were searched in texts that are shown. Pure, but for the one source of words.

Which words a search asked for is known to the package of searches, which registers itself here at start-up.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any
from uuid import UUID

MOST_MARKS = 5_000
Part = tuple[str, bool]
"""A stretch of text, and whether it is marked."""

Source = Callable[[UUID, Any], list[str]]
_ASCII_WORD = re.compile(r"[a-z0-9]+")
_RUN = re.compile(r"\S+")
# A soft hyphen only says where a line may break; direction marks and joiners cannot be seen.
_UNSEEN = frozenset("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff")
_sources: list[Source] = []


def register_source(source: Source) -> None:
    """Register what tells the words of a search, at start-up.

    Shapes: it takes a search's public id and the user, and returns words as tokens, phrases joined by blanks, with a
    last `*` for beginnings; nothing for anybody else's search.
    """
    _sources[:] = [source]


def words_for(search_id: str, user: Any) -> list[str]:
    """Return the words to be marked for who comes from a search; nothing for what is none of the user's."""
    try:
        public_id = UUID(search_id)
    except ValueError:
        return []
    return [word for source in _sources for word in source(public_id, user)]


@dataclass(frozen=True, slots=True)
class _Sought:
    tokens: tuple[str, ...]
    prefix: bool

    def is_at(self, tokens: Sequence[str], at: int) -> bool:
        """Tell whether these words stand at a place."""
        end = at + len(self.tokens)
        if end > len(tokens):
            return False
        found = tokens[at:end]
        if not self.prefix:
            return tuple(found) == self.tokens
        return tuple(found[:-1]) == self.tokens[:-1] and found[-1].startswith(self.tokens[-1])


def mark(text: str, words: Sequence[str]) -> list[Part]:
    """Return a text in parts, with the words marked."""
    return mark_all([text], words)[0]


def count_marks(parts: Sequence[Part]) -> int:
    """Return how many of the parts are marked."""
    return sum(marked for _text, marked in parts)


def mark_all(texts: Sequence[str], words: Sequence[str]) -> list[list[Part]]:
    """Return texts that follow each other in parts, with the words marked; phrases may run from one into the next.

    Shapes: joined, the parts of each text are the text; at most 5,000 places are marked.
    """
    sought = _sought(words)
    if not sought:
        return [[(text, False)] for text in texts]
    spans = [(number, *span) for number, text in enumerate(texts) for span in _spans(text)]
    tokens = [span[1] for span in spans]
    marked: list[list[tuple[int, int]]] = [[] for _text in texts]
    at = marks = 0
    while at < len(tokens) and marks < MOST_MARKS:
        here = sought.get(tokens[at][0], [])
        longest = max((len(each.tokens) for each in here if each.is_at(tokens, at)), default=0)
        if not longest:
            at += 1
            continue
        for number, stretch in _by_text(spans[at : at + longest]):
            marked[number].append(stretch)
        marks += 1
        at += longest
    return [_cut(text, stretches) for text, stretches in zip(texts, marked, strict=True)]


def _sought(words: Sequence[str]) -> dict[str, list[_Sought]]:
    """Return what is looked for by the first letter of its first word."""
    found: dict[str, list[_Sought]] = {}
    for word in words:
        tokens = tuple(word.removesuffix("*").split())
        if tokens:
            found.setdefault(tokens[0][0], []).append(_Sought(tokens, word.endswith("*")))
    return found


def _by_text(spans: Sequence[tuple[int, str, int, int]]) -> Iterator[tuple[int, tuple[int, int]]]:
    """Yield (text, (start, end)) of some words in a row: one stretch in each text that they stand in."""
    for number in dict.fromkeys(span[0] for span in spans):
        own = [span for span in spans if span[0] == number]
        yield number, (own[0][2], own[-1][3])


def _cut(text: str, stretches: Sequence[tuple[int, int]]) -> list[Part]:
    parts: list[Part] = []
    at = 0
    for start, end in stretches:
        if start > at:
            parts.append((text[at:start], False))
        parts.append((text[start:end], True))
        at = end
    if at < len(text) or not parts:
        parts.append((text[at:], False))
    return parts


def _spans(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield (token, start, end) of a text as it stands, folded as `archive/documents/text.py` does."""
    if text.isascii():
        return ((found.group(), *found.span()) for found in _ASCII_WORD.finditer(text.lower()))
    return chain.from_iterable(_of_run(run) for run in _RUN.finditer(text))


def _of_run(run: re.Match[str]) -> Iterator[tuple[str, int, int]]:
    offset = run.start()
    return ((token, offset + start, offset + end) for token, start, end in _tokens_of(run.group()))


@lru_cache(maxsize=20_000)
def _tokens_of(run: str) -> tuple[tuple[str, int, int], ...]:
    if run.isascii():
        return tuple((found.group(), *found.span()) for found in _ASCII_WORD.finditer(run.lower()))
    found: list[tuple[str, int, int]] = []
    token, start, end = "", 0, 0
    for at, char in enumerate(run):
        folded = _folded(char)
        if folded is None:  # not seen, or an accent of the letter before
            end = at + 1 if token and unicodedata.combining(char) else end
            continue
        for part in folded:
            if part.isalnum():
                start = start if token else at
                token, end = token + part, at + 1
            elif token:
                found.append((token, start, end))
                token = ""
    if token:
        found.append((token, start, end))
    return tuple(found)


@lru_cache(maxsize=5_000)
def _folded(char: str) -> str | None:
    """Return a character without case and accent, several for some, or None for what does not part words."""
    if char in _UNSEEN:
        return None
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", char).casefold())
    return "".join(part for part in decomposed if not unicodedata.combining(part)) or None
