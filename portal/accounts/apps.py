"""Start-up of accounts."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Users, roles, sign-in."""

    name = "portal.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have sign-ins recorded."""
        from portal.accounts import signals

        signals.connect()
