"""Terms of a query in the word index: how each is matched, and the walk of the communications that have it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from archive.query import Comparison, Node, Phrase, QueryError, Word
from archive.search.walks import START, Budget, Listed
from archive.search.words.database import Reader
from archive.search.words.pieces import PIECE_BITS, piece_id
from archive.search.words.tokens import words_of
from archive.search.words.writer import class_token, unit_token

LONGEST_PHRASE = 20
SHORTEST_PREFIX = 2
MOST_EXPANDED = 64
COLUMNS = {"subject": "subject", "text": "body"}
"""Fields of the query language that look for words, with the column of the index that they look in."""

_STEPS_BEFORE_SEEKING = 500
_FEW = 300


@dataclass(frozen=True, slots=True)
class Term:
    """A word or phrase as tokens; with `prefix` the last one is only how it begins. An empty column means both."""

    tokens: tuple[str, ...]
    prefix: bool = False
    column: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """Classes and units that everything found is known to be of; None where they are not known, or not worth it."""

    classes: frozenset[int] | None = None
    units: frozenset[int] | None = None

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing can be found at all."""
        return self.classes == frozenset() or self.units == frozenset()


def terms_of(node: Word | Phrase | Comparison) -> list[Term]:
    """Return the terms of a leaf, any of which must be met.

    Errors: QueryError for what has neither letter nor digit, is too long, or begins too shortly.
    """
    if isinstance(node, Comparison):
        column, prefix = COLUMNS[node.field], node.op == "prefix"
        return [_term(value, node, prefix=prefix, column=column) for value in node.values]
    return [_term(node.text, node, prefix=isinstance(node, Word) and node.prefix)]


def is_term(node: Node) -> bool:
    """Tell whether a node asks for words by its form: a word, a phrase, or a field of words."""
    return isinstance(node, Word | Phrase) or (isinstance(node, Comparison) and node.field in COLUMNS)


def _term(text: str, node: Word | Phrase | Comparison, *, prefix: bool, column: str = "") -> Term:
    tokens = tuple(words_of(text))
    place = {"text": text[:60], "place": node.span[0] + 1}
    if not tokens:
        message = _("“%(text)s” (character %(place)s) has neither letters nor digits. Give a word that stands there.")
        raise QueryError(message % place, *node.span)
    if len(tokens) > LONGEST_PHRASE:
        message = _("The phrase at character %(place)s has more than %(most)s words. Shorten it.")
        raise QueryError(message % {**place, "most": LONGEST_PHRASE}, *node.span)
    if prefix and len(tokens[-1]) < SHORTEST_PREFIX:
        message = _("“%(text)s*” (character %(place)s) begins too many words. Give at least two letters before the *.")
        raise QueryError(message % place, *node.span)
    return Term(tokens, prefix, column)


def match_of(term: Term, reader: Reader, scope: Scope = Scope()) -> str:
    """Return what FTS5 is asked for a term within a scope.

    Source: https://sqlite.org/fts5.html#full_text_query_syntax; tokens are letters and digits, so quoting is enough.
    """
    match = _unscoped(term, reader)
    if term.column:
        match = f"{term.column} : ({match})"
    for tokens in (_tokens(scope.classes, class_token), _tokens(scope.units, unit_token)):
        if tokens:
            match = f"({match}) AND ({' OR '.join(tokens)})"
    return match


def _tokens(ids: frozenset[int] | None, token: object) -> list[str]:
    assert callable(token)
    return [f'"{token(number)}"' for number in sorted(ids)] if ids else []


def _unscoped(term: Term, reader: Reader) -> str:
    phrase = " ".join(term.tokens)
    if not term.prefix:
        return f'"{phrase}"'
    endings = _expanded(term.tokens[-1], reader)
    if endings is None:
        return f'"{phrase}" *'
    before = " ".join(term.tokens[:-1])
    return " OR ".join(f'"{before} {ending}"' if before else f'"{ending}"' for ending in endings or [term.tokens[-1]])


def _expanded(beginning: str, reader: Reader) -> list[str] | None:
    """Return the words of the index that begin so, each found by one step into it; None where they are many.

    As one prefix, FTS5 would gather every place of every such word before the first row comes.
    """
    found: list[str] = []
    low = beginning
    while len(found) <= MOST_EXPANDED:
        row = next(reader.rows("SELECT term FROM term WHERE term >= ? LIMIT 1", [low]), None)
        if row is None or not row[0].startswith(beginning):
            return found
        found.append(row[0])
        low = row[0] + "\x01"
    return None


class Words:
    """The walk of the communications that have a term, newest or oldest first.

    Shapes: `narrow` lets the index leave out what is of other classes and units; worth it for a walk that is read
    through, and not for one that only confirms what another found, since each seek opens the scope's own lists again.
    """

    def __init__(self, term: Term, reader: Reader, *, newest_first: bool, budget: Budget) -> None:
        self._term = term
        self._reader = reader
        self._newest_first = newest_first
        self._budget = budget
        self._match = match_of(term, reader, Scope())
        self._few: Listed | None = None
        self._probed: list[int] | None = None
        self._rows: Generator[tuple[Any, ...]] | None = None
        self._now: int | None = START

    def narrow(self, scope: Scope) -> None:
        """Look only at what is of a scope from now on; before the first seek."""
        self._match = match_of(self._term, self._reader, scope)

    @property
    def spread(self) -> int:
        """Return over how many days, in places, the first some hundred rows are spread: the rarer, the more."""
        places = self._probe()
        return abs(places[-1] - places[0]) if len(places) >= _FEW else 1 << 62

    def seek(self, rank: int) -> int | None:
        if self._probed is None or self._few is not None:
            self._probe()
        if self._few is not None:
            return self._few.seek(rank)
        if self._now is None or (self._rows is not None and self._now >= rank):
            return self._now
        if self._rows is not None:
            for _step in range(_STEPS_BEFORE_SEEKING):
                if self._next() is None or self._now >= rank:
                    return self._now
        self._open(rank)
        self._next()
        return self._now

    def _probe(self) -> list[int]:
        """Read the first rows, once: where they are all, what they are of need not be asked."""
        if self._probed is None:
            order = "DESC" if self._newest_first else "ASC"
            unscoped = match_of(self._term, self._reader, Scope())
            sql = f"SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid {order} LIMIT ?"  # noqa: S608  (ours)
            self._probed = [row_id >> PIECE_BITS for (row_id,) in self._reader.all(sql, [unscoped, _FEW])]
            if len(self._probed) < _FEW:
                places = set(self._probed)
                self._few = Listed([-place if self._newest_first else place for place in places])
        return self._probed

    def take(self, rank: int, limit: int) -> list[int]:
        found: list[int] = []
        member = self.seek(rank)
        if self._few is not None:
            return self._few.take(rank, limit)
        while member is not None and len(found) < limit:
            found.append(member)
            before = member
            while member == before:  # a communication has several pieces
                member = self._next()
        self._budget.spend(len(found))
        return found

    def _next(self) -> int | None:
        assert self._rows is not None
        row = next(self._rows, None)
        if row is None:
            self._now = None
        else:
            place = row[0] >> PIECE_BITS
            self._now = -place if self._newest_first else place
        return self._now

    def _open(self, rank: int) -> None:
        self._budget.spend(20)
        if rank == START:
            bounds: Sequence[int] = ()
            where = ""
        elif self._newest_first:
            where, bounds = "AND rowid < ?", (piece_id(-rank + 1, 0),)
        else:
            where, bounds = "AND rowid >= ?", (piece_id(rank, 0),)
        order = "DESC" if self._newest_first else "ASC"
        sql = f"SELECT rowid FROM words WHERE words MATCH ? {where} ORDER BY rowid {order}"  # noqa: S608  (our own words)
        if self._rows is not None:
            self._rows.close()
        self._rows = self._reader.rows(sql, [self._match, *bounds])
