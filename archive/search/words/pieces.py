"""Pieces: a text cut so that every engine can index it, and the integer id that keeps them in issue order. Pure.

Source: model.md §12. A piece's id holds the issue day, the number of its communication and its own number, so that the
walk of an index newest first is the walk of ids downwards, and the order key needs no look-up.
"""

from __future__ import annotations

import itertools
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass

from archive.documents.order_key import NUMBER_BITS
from archive.search.words.tokens import words_of

MOST_TOKENS = 10_000
MOST_OF_ONE = 255
MOST_BYTES = 512 * 1024
OVERLAP = 20
LONGEST_RUN = 4_000
"""Characters without a blank that are kept together; noise is cut there."""

LONGEST_TAIL = 8_000
"""Characters that a piece takes over from the one before it at most."""

PIECE_BITS = 10
MOST_PIECES = 1 << PIECE_BITS
_ORDER_BITS = NUMBER_BITS - PIECE_BITS
_ORDER_MASK = (1 << _ORDER_BITS) - 1


class TooManyCommunicationsError(ValueError):
    """The number of a communication does not fit into a piece's id: more than 8,589,934,591 were archived."""


def place_of(order_key: int) -> int:
    """Return the place of a communication among pieces: the upper bits of all its pieces' ids.

    Errors: TooManyCommunicationsError.
    """
    number = order_key & ((1 << NUMBER_BITS) - 1)
    if number > _ORDER_MASK:
        raise TooManyCommunicationsError(f"Communication {order_key} has too large a number for the word index.")
    return (order_key >> NUMBER_BITS << _ORDER_BITS) | number


def order_key_of(place: int) -> int:
    """Return the order key of the communication at a place."""
    return (place >> _ORDER_BITS << NUMBER_BITS) | (place & _ORDER_MASK)


def piece_id(place: int, number: int) -> int:
    """Return the id of a piece, from 0, of the communication at a place."""
    return place << PIECE_BITS | number


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text with its tokens joined by blanks: what an index takes."""

    text: str
    tokens: str


def pieces_of(text: str) -> list[Piece]:
    """Cut a plain text into pieces; the last tokens of one begin the next, so that phrases lie whole in one of them.

    Shapes: at most 10,000 tokens, 255 of one token and 512 KiB each; an empty text has none. The tokens of a piece are
    those of its text, so that they can be made again from it. Of an endless text one piece more than an index takes.
    """
    found = words_of(text)
    if not found:
        return []
    if _fits(found, len(text)):
        return [Piece(text, " ".join(found))]
    return [Piece(part, " ".join(words_of(part))) for part in itertools.islice(_parts(text), MOST_PIECES + 1)]


def _fits(tokens: list[str], characters: int) -> bool:
    if len(tokens) > MOST_TOKENS or characters * 4 > MOST_BYTES:
        return False
    return len(tokens) <= MOST_OF_ONE or max(Counter(tokens).values()) <= MOST_OF_ONE


def _parts(text: str) -> Iterator[str]:
    part: list[str] = []
    counts: Counter[str] = Counter()
    tokens = size = fresh = 0
    for run in _runs(text):
        found = words_of(run)
        bytes_more = len(run.encode()) + 1
        full = tokens + len(found) > MOST_TOKENS or size + bytes_more > MOST_BYTES
        if fresh and (full or any(counts[token] + found.count(token) > MOST_OF_ONE for token in set(found))):
            yield " ".join(part)
            part = _tail(part)
            again = [token for kept in part for token in words_of(kept)]
            counts, tokens, fresh = Counter(again), len(again), 0
            size = sum(len(kept.encode()) + 1 for kept in part)
        part.append(run)
        counts.update(found)
        tokens, size, fresh = tokens + len(found), size + bytes_more, fresh + 1
    if fresh:
        yield " ".join(part)


def _runs(text: str) -> Iterator[str]:
    for run in text.split(" "):
        for start in range(0, len(run), LONGEST_RUN):
            yield run[start : start + LONGEST_RUN]


def _tail(part: list[str]) -> list[str]:
    """Return the last runs of a part that together have the tokens of an overlap, or less where they are long."""
    kept: deque[str] = deque()
    tokens = characters = 0
    for run in reversed(part):
        found = words_of(run)
        characters += len(run) + 1
        if tokens + len(found) > OVERLAP + MOST_OF_ONE // 2:  # a run of very many tokens is no part of a phrase
            break
        if characters > LONGEST_TAIL:  # nor is what stands beyond a page of dots: pieces would grow with each
            break
        kept.appendleft(run)
        tokens += len(found)
        if tokens >= OVERLAP:
            break
    return list(kept)


def joined(parts: list[str]) -> str:
    """Return the text that was cut into these parts."""
    whole = list(parts[:1])
    for before, part in itertools.pairwise(parts):
        again = " ".join(_tail(before.split(" ")))
        whole.append(part[len(again) :].lstrip(" ") if again and part.startswith(again) else part)
    return " ".join(whole)
