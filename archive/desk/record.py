"""Everything that the page of one communication shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from archive.audit.actor import Actor
from archive.documents.models import Channel, Communication, Variant
from archive.documents.selectors import (
    explain_access,
    index_fields,
    list_links,
    list_parties,
    list_variants,
    recipient_of,
)
from archive.documents.shown import value_shown
from archive.documents.timeline import is_cut, timeline
from archive.retention.explain import explain
from archive.retrieval import services
from archive.retrieval.filenames import kind_of
from archive.storage.contract import StoreError
from archive.storage.tiers import default_tier, store_of

PANELS = ("timeline", "details", "kept", "access")
LARGE_BYTES = 4 * 1024 * 1024
NOT_ENFORCED = "not enforced"


@dataclass(frozen=True, slots=True)
class Tab:
    """A variant as a tab: what it is, and whether it is the one shown."""

    variant: Variant
    public_id: str
    channel: Channel
    kind: str
    current: bool

    @property
    def pages(self) -> range:
        """Return the page numbers, for the pictures of those without JavaScript; at most fifty."""
        return range(1, min(self.variant.pages or 1, 50) + 1)


def record_context(communication: Communication, *, request: HttpRequest, actor: Actor) -> dict[str, Any]:
    """Return the page's context; what is shown at once (text, SMS) is recorded as read here."""
    user = request.user
    tabs = _tabs(communication, request.GET.get("v", ""))
    shown = next((tab for tab in tabs if tab.current), None)
    panel = request.GET.get("panel", "")
    fields = index_fields()
    entries = timeline(communication, user=user)
    parties = list_parties(communication, user=user)
    return {
        "communication": communication,
        "tabs": tabs,
        "shown": shown,
        "document": _document(communication, shown, actor),
        "by_ranges": shown is not None and services.is_fetched_by_ranges(shown.variant),
        "panel": panel if panel in PANELS else PANELS[0],
        "panels": PANELS,
        "parties": parties,
        "sent_to": recipient_of(communication, shown.variant.number, user=user) if shown else "",
        "name": parties[0].name if parties else "",
        "links": list_links(communication, user=user),
        "fields": [
            (fields[key].label if key in fields else key, value_shown(value, fields[key].type if key in fields else ""))
            for key, value in (communication.index_values or {}).items()
        ],
        "extra": (communication.extra or {}).items(),
        "kept": explain(communication),
        "reasons": explain_access(communication, user=user),
        "timeline": entries,
        "cut": is_cut(entries),
        "worm": store_of(default_tier()).probe()["worm"] != NOT_ENFORCED,
        "may_download": user.has_perm(services.DOWNLOAD_PERMISSION),
    }


def _tabs(communication: Communication, wanted: str) -> list[Tab]:
    variants = list_variants(communication)
    chosen = next((row.number for row in variants if row.channel == wanted), variants[0].number if variants else 0)
    return [
        Tab(
            row,
            f"{communication.public_id}-{row.number}",
            Channel(row.channel),
            kind_of(row.content_type),
            row.number == chosen,
        )
        for row in variants
    ]


def _document(communication: Communication, shown: Tab | None, actor: Actor) -> dict[str, Any]:
    """Return what stands in the page itself: text is read here, everything else is fetched by the viewer."""
    if shown is None or shown.kind != "text":
        return {}
    services.record_view(communication, shown.variant, actor=actor)
    try:
        text, cut = services.text_of(shown.variant)
    except StoreError as error:
        return {"problem": str(error)}
    return {"text": text, "cut": cut}
