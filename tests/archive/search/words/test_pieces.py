"""A text in pieces: bounded, overlapping, and put together again."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.documents.order_key import NUMBER_BITS, make_order_key
from archive.search.words import pieces
from archive.search.words.pieces import joined, order_key_of, piece_id, pieces_of, place_of
from archive.search.words.tokens import cut, plain_text, spans_of, words_of


def test_an_empty_text_has_no_pieces():
    assert pieces_of("") == [] and pieces_of(plain_text(" \x00\n —")) == []


def test_a_letter_is_one_piece():
    (piece,) = pieces_of("Your late fee, Mrs Müller")
    assert piece.tokens == "your late fee mrs muller"


def test_no_piece_has_more_than_ten_thousand_words_and_the_last_twenty_come_again():
    parts = pieces_of(" ".join(f"w{number}" for number in range(25_000)))
    tokens = [piece.tokens.split() for piece in parts]
    assert [len(each) for each in tokens] == [10_000, 10_000, 5_040]
    assert tokens[0][-20:] == tokens[1][:20] and tokens[1][-20:] == tokens[2][:20]


def test_no_piece_has_a_word_more_than_255_times():
    parts = pieces_of("fee " * 1_000 + "end")
    assert all(piece.tokens.split().count("fee") <= 255 for piece in parts)
    assert parts[-1].tokens.endswith("fee end")


def test_no_piece_is_larger_than_half_a_megabyte():
    parts = pieces_of(" ".join("x" * 3_000 for _number in range(500)))
    assert len(parts) > 1 and all(len(piece.text) <= pieces.MOST_BYTES for piece in parts)


def test_noise_without_blanks_is_cut():
    parts = pieces_of("a1" * 400_000)
    assert len(parts) > 1 and all(len(token) <= 255 for piece in parts for token in piece.tokens.split())


@given(st.text(max_size=400))
def test_the_words_of_a_piece_are_those_of_its_text(text):
    plain = plain_text(text)
    assert plain_text(plain) == plain
    for piece in pieces_of(plain):
        assert piece.tokens.split() == words_of(piece.text)
        assert [token for token, _start, _end in spans_of(piece.text)] == words_of(piece.text)


@given(st.lists(st.sampled_from(["fee", "late", "a-b", "x" * 300, "Straße"]), max_size=2_000))
def test_pieces_are_put_together_again(words):
    plain = plain_text(" ".join(words))
    assert joined([piece.text for piece in pieces_of(plain)]) == (plain if words_of(plain) else "")


@given(st.dates(max_value=datetime.date(2870, 12, 31)), st.integers(1, (1 << 33) - 1), st.integers(0, 1023))
def test_piece_ids_are_in_issue_order_and_lead_back(day, number, piece):
    key = make_order_key(day, number)
    row = piece_id(place_of(key), piece)
    assert order_key_of(row >> 10) == key and 0 < row < 1 << 63
    later = make_order_key(day, number + 1) if number + 1 < 1 << 33 else None
    assert later is None or piece_id(place_of(later), 0) > row


def test_a_number_beyond_the_index_is_said():
    with pytest.raises(pieces.TooManyCommunicationsError):
        place_of((5 << NUMBER_BITS) | (1 << 33))


def test_a_token_is_cut_at_a_character():
    assert cut("ä" * 200) == "ä" * 127
