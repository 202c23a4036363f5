"""The timeline of a communication, from all sources that registered: later features add theirs.

Who may see the log sees all of it. Anybody else sees what changed, and of reads his own (S-02; DECISIONS).
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from archive.audit.models import Event, EventPrivate, LoadPart
from archive.audit.services import read_leaf
from archive.audit.verbs import Group, Verb
from archive.documents.models import Channel, Communication, Variant
from archive.documents.selectors import list_notes

MOST_EVENTS = 200
"""How many entries a page of the timeline has, at most."""
EVENTS_PERMISSION = "audit.view_events"
_NOTE_CHARACTERS = 200
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


class Kind(StrEnum):
    """What an entry is about, for the filters, in their order."""

    DELIVERY = "delivery"
    READS = "reads"
    CHANGES = "changes"
    NOTES = "notes"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline.

    Shapes: `icon` is a name of the sprite; `facts` are pairs (label, value) that are shown on demand.
    """

    at: datetime.datetime
    group: Kind
    icon: str
    title: str | Promise
    actor: str = ""
    detail: str | Promise = ""
    event_id: str = ""
    facts: tuple[tuple[str | Promise, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """What is asked of a source: entries of a kind (or all) before an instant (or now), the newest `limit` of them."""

    kind: Kind | None = None
    before: datetime.datetime | None = None
    limit: int = MOST_EVENTS


@dataclass(frozen=True, slots=True)
class Part:
    """What a source has: the entries of the window, and by kind how many there are in all that the user may see."""

    entries: list[Entry]
    counts: Counter[Kind]


Source = Callable[[Communication, Any, Window], Part]
_sources: list[Source] = []


@dataclass(frozen=True, slots=True)
class Timeline:
    """A page of the timeline, newest first.

    Shapes: `older` is the cursor of the next page, or empty; `is_first` tells that nothing newer was left out;
    `only_own_reads` that reads of others are not among what the user may see.
    """

    entries: list[Entry]
    counts: Counter[Kind] = field(default_factory=Counter)
    older: str = ""
    is_first: bool = True
    only_own_reads: bool = False


def register_timeline_source(source: Source) -> None:
    """Add a source, at start-up."""
    _sources.append(source)


def timeline(communication: Communication, *, user: Any, kind: str = "", cursor: str = "") -> Timeline:
    """Return a page of what happened to a communication, as far as a user may see it.

    Shapes: a kind or cursor that is none of ours gives all kinds, or the newest page.
    """
    before = _read(cursor)
    window = Window(Kind(kind) if kind in list(Kind) else None, before, MOST_EVENTS + 1)
    parts = [source(communication, user, window) for source in _sources]
    found = sorted((entry for part in parts for entry in part.entries), key=lambda entry: entry.at, reverse=True)
    page = _page(found)
    return Timeline(
        page,
        sum((part.counts for part in parts), Counter()),
        _write(page[-1].at) if len(page) < len(found) else "",
        before is None,
        not user.has_perm(EVENTS_PERMISSION),
    )


def _page(found: list[Entry]) -> list[Entry]:
    """Return the first page of some entries; what happened at one instant is not divided."""
    if len(found) <= MOST_EVENTS:
        return found
    edge = found[MOST_EVENTS].at
    return [entry for entry in found[:MOST_EVENTS] if entry.at != edge] or found[:MOST_EVENTS]


def part_of(entries: Iterable[Entry], window: Window) -> Part:
    """Return what a source has that knows all of its entries: counted, and those of the window."""
    found = sorted(entries, key=lambda entry: entry.at, reverse=True)
    within = [
        entry
        for entry in found
        if (window.kind is None or entry.group == window.kind) and (window.before is None or entry.at < window.before)
    ]
    return Part(within[: window.limit], Counter(entry.group for entry in found))


def _write(at: datetime.datetime) -> str:
    return str((at - _EPOCH) // datetime.timedelta(microseconds=1))


def _read(cursor: str) -> datetime.datetime | None:
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 17):
        return None
    return _EPOCH + datetime.timedelta(microseconds=int(cursor))


def archived_entries(communication: Communication, user: Any, window: Window) -> Part:
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
            Kind.CHANGES,
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
                Kind.CHANGES,
                "plus",
                _("%(channel)s form added") % {"channel": Channel(variant.channel).label},
                communication.producer.label,
                _("Load %(load)s") % {"load": f"L-{variant.load_id}"},
                parts.get((variant.load_id, variant.load_position), ""),
            )
        )
    return part_of(entries, window)


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


def note_entries(communication: Communication, user: Any, window: Window) -> Part:
    """Return the notes, by right, with the events that tell of them."""
    notes = list_notes(communication, user=user)
    if not notes:
        return Part([], Counter())
    events = _note_events(communication) if user.has_perm(EVENTS_PERMISSION) else {}
    return part_of(
        (
            Entry(
                note.created_at,
                Kind.NOTES,
                "note",
                _("Note %(number)s") % {"number": note.number},
                note.author_name,
                note.body if len(note.body) <= _NOTE_CHARACTERS else f"{note.body[:_NOTE_CHARACTERS].rstrip()}…",
                events.get(note.number, ""),
            )
            for note in notes
        ),
        window,
    )


def _note_events(communication: Communication) -> dict[int, str]:
    """Return the events of the notes by their number."""
    told = _events_of(communication).filter(verb=Verb.NOTE_ADDED)
    return {int(read_leaf(event)["details"]["note"]): str(event.event_id) for event in told}


_READS = [str(verb) for verb in Verb if verb.group == Group.READS]
_ICONS = {
    Verb.VARIANT_DOWNLOADED: "download",
    Verb.VARIANT_PRINTED: "printer",
    Verb.COMMUNICATION_SUPERSEDED: "replace",
    Verb.NOTE_REFUSED: "ban",
}
_SHOWN = (("sha256", "SHA-256"), ("bytes", _("Bytes")))


def audit_entries(communication: Communication, user: Any, window: Window) -> Part:
    """Return the events about the communication itself that a user may see; notes have a source of their own."""
    allowed = _allowed(_events_of(communication).exclude(verb=Verb.NOTE_ADDED), user)
    counts: Counter[Kind] = Counter()
    for verb, number in allowed.order_by().values_list("verb").annotate(number=Count("pk")):
        counts[_kind(verb)] += number
    events = list(_within(allowed, window)[: window.limit]) if window.kind in (None, *counts) else []
    private = {
        row.event_id: row.texts
        for row in EventPrivate.objects.filter(event_id__in=[event.event_id for event in events])
    }
    return Part([_audit_entry(event, private.get(event.event_id, {})) for event in events], counts)


def _events_of(communication: Communication) -> QuerySet[Event]:
    kind, subject_id = communication.audit_subject
    return Event.objects.filter(subject_kind=kind, subject_id=subject_id)


def _allowed(events: QuerySet[Event], user: Any) -> QuerySet[Event]:
    """Leave out what only auditors see: what others read, and what was refused to them."""
    if user.has_perm(EVENTS_PERMISSION):
        return events
    own = Q(actor_kind="user", actor_id=str(user.pk))
    return events.filter(own | ~Q(verb__in=_READS) & Q(outcome=Event.Outcome.DONE))


def _within(events: QuerySet[Event], window: Window) -> QuerySet[Event]:
    if window.before is not None:
        events = events.filter(at__lt=window.before)
    if window.kind == Kind.READS:
        events = events.filter(verb__in=_READS)
    elif window.kind is not None:
        events = events.exclude(verb__in=_READS)
    return events.order_by("-at", "-pk")


def _kind(verb: str) -> Kind:
    return Kind.READS if verb in _READS else Kind.CHANGES


def _audit_entry(event: Event, private: dict[str, str]) -> Entry:
    verb = Verb(event.verb)
    said = read_leaf(event)
    details = said.get("details", {})
    channel = details.get("channel")
    words: list[str] = [str(Channel(channel).label)] if channel in Channel.values else []
    if private.get("reason"):
        words.append(private["reason"])
    if private.get("call_reference"):
        words.append(_("call %(reference)s") % {"reference": private["call_reference"]})
    if event.outcome != Event.Outcome.DONE and said.get("reason"):
        words.append(said["reason"])
    return Entry(
        event.at,
        _kind(event.verb),
        _ICONS.get(verb, "eye" if verb.group == Group.READS else "pencil"),
        verb.label,
        event.actor_name,
        ", ".join(str(word) for word in words),
        str(event.event_id),
        tuple((label, str(details[key])) for key, label in _SHOWN if key in details),
    )
