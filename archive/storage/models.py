"""Where bytes lie: objects, their copies in tiers, and what was begun and not finished yet."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from archive.audit.ids import PublicIdField, uuid7


class Tier(models.Model):
    """A store, a storage class, a cost, a time to first byte. `store` names an alias of Django's STORAGES."""

    key = models.CharField(max_length=50, unique=True)
    label = models.CharField(max_length=200)
    store = models.CharField(max_length=50)
    storage_class = models.CharField(max_length=50, blank=True)
    cost_per_gb_month = models.DecimalField(max_digits=10, decimal_places=6, default=0)
    first_byte_seconds = models.PositiveIntegerField(default=0)
    is_default = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.label


class StoredObject(models.Model):
    """Bytes under one digest: a pack of documents, a single document, a resource or an artifact.

    States: sealed → merged (its documents lie in another pack now, its bytes may go) → deleted; sealed → damaged →
    sealed (repaired). Packs carry what they group; `documents` counts what was put in.
    """

    class Kind(models.TextChoices):
        PACK = "pack"
        SINGLE = "single"
        RESOURCE = "resource"
        ARTIFACT = "artifact"

    class State(models.TextChoices):
        SEALED = "sealed", _("Stored")
        MERGED = "merged", _("Merged")
        DAMAGED = "damaged", _("Damaged")
        DELETED = "deleted", _("Deleted")

    public_id = PublicIdField(default=uuid7, unique=True, editable=False)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    state = models.CharField(max_length=8, choices=State.choices, default=State.SEALED)
    size_bytes = models.BigIntegerField()
    sha256 = models.BinaryField(max_length=32)
    content_type = models.CharField(max_length=100, blank=True)
    unit_id = models.BigIntegerField(null=True)
    class_id = models.BigIntegerField(null=True)
    lock_mode = models.CharField(max_length=7, blank=True)
    bucket = models.CharField(max_length=10, blank=True)
    live_documents = models.PositiveIntegerField(default=0)
    held_documents = models.PositiveIntegerField(default=0)
    disposable_documents = models.PositiveIntegerField(default=0)
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="merged_from")
    created_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["unit_id", "sha256"], condition=models.Q(kind="resource"), name="resource_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["unit_id", "class_id", "lock_mode", "bucket", "size_bytes"],
                condition=models.Q(kind="pack", state="sealed"),
                name="pack_group",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.public_id}"

    @property
    def audit_subject(self) -> tuple[str, str]:
        """Name this object in audit events."""
        return ("object", str(self.public_id))


class Location(models.Model):
    """One copy of an object in a tier. Moving, repairing and repacking have two for a while.

    Shapes: `key` and `version_id` say where in the store; keys carry random ids, never names.
    """

    class State(models.TextChoices):
        GOOD = "good"
        DAMAGED = "damaged"
        DELETED = "deleted"

    stored_object = models.ForeignKey(StoredObject, models.PROTECT, related_name="locations")
    tier = models.ForeignKey(Tier, models.PROTECT)
    key = models.CharField(max_length=200)
    version_id = models.CharField(max_length=200, blank=True)
    lock_until = models.DateField(null=True)
    hold = models.BooleanField(default=False)
    state = models.CharField(max_length=7, choices=State.choices, default=State.GOOD)
    checked_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["tier", "key", "version_id"], name="location_once")]

    def __str__(self) -> str:
        return self.key


class WriteIntent(models.Model):
    """Says that an object is being written under a key: what a crash leaves behind is found by these rows.

    The row goes in the transaction that registers the object; one that stays belongs to a write that broke off.
    """

    tier = models.ForeignKey(Tier, models.PROTECT)
    key = models.CharField(max_length=200, unique=True)
    reference = models.CharField(max_length=100)
    created_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.key


class Incident(models.Model):
    """Stored bytes that failed their check. Open until somebody or a repair closes it."""

    stored_object = models.ForeignKey(StoredObject, models.PROTECT, related_name="incidents")
    location = models.ForeignKey(Location, models.PROTECT)
    offset = models.BigIntegerField()
    length = models.BigIntegerField()
    problem = models.CharField(max_length=200)
    found_at = models.DateTimeField()
    repaired_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["location", "offset"], condition=models.Q(repaired_at__isnull=True), name="incident_open_once"
            )
        ]

    def __str__(self) -> str:
        return f"I-{self.pk}"
