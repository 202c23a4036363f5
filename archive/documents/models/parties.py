"""Whom a communication concerns. Names and addresses can be erased; roles and customer ids stay."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Party(models.Model):
    """A further party (number 1 and on): the first one's role and customer are columns of the communication."""

    pk = models.CompositePrimaryKey("order_key", "number")
    order_key = models.BigIntegerField()
    number = models.PositiveSmallIntegerField()
    role = models.CharField(max_length=40)
    customer_id = models.CharField(max_length=100)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["customer_id", "order_key"], name="party_customer")]

    def __str__(self) -> str:
        return f"{self.role} {self.customer_id}"


class Person(models.Model):
    """The erasable side of a party: name, postcode, address. Row 0 always exists and holds the record's salt.

    Shapes: `details` is what else came about the person, recipients' addresses by variant number among it.
    """

    pk = models.CompositePrimaryKey("order_key", "number")
    order_key = models.BigIntegerField()
    number = models.PositiveSmallIntegerField()
    salt = models.BinaryField(max_length=32)
    name = models.CharField(max_length=300)
    postcode = models.CharField(max_length=20)
    address = models.TextField()
    details = models.JSONField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.order_key}/{self.number}"


class PersonToken(models.Model):
    """A word of a name (`n:müller` folded) or a postcode (`p:70173`), in issue order. Erasable."""

    pk = models.CompositePrimaryKey("token", "order_key", "number")
    token = models.CharField(max_length=80)
    order_key = models.BigIntegerField()
    number = models.PositiveSmallIntegerField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.token


class PartyAlias(models.Model):
    """A renumbering: `old` and `new` are the same customer or account. Undone by a further row, never changed."""

    class Kind(models.TextChoices):
        CUSTOMER = "customer", _("Customer")
        ACCOUNT = "account", _("Account")

    unit = models.ForeignKey("archive.BusinessUnit", models.PROTECT, related_name="aliases")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    old = models.CharField(max_length=100)
    new = models.CharField(max_length=100)
    valid_from = models.DateField(null=True)
    source = models.CharField(max_length=200)
    reason = models.TextField(blank=True)
    undoes = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="undone_by", db_index=False)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["kind", "old"], name="alias_old"),
            models.Index(fields=["kind", "new"], name="alias_new"),
            # Partial: over all rows it would be taken for "undoes nothing", which is nearly every row.
            models.Index(fields=["undoes"], condition=models.Q(undoes__isnull=False), name="alias_undoes"),
        ]

    def __str__(self) -> str:
        return f"{self.old} → {self.new}"
