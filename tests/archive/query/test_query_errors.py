"""What cannot be understood: the message says what is wrong, at which character, and what to do."""

from __future__ import annotations

import time

import pytest

from archive.query import QueryError, parse
from archive.query.grammar import DEEPEST, LONGEST_QUERY, MOST_CONDITIONS, MOST_TERMS


def refused(text: str) -> QueryError:
    with pytest.raises(QueryError) as caught:
        parse(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "at", "said"),
    [
        ('"late fee', 0, "The quote at character 1 is not closed."),
        ('a:1 "', 4, "The quote at character 5 is not closed."),
        ('account:"00', 8, "The quote at character 9 is not closed."),
        ('a:1 "  "', 4, "nothing between the quotes at character 5"),
        ("(a:1", 0, "The bracket at character 1 is not closed."),
        ("a:1)", 3, "The bracket at character 4 closes nothing."),
        ("()", 1, "Something is missing at character 2."),
        ("(a:1 AND)", 8, "Something is missing at character 9."),
        ("(a:1 OR)", 7, "Something is missing at character 8."),
        ("(NOT)", 4, "Something is missing at character 5."),
        ("a:1 AND", 7, "Something is missing at character 8."),
        ("OR a:1", 0, "Something is missing at character 1."),
        ("a:1 OR OR b:1", 7, "Something is missing at character 8."),
        ("a:1 AND OR b:1", 8, "Something is missing at character 9."),
        ("NOT", 3, "Something is missing at character 4."),
        ("account:", 8, '"account:" has no value at character 9.'),
        ("account: 0004711", 8, '"account:" has no value at character 9.'),
        ("account:a,", 10, '"account:" has no value at character 11.'),
        ("issued:..", 9, '"issued:" has no value at character 10.'),
        ("balance:>", 9, '"balance:" has no value at character 10.'),
        ("*", 0, "Character 1 cannot begin a word."),
        ("a:1\x00", 3, "Character 4 is a control character."),
        ('"a\x07b"', 2, "Character 3 is a control character."),
        ("a\x9bb", 1, "Character 2 is a control character."),
        ("a:\ud800", 2, "Character 3 is half a character."),
    ],
)
def test_a_mistake_is_named_with_its_place(text, at, said):
    error = refused(text)
    assert said in error.message
    assert error.start == at


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("balance:>1,000", 10),
        ("account:00*47", 11),
        ('account:"00"47', 12),
        ('account:00"47"', 10),
        ("branch:**", 8),
        ("branch:a,b..c", 10),
        ("issued:2026..2027..2028", 17),
        ("issued:2026..2027,2028", 17),
        ("spring*time", 7),
    ],
)
def test_what_sticks_to_a_term_is_never_taken_for_a_word_of_its_own(text, at):
    error = refused(text)
    assert f"character {at + 1}." in error.message
    assert error.start == at


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x" * 100_000, "The query has 100,000 characters; at most 10,000 are read."),
        ("(" * 5_000 + ")" * 5_000, "nested more than 12 deep"),
        ("(" * 10_000, "nested more than 12 deep"),
        ("NOT " * 2_500, "NOT stands there too often"),
        ("-" * 10_000, "NOT stands there too often"),
        ("-(" * 5_000, "nested more than 12 deep"),
        ("a " * 5_000, "more than 100 conditions"),
        ("a:" + ",".join(["1"] * 501), "more than 500 terms"),
        ('"' + '\\"' * 4_999, "not closed"),
        ("a OR " * 2_000, "more than 100 conditions"),
    ],
)
def test_limits_are_reached_quickly_and_said(text, said):
    started = time.perf_counter()
    assert said in refused(text).message
    assert time.perf_counter() - started < 0.5


def test_ten_thousand_terms_are_refused():
    assert "at most 10,000" in refused("a " * 10_000).message


def test_just_within_the_limits_a_query_is_read():
    assert parse("x" * LONGEST_QUERY)
    assert len(parse("a " * MOST_CONDITIONS).children) == MOST_CONDITIONS
    assert len(parse("a:" + ",".join(["1"] * MOST_TERMS)).values) == MOST_TERMS
    assert parse("(" * DEEPEST + "a" + ")" * DEEPEST)


def test_the_place_of_a_mistake_counts_the_marks_that_are_ignored():
    error = refused("\u200ea:1\u200e )")
    assert error.start == 6
    assert "character 7 closes" in error.message
