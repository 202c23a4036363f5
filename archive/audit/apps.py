"""Start-up of the audit log."""

from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register
from django.db import connections
from django.db.models.signals import post_migrate


class AuditConfig(AppConfig):
    """The log, an app of its own inside `archive`."""

    name = "archive.audit"
    label = "audit"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Declare which tables are append-only and have the triggers made after every migrate."""
        from archive.audit import triggers

        triggers.protect("audit_event", keys=[("id",), ("event_id",)])
        triggers.protect("audit_largeleaf", keys=[("id",), ("sha256",)])
        triggers.protect("audit_loadpart", keys=[("id",), ("event_id",), ("load_id", "number")])
        triggers.protect("audit_eventprivate", columns=("event_id", "salt"), delete_refused=False)
        post_migrate.connect(_install, dispatch_uid="audit triggers")
        # Not among the checks of every command: "migrate", which makes missing triggers again, must be able to run.
        register(_check, "triggers", deploy=True)


def _install(using: str, **kwargs: Any) -> None:
    from archive.audit import triggers

    triggers.install(connections[using])


def _check(app_configs: Any, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    from archive.audit import triggers

    errors: list[CheckMessage] = []
    for alias in databases or connections:
        try:
            triggers.verify(connections[alias])
        except triggers.MissingTriggerError as error:
            errors.append(Error(str(error), id="audit.E001"))
    return errors
