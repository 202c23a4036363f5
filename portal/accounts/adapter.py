"""How allauth behaves here: nobody signs up by himself."""

from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from archive.audit.actor import client_address


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Users are made by administrators and by configuration only."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": _("User name or password is not right. Try again, or ask your administrator."),
        "too_many_login_attempts": _("Too many failed tries. Wait a few minutes, then try again."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Refuse sign-up."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address that tries are counted for: the same that stands in the audit log."""
        return client_address(request) or "unknown"

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Leave out allauth's flash messages: the page that follows says enough."""
