"""What each field of the query language finds in the record."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.utils import timezone

from archive.documents.models import BusinessUnit, Communication
from archive.query import QueryError
from tests.archive.documents.archives import Archive, letter, matching, sms

TAGGED = (
    letter("plain", index={"branch": "012", "balance": "1204.55", "tags": ["Eilig", "ＶＩＰ"]}),
    letter("second", index={"branch": "ÄÖ-1", "balance": "-0.5", "tags": ["eilig"]}, batch="JOB7"),
    letter("third", index={"balance": "1204.5501"}, batch="JOB8", language="de-AT"),
    letter(
        "bill",
        document_class="bill",
        parties=[{"role": "holder", "customer_id": "kd-17"}, {"role": "joint", "customer_id": "C-2"}],
        index={"due_on": "2026-02-28"},
        issued_on="2026-01-15",
        account_number="de89 3704",
        variants=[sms(), {"channel": "web", "text": "<p>Bill"}],
    ),
)


@pytest.fixture
def letters(archive: Archive) -> Archive:
    """Return an archive with letters that differ in every field."""
    archive.load(*TAGGED)
    return archive


FOUND: list[tuple[str, set[str]]] = [
    ("branch:012", {"plain"}),
    ("branch:äö-1", {"second"}),
    ("branch:ÄÖ*", {"second"}),
    ("branch:*", {"plain", "second"}),
    ("NOT branch:*", {"third"}),
    ("balance:1204.55", {"plain"}),
    ("balance:1204.5500", {"plain"}),
    ("balance:>1204.55", {"third"}),
    ("balance:<0", {"second"}),
    ("balance:-1..1204.55", {"plain", "second"}),
    ("due_on:2026-02-28", {"bill"}),
    ("due_on:2026-02", {"bill"}),
    ("due_on:<2026-02-28", set()),
    ("due_on:..2026", {"bill"}),
    ("tags:eilig", {"plain", "second"}),
    ("tags:vip", {"plain"}),
    ("tags:EIL*", {"plain", "second"}),
    ("tags:vip,eilig", {"plain", "second"}),
    ("NOT tags:vip", {"second"}),
    ("NOT tags:*", {"third"}),
    ("batch:JOB7", {"second"}),
    ("batch:JOB7,JOB8", {"second", "third"}),
    ("batch:JOB9", set()),
    ("NOT batch:JOB7", {"third"}),
    ("language:de*", {"third"}),
    ("issued:2026-01", {"bill"}),
    ("issued:2026-01-16..", {"plain", "second", "third"}),
    ("channel:web", {"bill"}),
    ("channel:sms,web", {"plain", "second", "third", "bill"}),
    ("NOT channel:web", {"plain", "second", "third"}),
    ("customer:KD-17", {"bill"}),
    ("customer:kd-17", {"bill"}),
    ("customer:KD-1*", {"bill"}),
    ("customer:c-*", {"bill"}),
    ("customer:C-2", {"bill"}),
    ('account:"DE89 3704"', {"bill"}),
    ("account:DE89*", {"bill"}),
    ("external_id:th*", {"third"}),
    ("producer:engine class:bill", {"bill"}),
    ("restricted:no class:bill", {"bill"}),
    ("restricted:yes", set()),
]


def test_fields_find(letters: Archive) -> None:
    answers = [(text, matching(text)) for text, _found in FOUND]
    assert answers == FOUND


REFUSED = [
    ("balance:abc", "is not a number"),
    ("balance:1.23456", "more than four decimal places"),
    ("due_on:2026-02-31", "does not exist"),
    ("due_on:yesterday", "is not a date"),
    ("issued:2026-06..2026-01", "is after the last"),
    ("record:12", "Write it like V-12-340"),
    ("load:x", "Write it like L-12"),
    ("state:gone", 'No state is called "gone"'),
    ("channel:mail", "Did you mean channel:email"),
    ("restricted:maybe", "No answer is called"),
    ("tags:1..2", "cannot be compared like this"),
    ("branch:>1", "cannot be compared like this"),
]


def test_a_value_that_the_field_cannot_have_is_refused(configured: None) -> None:
    for text, said in REFUSED:
        with pytest.raises(QueryError, match=said):
            matching(text)


def test_a_record_number_finds_its_record_in_any_case(letters: Archive) -> None:
    row = letters.get("third")
    assert matching(f"record:{row.record_number}") == {"third"}
    assert matching(f"record:{row.record_number.lower()}") == {"third"}
    both = f"{row.record_number},{letters.get('plain').record_number}"
    assert matching(f"record:{both}") == {"third", "plain"}
    assert matching("record:V-999999999999999999-1") == set()


def test_a_load_is_found_by_its_number_with_and_without_its_letter(letters: Archive) -> None:
    load = letters.load(letter("later"))
    for written in (f"L-{load.pk}", f"l-{load.pk}", str(load.pk)):
        assert matching(f"load:{written}") == {"later"}
    assert "later" not in matching(f"NOT load:L-{load.pk}")


def test_states_tell_replaced_letters_from_current_ones(letters: Archive) -> None:
    letters.load(letter("right", replaces={"external_id": "plain", "reason": "wrong balance"}))
    assert matching("state:superseded") == {"plain"}
    assert matching("state:current") == {"second", "third", "bill", "right"}
    assert matching("state:current,superseded") == {"plain", "second", "third", "bill", "right"}


def test_two_classes_do_not_answer_for_each_others_slots(letters: Archive) -> None:
    assert matching("class:bill NOT branch:012") == set()
    assert matching("class:bill branch:*") == set()


# An archived day is the day of the letter's unit, not the reader's


INSTANT = datetime.datetime(2026, 6, 30, 22, 30, tzinfo=datetime.UTC)  # 1 July in Berlin, 30 June in London


@pytest.fixture
def around_midnight(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> Archive:
    """Return an archive with a letter of each unit that came in at the same instant."""
    with monkeypatch.context() as patch:
        patch.setattr(timezone, "now", lambda: INSTANT)
        archive.load(letter("berlin", issued_on="2026-06-30"))
        archive.load(letter("london", business_unit="commercial", issued_on="2026-06-30"))
    assert set(Communication.objects.values_list("archived_at", flat=True)) == {INSTANT}
    return archive


DAYS: list[tuple[str, set[str]]] = [
    ("archived:2026-07-01", {"berlin"}),
    ("archived:2026-06-30", {"london"}),
    ("archived:2026-06", {"london"}),
    ("archived:>2026-06", {"berlin"}),
    ("archived:<=2026-06-30", {"london"}),
    ("archived:2026", {"berlin", "london"}),
    ("archived:2026-06-30,2026-07-01", {"berlin", "london"}),
    ("NOT archived:2026-06-30", {"berlin"}),
    ("archived:2025", set()),
]


def test_an_archived_day_is_that_of_the_letters_unit(around_midnight: Archive, user_of: Any) -> None:
    reader = user_of("agent")
    for zone in ("", "Asia/Tokyo", "America/New_York"):
        reader.time_zone = zone
        assert [(text, matching(text, reader)) for text, _found in DAYS] == DAYS


def test_units_of_one_zone_share_their_days(around_midnight: Archive) -> None:
    BusinessUnit.objects.update(time_zone="Asia/Tokyo")
    assert matching("archived:2026-07-01") == {"berlin", "london"}
    assert matching("archived:2026-06-30") == set()


def test_before_anything_is_configured_an_archived_day_finds_nothing(db: None) -> None:
    assert matching("archived:2026") == set()


def test_not_a_customer_finds_letters_of_whose_parties_any_has_an_id(archive: Archive) -> None:
    nameless, joint = {"role": "holder", "name": "Eva"}, {"role": "joint", "customer_id": "C-2"}
    archive.load(letter("further", parties=[nameless, joint]), letter("none", parties=[nameless]))
    assert matching("NOT customer:C-1") == {"further"}
    assert matching("NOT customer:C-2") == set()
    assert matching("NOT customer:C*") == set()
