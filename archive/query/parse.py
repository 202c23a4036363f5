"""Text → tree, by recursive descent over tokens; bounded in length, terms and depth (S-25, S-26)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from archive.query.errors import QueryError
from archive.query.grammar import DEEPEST, LONGEST_QUERY, MARKS, MOST_CONDITIONS, MOST_TERMS
from archive.query.tree import And, Comparison, Everything, Node, Not, Or, Phrase, Span, Word, all_of

_FIELD = re.compile(r"[a-z][a-z0-9_]*(?=:)")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
# The closing quote is optional, so that a lone quote is passed in one go and not tried again at each character.
_QUOTED_OR_MARK = re.compile(rf'"(?:[^"\\]|\\.)*"?|([{MARKS}])', re.DOTALL)
_VALUE = re.compile(r'(?:(?!\.\.)[^\s(),"*])+')
_WORD = re.compile(r'[^\s()"*]+')
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_KEYWORDS = ("AND", "OR", "NOT")


def parse(text: str) -> Node:
    """Return the tree of a query; the empty text means everything.

    Errors: QueryError with the place and what would be right.
    """
    if len(text) > LONGEST_QUERY:
        message = _("The query has %(length)s characters; at most %(most)s are read. Shorten it.")
        raise QueryError(message % {"length": f"{len(text):,}", "most": f"{LONGEST_QUERY:,}"}, LONGEST_QUERY, len(text))
    control = _CONTROL.search(text)
    if control:
        message = _("Character %(place)s is a control character. Remove it.")
        raise QueryError(message % {"place": control.start() + 1}, control.start(), control.end())
    half = _SURROGATE.search(text)
    if half:
        message = _("Character %(place)s is half a character. Remove it.")
        raise QueryError(message % {"place": half.start() + 1}, half.start(), half.end())
    return _Parser(*_without_marks(text)).query()


def _without_marks(text: str) -> tuple[str, Sequence[int]]:
    """Drop the marks outside quotes; say where each character that is left stood, and where the text ended."""
    dropped = {found.start() for found in _QUOTED_OR_MARK.finditer(text) if found.group(1)}
    if not dropped:
        return text, range(len(text) + 1)
    places = [place for place in range(len(text) + 1) if place not in dropped]
    return "".join(text[place] for place in places[:-1]), places


@dataclass(slots=True)
class _Parser:
    """Reads one text from left to right; `places` lead from what it reads to what was written."""

    text: str
    places: Sequence[int]
    at: int = 0
    terms: int = 0
    conditions: int = 0

    def query(self) -> Node:
        self._skip()
        if self.at == len(self.text):
            return Everything()
        tree = self._any(0)
        if self.at < len(self.text):
            raise self._wrong(_("The bracket at character %(place)s closes nothing. Remove it."), self.at)
        return tree

    def _any(self, depth: int) -> Node:
        if depth > DEEPEST:
            raise self._wrong(_("Brackets are nested more than %(most)s deep. Use fewer."), self.at, most=DEEPEST)
        children = [self._all(depth)]
        while self._keyword("OR"):
            children.append(self._all(depth))
        return children[0] if len(children) == 1 else Or(_flat(children, Or))

    def _all(self, depth: int) -> Node:
        children = [self._one(depth)]
        while True:
            joined = self._keyword("AND")
            if not joined and (self._ended() or self._sees("OR")):
                break
            children.append(self._one(depth))
        return all_of(tuple(children))

    def _one(self, depth: int) -> Node:
        negations = 0
        while self._keyword("NOT") or self._minus():
            negations += 1
            if negations > DEEPEST:
                raise self._wrong(_("NOT stands there too often in a row (character %(place)s). Remove some."), self.at)
        node = self._plain(depth)
        for _number in range(negations):
            node = node.child if isinstance(node, Not) else Not(node)
        return node

    def _plain(self, depth: int) -> Node:
        self._skip()
        self._count()
        if self.at >= len(self.text) or self.text[self.at] == ")" or self._sees("OR") or self._sees("AND"):
            message = _("Something is missing at character %(place)s. Add a condition, or remove the operator before.")
            raise self._wrong(message, self.at)
        if self.text[self.at] == "(":
            return self._bracket(depth)
        self._count_condition()
        field = _FIELD.match(self.text, self.at)
        if field:
            return self._alone(self._comparison(field.group(), field.start(), field.end() + 1))
        if self.text[self.at] == '"':
            start = self.at
            return Phrase(self._quoted(), self._span(start, self.at))
        word = self._word()
        return self._alone(word) if word.prefix else word

    def _alone(self, term: Comparison | Word) -> Comparison | Word:
        """Refuse what sticks to a term: `>1,000` would else be `>1` and the word `,000`."""
        if not self._at_gap():
            message = _("A blank is missing at character %(place)s. Add it, or put the whole value in quotes.")
            raise self._wrong(message, self.at)
        return term

    def _bracket(self, depth: int) -> Node:
        start = self.at
        self.at += 1
        tree = self._any(depth + 1)
        self._skip()
        if self.at >= len(self.text):
            message = _("The bracket at character %(place)s is not closed. Add a closing one.")
            raise self._wrong(message, start)
        self.at += 1
        return tree

    def _word(self) -> Word:
        start = self.at
        found = _WORD.match(self.text, start)
        if found is None:
            message = _("Character %(place)s cannot begin a word. Put it in quotes.")
            raise self._wrong(message, start)
        self.at = found.end()
        prefix = self._star()
        return Word(found.group(), prefix, self._span(start, self.at))

    def _comparison(self, field: str, start: int, at: int) -> Comparison:
        self.at = at
        for op in ("<=", ">=", "<", ">"):
            if self.text.startswith(op, self.at):
                self.at += len(op)
                return Comparison(field, op, (self._value(field),), self._span(start, self.at))
        if self.text.startswith("*", self.at):
            self.at += 1
            return Comparison(field, "any", (), self._span(start, self.at))
        if self.text.startswith("..", self.at):
            self.at += 2
            return Comparison(field, "range", ("", self._value(field)), self._span(start, self.at))
        first = self._value(field)
        if self.text.startswith("..", self.at):
            self.at += 2
            last = "" if self._at_gap() else self._value(field)
            return Comparison(field, "range", (first, last), self._span(start, self.at))
        if self._star():
            return Comparison(field, "prefix", (first,), self._span(start, self.at))
        values = [first]
        while self.text.startswith(",", self.at):
            self.at += 1
            self._count()
            values.append(self._value(field))
        return Comparison(field, "in", tuple(values), self._span(start, self.at))

    def _value(self, field: str) -> str:
        if self.text.startswith('"', self.at):
            return self._quoted()
        found = _VALUE.match(self.text, self.at)
        if found is None:
            message = _(
                '"%(field)s:" has no value at character %(place)s. Write it without a blank, such as %(field)s:…'
            )
            raise self._wrong(message, self.at, self.at, field=field)
        self.at = found.end()
        return found.group()

    def _quoted(self) -> str:
        found = _QUOTED.match(self.text, self.at)
        if found is None:
            message = _("The quote at character %(place)s is not closed. Add a closing one.")
            raise self._wrong(message, self.at)
        text = _ESCAPE.sub(r"\1", found.group(1))
        if not text.strip():
            message = _("There is nothing between the quotes at character %(place)s.")
            raise self._wrong(message, self.at, found.end())
        self.at = found.end()
        return text

    def _count(self) -> None:
        self.terms += 1
        if self.terms > MOST_TERMS:
            message = _("The query has more than %(most)s terms. Split it, or ask for a list by another field.")
            raise self._wrong(message, self.at, most=MOST_TERMS)

    def _count_condition(self) -> None:
        self.conditions += 1
        if self.conditions > MOST_CONDITIONS:
            message = _(
                "The query has more than %(most)s conditions (character %(place)s). "
                "Write values of one field as a list, such as field:a,b,c"
            )
            raise self._wrong(message, self.at, most=MOST_CONDITIONS)

    def _skip(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def _span(self, start: int, end: int) -> Span:
        """Lead a part of what is read back to what was written."""
        first = self.places[start]
        return first, min(self.places[end - 1] + 1, self.places[-1]) if end > start else first

    def _wrong(self, message: str, start: int, end: int | None = None, **details: object) -> QueryError:
        """Return the error to raise; without an end it is about one character."""
        first, last = self._span(start, start + 1 if end is None else end)
        return QueryError(message % {"place": first + 1, **details}, first, last)

    def _at_gap(self) -> bool:
        return self.at >= len(self.text) or self.text[self.at].isspace() or self.text[self.at] in "()"

    def _ended(self) -> bool:
        self._skip()
        return self.at >= len(self.text) or self.text[self.at] == ")"

    def _star(self) -> bool:
        if self.text.startswith("*", self.at):
            self.at += 1
            return True
        return False

    def _minus(self) -> bool:
        self._skip()
        after = self.text[self.at + 1 : self.at + 2]
        if self.text.startswith("-", self.at) and after and after != ")" and not after.isspace():
            self.at += 1
            return True
        return False

    def _sees(self, keyword: str) -> bool:
        self._skip()
        end = self.at + len(keyword)
        return self.text.startswith(keyword, self.at) and (
            end == len(self.text) or self.text[end].isspace() or self.text[end] in '()"'
        )

    def _keyword(self, keyword: str) -> bool:
        if self._sees(keyword):
            self.at += len(keyword)
            return True
        return False


def _flat(children: list[Node], kind: type[Or] | type[And]) -> tuple[Node, ...]:
    flat: list[Node] = []
    for child in children:
        flat.extend(child.children if isinstance(child, kind) else (child,))
    return tuple(flat)
