"""What an event says, exactly as it is hashed; what a client sends forges nothing of it (A-23, A-29, A-30).

That the events of every place are complete is part of test_no_event_no_change.py, which visits them all.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import json
from typing import Any
from uuid import UUID

import pytest
import rfc8785
from django.db import transaction
from django.test import RequestFactory
from django.utils import timezone

from archive import audit
from archive.audit.actor import Actor
from archive.audit.canonical import NotCanonicalError
from archive.audit.models import Event, EventPrivate, LargeLeaf
from archive.audit.services import LEAF_LIMIT_BYTES, OutsideTransactionError, read_leaf
from archive.audit.verbs import Group, Verb
from archive.work.leases import Lease
from archive.work.models import WorkItem
from tests.archive.audit.call_sites import CALL_SITES, World

HOSTILE = "a\r\nINFO root forged\x1b[31m\u2028line\u2029\u202eevil\x00\x7f\x85"


def record(**changes: Any) -> Event:
    """Record a renumbering in a transaction of its own."""
    asked = {"actor": Actor.system("tests"), "verb": Verb.ALIAS_ADDED, "subject": ("alias", "1"), **changes}
    with transaction.atomic():
        return audit.record(**asked)


@pytest.mark.parametrize("verb", Verb)
def test_every_verb_has_a_label_and_a_group_and_can_be_recorded(db: Any, verb: Verb) -> None:
    assert str(verb.label) and verb.group in Group
    assert str(verb).count(".") == 1
    assert len(verb) <= Event._meta.get_field("verb").max_length
    assert read_leaf(record(verb=verb))["verb"] == verb


def test_nothing_outside_the_list_can_be_recorded(db: Any) -> None:
    for verb in ("document.eaten", "", "ALIAS_ADDED", "alias.added "):
        with pytest.raises(ValueError):
            record(verb=verb)
    assert not Event.objects.exists()


def test_an_event_outside_of_a_transaction_is_refused(committed_db: None) -> None:
    with pytest.raises(OutsideTransactionError, match=r"alias\.added"):
        audit.record(actor=Actor.system("tests"), verb=Verb.ALIAS_ADDED, subject=("alias", "1"))
    assert not Event.objects.exists()


def test_an_event_of_a_transaction_that_is_rolled_back_is_gone_with_it(db: Any) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        audit.record(actor=Actor.system("tests"), verb=Verb.ALIAS_ADDED, subject=("alias", "1"), private={"old": "C-1"})
        raise RuntimeError
    assert not Event.objects.exists() and not EventPrivate.objects.exists()


def test_what_a_machine_does_for_somebody_names_both(db: Any) -> None:
    said = read_leaf(record(actor=Actor("machine", "m-1", "engine", on_behalf_of="agent")))
    assert said["actor"] == {"kind": "machine", "id": "m-1", "name": "engine"}
    assert said["on_behalf_of"] == "agent"


def test_all_that_one_run_of_work_does_has_one_id_and_names_who_asked(db: Any) -> None:
    item = WorkItem(kind="load.run", key="1", requested_by="agent", requested_by_id="7")
    said = [read_leaf(record(actor=Lease(item).actor)) for _ in range(2)]
    assert {entry["correlation"] for entry in said} == {str(item.public_id)}
    assert said[0]["actor"] == {"kind": "user", "id": "7", "name": "agent"} and said[0]["address"] == "local"


def test_all_that_one_command_does_has_one_id_and_another_command_another(db: Any) -> None:
    actor = Actor.system("manage.py ingest")
    first, second = (read_leaf(record(actor=actor))["correlation"] for _ in range(2))
    assert first == second != read_leaf(record())["correlation"]


def test_all_that_one_request_does_has_the_id_of_its_answer(world: World) -> None:
    answer = CALL_SITES["opening a record"].prepare(world)()
    viewed = Event.objects.filter(verb__in=("communication.viewed", "variant.viewed"))
    assert {read_leaf(event)["correlation"] for event in viewed} == {answer["X-Request-ID"]}
    assert viewed.count() == 2


# Leaves


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({"b": 1, "a": "1.0"}, b'{"a":"1.0","b":1}'),
        ("\u00e9", b'"\xc3\xa9"'),
        ("e\u0301", b'"e\xcc\x81"'),
        ("\u2028", b'"\xe2\x80\xa8"'),
        (str(2**53 + 1), b'"9007199254740993"'),
        ("", b'""'),
    ],
)
def test_leaf_bytes_are_stored_as_they_are_hashed(db: Any, value: Any, written: bytes) -> None:
    event = record(value=value)
    fresh = Event.objects.get(pk=event.pk)
    assert b'"details":{"value":' + written + b"}" in bytes(fresh.leaf)
    assert bytes(fresh.leaf) == bytes(event.leaf) == rfc8785.dumps(json.loads(bytes(fresh.leaf)))
    assert read_leaf(fresh)["details"] == {"value": value}


@pytest.mark.parametrize("value", [1.0, 2**53 + 1, b"x", datetime.date(2026, 1, 1), "\ud800"])
def test_what_has_no_exact_form_is_refused_and_nothing_is_written(db: Any, value: Any) -> None:
    with pytest.raises(NotCanonicalError):
        record(value=value, private={"old": "C-1"})
    assert not Event.objects.exists() and not EventPrivate.objects.exists()


def test_a_leaf_of_the_largest_size_stands_in_the_event(db: Any) -> None:
    room = LEAF_LIMIT_BYTES - len(bytes(record(value="").leaf))
    # The id of the actor's command has one length, so the leaves differ by their details alone.
    assert len(bytes(record(value="x" * room).leaf)) == LEAF_LIMIT_BYTES
    assert not LargeLeaf.objects.exists()


def test_a_larger_leaf_lies_beside_and_the_event_holds_its_digest_and_says_who_did_what(db: Any) -> None:
    event = record(value="x" * 1_000_000)
    leaf = json.loads(bytes(event.leaf))
    assert len(bytes(event.leaf)) < 1_000
    stored = LargeLeaf.objects.get()
    assert leaf["content_sha256"] == stored.sha256 == hashlib.sha256(bytes(stored.content)).hexdigest()
    assert leaf["content_bytes"] == len(bytes(stored.content))
    said = read_leaf(event)
    assert said["details"] == {"value": "x" * 1_000_000}
    assert {key: leaf[key] for key in said if key != "details"} == {k: v for k, v in said.items() if k != "details"}


def test_private_texts_are_committed_to_under_a_salt_of_their_own(db: Any) -> None:
    first, second = (record(private={"old": "C-1", "new": "C-2"}) for _ in range(2))
    rows = {row.event_id: row for row in EventPrivate.objects.all()}
    for event in (first, second):
        row, said = rows[event.event_id], read_leaf(event)["private"]
        assert row.texts == {"old": "C-1", "new": "C-2"} and len(bytes(row.salt)) == 32
        for key, text in row.texts.items():
            assert said[key] == hmac.new(bytes(row.salt), f"{key}\0{text}".encode(), "sha256").hexdigest()
    assert read_leaf(first)["private"]["old"] != read_leaf(second)["private"]["old"], "equal texts do not show as equal"


# What a client sends cannot forge anything


def test_hostile_names_make_no_second_line(db: Any) -> None:
    event = record(actor=Actor("user", HOSTILE, HOSTILE, on_behalf_of=HOSTILE, address=HOSTILE, correlation_id=HOSTILE))
    expected = "a\\u000d\\u000aINFO root forged\\u001b[31m\\u2028line\\u2029\\u202eevil\\u0000\\u007f\\u0085"
    said = read_leaf(event)
    assert {said["actor"]["id"], said["actor"]["name"], said["on_behalf_of"], said["address"], said["correlation"]} == {
        expected
    }
    assert event.actor_name == event.actor_id == expected
    assert bytes(event.leaf).decode().isprintable()


def test_a_name_longer_than_its_column_stands_whole_in_the_leaf(db: Any) -> None:
    event = record(actor=Actor("user", "i" * 200, "n" * 200))
    assert (event.actor_id, event.actor_name) == ("i" * 100, "n" * 150)
    assert read_leaf(event)["actor"] == {"kind": "user", "id": "i" * 200, "name": "n" * 200}


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "expected"),
    [
        ("203.0.113.9", "10.0.0.1", [], "203.0.113.9"),
        ("203.0.113.9", "10.0.0.1", ["192.0.2.1"], "203.0.113.9"),
        ("192.0.2.1", "", ["192.0.2.1"], "192.0.2.1"),
        ("192.0.2.1", "203.0.113.9", ["192.0.2.1"], "203.0.113.9"),
        # What the client itself wrote stands left of what the proxy saw.
        ("192.0.2.1", "10.0.0.1, 203.0.113.9", ["192.0.2.1"], "203.0.113.9"),
        ("192.0.2.1", "203.0.113.9, 192.0.2.2", ["192.0.2.1", "192.0.2.2"], "203.0.113.9"),
        ("192.0.2.1", "203.0.113.9, evil\x1b[31m", ["192.0.2.1"], "192.0.2.1"),
        ("192.0.2.1", "<script>", ["192.0.2.1"], "192.0.2.1"),
        ("192.0.2.1", "2001:db8::1", ["192.0.2.1"], "2001:db8::1"),
    ],
)
def test_the_address_is_the_peers_unless_a_trusted_proxy_says_otherwise(
    settings: Any, peer: str, forwarded: str, trusted: list[str], expected: str
) -> None:
    settings.TRUSTED_PROXIES = trusted
    request = RequestFactory().get("/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR=forwarded)
    assert Actor.of(request).address == expected


def test_a_client_cannot_choose_the_id_the_address_or_the_time_of_its_events(world: World) -> None:
    world.sign_in("agent")
    before = timezone.now()
    answer = world.client.post(
        "/search/",
        {"q": "", "at": "1999-01-01", "actor": "admin"},
        headers={
            "X-Request-ID": "forged",
            "X-Correlation-ID": "forged",
            "X-Forwarded-For": "10.9.9.9",
            "X-Real-IP": "10.9.9.9",
            "Forwarded": "for=10.9.9.9",
            "Date": "Fri, 01 Jan 1999 00:00:00 GMT",
        },
    )
    event = Event.objects.get(verb="search.run")
    said = read_leaf(event)
    assert said["correlation"] == answer["X-Request-ID"] != "forged"
    assert (said["address"], said["actor"]["name"]) == ("127.0.0.1", "agent")
    assert event.at >= before


def test_many_events_at_once_say_exactly_what_each_alone_would(
    db: Any, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    monkeypatch.setattr("archive.audit.services.os.urandom", lambda count: b"s" * count)
    ids = [f"0198c3c8-0000-7000-8000-{number:012}" for number in range(40)]
    actor, at = Actor.system("tests"), timezone.now()
    monkeypatch.setattr("archive.audit.services.timezone.now", lambda: at)

    def say(number: int) -> dict[str, Any]:
        facts = {"actor": actor, "verb": Verb.ALIAS_ADDED, "subject": ("alias", str(number))}
        return {**facts, "private": {"reason": HOSTILE} if number % 2 else None, "count": number}

    with monkeypatch.context() as alone:
        given = iter(ids)
        alone.setattr("archive.audit.services.uuid7", lambda: UUID(next(given)))
        with pytest.raises(KeyboardInterrupt), transaction.atomic():
            for number in range(40):
                audit.record(**say(number))
            single = rows()
            raise KeyboardInterrupt
    given = iter(ids)
    monkeypatch.setattr("archive.audit.services.uuid7", lambda: UUID(next(given)))
    with django_assert_max_num_queries(8), transaction.atomic():
        audit.record_all([audit.prepare(**say(number)) for number in range(40)])
    assert rows() == single and len(single[0]) == 40 and len(single[1]) == 20


def rows() -> tuple[list[Any], list[Any]]:
    """Return all events and private texts, in order, without their row numbers."""
    events = [{**row, "id": 0} for row in Event.objects.order_by("pk").values()]
    return events, [{**row, "id": 0} for row in EventPrivate.objects.order_by("pk").values()]


def test_many_events_outside_of_a_transaction_are_refused(committed_db: None) -> None:
    prepared = audit.prepare(actor=Actor.system("tests"), verb=Verb.ALIAS_ADDED, subject=("alias", "1"))
    with pytest.raises(OutsideTransactionError, match=r"alias\.added"):
        audit.record_all([prepared])
    audit.record_all([])
    assert not Event.objects.exists()
