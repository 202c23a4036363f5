"""Rows of batches and loads: what a producer ran, and what came in."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from archive.audit.ids import PublicIdField, uuid7


class Batch(models.Model):
    """One run of a producer's job.

    Shapes: (unit, producer, key) is its identity; unit and producer are ids of `documents`, which lies above.
    """

    producer_id = models.BigIntegerField()
    key = models.CharField(max_length=200)
    created_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["producer_id", "key"], name="batch_identity")]

    def __str__(self) -> str:
        return self.key


class Load(models.Model):
    """What one package, folder or manifest brought in. Its integer id is the number that people say.

    States: queued → running → complete | incomplete (some records set aside) | failed (reason known) | errored
    (broke off); running → paused → running; any open state → stopped. Failed, errored and stopped loads can be
    resumed: they go on after `next_record` and make no duplicate.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        PAUSED = "paused", _("Paused")
        COMPLETE = "complete", _("Complete")
        INCOMPLETE = "incomplete", _("Incomplete")
        FAILED = "failed", _("Failed")
        ERRORED = "errored", _("Broke off")
        STOPPED = "stopped", _("Stopped")

    OPEN = (State.QUEUED, State.RUNNING, State.PAUSED)
    RESUMABLE = (State.PAUSED, State.FAILED, State.ERRORED, State.STOPPED)

    public_id = PublicIdField(default=uuid7, unique=True, editable=False)
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    producer_id = models.BigIntegerField()
    producer_key = models.CharField(max_length=100)
    source_name = models.CharField(max_length=300, help_text="The file or folder name as it was given")
    source_path = models.TextField(help_text="Where it is read from")
    source_digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the package file, hex")
    source_bytes = models.BigIntegerField(default=0)
    mapping_key = models.CharField(max_length=100, blank=True)
    manifest_header = models.BinaryField(default=b"", help_text="The header of a CSV manifest, as it came")
    resubmits = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="resubmissions")
    requested_by = models.CharField(max_length=150)
    requested_by_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    seconds = models.FloatField(default=0, help_text="Time at work, pauses left out")
    expected = models.BigIntegerField(null=True, help_text="Records in the manifest, once known")
    archived = models.BigIntegerField(default=0)
    variants_added = models.BigIntegerField(default=0)
    duplicates = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    bytes_read = models.BigIntegerField(default=0)
    bytes_stored = models.BigIntegerField(default=0)
    next_record = models.BigIntegerField(default=0, help_text="Records before this ordinal are decided for good")
    parts = models.PositiveIntegerField(default=0, help_text="load.part events written")
    message = models.TextField(blank=True, help_text="Why it failed or broke off")
    keep_source = models.BooleanField(default=True, help_text="False: the source is ours and goes once complete")

    class Meta:
        default_permissions = ()
        permissions = [
            ("view_loads", "Can see loads, their logs and what was set aside"),
            ("run_loads", "Can upload packages, pause, stop and resume loads"),
        ]
        indexes = [
            models.Index(fields=["state"], name="load_state"),
            models.Index(fields=["source_digest"], name="load_source"),
        ]

    def __str__(self) -> str:
        return f"L-{self.pk}"

    @property
    def received(self) -> int:
        """Return how many records were decided: the sum of the four counts."""
        return self.archived + self.variants_added + self.duplicates + self.rejected

    @property
    def audit_subject(self) -> tuple[str, str]:
        """Name this load in audit events."""
        return ("load", str(self.public_id))


class LoadBatch(models.Model):
    """How many communications of a load belong to a batch."""

    load = models.ForeignKey(Load, models.PROTECT, related_name="batch_counts")
    batch = models.ForeignKey(Batch, models.PROTECT, related_name="load_counts")
    communications = models.BigIntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["load", "batch"], name="load_batch_once")]

    def __str__(self) -> str:
        return f"{self.load_id}/{self.batch_id}"


class LoadLogLine(models.Model):
    """One line of a load's log; carries no personal data."""

    load = models.ForeignKey(Load, models.PROTECT, related_name="log")
    at = models.DateTimeField()
    level = models.CharField(max_length=7)
    text = models.TextField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.text


class Reject(models.Model):
    """A record set aside: its manifest line as it came, with reason, line and field; it can be mended and resubmitted.

    Units: `line` counts from 1 in the manifest; `record` is the ordinal in the load, from 0.
    """

    load = models.ForeignKey(Load, models.PROTECT, related_name="rejects")
    record = models.BigIntegerField()
    line = models.BigIntegerField()
    external_id = models.CharField(max_length=200, blank=True)
    field = models.CharField(max_length=200, blank=True)
    code = models.CharField(max_length=50)
    reason = models.TextField()
    raw = models.BinaryField(help_text="The manifest line, at most 1 MiB of it")

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["load", "record"], name="reject_once")]

    def __str__(self) -> str:
        return f"{self.load_id}:{self.line} {self.code}"
