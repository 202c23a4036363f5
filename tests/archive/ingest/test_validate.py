"""Validation: a record becomes a draft, or the first thing that is wrong with it is said with its field."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace
from datetime import MAXYEAR
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.ingest.catalogue import ScheduleInfo
from archive.ingest.records import Draft, Problem, RawRecord
from archive.ingest.validate import Validator
from tests.archive.ingest.catalogues import TODAY, catalogue, validate
from tests.archive.ingest.packages import record

FULL = {
    "producer": "engine",
    "external_id": "JOB7-000123",
    "batch": "JOB7",
    "run_sequence": 123,
    "sequence": 1,
    "business_unit": "retail",
    "document_class": "statement",
    "customer_id": "C-1009",
    "account_number": "0004711",
    "issued_on": "2026-10-31",
    "subject": "Account statement October 2026",
    "language": "en",
    "index": {"branch": "012", "balance": "1204.55"},
    "parties": [{"role": "holder", "customer_id": "C-1009", "name": "Eva Müller", "postcode": "70173"}],
    "variants": [
        {
            "channel": "print",
            "file": "print/000123.pdf",
            "content_type": "application/pdf",
            "pages": 3,
            "queue": "Print",
            "queue_file": "print/run7.pdf",
        },
        {
            "channel": "email",
            "file": "email/000123.html",
            "content_type": "text/html",
            "resources": ["email/logo.png"],
            "producer_ref": "m-77",
            "recipient": {"party": 0, "address": "eva@example.org"},
        },
        {"channel": "sms", "text": "Your October statement is ready."},
    ],
    "assets": [{"key": "statement-template", "version": 4}],
    "replaces": {"external_id": "JOB6-000123", "reason": "wrong balance"},
}


def draft_of(data: dict[str, Any], **options: str) -> Draft:
    found = validate(data, **options)
    assert isinstance(found, Draft), found
    return found


def problem_of(data: dict[str, Any], **options: str) -> tuple[str, str]:
    found = validate(data, **options)
    assert isinstance(found, Problem), found
    assert found.reason.endswith((".", "?"))
    return found.code, found.field


def with_variant(**changes: Any) -> dict[str, Any]:
    variant = {"channel": "print", "file": "print/1.pdf", **changes}
    return record(variants=[{key: value for key, value in variant.items() if value is not None}])


def test_the_record_of_the_handbook_becomes_a_draft():
    draft = draft_of(FULL)
    assert (draft.external_id, draft.unit.key, draft.document_class.key) == ("JOB7-000123", "retail", "statement")
    assert draft.issued_on == datetime.date(2026, 10, 31)
    assert (draft.batch, draft.run_sequence, draft.sequence, draft.language) == ("JOB7", 123, 1, "en")
    assert draft.slots == {"text_1": "012", "number_1": 12_045_500}
    assert draft.index_values == {"branch": "012", "balance": "1204.55"}
    assert [(party.name, party.postcode) for party in draft.parties] == [("Eva Müller", "70173")]
    print_, email, sms = draft.variants
    assert (print_.file, print_.pages, print_.queue_file) == ("print/000123.pdf", 3, "print/run7.pdf")
    assert (email.recipient_party, email.recipient_address) == (0, "eva@example.org")
    assert (email.resources, email.producer_ref) == (["email/logo.png"], "m-77")
    assert (sms.text, sms.content_type, sms.file) == (
        b"Your October statement is ready.",
        "text/plain; charset=utf-8",
        None,
    )
    assert draft.assets == [{"key": "statement-template", "version": 4}]
    assert draft.replaces == ("JOB6-000123", "wrong balance")
    assert draft.extra == {}


@pytest.mark.parametrize("field", ["external_id", "business_unit", "document_class", "issued_on", "variants"])
@pytest.mark.parametrize("value", [None, "", "  "])
def test_what_is_required_must_be_there(field: str, value: str | None):
    if field == "variants" and value == "  ":
        value = None
    assert problem_of(record(**{field: value})) == ("missing", field)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"business_unit": "retial"}, "unknown_unit", "business_unit"),
        ({"document_class": "statment"}, "unknown_class", "document_class"),
        ({"document_class": "idle"}, "no_schedule", "document_class"),
        ({"document_class": "bill"}, "no_party", "parties"),
        ({"document_class": "policy"}, "missing", "index.branch"),
        ({"document_class": "policy", "index": {"branch": " "}}, "missing", "index.branch"),
        ({"producer": "other"}, "other_producer", "producer"),
        ({"external_id": ["x"]}, "type", "external_id"),
        ({"external_id": True}, "type", "external_id"),
        ({"external_id": "x" * 201}, "too_long", "external_id"),
        ({"external_id": "a\x1bb"}, "control", "external_id"),
        ({"external_id": "a\nb"}, "control", "external_id"),
        ({"account_number": "1\t2"}, "control", "account_number"),
        ({"batch": "a\r\nb"}, "control", "batch"),
        ({"subject": "a\u2028b"}, "control", "subject"),
        ({"customer_id": "C\x00"}, "control", "customer_id"),
        ({"issued_on": "2026-02-31"}, "date", "issued_on"),
        ({"issued_on": "31.10.2026"}, "date", "issued_on"),
        ({"issued_on": "20261031"}, "date", "issued_on"),
        ({"issued_on": "2026-W44-6"}, "date", "issued_on"),
        ({"issued_on": "2026-10-31T00:00:00"}, "date", "issued_on"),
        ({"issued_on": "٢٠٢٦-10-31"}, "date", "issued_on"),
        ({"issued_on": 20261031}, "date", "issued_on"),
        ({"issued_on": "2062-10-31"}, "date_ahead", "issued_on"),
        ({"issued_on": "2027-01-01"}, "date_ahead", "issued_on"),
        ({"issued_on": "1989-12-31"}, "date_early", "issued_on"),
        ({"issued_on": "0001-01-01"}, "date_early", "issued_on"),
        ({"language": "Deutsch!"}, "form", "language"),
        ({"sequence": "one"}, "type", "sequence"),
        ({"sequence": -1}, "type", "sequence"),
        ({"sequence": True}, "type", "sequence"),
        ({"sequence": "9" * 5000}, "type", "sequence"),
        ({"run_sequence": "٣"}, "type", "run_sequence"),
        ({"run_sequence": "9223372036854775808"}, "type", "run_sequence"),
        ({"index": ["branch"]}, "type", "index"),
        ({"index": {"balance": "12,5"}}, "index_value", "index.balance"),
        ({"index": {"balance": "1_000"}}, "index_value", "index.balance"),
        ({"index": {"balance": "NaN"}}, "index_value", "index.balance"),
        ({"index": {"balance": "1e999999999"}}, "index_value", "index.balance"),
        ({"index": {"balance": "1e-999999999"}}, "index_value", "index.balance"),
        ({"index": {"balance": "9" * 1999}}, "index_value", "index.balance"),
        ({"index": {"balance": "0.00001"}}, "index_value", "index.balance"),
        ({"index": {"balance": True}}, "index_value", "index.balance"),
        ({"index": {"due_on": "2026-02-31"}}, "index_value", "index.due_on"),
        ({"index": {"branch": {"a": 1}}}, "type", "index.branch"),
        ({"index": {"branch": ["a", "b"]}}, "type", "index.branch"),
        ({"index": {"branch": "x" * 201}}, "index_value", "index.branch"),
        ({"index": {"note": "x" * 2001}}, "too_long", "index.note"),
        ({"index": {"note": "\x07"}}, "control", "index.note"),
        ({"parties": {"name": "Eva"}}, "type", "parties"),
        ({"parties": ["Eva"]}, "type", "parties.0"),
        ({"parties": [{}, {"name": 1.5 and ["Eva"]}]}, "type", "parties.1.name"),
        ({"parties": [{"role": "holder"}] * 101}, "too_many", "parties"),
        ({"variants": {}}, "missing", "variants"),
        ({"variants": {"channel": "print"}}, "type", "variants"),
        ({"variants": ["print"]}, "type", "variants.0"),
        ({"variants": [{"channel": "sms", "text": "a"}] * 2}, "channel_twice", "variants"),
        ({"assets": {"key": "x"}}, "type", "assets"),
        ({"replaces": "JOB6"}, "type", "replaces"),
        ({"replaces": {"external_id": "JOB6"}}, "missing", "replaces.reason"),
        ({"replaces": {"external_id": "JOB7-000001", "reason": "x"}}, "replaces_itself", "replaces.external_id"),
        (
            {"external_id": 7, "replaces": {"external_id": "7", "reason": "x"}},
            "replaces_itself",
            "replaces.external_id",
        ),
    ],
)
def test_a_wrong_record_is_set_aside_with_its_field(changes: dict[str, Any], code: str, field: str):
    assert problem_of(record(**changes)) == (code, field)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"channel": None}, "missing", "channel"),
        ({"channel": "pirnt"}, "unknown_channel", "channel"),
        ({"file": None}, "content", "file"),
        ({"text": "both"}, "content", "file"),
        ({"file": None, "text": 5}, "type", "text"),
        ({"file": "../1.pdf"}, "outside", "file"),
        ({"file": "/etc/passwd"}, "outside", "file"),
        ({"file": "\\\\server\\share\\1.pdf"}, "outside", "file"),
        ({"file": "C:1.pdf"}, "outside", "file"),
        ({"file": 5.5 and ["x"]}, "type", "file"),
        ({"content_type": "pdf"}, "form", "content_type"),
        ({"content_type": "text/html\r\nX: y"}, "control", "content_type"),
        ({"sha256": "abc"}, "sha256", "sha256"),
        ({"sha256": "g" * 64}, "sha256", "sha256"),
        ({"offset": -1}, "type", "offset"),
        ({"length": "ten"}, "type", "length"),
        ({"pages": 2**31}, "type", "pages"),
        ({"resources": "logo.png"}, "type", "resources"),
        ({"resources": ["../logo.png"]}, "outside", "resources"),
        ({"resources": ["a.png", "./a.png"]}, "resources", "resources"),
        ({"recipient": "eva@example.org"}, "type", "recipient"),
        ({"recipient": {"party": 0}}, "no_party", "recipient.party"),
        ({"recipient": {"party": 2**40}}, "no_party", "recipient.party"),
    ],
)
def test_a_wrong_variant_is_set_aside_with_its_field(changes: dict[str, Any], code: str, field: str):
    assert problem_of(with_variant(**changes)) == (code, f"variants.0.{field}")


def test_what_is_nearly_right_is_asked_about():
    found = validate(record(document_class="statment"))
    assert isinstance(found, Problem) and 'Did you mean "statement"?' in found.reason
    found = validate(with_variant(channel="pirnt"))
    assert isinstance(found, Problem) and 'Did you mean "print"?' in found.reason


@pytest.mark.parametrize(
    ("day", "fine"), [("2026-12-31", True), ("2026-12-30", True), ("2027-01-01", False), ("1990-01-01", True)]
)
def test_sixty_days_ahead_are_the_limit(day: str, fine: bool):
    assert isinstance(validate(record(issued_on=day)), Draft) is fine


def test_a_producer_with_units_may_write_to_these_only():
    assert isinstance(validate(record(), producer="retail-engine"), Draft)
    assert problem_of(record(business_unit="commercial"), producer="retail-engine") == (
        "unit_not_allowed",
        "business_unit",
    )


def test_a_unit_that_was_merged_stands_for_the_one_it_became():
    assert draft_of(record(business_unit="former")).unit.key == "retail"


def test_what_nobody_knows_is_kept_wherever_it_stands():
    draft = draft_of(
        record(
            colour="blue",
            nested={"a": [1, 2]},
            index={"unheard": "x", "list": ["a", "b"], "tree": {"b": 1}},
            parties=[{"name": "Eva", "title": "Dr."}],
            variants=[{"channel": "sms", "text": "hi", "tariff": 7, "recipient": {"address": "+49", "kind": "mobile"}}],
        )
    )
    assert draft.extra == {
        "colour": "blue",
        "nested": {"a": [1, 2]},
        "index.list": ["a", "b"],
        "index.tree": {"b": 1},
        "variants.0.tariff": 7,
        "variants.0.recipient.kind": "mobile",
    }
    assert draft.index_values == {"unheard": "x"}
    assert draft.parties[0].details == {"title": "Dr."}


def test_index_values_go_to_their_slots_folded_and_stay_as_they_were_written():
    draft = draft_of(
        record(
            index={
                "branch": " Köln ",
                "balance": "-0.5",
                "due_on": "2026-11-30",
                "tags": ["Eilt", "EILT", "Z"],
                "note": "As is",
            }
        )
    )
    assert draft.slots == {"text_1": "köln", "number_1": -5_000, "date_1": "2026-11-30"}
    assert draft.multiple == [(4, "eilt"), (4, "z")]
    assert draft.index_values == {
        "branch": "Köln",
        "balance": "-0.5",
        "due_on": "2026-11-30",
        "tags": ["Eilt", "EILT", "Z"],
        "note": "As is",
    }


@pytest.mark.parametrize("value", [None, "", "  ", []])
def test_an_empty_index_value_is_none(value: Any):
    draft = draft_of(record(index={"branch": value, "tags": value}))
    assert (draft.index_values, draft.slots, draft.multiple) == ({}, {}, [])


@pytest.mark.parametrize(("value", "text", "slot"), [(5, "5", "5"), ("1.50", "1.50", "1.50"), (True, "true", "true")])
def test_a_number_or_truth_value_in_a_text_field_is_its_text(value: Any, text: str, slot: str):
    draft = draft_of(record(index={"branch": value}))
    assert (draft.index_values, draft.slots) == ({"branch": text}, {"text_1": slot})


def test_the_classes_mapping_renames_pads_strips_and_reads_dates():
    draft = draft_of(record(document_class="mapped", index={"KTO": "#12 ", "FAELLIG": "01.12.2026", "balance": "3"}))
    assert draft.index_values == {"branch": "00012", "due_on": "2026-12-01", "balance": "3", "note": "none given"}


def test_the_mapping_treats_a_number_like_its_text():
    assert draft_of(record(document_class="mapped", index={"KTO": 12})).slots["text_1"] == "00012"


def test_the_mapping_gives_defaults_to_a_record_without_any_index_value():
    assert draft_of(record(document_class="mapped")).index_values == {"note": "none given"}
    assert problem_of(record(document_class="mapped", index="x")) == ("type", "index")


def test_a_date_that_the_mapping_cannot_read_is_set_aside():
    assert problem_of(record(document_class="mapped", index={"FAELLIG": "31.02.2026"})) == (
        "index_value",
        "index.FAELLIG",
    )


def test_two_incoming_fields_for_one_of_ours_are_refused_not_guessed():
    wrong = record(document_class="mapped", index={"KTO": "1", "branch": "2"})
    assert problem_of(wrong) == ("index_twice", "index.branch")


def test_the_first_partys_customer_is_the_records_where_none_is_said():
    parties = [{"customer_id": "C-1"}, {"customer_id": "C-2"}]
    assert draft_of(record(parties=parties)).customer_id == "C-1"
    assert draft_of(record(parties=parties, customer_id="C-3")).customer_id == "C-3"


def test_an_address_may_have_lines():
    draft = draft_of(record(parties=[{"address": "Am Markt 1\n70173 Stuttgart"}, {"address": ["Weg 2", "Ulm"]}]))
    assert [party.address for party in draft.parties] == ["Am Markt 1\n70173 Stuttgart", "Weg 2\nUlm"]


def test_the_cells_of_a_csv_are_read_as_numbers_where_numbers_belong():
    draft = draft_of(
        record(sequence="7", variants=[{"channel": "print", "file": "1.pdf", "pages": "3", "offset": "0"}])
    )
    assert (draft.sequence, draft.variants[0].pages, draft.variants[0].offset) == (7, 3, 0)


def test_a_types_parameters_keep_their_case():
    draft = draft_of(with_variant(content_type='Multipart/Related; boundary="AbC"'))
    assert draft.variants[0].content_type == 'multipart/related; boundary="AbC"'


keys = st.sampled_from([*FULL, "channel", "file", "text", "party", "branch", "balance", "due_on", "tags", "name", "x"])
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=12)
    | st.sampled_from(["print", "retail", "2026-10-31"])
)
anything = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4), max_leaves=8
)


@given(st.dictionaries(st.sampled_from(list(FULL)), anything, max_size=4))
def test_any_record_is_a_draft_or_a_problem(changes: dict[str, Any]):
    found = validate({**json.loads(json.dumps(FULL)), **changes})
    assert isinstance(found, Draft) or (found.code and found.reason.endswith((".", "?")))


def test_a_record_that_would_be_kept_beyond_the_last_year_is_set_aside_with_its_field() -> None:
    known = catalogue()
    statement = known.classes["statement"]
    for years, fine in ((MAXYEAR - 2026, True), (MAXYEAR - 2025, False)):
        known.classes["statement"] = replace(statement, schedule=ScheduleInfo(1, years, "calendar_year"))
        raw = RawRecord(0, 1, b"", record(1))
        outcome = Validator(known, producer_key="engine", today=TODAY).validate(raw)
        assert isinstance(outcome, Draft) is fine
    assert isinstance(outcome, Problem) and (outcome.code, outcome.field) == ("retention", "issued_on")
    assert "9999" in outcome.reason
