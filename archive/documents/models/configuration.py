"""What an installation decides once: units, producers, index fields and document classes."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class BusinessUnit(models.Model):
    """The isolation attribute, with a time zone. Its key never changes; its label may.

    Shapes: `fiscal_year_end` is "MM-DD". `first_year` is the first year in which it can have issued anything.
    """

    key = models.CharField(max_length=100, unique=True)
    label = models.CharField(max_length=200)
    time_zone = models.CharField(max_length=64, default="UTC")
    fiscal_year_end = models.CharField(max_length=5, default="12-31")
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="merged_units")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.label


class Producer(models.Model):
    """A machine that archives. `units` lists the keys of the units it may write to; empty means all."""

    key = models.CharField(max_length=100, unique=True)
    label = models.CharField(max_length=200)
    units = models.JSONField(default=list, blank=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.label

    @property
    def audit_subject(self) -> tuple[str, str]:
        """Name this producer in audit events."""
        return ("producer", self.key)


class IndexField(models.Model):
    """An index field, defined once for the installation; retired, never retyped.

    Shapes: a searchable field has a typed slot (`t01`…`t16`, `n01`…`n04`, `d01`…`d04`), the same in every class that
    uses it; a multiple field lives in `MultipleValue`; any other is shown, not searched.
    """

    class Type(models.TextChoices):
        TEXT = "text", _("Text")
        NUMBER = "number", _("Number")
        DATE = "date", _("Date")

    key = models.CharField(max_length=60, unique=True)
    label = models.CharField(max_length=200)
    type = models.CharField(max_length=6, choices=Type.choices)
    slot = models.CharField(max_length=3, blank=True)
    multiple = models.BooleanField(default=False)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.label


class DocumentClass(models.Model):
    """A kind of communication; what it asks for stands in its versions, the newest of which is `current`."""

    key = models.CharField(max_length=60, unique=True)
    label = models.CharField(max_length=200)
    current = models.PositiveIntegerField(default=1)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.label


class ClassVersion(models.Model):
    """One version of a class, never changed.

    Shapes: `fields` is a list of {key, required}; `columns` the keys a hit list shows; `mapping` what incoming names
    and formats mean: {incoming name: {to, date_format, default, strip, pad}}. `transformers` names what makes a native
    format readable: {content type: key of a transformer}.
    """

    class LockMode(models.TextChoices):
        FULL = "full", _("locked until the end of retention")
        ROLLING = "rolling", _("locked for 12 months, renewed while it is kept")

    class Bucket(models.TextChoices):
        YEAR = "year", _("Year")
        QUARTER = "quarter", _("Quarter")
        MONTH = "month", _("Month")
        OPEN = "open", _("Open")

    document_class = models.ForeignKey(DocumentClass, models.PROTECT, related_name="versions")
    version = models.PositiveIntegerField()
    fields = models.JSONField(default=list)
    columns = models.JSONField(default=list)
    mapping = models.JSONField(default=dict)
    transformers = models.JSONField(default=dict)
    lock_mode = models.CharField(max_length=7, choices=LockMode.choices, default=LockMode.FULL)
    bucket = models.CharField(max_length=7, choices=Bucket.choices, default=Bucket.YEAR)
    requires_party = models.BooleanField(default=False)
    first_year = models.PositiveSmallIntegerField(default=1990)
    published_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["document_class", "version"], name="class_version_once")]

    def __str__(self) -> str:
        return f"{self.document_class_id} v{self.version}"
