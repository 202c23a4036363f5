"""A batch comes in: every document becomes part of the record, whole, found and provable."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from typing import Any

from archive.audit import merkle
from archive.audit.models import Event, LoadPart
from archive.audit.services import parts_root, read_leaf
from archive.batches.models import Load
from archive.documents.commitments import keyed_digest, party_commitment, record_leaf
from archive.documents.locators import locator_of
from archive.documents.models import Communication, IngestKey, MultipleValue, Party, Person, PersonToken, Variant
from archive.documents.selectors import list_variants
from archive.retrieval.services import resources_of
from archive.storage.reading import read_whole
from tests.archive.ingest.packages import manifest_of, record

Loading = Callable[..., Load]

FULL = record(
    1,
    batch="JOB7",
    run_sequence=123,
    sequence=1,
    customer_id="C-1009",
    account_number="0004711",
    subject="Account statement October 2026",
    language="en",
    index={"branch": "012", "balance": "1204.55", "tags": ["Late", "Fee"]},
    parties=[
        {"role": "holder", "customer_id": "C-1009", "name": "Eva Müller", "postcode": "70173"},
        {"role": "joint", "customer_id": "C-1010", "name": "Otto Müller", "postcode": "70173"},
    ],
    variants=[
        {"channel": "print", "file": "print/1.pdf", "content_type": "application/pdf", "pages": 3, "queue": "Print"},
        {
            "channel": "email",
            "file": "email/1.html",
            "resources": ["email/logo.png"],
            "recipient": {"party": 0, "address": "eva@example.org"},
        },
        {"channel": "sms", "text": "Your statement is ready."},
    ],
    favourite_colour="green",
)
MEMBERS = {
    "manifest.jsonl": manifest_of(FULL),
    "print/1.pdf": b"%PDF-1.7 one",
    "email/1.html": b"<img src=logo.png>",
    "email/logo.png": b"\x89PNG logo",
}


def test_a_record_is_archived_with_all_that_was_told_of_it(load_members: Loading) -> None:
    load = load_members(MEMBERS)
    assert (load.state, load.received, load.archived, load.rejected) == ("complete", 1, 1, 0)
    row = Communication.objects.get()
    assert row.issued_on == datetime.date(2026, 10, 31)
    assert row.record_number == f"V-{load.pk}-0"
    assert (row.customer_id, row.account_number, row.party_role) == ("C-1009", "0004711", "holder")
    assert row.batch is not None and row.batch.key == "JOB7"
    assert (row.run_sequence, row.sequence, row.language) == (123, 1, "en")
    assert row.index_values == {"branch": "012", "balance": "1204.55", "tags": ["Late", "Fee"]}
    assert row.extra == {"favourite_colour": "green"}
    assert (row.retain_until, row.retention_cut_off_on) == (datetime.date(2036, 12, 31), datetime.date(2026, 12, 31))
    assert list(load.batch_counts.values_list("batch__key", "communications")) == [("JOB7", 1)]


def test_index_values_go_into_typed_slots_and_multiple_ones_beside(load_members: Loading) -> None:
    load_members(MEMBERS)
    row = Communication.objects.get()
    assert "012" in (row.t01, row.t02) and 12_045_500 in (row.n01, row.n02)
    assert sorted(MultipleValue.objects.values_list("value", flat=True)) == ["fee", "late"]


def test_parties_have_an_erasable_side_and_are_found_by_name_and_postcode(load_members: Loading) -> None:
    load_members(MEMBERS)
    key = Communication.objects.get().order_key
    assert list(Party.objects.values_list("order_key", "number", "role", "customer_id")) == [
        (key, 1, "joint", "C-1010")
    ]
    persons = list(Person.objects.order_by("number"))
    assert [(person.name, len(bytes(person.salt))) for person in persons] == [("Eva Müller", 32), ("Otto Müller", 32)]
    assert persons[0].details == {"recipients": {"2": "eva@example.org"}}
    assert set(PersonToken.objects.filter(number=0).values_list("token", flat=True)) == {"n:eva", "n:muller", "p:70173"}


def test_a_record_without_a_party_still_has_its_salt(load_members: Loading) -> None:
    load_members({"manifest.jsonl": manifest_of(record(1)), "print/1.pdf": b"x"})
    person = Person.objects.get()
    assert (person.number, person.name, len(bytes(person.salt))) == (0, "", 32)


def test_every_variant_reads_back_as_it_was_sent(load_members: Loading) -> None:
    load_members(MEMBERS)
    row = Communication.objects.get()
    variants = {variant.channel: variant for variant in list_variants(row)}
    assert row.channels == 0b10011
    assert read_whole(locator_of(variants["print"])) == b"%PDF-1.7 one"
    assert read_whole(locator_of(variants["sms"])) == b"Your statement is ready."
    assert resources_of(variants["email"]) == {"logo.png": ("image/png", b"\x89PNG logo")}


def test_an_identity_is_kept_for_the_record(load_members: Loading) -> None:
    load_members(MEMBERS)
    row, key = Communication.objects.get(), IngestKey.objects.get()
    assert (key.external_id, key.order_key, key.public_id) == ("JOB7-000001", row.order_key, row.public_id)


def test_a_load_leaves_exactly_its_events(load_members: Loading, recorded: Any) -> None:
    load = load_members(MEMBERS)
    by = "tests"
    assert recorded(load) == [
        ("load.created", by),
        ("load.started", by),
        ("load.part", by),
        ("load.completed", by),
    ]


def test_the_leaf_of_a_record_can_be_recomputed_and_lies_in_its_part(load_members: Loading) -> None:
    load = load_members(MEMBERS)
    part = LoadPart.objects.get(load_id=load.pk)
    leaf = merkle.leaf_hash(leaf_of(Communication.objects.get()))
    assert leaf in merkle.split(bytes(part.leaves))
    assert merkle.root(merkle.split(bytes(part.leaves))) == bytes(part.root)
    told = read_leaf(Event.objects.get(event_id=part.event_id))["details"]
    assert (told["root"], told["leaves"]) == (bytes(part.root).hex(), 1)
    completed = read_leaf(Event.objects.get(verb="load.completed"))["details"]
    assert completed["parts_root"] == parts_root(load.pk).hex()


def test_no_personal_value_stands_in_any_leaf(load_members: Loading) -> None:
    load_members(MEMBERS)
    everything = b"".join(bytes(leaf) for leaf in Event.objects.values_list("leaf", flat=True))
    for value in ("Müller", "Eva", "70173", "C-1009", "0004711", "eva@example.org", "statement October"):
        assert value.encode() not in everything


def test_the_written_out_keyed_digest_is_hmac() -> None:
    import hmac

    for salt in (b"", b"k", b"\x00" * 32, b"s" * 64):
        for message in (b"", b"abc", b"x" * 1_000):
            assert keyed_digest(salt, message) == hmac.digest(salt, message, "sha256")


def leaf_of(row: Communication) -> bytes:
    """Recompute a leaf from the rows alone, as a verifier will."""
    persons = {person.number: person for person in Person.objects.filter(order_key=row.order_key)}
    parties = {0: (row.party_role, row.customer_id)}
    parties |= {p.number: (p.role, p.customer_id) for p in Party.objects.filter(order_key=row.order_key)}
    commitments = [
        party_commitment(
            salt=bytes(persons[number].salt),
            number=number,
            facts={
                "role": role,
                "customer_id": customer_id,
                "name": persons[number].name,
                "postcode": persons[number].postcode,
                "address": persons[number].address,
            },
        )
        for number, (role, customer_id) in sorted(parties.items())
    ]

    def stored(column: str) -> str:
        value = getattr(row, column)
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")) if value else ""

    fields = {
        "account_number": row.account_number,
        "archived_at": row.archived_at.replace(tzinfo=None).isoformat(" ", "microseconds"),
        "assets": stored("asset_references"),
        "class": row.document_class.key,
        "class_version": row.class_version,
        "customer_id": row.customer_id,
        "external_id": row.external_id,
        "extra": stored("extra"),
        "index": stored("index_values"),
        "issued_on": row.issued_on.isoformat(),
        "language": row.language,
        "parties": commitments,
        "position": row.load_position,
        "producer": row.producer.key,
        "retain_until": row.retain_until.isoformat(),
        "retention_cut_off_on": row.retention_cut_off_on.isoformat(),
        "retention_trigger": row.retention_trigger,
        "retention_trigger_on": row.retention_trigger_on.isoformat(),
        "schedule_version": row.schedule_version_id,
        "subject": row.subject,
        "unit": row.unit.key,
    }
    variants = [
        (v.number, v.channel, v.size_bytes, bytes(v.sha256).hex())
        for v in Variant.objects.filter(order_key=row.order_key, load_id=row.load_id).order_by("number")
    ]
    return record_leaf(
        public_id=row.public_id, load_id=row.load_id, salt=bytes(persons[0].salt), fields=fields, variants=variants
    )
