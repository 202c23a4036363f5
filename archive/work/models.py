"""Background work: the row is the work order, a message is only a doorbell."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from archive.audit.ids import PublicIdField, uuid7


class WorkItem(models.Model):
    """One job.

    States: queued → running → done | failed (reason known) | stopped; running → paused → queued; running → queued again
    after an exception or a lost lease, until `attempts` reaches `max_attempts`, then dead.
    Shapes: `fence` grows with every claim; a worker whose fence is old can change nothing any more.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        PAUSED = "paused", _("Paused")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        STOPPED = "stopped", _("Stopped")
        DEAD = "dead", _("Dead letter")

    OPEN = (State.QUEUED, State.RUNNING, State.PAUSED)

    class Wish(models.TextChoices):
        NONE = "", ""
        PAUSE = "pause", _("pausing")
        STOP = "stop", _("stopping")

    public_id = PublicIdField(default=uuid7, unique=True, editable=False)
    kind = models.CharField(max_length=50)
    key = models.CharField(max_length=100)
    payload = models.JSONField(default=dict)
    result = models.JSONField(null=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    wish = models.CharField(max_length=6, choices=Wish.choices, blank=True, default=Wish.NONE)
    fence = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField(default=5)
    run_after = models.DateTimeField()
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)
    message = models.TextField(blank=True)
    requested_by = models.CharField(max_length=150)
    requested_by_id = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "key"],
                condition=models.Q(state__in=["queued", "running", "paused"]),
                name="work_open_once",
            )
        ]
        indexes = [models.Index(fields=["state", "run_after"], name="work_due")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"

    @property
    def audit_subject(self) -> tuple[str, str]:
        """Name this item in audit events."""
        return ("work", str(self.public_id))
