"""Pages of the portal itself: home, menu, help."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.home import home_cards
from portal.shell import SECTIONS


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
    return render(request, "portal/help.html", {"sections": SECTIONS})
