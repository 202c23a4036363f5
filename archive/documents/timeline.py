"""The timeline of a communication, from all sources that registered: later features add theirs."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
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
    from_log: bool = False


Source = Callable[[Communication, Any], list[Entry]]
_sources: list[Source] = []


def register_timeline_source(source: Source) -> None:
    """Add a source, at start-up."""
    _sources.append(source)


def is_cut(entries: list[Entry]) -> bool:
    """Tell whether a timeline holds as many events as are shown, so that older ones may be left out."""
    return sum(bool(entry.from_log) for entry in entries) >= MOST_EVENTS


def timeline(communication: Communication, *, user: Any) -> list[Entry]:
    """Return all entries that a user may see, newest first."""
    entries = [entry for source in _sources for entry in source(communication, user)]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def archived_entries(communication: Communication, user: Any) -> list[Entry]:
    """Return how the communication and each later variant came in: from their loads' parts."""
    late = Variant.objects.filter(order_key=communication.order_key).exclude(
        load_id=communication.load_id, load_position=communication.load_position
    )
    added = list(late.order_by("number"))
    origin = (communication.load_id, communication.load_position)
    parts = _part_events({origin, *((row.load_id, row.load_position) for row in added)})
    entries = [
        Entry(
            communication.archived_at,
            "changes",
            "archive",
            _("Archived"),
            communication.producer.label,
            _("Load %(load)s, record %(record)s")
            % {"load": f"L-{communication.load_id}", "record": communication.record_number},
            parts.get(origin, ""),
        )
    ]
    for variant in added:
        entries.append(
            Entry(
                variant.added_at,
                "changes",
                "plus",
                _("%(channel)s form added") % {"channel": Channel(variant.channel).label},
                communication.producer.label,
                _("Load %(load)s") % {"load": f"L-{variant.load_id}"},
                parts.get((variant.load_id, variant.load_position), ""),
            )
        )
    return entries


def _part_events(places: set[tuple[int, int]]) -> dict[tuple[int, int], str]:
    """Return the events of the parts in which records came, by (load, position); one query whatever the number."""
    wanted = Q()
    for load_id, position in places:
        wanted |= Q(load_id=load_id, first_position__lte=position, next_position__gt=position)
    parts = LoadPart.objects.filter(wanted).values_list("load_id", "first_position", "next_position", "event_id")
    return {
        (load_id, position): str(event_id)
        for part_load, first, after, event_id in parts
        for load_id, position in places
        if load_id == part_load and first <= position < after
    }


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
        from_log=True,
    )
