"""Saved mappings: what the columns of a producer's index file mean."""

from __future__ import annotations

from django.db import models


class IngestMapping(models.Model):
    """A saved mapping from a CSV of any dialect to our records.

    Shapes: `definition` is described and checked in `archive/ingest/mapping.py`.
    """

    key = models.CharField(max_length=100, unique=True)
    label = models.CharField(max_length=200)
    definition = models.JSONField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.label
