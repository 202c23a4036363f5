"""Notes on a communication, and the reference of the call that a person is on."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from archive.audit.actor import Actor
from archive.audit.calls import call_of, set_call
from archive.desk.note_forms import CallForm, NoteForm
from archive.desk.record import panel_context, record_context
from archive.desk.searches import MAY_SEARCH
from archive.desk.trail import trail_of
from archive.documents.models import Communication
from archive.documents.selectors import get_communication
from archive.documents.services import ADD_NOTES_PERMISSION, add_note


@login_required
@permission_required(MAY_SEARCH, raise_exception=True)
@sensitive_post_parameters()
@require_POST
def add_note_to(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Add a note and show the panel again; without a script, the whole page."""
    try:
        communication = get_communication(public_id, user=request.user)
    except ObjectDoesNotExist:
        raise Http404 from None
    actor = Actor.of(request)
    form = NoteForm(request.POST)
    if not request.user.has_perm(ADD_NOTES_PERMISSION) or form.is_valid():
        # Who may not is refused by the service, whatever he wrote.
        add_note(communication=communication, text=str(form.data.get("text", "")), actor=actor)
        if request.htmx:  # type: ignore[attr-defined]
            context = panel_context(communication, request=request, form=NoteForm())
            return render(request, "desk/_panel.html", {**context, "added": True})
        messages.success(request, _("The note is added."))
        return redirect(f"{reverse('communication', args=[public_id])}?{_place(request)}")
    return _again(request, communication, form, actor)


def _again(request: HttpRequest, communication: Communication, form: NoteForm, actor: Actor) -> HttpResponse:
    """Show a form that was not taken with what is wrong and all that was typed."""
    if request.htmx:  # type: ignore[attr-defined]
        context = panel_context(communication, request=request, form=form)
        return render(request, "desk/_panel.html", context, status=422)
    context = record_context(communication, request=request, actor=actor, note_form=form)
    context["trail"] = trail_of(request, communication)
    return render(request, "desk/communication.html", context, status=422)


def _place(request: HttpRequest) -> str:
    """Return where the reader was: form, search and place in it, with the notes opened."""
    query = request.GET.copy()
    query["panel"] = "notes"
    return query.urlencode()


@login_required
@permission_required(MAY_SEARCH, raise_exception=True)
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def call_reference(request: HttpRequest) -> HttpResponse:
    """Keep the reference of a call in the session, or clear it, and go back to where it was entered."""
    if request.method != "POST":
        form = CallForm(initial={"reference": call_of(request).reference})
        return render(request, "desk/call.html", {"form": form, "next": ""})
    form = CallForm({} if "clear" in request.POST else request.POST)
    if not form.is_valid():
        context = {"form": form, "next": request.POST.get("next", "")}
        return render(request, "desk/call.html", context, status=422)
    call = set_call(request, form.cleaned_data["reference"])
    messages.success(
        request, _("What you read is recorded with this call.") if call.mark else _("The call is cleared.")
    )
    return redirect(_back_to(request))


def _back_to(request: HttpRequest) -> str:
    wanted = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return wanted
    return reverse("search")
