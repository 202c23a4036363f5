"""What every request gets: an id of ours, the person's language, headers that keep private pages private."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import translation
from django.utils.cache import patch_vary_headers

from archive import audit
from archive.audit.actor import Actor
from archive.audit.ids import uuid7
from archive.audit.lines import clean
from archive.audit.verbs import Verb
from archive.documents.remembering import remembering

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def correlation(get_response: GetResponse) -> GetResponse:
    """Give each request an id that joins its events and log lines; what a client sends as one is not believed."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        request.correlation_id = str(uuid7())  # type: ignore[attr-defined]
        response = get_response(request)
        response["X-Request-ID"] = request.correlation_id  # type: ignore[attr-defined]
        return response

    return middleware


def one_memory(get_response: GetResponse) -> GetResponse:
    """Let rights and configuration be read once in a request."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        with remembering():
            return get_response(request)

    return middleware


def forwarded_scheme(get_response: GetResponse) -> GetResponse:
    """Believe X-Forwarded-Proto of trusted proxies only; stands before whatever asks whether a request is secure."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.META.get("REMOTE_ADDR", "") not in settings.TRUSTED_PROXIES:
            request.META.pop("HTTP_X_FORWARDED_PROTO", None)
        return get_response(request)

    return middleware


def private_pages(get_response: GetResponse) -> GetResponse:
    """Let nothing be cached that a signed-in person gets; forget what is stored when they sign out (S-23)."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        signed_in = bool(getattr(request, "user", None) and request.user.is_authenticated)
        response = get_response(request)
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"
        patch_vary_headers(response, ("HX-Request",))
        if signed_in and not request.user.is_authenticated:
            response["Clear-Site-Data"] = '"cache", "storage"'
        return response

    return middleware


def own_language(get_response: GetResponse) -> GetResponse:
    """Speak the language that a signed-in person chose; without a choice the browser's stays."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        chosen = str(getattr(request.user, "language", ""))
        if chosen not in dict(settings.LANGUAGES):
            return get_response(request)
        translation.activate(chosen)
        request.LANGUAGE_CODE = translation.get_language()
        return get_response(request)

    return middleware


def refusals(get_response: GetResponse) -> GetResponse:
    """Record each page or action that a signed-in person is refused (A-28).

    Shapes: what is not there and what may not be seen are alike everywhere (S-03), so a 404 is no refusal.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if response.status_code == 403 and request.user.is_authenticated:
            audit.record_refusal(
                actor=Actor.of(request),
                verb=Verb.ACCESS_REFUSED,
                subject=("page", request.resolver_match.view_name if request.resolver_match else "unknown"),
                reason="The user's roles do not allow this.",
                method=clean(str(request.method))[:10],
                **_ids(request),
            )
        return response

    return middleware


def _ids(request: HttpRequest) -> dict[str, str]:
    """Return the ids in the address: they are opaque, so they may stand in an event."""
    found = request.resolver_match.kwargs if request.resolver_match else {}
    return {name: clean(str(value))[:100] for name, value in found.items()}
