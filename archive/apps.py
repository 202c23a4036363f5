"""Start-up of the archive: packages register with those below them what they know."""

from django.apps import AppConfig


class ArchiveConfig(AppConfig):
    """The record and what is done with it."""

    name = "archive"
    label = "archive"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register fields, kinds of work, locator holders, timeline sources and protected tables."""
        from archive import registrations

        registrations.register()
