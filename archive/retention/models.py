"""Retention schedules: how long each class of communication is kept. Versions are never changed, only added."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Schedule(models.Model):
    """A rule that says how long; what it says stands in its versions."""

    key = models.CharField(max_length=100, unique=True)
    label = models.CharField(max_length=200)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.label


class ScheduleVersion(models.Model):
    """One version of a schedule: `years` from the trigger date, after the cut-off."""

    class CutOff(models.TextChoices):
        NONE = "none", _("the day itself")
        MONTH = "month", _("the end of its month")
        QUARTER = "quarter", _("the end of its quarter")
        CALENDAR_YEAR = "calendar_year", _("the end of its calendar year")
        FISCAL_YEAR = "fiscal_year", _("the end of its fiscal year")

    schedule = models.ForeignKey(Schedule, models.PROTECT, related_name="versions")
    version = models.PositiveIntegerField()
    years = models.PositiveSmallIntegerField()
    cut_off = models.CharField(max_length=13, choices=CutOff.choices, default=CutOff.NONE)
    legal_source = models.CharField(max_length=500, blank=True)
    published_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["schedule", "version"], name="schedule_version_once")]

    def __str__(self) -> str:
        return f"{self.schedule_id} v{self.version}"


class ClassSchedule(models.Model):
    """Which schedule a document class has: exactly one; a class without one takes nothing in (R-01)."""

    document_class = models.OneToOneField("archive.DocumentClass", models.PROTECT, related_name="class_schedule")
    schedule = models.ForeignKey(Schedule, models.PROTECT, related_name="classes")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.document_class_id} → {self.schedule_id}"
