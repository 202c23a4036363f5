"""Suggestions while somebody types: a POST, as what is typed is a customer's."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_POST

from archive.search.typeahead import suggest


@login_required
@permission_required("archive.search_communications", raise_exception=True)
@require_POST
def suggestions(request: HttpRequest) -> JsonResponse:
    """Answer with what can follow; not recorded as a search (design.md "Audit")."""
    found = suggest(request.POST.get("field", ""), request.POST.get("q", ""), user=request.user)
    return JsonResponse({"values": found})
