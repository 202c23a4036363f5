"""People who sign in."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


class User(AbstractUser):
    """A person. Roles are groups; what a role may see is ruled by access rules, never by this row.

    Shapes: an empty `time_zone` or `language` means the installation's.
    """

    class Theme(models.TextChoices):
        SYSTEM = "system", _("As the device")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    class Density(models.TextChoices):
        COMFORTABLE = "comfortable", _("Two lines")
        COMPACT = "compact", _("One line")

    time_zone = models.CharField(max_length=64, blank=True)
    language = models.CharField(max_length=10, blank=True)
    theme = models.CharField(max_length=6, choices=Theme.choices, default=Theme.SYSTEM)
    density = models.CharField(max_length=11, choices=Density.choices, default=Density.COMFORTABLE)
    single_keys = models.BooleanField(default=True, help_text=_("Single keys work as shortcuts"))

    class Meta(AbstractUser.Meta):
        default_permissions = ()

    @property
    def audit_subject(self) -> tuple[str, str]:
        """Name this user in audit events."""
        return ("user", str(self.pk))
