"""Pages of the portal itself: home, menu, help."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from archive.query import registry
from portal.home import home_cards

CHOICES_SHOWN = 12


@login_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show what this person's roles work with."""
    return render(request, "portal/home.html", {"cards": home_cards(request.user)})


@login_required
@require_safe
def menu(request: HttpRequest) -> HttpResponse:
    """Show the sections as a page: the drawer of narrow screens, without JavaScript."""
    return render(request, "portal/menu.html")


@login_required
@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """Show the keys and the query language with examples."""
    return render(request, "portal/help.html", {"fields": fields_of(request.user)})


def fields_of(user: Any) -> list[dict[str, Any]]:
    """Return the fields of the query language that a user may use, each with an example and its first values."""
    found = []
    for field in registry.all(user).values():
        choices = list(field.choices()) if field.choices else []
        example = field.example or f"{field.name}:…"
        shown = choices[:CHOICES_SHOWN]
        found.append(
            {
                "name": field.name,
                "label": field.label,
                "example": example,
                "choices": shown,
                "truncated": len(choices) > len(shown),
            }
        )
    return found
