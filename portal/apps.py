"""Start-up of the portal."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """Wiring: settings, shell, commands that reach across."""

    name = "portal"
    label = "portal"
