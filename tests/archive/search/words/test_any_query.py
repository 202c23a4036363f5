"""Whatever query is made of words and conditions, walks find what sets would."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from archive.documents.models import Communication
from archive.query import to_text
from archive.query.tree import And, Comparison, Node, Not, Or, Phrase, Word
from archive.search.paging import SORTS
from archive.search.selectors import first_keys, get_page, neighbours, resolve
from tests.archive.documents.archives import Archive
from tests.archive.search.words.letters import found, write

TEXTS = {
    "l1": ["a b c"], "l2": ["a", "b"], "l3": ["b a", "c c"], "l4": ["c"], "l5": ["a b", "b c", "c a"], "l6": [""],
    "l7": ["b"], "l8": ["a c b"], "l9": ["c b a", "a"],
}  # fmt: skip
BRANCHES = {"l1": "1", "l2": "1", "l3": "2", "l4": "2", "l8": "1", "l9": "2"}
YEARS = {name: 2020 + number % 3 for number, name in enumerate(TEXTS)}

_words = st.sampled_from([Word("a"), Word("b"), Word("c"), Phrase("a b"), Phrase("b c"), Phrase("c b a")])
_conditions = st.sampled_from(
    [Comparison("branch", "in", ("1",)), Comparison("branch", "in", ("2",)), Comparison("issued", "in", ("2021",))]
)
_trees = st.recursive(
    _words | _words | _conditions,
    lambda node: (
        st.builds(Not, node)
        | st.builds(lambda parts: And(tuple(parts)), st.lists(node, min_size=2, max_size=3))
        | st.builds(lambda parts: Or(tuple(parts)), st.lists(node, min_size=2, max_size=3))
    ),
    max_leaves=7,
)


def truth(node: Node, name: str) -> bool | None:
    """Say whether a letter fulfils a query, by three-valued logic; None is unknown."""
    if isinstance(node, Not):
        inner = truth(node.child, name)
        return None if inner is None else not inner
    if isinstance(node, And | Or):
        parts = [truth(child, name) for child in node.children]
        decisive = isinstance(node, Or)
        if decisive in parts:
            return decisive
        return None if None in parts else not decisive
    if isinstance(node, Comparison):
        if node.field == "issued":
            return str(YEARS[name]) in node.values
        return BRANCHES[name] in node.values if name in BRANCHES else None
    assert isinstance(node, Word | Phrase)
    return any(f" {node.text} " in f" {text} " for text in TEXTS[name])


def test_any_query_finds_what_sets_would(archive: Archive, user_of: Any) -> None:
    changes = {
        name: {
            "issued_on": f"{YEARS[name]}-05-01",
            **({"index": {"branch": BRANCHES[name]}} if name in BRANCHES else {}),
        }
        for name in TEXTS
    }
    write(archive, TEXTS, **changes)
    auditor = user_of("auditor")

    @given(_trees)
    @settings(max_examples=60)
    def compare(tree: Node) -> None:
        query = to_text(tree)
        expected = {name for name in TEXTS if truth(tree, name) is True}
        assert found(query, auditor) == expected, query
        walked_by_pages(query, expected, auditor)

    compare()


def walked_by_pages(query: str, expected: set[str], user: Any) -> None:
    """Walk a query's pages there and back, in both directions, and its neighbours."""
    resolved = resolve(query, user=user)
    keys = first_keys(resolved, limit=100)
    for sort, order in (("-issued", keys), ("issued", keys[::-1])):
        seen: list[int] = []
        cursor = before = ""
        while True:
            page = get_page(resolved, sort=sort, limit=2, cursor=cursor)
            seen += [row.order_key for row in page.rows]
            if before:
                back = get_page(resolved, sort=sort, limit=2, cursor=page.before)
                assert [row.order_key for row in back.rows] == seen[-len(page.rows) - 2 : -len(page.rows)]
            cursor = before = page.after
            if not cursor:
                break
        assert seen == order, (query, sort)
    assert len(keys) == len(expected)
    if len(keys) > 1:
        middle = Communication.objects.get(order_key=keys[1])
        newer, older = neighbours(resolved, middle, sort=SORTS["-issued"])
        ids = dict(Communication.objects.filter(order_key__in=keys).values_list("order_key", "public_id"))
        assert newer == ids[keys[0]] and older == (ids[keys[2]] if len(keys) > 2 else None)
