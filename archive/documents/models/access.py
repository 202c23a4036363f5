"""Who may see which communications: rules of groups, in the query language."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.db import models
from django.utils.translation import gettext_lazy as _


class AccessRule(models.Model):
    """One rule of a group: allow or deny what its expression matches. Deny wins; without a rule nothing is seen."""

    class Effect(models.TextChoices):
        ALLOW = "allow", _("Allow")
        DENY = "deny", _("Deny")

    group = models.ForeignKey(Group, models.CASCADE, related_name="access_rules")
    effect = models.CharField(max_length=5, choices=Effect.choices)
    expression = models.TextField(help_text="Over unit, class, index fields and the restricted flag")
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["group", "effect", "expression"], name="access_rule_once"),
        ]

    def __str__(self) -> str:
        return f"{self.effect} {self.expression}"
