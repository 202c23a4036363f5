"""Personal data stands in erasable rows only: never in an event, a leaf, a log line or an object's key (A-25)."""

from __future__ import annotations

import io
import logging
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from archive.audit.models import Event, EventPrivate, LargeLeaf, LoadPart
from archive.documents.services import NewAlias, add_aliases
from tests.archive.audit.call_sites import SYSTEM, World
from tests.archive.documents.archives import letter
from tests.archive.storage.conftest import objects_folder

MARKERS = {
    "customer": "CUST-MARKER-1",
    "account": "ACCT-MARKER-2",
    "name": "Namemarker",
    "postcode": "70999",
    "subject": "Subjectmarker",
    "text": "Textmarker",
    "recipient": "markeraddress",
    "joint": "CUST-MARKER-3",
    "reason": "Reasonmarker",
    "file": "Filemarker",
    "typed": "Typedmarker",
    "extra": "Extramarker",
    "note": "Notemarker",
    "call": "Callmarker",
}
# Short markers are looked for with what surrounds them, so that no digest contains one by chance.
LETTER = letter(
    "one",
    customer_id=MARKERS["customer"],
    account_number=MARKERS["account"],
    subject=f"{MARKERS['subject']} for you",
    index={"branch": "012"},
    unknown_field=MARKERS["extra"],
    parties=[
        {
            "role": "holder",
            "customer_id": MARKERS["customer"],
            "name": f"Eva {MARKERS['name']}",
            "postcode": MARKERS["postcode"],
        },
        {"role": "joint_holder", "customer_id": MARKERS["joint"], "name": f"Adam {MARKERS['name']}"},
    ],
    variants=[
        {
            "channel": "email",
            "text": f"Dear {MARKERS['text']}",
            "recipient": {"party": 0, "address": f"{MARKERS['recipient']}@example.org"},
        }
    ],
)
BROKEN = {**LETTER, "external_id": "two", "document_class": "none"}
REPLACING = {**LETTER, "external_id": "three", "replaces": {"external_id": "one", "reason": MARKERS["reason"]}}


def live(world: World) -> None:
    """Load, find, read, download, renumber, export and fail with markers everywhere that a person can put some."""
    load = world.archive.load(LETTER)
    with pytest.raises(AssertionError):
        world.archive.load(BROKEN)
    world.archive.load(REPLACING)
    add_aliases(
        [NewAlias("retail", "customer", MARKERS["customer"], MARKERS["joint"], "tests", MARKERS["reason"])],
        actor=SYSTEM,
    )
    client = world.client
    world.sign_in("agent")
    row = world.archive.get("one")
    for text in (
        f"customer:{MARKERS['customer']}",
        f"name:{MARKERS['name']}",
        f"account:{MARKERS['account']}",
        f"postcode:{MARKERS['postcode']}",
        f"nonsense:{MARKERS['typed']}",
    ):
        answer = client.post("/search/", {"q": text})
        if answer.status_code == 302:
            client.get(answer["Location"])
    client.post("/call/", {"reference": MARKERS["call"]})
    client.post(f"/communications/{row.public_id}/notes/", {"text": MARKERS["note"]})
    assert MARKERS["name"] in client.get(f"/communications/{row.public_id}/").content.decode()
    client.get(f"/communications/{row.public_id}-1/content")
    assert b"".join(client.get(f"/communications/{row.public_id}-1/download").streaming_content)
    client.get(f"/communications/{MARKERS['customer']}/")
    client.post("/accounts/password/", {"old_password": MARKERS["typed"]})
    client.post("/accounts/logout/")
    client.post("/accounts/login/", {"login": MARKERS["typed"], "password": MARKERS["typed"]})
    world.sign_in("operations")
    client.get(f"/loads/{load.public_id}/rejects")
    world.sign_in("auditor")
    client.post("/audit/events.csv", {"actor": MARKERS["typed"], "subject": MARKERS["customer"]})
    call_command("search", f"customer:{MARKERS['customer']}", user="agent", stdout=io.StringIO())


def test_no_marker_stands_in_the_log_or_in_a_line_of_the_process(
    world: World, caplog: pytest.LogCaptureFixture, capfd: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("django.db.backends").setLevel(logging.INFO)
    live(world)
    whole = [bytes(leaf).decode() for leaf in Event.objects.values_list("leaf", flat=True)]
    whole += [bytes(leaf).decode() for leaf in LargeLeaf.objects.values_list("content", flat=True)]
    whole += [repr(row) for row in Event.objects.values_list("actor_id", "actor_name", "subject_id", "subject_kind")]
    whole += [bytes(row.leaves).decode("latin-1") + bytes(row.root).decode("latin-1") for row in LoadPart.objects.all()]
    assert len(Event.objects.values_list("verb", flat=True).distinct()) >= 14
    for what, marker in MARKERS.items():
        assert not [text for text in whole if marker.lower() in text.lower()], what
        lines = [line for line in caplog.text.splitlines() if marker in line]
        # The address that somebody typed is told as not found; ours hold no personal data.
        assert [line for line in lines if "Not Found" not in line] == [], what
    printed = capfd.readouterr()
    assert not [what for what, marker in MARKERS.items() if marker in printed.out + printed.err]


def test_every_marker_that_the_log_commits_to_lies_in_the_erasable_rows(world: World) -> None:
    live(world)
    texts = " ".join(str(row.texts) for row in EventPrivate.objects.all())
    for what in ("customer", "account", "name", "postcode", "joint", "reason", "typed", "call"):
        assert MARKERS[what] in texts, what
    EventPrivate.objects.all().delete()
    with connection.cursor() as cursor:
        for table in ("audit_event", "audit_loadpart", "audit_largeleaf", "audit_viewmark", "audit_eventprivate"):
            cursor.execute(f"SELECT * FROM {table}")
            content = repr(cursor.fetchall()).lower()
            assert not [what for what, marker in MARKERS.items() if marker.lower() in content], table


def test_the_keys_of_stored_objects_tell_nothing(world: World) -> None:
    live(world)
    keys = [str(path.relative_to(objects_folder())).lower() for path in objects_folder().rglob("*")]
    assert keys
    assert not [key for key in keys for marker in MARKERS.values() if marker.lower() in key]
