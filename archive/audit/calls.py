"""The call or case that a person works on: said once, kept in the session, told by every read until it is cleared."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archive.audit.lines import clean

if TYPE_CHECKING:
    from django.http import HttpRequest

LONGEST_CHARACTERS = 100
_KEY = "call"


@dataclass(frozen=True, slots=True)
class Call:
    """A call reference as it was typed, and a random mark that tells this call from the next; both empty without one.

    The mark stands where views are told apart, which nobody erases; so it is not made of the reference.
    """

    reference: str = ""
    mark: str = ""


def call_of(request: HttpRequest) -> Call:
    """Return the call that the session of a request is on."""
    session = getattr(request, "session", None)
    kept = session.get(_KEY) if session is not None else None
    return Call(str(kept[0]), str(kept[1])) if isinstance(kept, list) and len(kept) == 2 else Call()


def set_call(request: HttpRequest, reference: str) -> Call:
    """Keep a call reference in the session; an empty one clears it, the same one again changes nothing.

    Units: at most 100 characters; forms refuse more, what is left is cut.
    """
    wanted = clean(" ".join(reference.split()))[:LONGEST_CHARACTERS]
    if not wanted:
        request.session.pop(_KEY, None)
        return Call()
    if call_of(request).reference != wanted:
        request.session[_KEY] = [wanted, secrets.token_hex(4)]
    return call_of(request)
