"""A search is a row with an opaque id, so that no query text stands in a URL."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from archive.audit.ids import PublicIdField, uuid7


class Search(models.Model):
    """What one user searched: canonical query text and sort. Only its user can open it."""

    public_id = PublicIdField(default=uuid7, unique=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="searches")
    query = models.TextField()
    sort = models.CharField(max_length=40, default="-issued")
    created_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["user", "-created_at"], name="search_recent")]

    def __str__(self) -> str:
        return str(self.public_id)

    @property
    def audit_subject(self) -> tuple[str, str]:
        """Name this search in audit events."""
        return ("search", str(self.public_id))
