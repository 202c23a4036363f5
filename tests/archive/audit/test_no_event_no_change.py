"""Where the event cannot be written the change does not happen (A-05), at each place that writes one.

Done again where the log takes it, it is recorded with all that an event has to say (A-29).
"""

from __future__ import annotations

import datetime
import json
import re
import uuid
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from archive.audit.models import Event
from archive.audit.services import read_leaf
from archive.audit.verbs import Verb
from archive.batches.models import Load
from archive.documents.models import Communication
from archive.ingest.services import run_load
from tests.archive.audit.call_sites import CALL_SITES, SYSTEM, World
from tests.archive.audit.conftest import Fail

ROOT = Path(__file__).resolve().parents[3]
LOG = {"audit_event", "audit_eventprivate", "audit_loadpart", "audit_viewmark", "sqlite_sequence"}


def contents() -> dict[str, list[Any]]:
    """Return every row of every table, the log's own ones left out."""
    with connection.cursor() as cursor:
        tables = sorted(set(connection.introspection.table_names(cursor)) - LOG)
        found = {}
        for table in tables:
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            found[table] = sorted(map(repr, cursor.fetchall()))
    return found


def assert_complete(event: Event, *, since: datetime.datetime) -> None:
    """Check who, what, about what, when, from where, how it ended and why, in which request, by which version."""
    said = read_leaf(event)
    assert bytes(event.leaf) == rfc8785.dumps(json.loads(bytes(event.leaf)))
    assert (said["v"], said["software"]) == (1, settings.VERSION)
    assert said["actor"]["kind"] in ("user", "machine", "system") and said["actor"]["id"] and said["actor"]["name"]
    assert said["verb"] == event.verb == str(Verb(event.verb))
    assert said["subject"] == {"kind": event.subject_kind, "id": event.subject_id}
    assert event.subject_kind and event.subject_id
    assert said["outcome"] == event.outcome in ("done", "refused", "failed")
    assert event.outcome == "done" or event.verb == "user.sign_in_failed" or said["reason"]
    assert said["address"] in ("127.0.0.1", "local")
    assert uuid.UUID(said["correlation"])
    assert said["id"] == str(event.event_id) and event.event_id.version == 7
    assert said["at"].endswith("Z") and datetime.datetime.fromisoformat(said["at"]) == event.at
    assert since <= event.at <= timezone.now()


@pytest.mark.parametrize("where", CALL_SITES)
def test_without_its_event_a_change_does_not_happen_and_with_it_all_is_told(
    world: World, failing: Fail, where: str
) -> None:
    site = CALL_SITES[where]
    act = site.prepare(world)
    before = contents()
    written = Event.objects.filter(verb=site.verb).count()
    with failing(site.verb):
        try:
            answer = act()
        except DatabaseError as error:
            assert "log is full" in str(error)
        else:
            assert answer.status_code == 500, "it went on without its event"
            assert b"letter" not in answer.content and b"C-1" not in answer.content
    after = contents()
    changed = {table for table in before if before[table] != after[table]}
    assert changed <= site.open_tables
    assert Event.objects.filter(verb=site.verb).count() == written
    last, since = Event.objects.latest("pk").pk, timezone.now()
    again = act()
    assert getattr(again, "status_code", 200) < 500
    added = Event.objects.filter(pk__gt=last)
    assert set(added.filter(verb=site.verb).values_list("outcome", flat=True)) == {site.outcome}
    for event in added:
        assert_complete(event, since=since)


def test_no_place_that_writes_an_event_is_forgotten() -> None:
    """A verb that the source names anywhere but in the list itself is in the table above."""
    sources = (path for folder in ("archive", "portal") for path in (ROOT / folder).rglob("*.py"))
    texts = (path.read_text(encoding="utf-8") for path in sources if path.name != "verbs.py")
    named = {str(Verb[name]) for text in texts for name in re.findall(r"\bVerb\.([A-Z_]+)\b", text)}
    assert named == {site.verb for site in CALL_SITES.values()}
    assert named == {str(verb) for verb in Verb}, "a verb that nothing records"


@pytest.mark.parametrize("where", ["the end of a load", "a load that fails", "a load that pauses", "a load that stops"])
def test_a_load_whose_end_could_not_be_recorded_has_not_ended(world: World, failing: Fail, where: str) -> None:
    site = CALL_SITES[where]
    act = site.prepare(world)
    with failing(site.verb), pytest.raises(DatabaseError):
        act()
    load = Load.objects.get()
    assert (load.state, load.message) in [("running", ""), ("errored", "IntegrityError: log is full")]
    assert Event.objects.filter(verb="load.failed").exists() == (load.state == "errored")


def test_a_load_whose_part_could_not_be_recorded_is_whole_once_it_is_run_again(world: World, failing: Fail) -> None:
    load = world.load()
    with failing("load.part"), pytest.raises(DatabaseError):
        run_load(load, actor=SYSTEM, control=lambda _load: None)
    assert not Communication.objects.exists()
    run_load(load, actor=SYSTEM, control=lambda _load: None)
    assert Communication.objects.count() == 3


def test_who_could_not_be_recorded_as_signed_in_is_not(world: World, failing: Fail) -> None:
    act = CALL_SITES["signing in"].prepare(world)
    with failing("user.signed_in"):
        assert act().status_code == 500
    assert world.client.get("/").status_code == 302


def test_who_could_not_be_recorded_as_signed_out_is_still_signed_in(world: World, failing: Fail) -> None:
    act = CALL_SITES["signing out"].prepare(world)
    with failing("user.signed_out"):
        assert act().status_code == 500
    assert world.client.get("/").status_code == 200
