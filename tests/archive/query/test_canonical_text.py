"""Tree → text: parsing it again gives the same tree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.query import QueryError, parse, to_text
from tests.archive.query.trees import texts, trees


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("", ""),
        ("  a:1   AND b:2 ", "a:1 b:2"),
        ("-a:1", "NOT a:1"),
        ("((a:1))", "a:1"),
        ("a:1 (b:2 OR (c:3))", "a:1 (b:2 OR c:3)"),
        ("(a:1 b:2) OR c:3", "a:1 b:2 OR c:3"),
        ("NOT (a:1 b:2)", "NOT (a:1 b:2)"),
        ('a:"1"', "a:1"),
        ('a:"1 2","3"', 'a:"1 2",3'),
        ('a:"."..5', 'a:"."..5'),
        ('a:">5"', 'a:">5"'),
        ('a:>"=5"', 'a:>"=5"'),
        ('a:"x*"', 'a:"x*"'),
        ('"a \\"b\\" c"', '"a \\"b\\" c"'),
        ("(a OR - ) b", "(a OR -) b"),
        ('a:"x\u200ey"', 'a:"x\u200ey"'),
    ],
)
def test_one_meaning_has_one_text(text, canonical):
    assert to_text(parse(text)) == canonical
    assert to_text(parse(canonical)) == canonical


@given(trees)
def test_a_tree_survives_its_text(tree):
    assert parse(to_text(tree)) == tree


@given(texts)
def test_any_text_is_read_or_refused_at_a_place(text):
    try:
        tree = parse(text)
    except QueryError as error:
        assert 0 <= error.start <= error.end <= len(text)
        assert error.message
    else:
        assert parse(to_text(tree)) == tree


@given(st.text(st.sampled_from('a:1()"\\*-.,<>= \u200eORNOTAND'), max_size=80))
def test_text_of_operators_alone_is_read_or_refused(text):
    try:
        tree = parse(text)
    except QueryError:
        return
    assert parse(to_text(tree)) == tree


def test_a_hostile_text_within_the_limit_has_a_text_that_can_be_read():
    tree = parse("a:" + "\\" * 9_000)
    assert parse(to_text(tree)) == tree
