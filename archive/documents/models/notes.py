"""Notes: what people wrote down about a communication; append-only, kept and exported with the record."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from archive.audit.ids import PublicIdField, uuid7


class Note(models.Model):
    """One note. Nobody can change or remove it; a correction is a further note.

    Shapes: `number` counts from 1 within its communication. `author_name` outlives the author's account.
    """

    pk = models.CompositePrimaryKey("order_key", "number")
    order_key = models.BigIntegerField()
    number = models.PositiveIntegerField()
    public_id = PublicIdField(default=uuid7, unique=True, editable=False)
    body = models.TextField()
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, db_constraint=False, db_index=False
    )
    author_name = models.CharField(max_length=150)
    created_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        permissions = [
            ("view_notes", "Can read notes on communications"),
            ("add_notes", "Can add notes to communications"),
        ]

    def __str__(self) -> str:
        return f"{self.order_key}/{self.number}"
