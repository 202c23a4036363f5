"""What a page answers when something broke: no room and no turn are named as such, with when to try again (F-13)."""

from __future__ import annotations

import errno
import sys

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.response import SimpleTemplateResponse
from django.views.defaults import server_error

from archive.storage.contract import StoreFullError

FULL_RETRY_SECONDS, BUSY_RETRY_SECONDS = 300, 30
_FULL = ("database or disk is full", "disk I/O error: No space")
_BUSY = ("database is locked", "database table is locked", "The database was busy")
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}


def failed(request: HttpRequest) -> HttpResponse:
    """Answer 503 for a full disk and for a database that stays busy, 500 for anything else.

    Django calls this while it handles the exception, whichever middleware or view it came from. Neither the session nor
    the database is asked: both may be what failed.
    """
    error = sys.exc_info()[1]
    if is_full(error):
        return _later("full", FULL_RETRY_SECONDS)
    if is_busy(error):
        return _later("busy", BUSY_RETRY_SECONDS)
    response = server_error(request)
    response["Cache-Control"] = "no-store"
    return response


def is_full(error: BaseException | None) -> bool:
    """Tell whether a disk found no room for what was to be written."""
    if isinstance(error, OperationalError):
        return any(text in str(error) for text in _FULL)
    return isinstance(error, StoreFullError) or (isinstance(error, OSError) and error.errno in _NO_ROOM)


def is_busy(error: BaseException | None) -> bool:
    """Tell whether the database's write lock could not be had."""
    return isinstance(error, OperationalError) and any(text in str(error) for text in _BUSY)


def _later(reason: str, seconds: int) -> HttpResponse:
    response = SimpleTemplateResponse("503.html", {"reason": reason}, status=503).render()
    response["Retry-After"] = str(seconds)
    response["Cache-Control"] = "no-store"
    return response
