"""Searched words are marked as they were found: whole words, beginnings, phrases, without case and accents."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.documents.text import tokens
from archive.retrieval import marking
from archive.retrieval.marking import MOST_MARKS, count_marks, mark, mark_all, words_for

SHOWN = [
    ("The late fee is due", ["late fee"], "The [late fee] is due"),
    ("late, FEE; later", ["late fee", "late"], "[late, FEE]; later"),
    ("Frühling, Fruhling, FRU\u0308HLING", ["fruhling"], "[Frühling], [Fruhling], [FRU\u0308HLING]"),
    ("Straße STRASSE", ["strasse"], "[Straße] [STRASSE]"),
    ("spring springtime offspring", ["spring*"], "[spring] [springtime] offspring"),
    ("late feeling", ["late fe*"], "[late feeling]"),
    ("co\u00adope\u00adrate", ["cooperate"], "[co\u00adope\u00adrate]"),
    ("oﬃce ＦＥＥ", ["office", "fee"], "[oﬃce] [ＦＥＥ]"),
    ("a_b a-b", ["a b"], "[a_b] [a-b]"),
    ("fee fee fee", ["fee"], "[fee] [fee] [fee]"),
    ("nothing of it", ["fee"], "nothing of it"),
    ("", ["fee"], ""),
    ("fee", [], "fee"),
    ("fee", ["", "*"], "fee"),
]


def shown(parts: list[tuple[str, bool]]) -> str:
    """Write marks as brackets."""
    return "".join(f"[{text}]" if marked else text for text, marked in parts)


@pytest.mark.parametrize(("text", "words", "expected"), SHOWN)
def test_words_are_marked_where_they_stand(text: str, words: list[str], expected: str) -> None:
    assert shown(mark(text, words)) == expected


def test_a_phrase_runs_over_the_end_of_a_text_into_the_next() -> None:
    first, second = mark_all(["Your late", " fee is"], ["late fee"])
    assert (shown(first), shown(second)) == ("Your [late]", " [fee] is")


def test_no_more_than_some_thousand_places_are_marked() -> None:
    assert count_marks(mark("fee " * (MOST_MARKS + 10), ["fee"])) == MOST_MARKS


@given(st.text(max_size=60), st.lists(st.text(alphabet="abeistué* ", max_size=6), max_size=3))
def test_marking_never_changes_a_text(text: str, words: list[str]) -> None:
    assert "".join(part for part, _marked in mark(text, words)) == text


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cf"]), max_size=40))
def test_every_word_of_a_text_is_found_in_it(text: str) -> None:
    for token in tokens(text):
        assert count_marks(mark(text, [token])) >= 1


def test_words_come_from_whoever_registered_and_only_for_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[UUID, Any]] = []

    def source(public_id: UUID, user: Any) -> list[str]:
        asked.append((public_id, user))
        return ["late fee"]

    monkeypatch.setattr(marking, "_sources", [])
    search = "01920000-0000-7000-8000-000000000000"
    assert words_for(search, "agent") == []
    marking.register_source(source)
    assert words_for(search, "agent") == ["late fee"] and words_for("x", "agent") == words_for("", "agent") == []
    assert asked == [(UUID(search), "agent")]
