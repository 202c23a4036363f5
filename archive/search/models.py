"""Searches with opaque ids, so that no query text stands in a URL; what is selected in them; saved ones; forms."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models

from archive.audit.ids import PublicIdField, uuid7


class Search(models.Model):
    """What one user searched: canonical query text and sort. Only its user can open it.

    Shapes: with `selects_all` everything it finds is selected but its picks; without, its picks are what is selected.
    `form_key` is the search form that it came from, or empty.
    """

    public_id = PublicIdField(default=uuid7, unique=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="searches")
    query = models.TextField()
    sort = models.CharField(max_length=40, default="-issued")
    form_key = models.CharField(max_length=60, blank=True, default="")
    selects_all = models.BooleanField(default=False)
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


class Pick(models.Model):
    """A communication that was ticked in a list, so that a selection lasts across pages and the back button."""

    pk = models.CompositePrimaryKey("search_id", "order_key")
    search_id = models.BigIntegerField()
    order_key = models.BigIntegerField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.search_id}/{self.order_key}"


class SavedSearch(models.Model):
    """A search under a name: its owner's own, or shared with a group, whose members find by their own rights.

    Shapes: `query` is canonical text; names are unique for each owner.
    """

    public_id = PublicIdField(default=uuid7, unique=True, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_searches")
    group = models.ForeignKey(Group, models.SET_NULL, null=True, blank=True, related_name="saved_searches")
    name = models.CharField(max_length=100)
    query = models.TextField()
    sort = models.CharField(max_length=40, default="-issued")
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        permissions = [("share_searches", "Can share saved searches with the groups one belongs to")]
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="saved_search_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def audit_subject(self) -> tuple[str, str]:
        """Name this saved search in audit events."""
        return ("saved_search", str(self.public_id))


class SearchForm(models.Model):
    """A form for one kind of question: which fields an agent fills in, for which classes, and what the list shows.

    Shapes: `classes` are keys, empty means all; `fields` is a list of {field, operator, default, label, help, required}
    in order, `field` a name of the query language; `columns` are keys of index fields. Without groups nobody sees it.
    """

    key = models.CharField(max_length=60, unique=True)
    label = models.CharField(max_length=200)
    help = models.CharField(max_length=500, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    classes = models.JSONField(default=list)
    fields = models.JSONField(default=list)
    columns = models.JSONField(default=list)
    sort = models.CharField(max_length=40, default="-issued")
    groups = models.ManyToManyField(Group, related_name="search_forms")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.label
