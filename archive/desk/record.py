"""Everything that the page of one communication shows: the header, the chosen form, and the chosen panel beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from archive.audit.actor import Actor
from archive.desk.note_forms import NoteForm
from archive.desk.text_states import TextState, text_states
from archive.documents.chain import Chain, replacement_chain
from archive.documents.models import Channel, Communication, CommunicationLink, Note, Variant
from archive.documents.selectors import (
    NOTES_PERMISSION,
    count_notes,
    explain_access,
    first_names,
    index_fields,
    list_links,
    list_notes,
    list_parties,
    list_variants,
    recipient_of,
)
from archive.documents.services import ADD_NOTES_PERMISSION
from archive.documents.shown import value_shown
from archive.documents.timeline import Kind, timeline
from archive.query import Comparison, to_text
from archive.retention.explain import explain
from archive.retrieval import services
from archive.retrieval.filenames import kind_of
from archive.retrieval.reading import Reading, read_document
from archive.storage.tiers import default_tier, store_of

PANELS: dict[str, str | Promise] = {
    "timeline": _("Timeline"),
    "details": _("Details"),
    "kept": _("Kept"),
    "access": _("Access"),
    "notes": _("Notes"),
}
FILTERS: tuple[tuple[str, str | Promise], ...] = (
    ("", _("All")),
    (Kind.DELIVERY, _("Delivery")),
    (Kind.READS, _("Reads")),
    (Kind.CHANGES, _("Changes")),
    (Kind.NOTES, _("Notes")),
)
NOT_ENFORCED = "not enforced"


@dataclass(frozen=True, slots=True)
class Tab:
    """A variant as a tab: what it is, and whether it is the one shown."""

    variant: Variant
    public_id: str
    channel: Channel
    kind: str
    current: bool
    text: TextState

    @property
    def pages(self) -> range:
        """Return the page numbers, for the pictures of those without JavaScript; at most fifty."""
        return range(1, min(self.variant.pages or 1, 50) + 1)


def record_context(
    communication: Communication, *, request: HttpRequest, actor: Actor, note_form: NoteForm | None = None
) -> dict[str, Any]:
    """Return the page's context; what is shown at once (text, SMS) is recorded as read here."""
    user = request.user
    tabs = _tabs(communication, request.GET.get("v", ""))
    shown = _shown(tabs)
    chain = replacement_chain(communication, user=user)
    document = (
        read_document(communication, shown.variant, asked=request.GET, user=user, actor=actor) if shown else Reading("")
    )
    return {
        "communication": communication,
        "tabs": tabs,
        "shown": shown,
        "document": document,
        "by_ranges": _is_fetched_by_ranges(shown, document),
        "name": first_names([communication.order_key], user=user).get(communication.order_key, ""),
        "said": said_in_groups(communication),
        "may_download": user.has_perm(services.DOWNLOAD_PERMISSION),
        **panel_context(communication, request=request, tabs=tabs, chain=chain, form=note_form),
    }


def panel_context(
    communication: Communication,
    *,
    request: HttpRequest,
    tabs: list[Tab] | None = None,
    chain: Chain | None = None,
    form: NoteForm | None = None,
) -> dict[str, Any]:
    """Return what the panel needs, and no more than the chosen part of it; `form` is a note that was refused."""
    user = request.user
    panels = {key: label for key, label in PANELS.items() if key != "notes" or user.has_perm(NOTES_PERMISSION)}
    asked = "notes" if form is not None else request.GET.get("panel", "")
    panel = asked if asked in panels else next(iter(panels))
    context: dict[str, Any] = {
        "communication": communication,
        "panel": panel,
        "panels": panels,
        "chain": chain,
        "note_count": count_notes(communication, user=user),
        "may_download": user.has_perm(services.DOWNLOAD_PERMISSION),
    }
    if panel == "notes":
        return context | _notes(communication, user=user, form=form)
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "timeline": lambda: _timeline(communication, request=request),
        "details": lambda: _details(
            communication, tabs or _tabs(communication, request.GET.get("v", "")), chain=chain, user=user
        ),
        "kept": lambda: _kept(communication),
        "access": lambda: {"reasons": explain_access(communication, user=user)},
    }
    return context | parts[panel]()


def _timeline(communication: Communication, *, request: HttpRequest) -> dict[str, Any]:
    show = request.GET.get("show", "")
    found = timeline(communication, user=request.user, kind=show, cursor=request.GET.get("older", ""))
    counts: dict[str, int] = {"": found.counts.total()}
    counts.update({str(kind): number for kind, number in found.counts.items()})
    chosen = show if show in counts else ""
    return {
        "timeline": found,
        "show": chosen,
        # A kind that there is none of needs no filter.
        "filters": [(key, label, counts[key]) for key, label in FILTERS if key == "" or counts.get(key)],
        "may_audit": request.user.has_perm("audit.view_events"),
    }


def _details(communication: Communication, tabs: list[Tab], *, chain: Chain | None, user: Any) -> dict[str, Any]:
    shown = _shown(tabs)
    fields = index_fields()
    return {
        "shown": shown,
        "chain": chain if chain is not None else replacement_chain(communication, user=user),
        "parties": list_parties(communication, user=user),
        "sent_to": recipient_of(communication, shown.variant.number, user=user) if shown else "",
        # Replacements that have arrived stand in the chain.
        "links": [
            link
            for link in list_links(communication, user=user)
            if link.kind != CommunicationLink.Kind.SUPERSEDES or link.communication is None
        ],
        "fields": [
            (fields[key].label if key in fields else key, value_shown(value, fields[key].type if key in fields else ""))
            for key, value in (communication.index_values or {}).items()
        ],
        "extra": (communication.extra or {}).items(),
        "batch_query": to_text(Comparison("batch", "in", (communication.batch.key,))) if communication.batch else "",
    }


def _kept(communication: Communication) -> dict[str, Any]:
    return {
        "kept": explain(communication),
        "worm": store_of(default_tier()).probe()["worm"] != NOT_ENFORCED,
    }


def _notes(communication: Communication, *, user: Any, form: NoteForm | None) -> dict[str, Any]:
    """Return the notes, newest first, and the form for another by right."""
    notes: list[Note] = list_notes(communication, user=user)
    may_add = user.has_perm(ADD_NOTES_PERMISSION)
    return {"notes": notes[::-1], "note_form": (form or NoteForm()) if may_add else None}


def said_in_groups(communication: Communication) -> tuple[str, list[str]]:
    """Return the record number as one says it aloud: what stands before, and its last number in groups of three."""
    before, _dash, number = communication.record_number.rpartition("-")
    first = len(number) % 3 or 3
    return f"{before}-", [number[:first], *(number[at : at + 3] for at in range(first, len(number), 3))]


def _tabs(communication: Communication, wanted: str) -> list[Tab]:
    variants = list_variants(communication)
    chosen = next((row.number for row in variants if row.channel == wanted), variants[0].number if variants else 0)
    texts = text_states(communication, [row.number for row in variants])
    return [
        Tab(
            row,
            f"{communication.public_id}-{row.number}",
            Channel(row.channel),
            kind_of(row.content_type),
            row.number == chosen,
            texts[row.number],
        )
        for row in variants
    ]


def _shown(tabs: list[Tab]) -> Tab | None:
    return next((tab for tab in tabs if tab.current), None)


def _is_fetched_by_ranges(shown: Tab | None, document: Reading) -> bool:
    """Tell whether the PDF that is shown should come by ranges; a file inside an e-mail comes whole."""
    if shown is None or document.file or document.kind != "pdf":
        return False
    return services.is_fetched_by_ranges(shown.variant)
