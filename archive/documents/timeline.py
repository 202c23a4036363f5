"""The timeline of a communication, from all sources that registered: later features add theirs."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from archive.audit.models import Event, EventPrivate, LoadPart
from archive.audit.services import read_leaf
from archive.audit.verbs import Group, Verb
from archive.documents.models import Channel, Communication, Variant

MOST_EVENTS = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline.

    Shapes: `group` is one of `reads`, `changes`, later `delivery`; `icon` a name of the sprite.
    """

    at: datetime.datetime
    group: str
    icon: str
    title: str | Promise
    actor: str = ""
    detail: str | Promise = ""
    event_id: str = ""


Source = Callable[[Communication, Any], list[Entry]]
_sources: list[Source] = []


def register_timeline_source(source: Source) -> None:
    """Add a source, at start-up."""
    _sources.append(source)


def timeline(communication: Communication, *, user: Any) -> list[Entry]:
    """Return all entries that a user may see, newest first."""
    entries = [entry for source in _sources for entry in source(communication, user)]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def archived_entries(communication: Communication, user: Any) -> list[Entry]:
    """Return how the communication and each later variant came in: from their loads' parts."""
    entries = [
        Entry(
            communication.archived_at,
            "changes",
            "archive",
            _("Archived"),
            communication.producer.label,
            _("Load %(load)s, record %(record)s")
            % {"load": f"L-{communication.load_id}", "record": communication.record_number},
            _part_event(communication.load_id, communication.load_position),
        )
    ]
    late = Variant.objects.filter(order_key=communication.order_key).exclude(
        load_id=communication.load_id, load_position=communication.load_position
    )
    for variant in late.order_by("number"):
        entries.append(
            Entry(
                variant.added_at,
                "changes",
                "plus",
                _("%(channel)s form added") % {"channel": Channel(variant.channel).label},
                communication.producer.label,
                _("Load %(load)s") % {"load": f"L-{variant.load_id}"},
                _part_event(variant.load_id, variant.load_position),
            )
        )
    return entries


def _part_event(load_id: int, position: int) -> str:
    part = LoadPart.objects.filter(load_id=load_id, first_position__lte=position, next_position__gt=position).first()
    return str(part.event_id) if part else ""


_ICONS = {Verb.VARIANT_DOWNLOADED: "download", Verb.COMMUNICATION_SUPERSEDED: "replace"}


def audit_entries(communication: Communication, user: Any) -> list[Entry]:
    """Return the events about the communication itself, the newest two hundred."""
    kind, subject_id = communication.audit_subject
    events = list(Event.objects.filter(subject_kind=kind, subject_id=subject_id).order_by("-at")[:MOST_EVENTS])
    private = {
        row.event_id: row.texts
        for row in EventPrivate.objects.filter(event_id__in=[event.event_id for event in events])
    }
    return [_audit_entry(event, private.get(event.event_id, {}), user) for event in events]


def _audit_entry(event: Event, private: dict[str, str], user: Any) -> Entry:
    verb = Verb(event.verb)
    details = read_leaf(event).get("details", {})
    channel = details.get("channel")
    said = [str(Channel(channel).label)] if channel in Channel.values else []
    if private.get("reason"):
        said.append(private["reason"])
    return Entry(
        event.at,
        "reads" if verb.group == Group.READS else "changes",
        _ICONS.get(verb, "eye" if verb.group == Group.READS else "pencil"),
        verb.label,
        event.actor_name,
        ", ".join(said),
        str(event.event_id),
    )
