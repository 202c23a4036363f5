"""What a note may say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.documents.notes import LONGEST_CHARACTERS, EmptyNoteError, NoteError, NoteTooLongError, clean


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Called, will pay ", "Called, will pay"),
        ("one\r\ntwo\rthree\n", "one\ntwo\nthree"),
        ("a\x00b\x07c\ttab", "abc\ttab"),
        ("<b>7</b> & more", "<b>7</b> & more"),
        ("שלום \u202b", "שלום \u202b"),
        ("lone \ud800 surrogate", "lone  surrogate"),
        ("x" * LONGEST_CHARACTERS, "x" * LONGEST_CHARACTERS),
    ],
)
def test_a_note_is_kept_as_it_was_meant(typed: str, kept: str) -> None:
    assert clean(typed) == kept


@pytest.mark.parametrize("typed", ["", "   ", "\r\n\t", "\x00", "\u200b", "\u2028", "\ufeff \u202e"])
def test_what_says_nothing_is_no_note(typed: str) -> None:
    with pytest.raises(EmptyNoteError):
        clean(typed)


@pytest.mark.parametrize("length", [LONGEST_CHARACTERS + 1, 1_000_000])
def test_what_is_too_long_is_not_cut(length: int) -> None:
    with pytest.raises(NoteTooLongError):
        clean("x" * length)


@given(st.text())
def test_whatever_is_typed_is_clean_once_it_is_cleaned_or_refused_by_name(typed: str) -> None:
    try:
        kept = clean(typed)
    except NoteError:
        return
    assert clean(kept) == kept and kept.encode() and 1 <= len(kept) <= LONGEST_CHARACTERS
