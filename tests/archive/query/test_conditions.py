"""A query taken apart and put together again: what chips and forms do."""

from __future__ import annotations

import pytest

from archive.query import Everything, parse, to_text
from archive.query.tree import all_of, comparisons, conditions, without


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("a:1", ["a:1"]),
        ("a:1 (b:1 OR c:1) NOT d:1", ["a:1", "b:1 OR c:1", "NOT d:1"]),
        ("a:1 OR b:1", ["a:1 OR b:1"]),
    ],
)
def test_conditions_are_what_all_hits_fulfil(text, parts):
    assert [to_text(node) for node in conditions(parse(text))] == parts


def test_a_condition_is_taken_away():
    tree = parse("a:1 (b:1 OR c:1) NOT d:1")
    assert [to_text(without(tree, number)) for number in range(3)] == [
        "(b:1 OR c:1) NOT d:1",
        "a:1 NOT d:1",
        "a:1 (b:1 OR c:1)",
    ]
    assert without(parse("a:1"), 0) == Everything()


def test_conditions_are_joined_without_nesting():
    assert all_of(()) == Everything()
    assert all_of((parse("a:1"),)) == parse("a:1")
    assert all_of((parse("a:1 b:1"), Everything(), parse("c:1 OR d:1"))) == parse("a:1 b:1 (c:1 OR d:1)")


def test_every_comparison_is_found_wherever_it_stands():
    tree = parse('a:1 word (b:1 OR NOT (c:1 "phrase"))')
    assert [node.field for node in comparisons(tree)] == ["a", "b", "c"]
