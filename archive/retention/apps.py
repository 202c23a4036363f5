"""Start-up of retention."""

from django.apps import AppConfig


class RetentionConfig(AppConfig):
    """Schedules and, later, events, holds and disposition; an app of its own inside `archive`."""

    name = "archive.retention"
    label = "retention"
    default_auto_field = "django.db.models.BigAutoField"
