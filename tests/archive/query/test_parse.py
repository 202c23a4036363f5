"""Text → tree: what each form of the language means."""

from __future__ import annotations

import pytest

from archive.query import And, Comparison, Everything, Not, Or, Phrase, Word, parse
from archive.query.grammar import EXAMPLES, MARKS

A, B, C = (Comparison(name, "in", ("1",)) for name in "abc")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", Everything()),
        (" \n\t ", Everything()),
        ("account:0004711", Comparison("account", "in", ("0004711",))),
        ("channel:email,sms", Comparison("channel", "in", ("email", "sms"))),
        ("issued:2026-01..2026-06", Comparison("issued", "range", ("2026-01", "2026-06"))),
        ("issued:2026-01..", Comparison("issued", "range", ("2026-01", ""))),
        ("issued:..2026-06", Comparison("issued", "range", ("", "2026-06"))),
        ("balance:>1000", Comparison("balance", ">", ("1000",))),
        ("balance:>=1000.50", Comparison("balance", ">=", ("1000.50",))),
        ("balance:<-3", Comparison("balance", "<", ("-3",))),
        ("balance:<=0", Comparison("balance", "<=", ("0",))),
        ("branch:01*", Comparison("branch", "prefix", ("01",))),
        ('name:"Eva M"*', Comparison("name", "prefix", ("Eva M",))),
        ("branch:*", Comparison("branch", "any", ())),
        ('account:"00 47"', Comparison("account", "in", ("00 47",))),
        ('account:"*","a,b"', Comparison("account", "in", ("*", "a,b"))),
        (r'subject:"a \"b\" \\ c"', Comparison("subject", "in", ('a "b" \\ c',))),
        ("archived:2026-01-31T10:00", Comparison("archived", "in", ("2026-01-31T10:00",))),
        ("late", Word("late")),
        ("spring*", Word("spring", prefix=True)),
        ("C-1009", Word("C-1009")),
        ('"late fee"', Phrase("late fee")),
        ("and or not", And((Word("and"), Word("or"), Word("not")))),
        ("ANDREW", Word("ANDREW")),
    ],
)
def test_a_term_is_read_as_the_grammar_says(text, tree):
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a:1 b:1", And((A, B))),
        ("a:1 AND b:1", And((A, B))),
        ("a:1 OR b:1", Or((A, B))),
        ("a:1 b:1 OR c:1", Or((And((A, B)), C))),
        ("a:1 (b:1 OR c:1)", And((A, Or((B, C))))),
        ("a:1(b:1 OR c:1)", And((A, Or((B, C))))),
        ("(a:1 (b:1 c:1))", And((A, B, C))),
        ("a:1 OR (b:1 OR c:1)", Or((A, B, C))),
        ("NOT a:1 b:1", And((Not(A), B))),
        ("-a:1", Not(A)),
        ("-(a:1 b:1)", Not(And((A, B)))),
        ("NOT NOT a:1", A),
        ("NOT (NOT a:1)", A),
        ("a:1 AND NOT b:1", And((A, Not(B)))),
        ('NOT"x"', Not(Phrase("x"))),
    ],
)
def test_operators_bind_as_the_grammar_says(text, tree):
    assert parse(text) == tree


@pytest.mark.parametrize("text", EXAMPLES)
def test_each_example_of_the_help_page_is_read(text):
    assert parse(text) != Everything()


def test_a_term_knows_where_it_stands():
    tree = parse('  account:0004711 "late fee" word*')
    assert [node.span for node in tree.children] == [(2, 17), (18, 28), (29, 34)]


@pytest.mark.parametrize("mark", MARKS)
def test_marks_that_direct_writing_are_ignored_outside_quotes(mark):
    assert parse(f"{mark}account:{mark}00{mark}47{mark} {mark}-{mark}b:1") == parse("account:0047 -b:1")
    assert parse(f"a:1{mark}") == A
    assert parse(f"a{mark}:1") == A
    assert parse(f"a:1.{mark}.{mark}") == Comparison("a", "range", ("1", ""))
    assert parse(f"a:1 O{mark}R{mark} b:1") == Or((A, B))
    assert parse(f'a:"x{mark}y"') == Comparison("a", "in", (f"x{mark}y",))
    assert parse(mark) == Everything()


def test_a_place_counts_the_marks_that_are_ignored():
    assert parse("\u200ea:1\u200e \u202ab\u202c:1").children[1].span == (7, 11)


@pytest.mark.parametrize("plane", range(17))
def test_every_plane_of_unicode_is_text(plane):
    letter = chr(plane * 0x10000 + 0x1005)
    assert parse(f"a:{letter}") == Comparison("a", "in", (letter,))
    assert parse(letter) == Word(letter)
