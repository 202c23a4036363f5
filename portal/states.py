"""The one table of states: how each is said, coloured and drawn (ui.md §4). "plain" has no ground."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class State:
    """How a state looks.

    Shapes: `role` is plain, neutral, info, ok, warn, bad, cold or hold; `icon` a name of the sprite.
    """

    label: str | Promise
    role: str
    icon: str


_WORK = {
    "queued": State(_("Queued"), "neutral", "clock"),
    "running": State(_("Running"), "info", "loader"),
    "paused": State(_("Paused"), "neutral", "clock"),
    "complete": State(_("Complete"), "ok", "check"),
    "done": State(_("Complete"), "ok", "check"),
    "incomplete": State(_("Incomplete"), "warn", "clock-exclamation"),
    "stalled": State(_("Stalled"), "warn", "clock-exclamation"),
    "failed": State(_("Failed"), "bad", "alert-triangle"),
    "errored": State(_("Broke off"), "bad", "alert-octagon"),
    "stopped": State(_("Stopped"), "neutral", "x"),
    "dead": State(_("Dead letter"), "bad", "mail-off"),
}

STATES: dict[str, dict[str, State]] = {
    "load": _WORK,
    "export": _WORK
    | {
        "waiting": State(_("Queued"), "neutral", "clock"),
        "ready": State(_("Ready"), "ok", "check"),
        "expired": State(_("Deleted"), "neutral", "trash"),
    },
    "job": _WORK,
    "communication": {
        "current": State(_("Current"), "plain", "check"),
        "superseded": State(_("Replaced by a later one"), "warn", "replace"),
    },
    "storage": {
        "online": State(_("Online"), "plain", "archive"),
        "cold": State(_("Cold"), "cold", "snowflake"),
        "restoring": State(_("Being brought back"), "cold", "hourglass"),
        "available": State(_("Readable for a while"), "cold", "clock"),
        "damaged": State(_("Damaged, not shown"), "bad", "shield-x"),
        "destroyed": State(_("Destroyed"), "neutral", "trash"),
        "withdrawn": State(_("Withdrawn"), "warn", "eye-off"),
    },
    "text": {
        "indexed": State(_("Words can be searched"), "plain", "check"),
        "waiting": State(_("Words cannot be searched yet"), "plain", "clock"),
        "no_text": State(_("No text to search"), "plain", "photo"),
        "failed": State(_("Text could not be read"), "warn", "alert-triangle"),
        "unknown": State(_("The word index does not answer"), "warn", "alert-triangle"),
    },
    "retention": {
        "kept": State(_("Kept"), "neutral", "calendar-clock"),
        "due": State(_("Due for review"), "warn", "calendar-due"),
        "none": State(_("No schedule, quarantined"), "bad", "ban"),
    },
    "outcome": {
        "done": State(_("Done"), "plain", "check"),
        "refused": State(_("Refused"), "warn", "ban"),
        "failed": State(_("Failed"), "bad", "alert-triangle"),
    },
    "channel": {
        "print": State(_("Print"), "plain", "printer"),
        "email": State(_("Email"), "plain", "mail"),
        "web": State(_("Web"), "plain", "world"),
        "mobile": State(_("Mobile"), "plain", "device-mobile"),
        "sms": State(_("SMS"), "plain", "message"),
        "fax": State(_("Fax"), "plain", "file-phone"),
    },
}


def state_of(kind: str, state: str) -> State:
    """Return how a state is shown; one that the table does not know is shown by its own name, plainly."""
    return STATES.get(kind, {}).get(str(state)) or State(str(state), "plain", "point")
