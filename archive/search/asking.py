"""What a query with words asks: its tree split into words, which the word index answers, and conditions on rows.

A word means the set of communications that have it in any piece of any variant; AND, OR, NOT combine sets (model.md
§12). The split keeps every part that has no words whole, so that rows are asked as ever; the rest is walked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Any

from django.db.models import Q, QuerySet

from archive.documents.access import rules_of
from archive.documents.fields import MOST_LISTED
from archive.documents.models import AccessRule, BusinessUnit, Communication, DocumentClass
from archive.documents.plans import finds_few
from archive.query import And, Comparison, Everything, Node, Not, Or, Phrase, Word, registry
from archive.search.walks import Budget, Every, Filtered, Listed, Rows, Some, Walk, ranks_of
from archive.search.words.database import Reader, reader
from archive.search.words.terms import Scope, Term, Words, is_term, terms_of

_MOST_SCOPED = 40


@dataclass(frozen=True, slots=True)
class OnRows:
    """A condition on rows; `finds_few` says that an index of its own answers with few."""

    q: Q
    finds_few: bool


@dataclass(frozen=True, slots=True)
class OnWords:
    """A term, or with `negated` what does not have it."""

    term: Term
    negated: bool


@dataclass(frozen=True, slots=True)
class Joined:
    """Several of them: with `every` all must hold, without any."""

    parts: tuple[Plan, ...]
    every: bool


Plan = OnRows | OnWords | Joined
Compile = Callable[[Node], Q]


@dataclass(frozen=True, slots=True)
class Asked:
    """The words that a query asks for.

    Shapes: `terms` are those that hits have, in the query's order: what is marked in them; `scope` is what every hit is
    known to be of; `on_rows` is what every hit fulfils besides its words.
    """

    plan: Plan
    terms: tuple[Term, ...]
    scope: Scope
    on_rows: Q


def asks_for_words(tree: Node, is_id: Callable[[Word | Phrase], bool]) -> bool:
    """Tell whether any leaf of a tree asks for words; what `is_id` means a record, an account or a customer."""
    if isinstance(tree, And | Or):
        return any(asks_for_words(child, is_id) for child in tree.children)
    if isinstance(tree, Not):
        return asks_for_words(tree.child, is_id)
    return is_term(tree) and not (isinstance(tree, Word | Phrase) and is_id(tree))


def asked_of(
    tree: Node, *, user: Any, is_id: Callable[[Word | Phrase], bool], compiled: Compile, everything: Sequence[Node]
) -> Asked:
    """Split a tree that asks for words.

    Shapes: `compiled` makes the condition of a part without words; `everything` are the conditions all hits fulfil.
    Errors: QueryError for what is no word.
    """
    planner = _Planner(user, is_id, compiled)
    plan = planner.plan(tree, negated=False)
    on_rows = _conditions(plan.parts) if isinstance(plan, Joined) and plan.every else Q()
    return Asked(plan, tuple(dict.fromkeys(planner.met)), _scope_of(user, everything), on_rows)


def _conditions(parts: Sequence[Plan]) -> Q:
    return reduce(and_, (part.q for part in parts if isinstance(part, OnRows)), Q())


class _Planner:
    """Walks a tree once; negations go down to the leaves, where they are read."""

    def __init__(self, user: Any, is_id: Callable[[Word | Phrase], bool], compiled: Compile) -> None:
        self.user = user
        self.is_id = is_id
        self.compiled = compiled
        self.met: list[Term] = []

    def plan(self, node: Node, *, negated: bool) -> Plan:
        if not asks_for_words(node, self.is_id):
            few = not negated and not isinstance(node, Everything) and finds_few(node, registry, self.user)
            return OnRows(self.compiled(Not(node) if negated else node), few)
        if isinstance(node, Not):
            return self.plan(node.child, negated=not negated)
        if isinstance(node, And | Or):
            parts = tuple(self.plan(child, negated=negated) for child in node.children)
            return Joined(parts, every=isinstance(node, And) != negated)
        assert isinstance(node, Word | Phrase | Comparison)
        return self._words(node, negated=negated)

    def _words(self, node: Word | Phrase | Comparison, *, negated: bool) -> Plan:
        terms = terms_of(node)
        if not negated:
            self.met += terms
        parts = tuple(OnWords(term, negated) for term in terms)
        return parts[0] if len(parts) == 1 else Joined(parts, every=negated)


# What every hit is known to be of


def _scope_of(user: Any, everything: Sequence[Node]) -> Scope:
    """Return the classes and units that rights and conditions leave: as tokens they spare the index most of its rows.

    It only spares work: what is found is filtered by the rights themselves.
    """
    allowed = [rule.tree for rule in rules_of(user) if rule.row.effect == AccessRule.Effect.ALLOW]
    trees: list[Node] = [*everything, Or(tuple(allowed))]
    every = And(tuple(trees))
    units, classes = _unit_ids(), _class_ids()
    return Scope(
        _worth_it(_necessary(every, "class", classes), len(classes)),
        _worth_it(_necessary(every, "unit", units), len(units)),
    )


def _worth_it(ids: frozenset[int] | None, of: int) -> frozenset[int] | None:
    if ids is None or len(ids) > _MOST_SCOPED or (ids and len(ids) * 4 > of * 3):
        return None
    return ids


def _necessary(tree: Node, field: str, known: dict[str, frozenset[int]]) -> frozenset[int] | None:
    """Return the only values of a field for which a tree can be true; None where it may be true for any."""
    if isinstance(tree, Comparison):
        if tree.field != field or tree.op != "in":
            return None
        return frozenset().union(*(known.get(value, frozenset()) for value in tree.values))
    if isinstance(tree, And):
        left = [ids for child in tree.children if (ids := _necessary(child, field, known)) is not None]
        return frozenset.intersection(*left) if left else None
    if isinstance(tree, Or):
        each = [_necessary(child, field, known) for child in tree.children]
        return None if None in each else frozenset().union(*(ids for ids in each if ids is not None))
    return None


def _unit_ids() -> dict[str, frozenset[int]]:
    rows = list(BusinessUnit.objects.values_list("key", "pk", "merged_into_id"))
    return {key: frozenset({pk} | {other for _key, other, into in rows if into == pk}) for key, pk, _into in rows}


def _class_ids() -> dict[str, frozenset[int]]:
    return {key: frozenset({pk}) for key, pk in DocumentClass.objects.values_list("key", "pk")}


# Walking


@dataclass(frozen=True, slots=True)
class Walking:
    """Makes the walk of a plan in one direction.

    Shapes: `rows(q, few)` is what may be found at all (rights, state) and fulfils a condition; `few` says that the
    condition, or the keys it is asked for, find few, so that it leads and rights only filter.
    """

    asked: Asked
    rows: Callable[[Q, bool], QuerySet[Communication]]
    newest_first: bool
    budget: Budget

    def walk(self, *, lead: QuerySet[Communication] | None = None, first_batch: int = 0) -> Walk:
        """Return the walk of what is found; with `lead`, rows that are few lead it, and words only confirm them."""
        if self.asked.scope.is_empty:
            return Listed(())
        index = reader()
        walk = self._part(self.asked.plan, index, top=True)
        if lead is not None:
            return Every([self._walk_rows(lead), walk], [], self.budget)
        rows = self.rows(self.asked.on_rows, True)
        return Filtered(walk, rows, newest_first=self.newest_first, budget=self.budget, first_batch=first_batch)

    def _part(self, plan: Plan, index: Reader, *, top: bool = False) -> Walk:
        if isinstance(plan, OnRows):
            return self._walk_rows(self.rows(plan.q, plan.finds_few))
        if isinstance(plan, OnWords):
            words = self._words(plan.term, index)
            if plan.negated:
                return Every([self._walk_rows(self.rows(Q(), False))], [words], self.budget)
            words.narrow(self.asked.scope)
            return words
        if not plan.every:
            return Some([self._part(part, index) for part in plan.parts], self.budget)
        return self._every(plan.parts, index, top=top)

    def _every(self, parts: Sequence[Plan], index: Reader, *, top: bool) -> Walk:
        on_rows = [part for part in parts if isinstance(part, OnRows)]
        without = [self._words(part.term, index) for part in parts if isinstance(part, OnWords) and part.negated]
        words = [self._words(part.term, index) for part in parts if isinstance(part, OnWords) and not part.negated]
        if len(words) > 1:
            words.sort(key=lambda walk: walk.spread, reverse=True)  # the rarest leads, the others confirm
        if words:
            words[0].narrow(self.asked.scope)
        walks: list[Walk] = [*words, *(self._part(part, index) for part in parts if isinstance(part, Joined))]
        q = _conditions(parts)
        listed = self._listed(q) if walks and any(part.finds_few for part in on_rows) else None
        if listed is not None:
            walks.insert(0, listed)
        elif not walks:
            walks.append(self._walk_rows(self.rows(q, any(part.finds_few for part in on_rows))))
        elif on_rows and not top:  # at the top what is found is filtered by these anyway
            joined = walks[0] if len(walks) == 1 else Every(walks, [], self.budget)
            walks = [Filtered(joined, self.rows(q, True), newest_first=self.newest_first, budget=self.budget)]
        return walks[0] if len(walks) == 1 and not without else Every(walks, without, self.budget)

    def _listed(self, q: Q) -> Walk | None:
        keys = list(self.rows(q, True).order_by().values_list("order_key", flat=True)[: MOST_LISTED + 1])
        return Listed(ranks_of(keys, newest_first=self.newest_first)) if len(keys) <= MOST_LISTED else None

    def _walk_rows(self, rows: QuerySet[Communication]) -> Walk:
        return Rows(rows, newest_first=self.newest_first, budget=self.budget)

    def _words(self, term: Term, index: Reader) -> Words:
        return Words(term, index, newest_first=self.newest_first, budget=self.budget)
