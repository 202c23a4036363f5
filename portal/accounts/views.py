"""Preferences and password of the signed-in person."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import PasswordChangeForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from archive.audit.actor import Actor
from portal.accounts import services
from portal.accounts.forms import PreferencesForm
from portal.accounts.models import User


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """Show and save preferences; a form elsewhere may send one of them and come back by `next`."""
    user = request.user
    assert isinstance(user, User)
    if request.method != "POST":
        return render(request, "account/preferences.html", {"form": PreferencesForm(instance=user)})
    form = PreferencesForm(_completed(request, user), instance=user)
    if not form.is_valid():
        return render(request, "account/preferences.html", {"form": form}, status=422)
    services.save_preferences(user=user, changed=form.changed_data, actor=Actor.of(request))
    if not request.POST.get("only"):
        messages.success(request, _("Your preferences are saved."))
    return redirect(_back_to(request))


@login_required
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def change_password(request: HttpRequest) -> HttpResponse:
    """Change the password; other sessions of the user end, this one goes on."""
    assert isinstance(request.user, User)
    form = PasswordChangeForm(request.user, request.POST or None)
    if request.method != "POST":
        return render(request, "account/password.html", {"form": form})
    actor = Actor.of(request)
    if not form.is_valid():
        if form.has_error("old_password"):
            services.refuse_password_change(user=request.user, actor=actor)
        return render(request, "account/password.html", {"form": form}, status=422)
    services.change_password(user=request.user, password=form.cleaned_data["new_password1"], actor=actor)
    update_session_auth_hash(request, request.user)
    messages.success(request, _("Your password is changed. Your other sessions have ended."))
    return redirect("preferences")


def _completed(request: HttpRequest, user: User) -> dict[str, object]:
    """Return what was sent; with `only` the rest stays as it is."""
    sent: dict[str, object] = dict(request.POST.items())
    only = request.POST.get("only")
    if only not in PreferencesForm.Meta.fields:
        return sent
    kept: dict[str, object] = {name: getattr(user, name) for name in PreferencesForm.Meta.fields}
    return {**kept, only: request.POST.get(only, "")}


def _back_to(request: HttpRequest) -> str:
    wanted = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return wanted
    return "preferences"
