"""The agent's pages: search, hit list, communication. Joins what lies below; has no rules of its own."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from archive import audit
from archive.audit.actor import Actor
from archive.audit.verbs import Verb
from archive.desk.chips import chips_of
from archive.desk.record import panel_context, record_context
from archive.desk.searches import MAY_SEARCH, search_or_404
from archive.desk.selection_views import selection_context
from archive.desk.trail import trail_of
from archive.documents.selectors import describe_scope, get_communication
from archive.query import QueryError
from archive.search.facets import facets_of
from archive.search.forms import ConditionsForm, form_values
from archive.search.paging import SORTS, BadCursorError
from archive.search.picks import picked_keys
from archive.search.saved import shareable_groups
from archive.search.search_forms import columns_of_form, list_forms
from archive.search.selectors import (
    count,
    count_superseded,
    count_waiting,
    get_page,
    hit_list,
    resolve,
    with_superseded,
)
from archive.search.services import start_search
from archive.search.words.database import IndexDownError

logger = logging.getLogger(__name__)


@login_required
@permission_required(MAY_SEARCH, raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def search_start(request: HttpRequest) -> HttpResponse:
    """Show the form, or take a query from the box, the form or a chip, and go on to its results."""
    if request.method != "POST":
        return _search_page(request, text="", form=ConditionsForm(user=request.user))
    if "q" in request.POST:
        return _begin(request, str(request.POST["q"]))
    form = ConditionsForm(request.POST, user=request.user)
    if not form.is_valid():
        return _search_page(request, text="", form=form, status=422)
    try:
        return _begin(request, form.query_text(), form=form)
    except QueryError as error:
        return _search_page(request, text=str(form.cleaned_data.get("rest", "")), form=form, error=error, status=422)


def _begin(request: HttpRequest, text: str, *, form: ConditionsForm | None = None) -> HttpResponse:
    try:
        search = start_search(
            text=text,
            user=request.user,
            actor=Actor.of(request),
            sort=str(request.POST.get("sort", "-issued")),
            form_key=_form_key(request),
        )
    except QueryError as error:
        shown = form or ConditionsForm(user=request.user)
        return _search_page(request, text=text, form=shown, error=error, status=422)
    return redirect("search_results", search_id=search.public_id)


def _form_key(request: HttpRequest) -> str:
    """Return the search form that a changed search came from, if it is one of the user's."""
    key = str(request.POST.get("form", ""))
    return key if key and any(form.key == key for form in list_forms(user=request.user)) else ""


@login_required
@permission_required(MAY_SEARCH, raise_exception=True)
@require_safe
def search_results(request: HttpRequest, search_id: UUID) -> HttpResponse:
    """Show a page of hits. The count follows in a part of its own, so that rows never wait for it."""
    search = search_or_404(request, search_id)
    form = ConditionsForm(user=request.user)
    try:
        found = resolve(search.query, user=request.user)
        form = ConditionsForm(initial=form_values(found.tree), user=request.user)
        page = get_page(found, sort=search.sort, cursor=request.GET.get("after", "") or request.GET.get("before", ""))
        hits = hit_list(
            list(page.rows),
            user=request.user,
            found=found,
            columns=columns_of_form(search.form_key, user=request.user),
        )
    except QueryError as error:
        return _search_page(request, text=search.query, form=form, error=error, status=422)
    except BadCursorError:
        return redirect("search_results", search_id=search.public_id)
    except IndexDownError:
        logger.exception("The word index does not answer.")
        return _search_page(request, text=search.query, form=form, search=search, index_down=True, status=503)
    context: dict[str, Any] = {
        "search": search,
        "hits": hits,
        "page": page,
        "chips": chips_of(found.tree, user=request.user, ids=found.ids),
        "also": {name: ", ".join(values) for name, values in found.also.items()},
        "sorts": SORTS,
        "searched": bool(search.query),
        "form_key": search.form_key,
        "saved_groups": shareable_groups(request.user),
        "picked": picked_keys(search, [row.order_key for row in page.rows]),
        **selection_context(search, request),
    }
    return _search_page(request, text=search.query, form=form, found=found, **context)


@login_required
@permission_required(MAY_SEARCH, raise_exception=True)
@require_safe
def search_count(request: HttpRequest, search_id: UUID) -> HttpResponse:
    """Answer with the sentence that counts, for the place that the page reserved; `?exactly` counts beyond 10,000."""
    search = search_or_404(request, search_id)
    try:
        found = resolve(search.query, user=request.user)
        facets = facets_of(found)
        number, exact = count(found, exactly=True) if "exactly" in request.GET else (facets.counted, facets.whole)
        superseded, superseded_exact = count_superseded(found)
        context = {
            "count": number,
            "exact": exact,
            "superseded": superseded,
            "superseded_exact": superseded_exact,
            "with_superseded": with_superseded(found),
            "search": search,
            "facets": facets,
            "waiting": count_waiting(found),
        }
    except QueryError as error:
        context = {"error": error, "query_text": search.query}
        return render(request, "desk/_query_error.html", context, status=422)
    except IndexDownError:
        return render(request, "desk/_index_down.html", status=503)
    return render(request, "desk/_count.html", context)


def _search_page(
    request: HttpRequest,
    *,
    text: str,
    form: ConditionsForm,
    error: QueryError | None = None,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    scope = describe_scope(request.user)
    return render(
        request,
        "desk/search.html",
        {"query_text": text, "form": form, "error": error, "scope": scope, **context},
        status=status,
    )


@login_required
@permission_required(MAY_SEARCH, raise_exception=True)
@require_safe
def communication_page(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show one communication, or to a script its panel alone.

    `?v=` names the channel, `?panel=` the side panel, `?show=` and `?older=` what of the timeline, `?s=` the search.
    """
    try:
        communication = get_communication(public_id, user=request.user)
    except ObjectDoesNotExist:
        raise Http404 from None
    actor = Actor.of(request)
    audit.record_view(actor=actor, verb=Verb.COMMUNICATION_VIEWED, subject=communication)
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "desk/_panel.html", panel_context(communication, request=request))
    context = record_context(communication, request=request, actor=actor)
    context["trail"] = trail_of(request, communication)
    return render(request, "desk/communication.html", context)
