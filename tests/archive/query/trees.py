"""Random trees and texts of the query language, for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from archive.query import Comparison, Everything, Node, Not, Or, Phrase, Word
from archive.query.grammar import MARKS
from archive.query.tree import all_of

_SAMPLES = st.sampled_from(
    ["012", "a b", "..", ".", "x.", ".5", "<3", "=", "*", "(", ")", ",", '"', "\\", "OR", "-a", "ü", "😀"]
)
anything = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=8).filter(
    lambda text: text.strip()
)
values = st.one_of(_SAMPLES, anything, st.sampled_from(MARKS).map(lambda mark: f"a{mark}b"))
names = st.from_regex(r"[a-z][a-z0-9_]{0,6}", fullmatch=True)
words = st.from_regex(r"[a-zäß0-9.<][a-zäß0-9.,<>=\\-]{0,8}", fullmatch=True)


def _comparison(field: str, op: str, found: list[str]) -> Comparison:
    taken = {"any": 0, "in": len(found), "range": 2}.get(op, 1)
    return Comparison(field, op, tuple((found * 2)[:taken]))


_closed = st.builds(
    _comparison,
    names,
    st.sampled_from(["in", "prefix", "range", "<", "<=", ">", ">=", "any"]),
    st.lists(values, min_size=1, max_size=3),
)
_open = st.builds(
    lambda name, value, low: Comparison(name, "range", (value, "") if low else ("", value)),
    names,
    values,
    st.booleans(),
)
leaves = st.one_of(_closed, _open, st.builds(Word, words, st.booleans()), st.builds(Phrase, values))


def any_of(children: list[Node]) -> Node:
    """Join alternatives as the parser does: nested ones are flattened."""
    flat: list[Node] = []
    for child in children:
        flat.extend(child.children if isinstance(child, Or) else (child,))
    return Or(tuple(flat))


def negated(child: Node) -> Node:
    """Negate as the parser does: two negations are none."""
    return child.child if isinstance(child, Not) else Not(child)


def trees_over(leaf: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    """Return trees such as the parser can build."""

    def larger(smaller: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
        some = st.lists(smaller, min_size=2, max_size=4)
        return st.one_of(some.map(lambda nodes: all_of(tuple(nodes))), some.map(any_of), smaller.map(negated))

    return st.recursive(leaf, larger, max_leaves=12)


trees = st.one_of(st.just(Everything()), trees_over(leaves))

_FRAGMENTS = [
    "account:", "class:", "a:b", "0004711", "statement", ",", "..", ".", "*", "<", ">=", "(", ")", "-", "--", ":",
    '"', '"a b"', "\\", '\\"', " ", "  ", "\n", "\u2003", " AND ", " OR ", "NOT ", "AND", "OR", "NOT",
    "x", "ü", "😀", "\U0010fffd", *MARKS[:4], "\u202e", "\x85",
]  # fmt: skip
texts = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(_FRAGMENTS), max_size=25).map("".join))
