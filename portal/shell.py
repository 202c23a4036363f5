"""What every page has around it: sections that this user may use, search box, theme, density."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from archive.audit.calls import call_of
from archive.batches.models import Load
from archive.desk.models import Export


@dataclass(frozen=True, slots=True)
class Section:
    """An entry of the rail.

    Shapes: `prefixes` are the paths below which the entry is the current one; `letter` follows `g` on the keyboard.
    """

    key: str
    label: str | Promise
    icon: str
    url: str
    permission: str
    letter: str
    prefixes: tuple[str, ...]


# In the order of ui.md §2; what somebody may not use is absent.
SECTIONS = (
    Section("home", _("Home"), "home", "/", "", "h", ()),
    Section(
        "search",
        _("Search"),
        "search",
        "/search/",
        "archive.search_communications",
        "s",
        ("/search/", "/communications/", "/exports/"),
    ),
    Section("loads", _("Loads"), "package-import", "/loads/", "archive.view_loads", "l", ("/loads/",)),
    Section("audit", _("Audit"), "list-check", "/audit/", "audit.view_events", "a", ("/audit/",)),
    Section("system", _("System"), "settings", "/system/text/", "archive.view_loads", "y", ("/system/",)),
)
# Ids, names of parts and cursors: anything else in a query may have been typed by somebody and is not repeated.
_PLACES = ("s", "v", "panel", "show", "older", "after", "before", "moved")


def shell(request: HttpRequest) -> dict[str, Any]:
    """Return what base.html needs on every page; sign-in and error pages have no rail."""
    user = getattr(request, "user", None)
    signed_in = bool(user and user.is_authenticated)
    return {
        "shell": {
            "signed_in": signed_in,
            "rail": rail(request) if signed_in else [],
            "jobs": jobs(user) if signed_in else None,
            "can_search": bool(signed_in and user and user.has_perm("archive.search_communications")),
            "here": here(request),
            "call_reference": call_of(request).reference if signed_in else "",
            "user_name": (user.get_full_name() or user.get_username()) if signed_in and user else "",
            "theme": getattr(user, "theme", "system"),
            "density": getattr(user, "density", "comfortable"),
            "single_keys": getattr(user, "single_keys", True),
            "version": settings.VERSION,
        }
    }


def here(request: HttpRequest) -> str:
    """Return where a form of the shell comes back to: the path, and of its query what we put there ourselves."""
    kept = {name: request.GET[name] for name in _PLACES if name in request.GET}
    return f"{request.path}?{urlencode(kept)}" if kept else request.path


def jobs(user: Any) -> dict[str, Any] | None:
    """Return how many exports and loads of a person's own are under way, and where they are; None where there is none.

    Shapes: exports are told first, since anybody may have some; loads where there are none of those.
    """
    exports = Export.objects.filter(user=user, state__in=(Export.State.WAITING, Export.State.RUNNING)).count()
    loads = 0
    if user.has_perm("archive.view_loads"):
        loads = Load.objects.filter(requested_by_id=user.pk, state__in=Load.OPEN).count()
    if not exports and not loads:
        return None
    return {"count": exports + loads, "url": reverse("exports" if exports else "loads")}


def rail(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the sections that a user may use, in their fixed order."""
    return [
        {
            "key": section.key,
            "label": section.label,
            "icon": section.icon,
            "url": section.url,
            "letter": section.letter,
            "current": _is_current(section, request.path),
        }
        for section in SECTIONS
        if not section.permission or request.user.has_perm(section.permission)
    ]


def _is_current(section: Section, path: str) -> bool:
    return path.startswith(section.prefixes) if section.prefixes else path == section.url
