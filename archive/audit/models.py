"""The log: events that are only ever added, the leaves of loads, and an erasable side row for private texts.

No row here has a foreign key that cascades: evidence outlives what it speaks of. The sequencer of a later issue keeps
leaf indexes in a table of its own, so that no event is ever updated.
"""

from __future__ import annotations

from django.db import models

from archive.audit.ids import PublicIdField


class Event(models.Model):
    """One thing that happened. `leaf` holds the exact canonical bytes that are hashed; columns repeat it for search.

    Shapes: the primary key is no promise of order; `subject_id` is text; `outcome` is done, refused or failed. A leaf
    over 65,535 bytes lies in `LargeLeaf` and here stands the small one that names its digest.
    Units: `at` is server UTC with microseconds.
    """

    class Outcome(models.TextChoices):
        DONE = "done"
        REFUSED = "refused"
        FAILED = "failed"

    event_id = PublicIdField(unique=True)
    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=10)
    actor_id = models.CharField(max_length=100)
    actor_name = models.CharField(max_length=150)
    verb = models.CharField(max_length=40)
    subject_kind = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=100)
    outcome = models.CharField(max_length=7, choices=Outcome.choices, default=Outcome.DONE)
    leaf = models.BinaryField()

    class Meta:
        default_permissions = ()
        permissions = [
            ("view_events", "Can see the whole audit log"),
            ("export_events", "Can export the audit log"),
        ]
        indexes = [
            models.Index(fields=["subject_kind", "subject_id"], name="event_subject"),
            models.Index(fields=["verb"], name="event_verb"),
            models.Index(fields=["actor_name"], name="event_actor"),
            models.Index(fields=["at"], name="event_at"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.event_id}"


class LargeLeaf(models.Model):
    """What did not fit into a leaf, by its digest (A-24)."""

    sha256 = models.CharField(max_length=64, unique=True)
    content = models.BinaryField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.sha256


class EventPrivate(models.Model):
    """Private texts of an event (query, free reason, names): can be erased; the event holds salted commitments only."""

    event_id = PublicIdField(unique=True)
    salt = models.BinaryField(max_length=32)
    texts = models.JSONField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.event_id)


class LoadPart(models.Model):
    """The leaf hashes of one ingest transaction, 32 bytes each in order; they outlive the records.

    Shapes: `number` counts from 1 within a load; `first_position` up to but without `next_position` are its records.
    """

    event_id = PublicIdField(unique=True)
    load_id = models.BigIntegerField()
    number = models.PositiveIntegerField()
    first_position = models.BigIntegerField()
    next_position = models.BigIntegerField()
    root = models.BinaryField(max_length=32)
    leaves = models.BinaryField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["load_id", "number"], name="load_part_once")]

    def __str__(self) -> str:
        return f"L-{self.load_id} part {self.number}"


class ViewMark(models.Model):
    """Says that a view was recorded for a user, variant and quarter of an hour: range requests make no further one."""

    actor_id = models.CharField(max_length=100)
    subject_id = models.CharField(max_length=100)
    verb = models.CharField(max_length=40)
    slot = models.BigIntegerField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["actor_id", "subject_id", "verb", "slot"], name="view_once")]

    def __str__(self) -> str:
        return f"{self.verb} {self.subject_id}"
