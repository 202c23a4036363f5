"""Start-up of accounts."""

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    """Users, roles, sign-in."""

    name = "portal.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have sign-ins recorded, and roles follow their table once the permissions of all apps are there."""
        from portal.accounts import roles, signals

        signals.connect()
        post_migrate.connect(
            roles.follow_table, sender=apps.get_app_config("retention"), dispatch_uid="portal.accounts.roles"
        )
