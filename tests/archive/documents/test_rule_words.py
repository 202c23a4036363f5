"""Access rules in words: labels instead of query text, for every operator."""

from __future__ import annotations

import pytest
from django.utils import translation

from archive.documents.rule_words import Wording
from archive.query import parse

pytestmark = pytest.mark.usefixtures("configured")


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("", "all communications"),
        ("unit:retail", "communications where Unit is Retail"),
        ("unit:retail,commercial", "communications where Unit is Retail or Commercial"),
        ("unit:retail class:bill", "communications where Unit is Retail and Class is Bill"),
        ("branch:012 OR branch:014", "communications where Branch is 012 or Branch is 014"),
        (
            "unit:retail (branch:012 OR balance:>100)",
            "communications where Unit is Retail and (Branch is 012 or Balance is above 100)",
        ),
        ("NOT branch:099", "communications where not (Branch is 099)"),
        ("branch:01*", "communications where Branch begins with 01"),
        ("branch:*", "communications where Branch has a value"),
        ("balance:<5", "communications where Balance is below 5"),
        ("balance:<=5", "communications where Balance is at most 5"),
        ("balance:>=5", "communications where Balance is at least 5"),
        ("balance:1..5", "communications where Balance is from 1 to 5"),
        ("due_on:2026-01..", "communications where Due on is at least Jan 2026"),
        ("due_on:..2026-01-31", "communications where Due on is at most 31 Jan 2026"),
        ("restricted:yes", "communications where Restricted is yes"),
        ("gone:012", "communications where gone:012"),
    ],
)
def test_a_rule_is_said_in_words(expression: str, words: str) -> None:
    with translation.override("en"):
        assert Wording().of(parse(expression)) == words
