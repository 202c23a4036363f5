"""Text → tree, by recursive descent over tokens; bounded in length, terms and depth (S-25, S-26)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils.translation import gettext as _

from archive.query.errors import QueryError
from archive.query.grammar import DEEPEST, LONGEST_QUERY, MOST_TERMS
from archive.query.tree import And, Comparison, Everything, Node, Not, Or, Phrase, Word, all_of

_FIELD = re.compile(r"[a-z][a-z0-9_]*(?=:)")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_VALUE = re.compile(r'(?:(?!\.\.)[^\s(),"*])+')
_WORD = re.compile(r'[^\s()"*]+')
_BIDI = dict.fromkeys((0x200E, 0x200F, 0x061C, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF), " ")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
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
    return _Parser(text).query()


@dataclass(slots=True)
class _Parser:
    """Reads one text from left to right."""

    text: str
    at: int = 0
    terms: int = 0

    def query(self) -> Node:
        self._skip()
        if self.at == len(self.text):
            return Everything()
        tree = self._any(0)
        if self.at < len(self.text):
            raise QueryError(
                _("The bracket at character %(place)s closes nothing. Remove it.") % {"place": self.at + 1}, self.at, self.at + 1
            )
        return tree

    def _any(self, depth: int) -> Node:
        if depth > DEEPEST:
            raise QueryError(_("Brackets are nested more than %(most)s deep.") % {"most": DEEPEST}, self.at, self.at + 1)
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
                raise QueryError(_("NOT stands there too often in a row."), self.at, self.at + 1)
        node = self._plain(depth)
        for _number in range(negations):
            node = node.child if isinstance(node, Not) else Not(node)
        return node

    def _plain(self, depth: int) -> Node:
        self._skip()
        self._count()
        if self.at >= len(self.text) or self.text[self.at] == ")" or self._sees("OR") or self._sees("AND"):
            raise QueryError(
                _("Something is missing at character %(place)s. Add a condition, or remove the operator before.")
                % {"place": self.at + 1},
                self.at,
                min(self.at + 1, len(self.text)),
            )
        if self.text[self.at] == "(":
            return self._bracket(depth)
        field = _FIELD.match(self.text, self.at)
        if field:
            return self._comparison(field.group(), field.start(), field.end() + 1)
        if self.text[self.at] == '"':
            start = self.at
            return Phrase(self._quoted(), (start, self.at))
        return self._word()

    def _bracket(self, depth: int) -> Node:
        start = self.at
        self.at += 1
        tree = self._any(depth + 1)
        self._skip()
        if self.at >= len(self.text):
            message = _("The bracket at character %(place)s is not closed. Add a closing one.")
            raise QueryError(message % {"place": start + 1}, start, start + 1)
        self.at += 1
        return tree

    def _word(self) -> Node:
        start = self.at
        found = _WORD.match(self.text, start)
        if found is None:
            message = _("Character %(place)s cannot begin a word. Put it in quotes.")
            raise QueryError(message % {"place": start + 1}, start, start + 1)
        self.at = found.end()
        prefix = self._star()
        text = found.group().translate(_BIDI).strip()
        if not text:
            message = _("Character %(place)s cannot be seen. Remove it.")
            raise QueryError(message % {"place": start + 1}, start, self.at)
        return Word(text, prefix, (start, self.at))

    def _comparison(self, field: str, start: int, at: int) -> Node:
        self.at = at
        for op in ("<=", ">=", "<", ">"):
            if self.text.startswith(op, self.at):
                self.at += len(op)
                return Comparison(field, op, (self._value(field),), (start, self.at))
        if self.text.startswith("*", self.at):
            self.at += 1
            return Comparison(field, "any", (), (start, self.at))
        if self.text.startswith("..", self.at):
            self.at += 2
            return Comparison(field, "range", ("", self._value(field)), (start, self.at))
        first = self._value(field)
        if self.text.startswith("..", self.at):
            self.at += 2
            last = "" if self._at_gap() else self._value(field)
            return Comparison(field, "range", (first, last), (start, self.at))
        if self._star():
            return Comparison(field, "prefix", (first,), (start, self.at))
        values = [first]
        while self.text.startswith(",", self.at):
            self.at += 1
            self._count()
            values.append(self._value(field))
        return Comparison(field, "in", tuple(values), (start, self.at))

    def _value(self, field: str) -> str:
        if self.text.startswith('"', self.at):
            return self._quoted()
        found = _VALUE.match(self.text, self.at)
        value = found.group().translate(_BIDI).strip() if found else ""
        if not found or not value:
            message = _('"%(field)s:" has no value at character %(place)s. Write it without a blank, such as %(field)s:…')
            raise QueryError(message % {"field": field, "place": self.at + 1}, self.at, self.at)
        self.at = found.end()
        return value

    def _quoted(self) -> str:
        found = _QUOTED.match(self.text, self.at)
        if found is None:
            message = _("The quote at character %(place)s is not closed. Add a closing one.")
            raise QueryError(message % {"place": self.at + 1}, self.at, self.at + 1)
        text = _ESCAPE.sub(r"\1", found.group(1))
        if not text.strip():
            message = _("There is nothing between the quotes at character %(place)s.")
            raise QueryError(message % {"place": self.at + 1}, self.at, found.end())
        self.at = found.end()
        return text

    def _count(self) -> None:
        self.terms += 1
        if self.terms > MOST_TERMS:
            message = _("The query has more than %(most)s terms. Split it, or ask for a list by another field.")
            raise QueryError(message % {"most": MOST_TERMS}, self.at, self.at + 1)

    def _skip(self) -> None:
        text = self.text
        while self.at < len(text) and (text[self.at].isspace() or ord(text[self.at]) in _BIDI):
            self.at += 1

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
        if self.text.startswith("-", self.at) and self.at + 1 < len(self.text) and not self.text[self.at + 1].isspace():
            self.at += 1
            return True
        return False

    def _sees(self, keyword: str) -> bool:
        self._skip()
        end = self.at + len(keyword)
        return self.text.startswith(keyword, self.at) and (
            end == len(self.text) or self.text[end].isspace() or self.text[end] in '("'
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
