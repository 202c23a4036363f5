"""Index values as people read them."""

import pytest

from archive.documents.shown import day_shown, value_shown


@pytest.mark.parametrize(
    ("value", "kind", "words"),
    [
        ("5349.90", "number", "5,349.90"),
        ("-1204771", "number", "-1,204,771"),
        ("0.00", "number", "0.00"),
        ("1E+400", "number", "1E+400"),
        ("NaN", "number", "NaN"),
        ("about ten", "number", "about ten"),
        ("2026-10-31", "date", "31 Oct 2026"),
        ("31.10.2026", "date", "31.10.2026"),
        ("0004711", "text", "0004711"),
        (["1000", "2"], "number", "1,000, 2"),
        ([], "text", ""),
    ],
)
def test_a_value_is_shown_by_its_kind_and_as_it_came_where_it_is_not_of_it(value, kind, words):
    assert value_shown(value, kind) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [("2026-10-31", "31 Oct 2026"), ("2026-10", "Oct 2026"), ("2026", "2026"), ("2026-02-31", "2026-02-31")]
    + [(other, other) for other in ("2026-W44-6", "20261031", "2026-13", "", ">1000")],
)
def test_days_and_months_are_said_as_words_and_nothing_else_is(text, words):
    assert day_shown(text) == words
