"""How allauth behaves here: nobody signs up by himself."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Users are made by administrators and by configuration only."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Refuse sign-up."""
        return False

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Leave out allauth's flash messages: the page that follows says enough."""
