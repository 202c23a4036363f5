"""Where a hit's words stand: a short stretch of its text around them, from the variant that has them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from archive.search.words.database import Reader
from archive.search.words.terms import Scope, Term, match_of
from archive.search.words.tokens import spans_of

WORDS_BEFORE, WORDS_SHOWN, WORDS_COMPARED = 2, 30, 120
MOST_CHARACTERS, MOST_AROUND = 240, 40
MOST_LOOKED_AT = 10_200
"""Tokens of a piece; it has no more."""

Span = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Snippet:
    """A stretch of text.

    Shapes: `parts` are (text, marked) in order; `variant` is the number of the variant it comes from; `begins` and
    `ends` say that the text itself does there.
    """

    parts: tuple[tuple[str, bool], ...]
    variant: int
    begins: bool
    ends: bool


@dataclass(frozen=True, slots=True)
class Matching:
    """What is looked for in texts: the terms, and how the index is asked for any of them."""

    terms: tuple[Term, ...]
    match: str


def matching_texts(terms: Sequence[Term], index: Reader) -> Matching | None:
    """Return how terms are looked for in texts; None where all of them are about subjects only.

    Errors: IndexDownError.
    """
    in_texts = tuple(term for term in terms if term.column != "subject")
    if not in_texts:
        return None
    each = (match_of(Term(term.tokens, term.prefix, "body"), index, Scope()) for term in in_texts)
    return Matching(in_texts, " OR ".join(f"({match})" for match in each))


def snippet_of(order_key: int, matching: Matching, index: Reader) -> Snippet | None:
    """Return where a communication's text has one of some terms first; None where only its subject has it.

    Errors: IndexDownError.
    """
    for piece in index.matching_pieces(matching.match, order_key, 1):
        parts, begins, ends = stretch_of(piece.text, matching.terms)
        return Snippet(parts, piece.variant, begins, ends)
    return None


class _Looked:
    """Some terms by the token that they begin or end with: one look for each token of a text, however many they are."""

    def __init__(self, terms: Sequence[Term], place: int) -> None:
        self._whole: dict[str, list[Term]] = {}
        self._begun: dict[str, list[Term]] = {}
        for term in terms:
            is_begun = term.prefix and (place == -1 or len(term.tokens) == 1)
            (self._begun if is_begun else self._whole).setdefault(term.tokens[place], []).append(term)
        self._lengths = sorted({len(beginning) for beginning in self._begun})

    def at(self, token: str) -> Iterator[Term]:
        """Yield the terms that may stand where this token does."""
        yield from self._whole.get(token, ())
        for length in self._lengths:
            if length > len(token):
                return
            yield from self._begun.get(token[:length], ())


def stretch_of(text: str, terms: Sequence[Term]) -> tuple[tuple[tuple[str, bool], ...], bool, bool]:
    """Return (parts, whether it begins the text, whether it ends it) around the first place of any term. Pure."""
    longest = max(len(term.tokens) for term in terms)
    spans, ending = spans_of(text), _Looked(terms, -1)
    before: deque[Span] = deque(maxlen=WORDS_BEFORE + longest)
    for span in islice(spans, MOST_LOOKED_AT):
        before.append(span)
        if any(_matches(before, len(before) - len(term.tokens), term) for term in ending.at(span[0])):
            break
    shown = _best(list(chain(before, islice(spans, WORDS_COMPARED))), terms)
    if not shown:
        return ((text[:MOST_CHARACTERS], False),), True, len(text) <= MOST_CHARACTERS
    marks = marks_of(shown, terms)
    start = _start(text, shown[0][1], marks[0][0] if marks else shown[0][1])
    end = min(shown[-1][2], start + MOST_CHARACTERS)
    ends = end == shown[-1][2] and len(text) - end <= MOST_AROUND and not any(char.isalnum() for char in text[end:])
    end = len(text) if ends else end
    return tuple(_parts(text, start, end, marks)), start == 0, ends


def _start(text: str, start: int, marked: int) -> int:
    """Return where a stretch begins: at its first word, with what stands before the first of a text; near its mark."""
    if marked - start > MOST_CHARACTERS // 2:  # words of noise without blanks can be thousands of characters long
        return marked - MOST_AROUND
    return 0 if start <= MOST_AROUND and start == _first_start(text) else start


def _best(spans: list[Span], terms: Sequence[Term]) -> list[Span]:
    """Return the stretch with the most different terms; of several the last, as letters begin with headings."""
    best, most = 0, 0
    met = list(_starting(spans, terms))
    for at in range(max(1, len(spans) - WORDS_SHOWN // 2)):
        if not any(met[min(at + WORDS_BEFORE, len(spans) - 1) :][:1]):
            continue
        within = enumerate(met[at : at + WORDS_SHOWN], start=1)
        number = len({term for place, here in within for term in here if place + len(term.tokens) <= WORDS_SHOWN + 1})
        if number >= most:
            best, most = at, number
    return spans[best : best + WORDS_SHOWN + WORDS_BEFORE]


def _first_start(text: str) -> int:
    first = next(spans_of(text), None)
    return first[1] if first else 0


def _starting(spans: Sequence[Span], terms: Sequence[Term]) -> Iterator[list[Term]]:
    """Yield for each place the terms that stand there."""
    looked = _Looked(terms, 0)
    for at, (token, _start, _end) in enumerate(spans):
        yield [term for term in looked.at(token) if _matches(spans, at, term)]


def _matches(spans: Sequence[Span], at: int, term: Term) -> bool:
    if at < 0 or at + len(term.tokens) > len(spans):
        return False
    for offset, token in enumerate(term.tokens):
        found = spans[at + offset][0]
        last = offset == len(term.tokens) - 1
        if found != token and not (last and term.prefix and found.startswith(token)):
            return False
    return True


def marks_of(spans: Sequence[Span], terms: Sequence[Term]) -> list[tuple[int, int]]:
    """Return (start, end) of every place of the terms, in order, joined where they touch."""
    places = sorted(
        (spans[at][1], spans[at + len(term.tokens) - 1][2])
        for at, here in enumerate(_starting(spans, terms))
        for term in here
    )
    joined: list[tuple[int, int]] = []
    for start, end in places:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _parts(text: str, start: int, end: int, marks: Sequence[tuple[int, int]]) -> Iterator[tuple[str, bool]]:
    at = start
    for first, last in marks:
        first, last = max(first, at), min(last, end)
        if first >= last:
            continue
        if first > at:
            yield text[at:first], False
        yield text[first:last], True
        at = last
    if at < end:
        yield text[at:end], False
