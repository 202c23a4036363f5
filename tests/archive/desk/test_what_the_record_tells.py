"""What the record page tells beside the form: to whom it went, what else came about a party, what is left out."""

from __future__ import annotations

import html
from typing import Any

import pytest
from django.contrib.auth.models import Group

from tests.archive.documents.archives import Archive, sms

SENT = {
    "index": {"branch": "012"},
    "parties": [{"role": "holder", "name": "Eva", "salutation": "Frau Dr.", "score": {"a": 1}}],
    "variants": [sms(recipient={"party": 0, "address": "+49 711 5550123"}), {"channel": "web", "text": "<p>Web"}],
}


@pytest.fixture
def page(client: Any, user_of: Any) -> Any:
    """Return a function: a page of a communication for a user of a role."""

    users = {role: user_of(role) for role in ("agent", "auditor")}

    def get(row: Any, role: str, query: str) -> str:
        client.force_login(users[role])
        answer = client.get(f"/communications/{row.public_id}/?{query}")
        assert answer.status_code == 200
        return html.unescape(answer.content.decode())

    return get


def test_the_details_say_to_whom_the_shown_form_went_and_what_else_came(archive: Archive, page: Any) -> None:
    row = archive.add("sent", **SENT)
    text = page(row, "agent", "panel=details")
    for told in ("Sent to", "+49 711 5550123", "salutation: Frau Dr.", 'score: {"a": 1}'):
        assert told in text, told
    assert "recipients:" not in text
    assert "Sent to" not in page(row, "agent", "panel=details&v=web")


def test_without_the_right_neither_is_told(archive: Archive, page: Any) -> None:
    row = archive.add("sent", **SENT)
    group = Group.objects.get(name="agent")
    group.permissions.remove(group.permissions.get(codename="view_parties"))
    text = page(row, "agent", "panel=details")
    assert "5550123" not in text and "Frau Dr." not in text and "Sent to" not in text
