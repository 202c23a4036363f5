"""Who acts: a user, a machine or the system itself, with where from and in which request."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings

from archive.audit.calls import call_of
from archive.audit.ids import uuid7

if TYPE_CHECKING:
    from django.http import HttpRequest

LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something.

    Shapes: `kind` is user, machine or system; `id` a text that outlives the row it names; `address` is "local" outside
    of a request; `correlation_id` joins what one request, one command or one run of work does; `account` is the user
    row where there is one. `call_reference` is what the person said he is on the telephone about; `call_mark` tells
    calls of one session apart and says nothing of them.
    """

    kind: str
    id: str
    name: str
    on_behalf_of: str = ""
    address: str = ""
    correlation_id: str = ""
    account: Any = None
    call_reference: str = ""
    call_mark: str = ""

    @classmethod
    def of(cls, request: HttpRequest) -> Actor:
        """Return who makes a request; the address is the peer's unless the peer is a trusted proxy."""
        correlation_id = str(getattr(request, "correlation_id", ""))
        address = client_address(request)
        user = getattr(request, "user", None)
        if user is None or not user.is_authenticated:
            return cls("system", "anonymous", "anonymous", address=address, correlation_id=correlation_id)
        call = call_of(request)
        return cls(
            "user",
            str(user.pk),
            user.get_username(),
            address=address,
            correlation_id=correlation_id,
            account=user,
            call_reference=call.reference,
            call_mark=call.mark,
        )

    @classmethod
    def of_user(cls, user: Any) -> Actor:
        """Return a user who acts outside of a request, by a command for example."""
        return cls("user", str(user.pk), user.get_username(), address=LOCAL, correlation_id=str(uuid7()), account=user)

    @classmethod
    def system(cls, name: str) -> Actor:
        """Return a command or task of ours."""
        return cls("system", name, name, address=LOCAL, correlation_id=str(uuid7()))

    @property
    def user(self) -> Any:
        """Return the user row, or None for machines and the system."""
        return self.account


def client_address(request: HttpRequest) -> str:
    """Return the address of the client: what the peer says of others counts only when the peer is a trusted proxy."""
    peer = str(request.META.get("REMOTE_ADDR", ""))
    trusted: list[str] = getattr(settings, "TRUSTED_PROXIES", [])
    if peer not in trusted:
        return peer
    for hop in reversed(str(request.META.get("HTTP_X_FORWARDED_FOR", "")).split(",")):
        candidate = hop.strip()
        try:
            ipaddress.ip_address(candidate)
        except ValueError:
            return peer
        if candidate not in trusted:
            return candidate
    return peer
