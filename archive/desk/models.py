"""Exports: a selection of communications as a file that its user can fetch for a while."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from archive.audit.ids import PublicIdField, uuid7


class Export(models.Model):
    """One export of a selection.

    States: waiting → running → ready | failed | stopped; ready → expired (its file is gone).
    Shapes: `query` and `sort` say what was searched; `keys` the picked order keys, or with `selects_all` those left
    out. The file lies under `DATA_DIR/exports` by the public id; `revision` grows when its links are revoked.
    """

    class Kind(models.TextChoices):
        ZIP = "zip", _("Originals (ZIP)")
        CSV = "csv", _("List (CSV)")
        XLSX = "xlsx", _("List (Excel)")

    class State(models.TextChoices):
        WAITING = "waiting", _("Queued")
        RUNNING = "running", _("Running")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")
        STOPPED = "stopped", _("Stopped")
        EXPIRED = "expired", _("Expired")

    public_id = PublicIdField(default=uuid7, unique=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="exports")
    kind = models.CharField(max_length=4, choices=Kind.choices)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    query = models.TextField()
    sort = models.CharField(max_length=40)
    selects_all = models.BooleanField(default=False)
    keys = models.JSONField(default=list)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)
    file_bytes = models.BigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    message = models.TextField(blank=True)
    revision = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        permissions = [("export_many", "Can export more than 500 communications at a time")]
        indexes = [models.Index(fields=["user", "-created_at"], name="export_recent")]

    def __str__(self) -> str:
        return f"{self.kind} {self.public_id}"

    @property
    def audit_subject(self) -> tuple[str, str]:
        """Name this export in audit events."""
        return ("export", str(self.public_id))
