"""A hit shows its words in their context: marked, from the text that has them, within bounds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.audit.actor import Actor
from archive.search.selectors import get_page, hit_list, resolve, words_of_search
from archive.search.services import start_search
from archive.search.words.snippets import MOST_CHARACTERS, stretch_of
from archive.search.words.terms import Term
from archive.search.words.tokens import plain_text
from tests.archive.documents.archives import Archive
from tests.archive.search.words.letters import write

FEE = Term(("fee",))


def marked(text: str, *terms: Term) -> list[str]:
    """Return what is marked in the stretch that is shown."""
    parts, _begins, _ends = stretch_of(text, terms)
    return [part for part, is_marked in parts if is_marked]


def shown(text: str, *terms: Term) -> str:
    parts, _begins, _ends = stretch_of(text, terms)
    return "".join(part for part, _marked in parts)


@pytest.mark.parametrize(
    ("text", "term", "expected"),
    [
        ("Your late fee is due", FEE, ["fee"]),
        ("Your Müller’s letter", Term(("muller",)), ["Müller"]),
        ("the late fee, the late train", Term(("late", "fee")), ["late fee"]),
        ("springtime savings", Term(("spring",), prefix=True), ["springtime"]),
        ("an e-mail came", Term(("e", "mail")), ["e-mail"]),
        ("nothing of it", FEE, []),
    ],
)
def test_what_matches_is_marked(text: str, term: Term, expected: list[str]) -> None:
    assert marked(text, term) == expected


def test_a_short_text_is_shown_whole() -> None:
    assert stretch_of("Your fee.", [FEE]) == ((("Your ", False), ("fee", True), (".", False)), True, True)


def test_the_stretch_with_the_most_terms_is_shown() -> None:
    text = "fee " + "word " * 50 + "a late charge and fee at last " + "word " * 100
    assert marked(text, FEE, Term(("late",))) == ["late", "fee"]


def test_a_word_far_in_is_found() -> None:
    assert marked("word " * 5_000 + "fee", FEE) == ["fee"]


@given(st.text(max_size=600), st.sampled_from(["fee", "a", "1"]))
def test_a_stretch_is_a_part_of_its_text_and_bounded(text: str, token: str) -> None:
    plain = plain_text(text)
    found = shown(plain, Term((token,)))
    assert found in plain and len(found) <= MOST_CHARACTERS + 2_000


def test_hits_show_the_variant_that_has_the_words(archive: Archive, user_of: Any) -> None:
    sms = {"channel": "sms", "text": "x"}
    email = {"channel": "email", "text": "x"}
    write(archive, {"a": ["nothing here", "Your <b>fee</b> is due"]}, a={"variants": [sms, email]})
    found = resolve("fee", user=user_of("auditor"))
    (hit,) = hit_list(list(get_page(found).rows), user=found.user, found=found).hits
    assert hit.snippet_channel == "email" and hit.snippet is not None
    assert ("fee", True) in hit.snippet.parts


def test_markup_in_a_text_is_no_markup_on_the_page(archive: Archive, user_of: Any, client: Any) -> None:
    write(archive, {"a": ["fee <script>alert(1)</script>"]})
    client.force_login(user_of("auditor"))
    page = client.get(client.post("/search/", {"q": "fee"})["Location"]).content.decode()
    assert "<script>alert" not in page and "&lt;script&gt;alert(1)" in page and "<mark>fee</mark>" in page


def test_only_ones_own_searches_tell_their_words(archive: Archive, user_of: Any) -> None:
    auditor = user_of("auditor")
    search = start_search(text='"late fee" spring* subject:note', user=auditor, actor=Actor.of_user(auditor))
    assert words_of_search(search.public_id, auditor) == ["late fee", "spring*"]
    assert words_of_search(search.public_id, user_of("agent")) == []
