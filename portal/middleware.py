"""What every request gets: an id of ours, and headers that keep private pages private."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import patch_vary_headers

from archive.audit.ids import uuid7

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def correlation(get_response: GetResponse) -> GetResponse:
    """Give each request an id that joins its events and log lines; what a client sends as one is not believed."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        request.correlation_id = str(uuid7())  # type: ignore[attr-defined]
        response = get_response(request)
        response["X-Request-ID"] = request.correlation_id  # type: ignore[attr-defined]
        return response

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
