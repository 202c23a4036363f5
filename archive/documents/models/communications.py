"""The communication: what the customer was told; the unit of everything."""

from __future__ import annotations

import datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from archive.audit.ids import OrderKeyField, PublicIdField
from archive.documents.order_key import issue_day

TEXT_SLOTS = tuple(f"t{n:02}" for n in range(1, 17))
NUMBER_SLOTS = tuple(f"n{n:02}" for n in range(1, 5))
DATE_SLOTS = tuple(f"d{n:02}" for n in range(1, 5))


class KeyedIndex(models.Index):
    """An index in issue order within one value.

    On SQLite every index ends in the rowid, which is the order key, so naming it again would store it twice.
    """

    def __init__(self, *, fields: Any = (), name: str | None = None, condition: models.Q | None = None) -> None:
        super().__init__(fields=fields, name=name, condition=condition)

    def create_sql(self, model: Any, schema_editor: Any, using: str = "", **kwargs: Any) -> Any:
        """Append the order key where the engine does not do so by itself."""
        if schema_editor.connection.vendor == "sqlite":
            return super().create_sql(model, schema_editor, using, **kwargs)
        keyed = models.Index(fields=[*self.fields, "order_key"], name=self.name, condition=self.condition)
        return keyed.create_sql(model, schema_editor, using, **kwargs)


class OrderKeyBlock(models.Model):
    """The allocator of order keys: one row that says which number comes next."""

    next_number = models.BigIntegerField(default=1)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.next_number)


class Communication(models.Model):
    """One communication, in issue order by its primary key (model.md §1).

    Shapes: `order_key` holds the issue day in its high bits and a number below. The first party's customer and the
    account are columns here; name and address lie in `Person`. Slots hold folded text, numbers times 10,000 and dates;
    `index_values` has the originals, `extra` what no class knows, kept and shown.
    Units: `channels` is a bit mask of `Channel.bit`; instants UTC; `retain_until` a legal date in the unit's zone.
    States: current → superseded (another communication replaces it).
    """

    class State(models.TextChoices):
        CURRENT = "current", _("Current")
        SUPERSEDED = "superseded", _("Superseded")

    order_key = OrderKeyField(primary_key=True)
    public_id = PublicIdField(unique=True)
    unit = models.ForeignKey("archive.BusinessUnit", models.PROTECT, db_index=False)
    document_class = models.ForeignKey("archive.DocumentClass", models.PROTECT, db_index=False)
    class_version = models.PositiveIntegerField()
    producer = models.ForeignKey("archive.Producer", models.PROTECT, db_index=False)
    external_id = models.CharField(max_length=200)
    load = models.ForeignKey("archive.Load", models.PROTECT, db_index=False)
    load_position = models.BigIntegerField()
    batch = models.ForeignKey("archive.Batch", models.PROTECT, null=True, db_index=False)
    run_sequence = models.BigIntegerField(null=True)
    sequence = models.BigIntegerField(null=True)
    archived_at = models.DateTimeField()
    customer_id = models.CharField(max_length=100)
    account_number = models.CharField(max_length=100)
    party_role = models.CharField(max_length=40)
    subject = models.CharField(max_length=500)
    language = models.CharField(max_length=35)
    channels = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.CURRENT)
    restricted = models.BooleanField(default=False)
    index_values = models.JSONField(null=True)
    extra = models.JSONField(null=True)
    asset_references = models.JSONField(null=True)

    retain_until = models.DateField()
    schedule_version_id = models.BigIntegerField()
    retention_trigger = models.CharField(max_length=20, default="issued")
    retention_trigger_on = models.DateField()
    retention_cut_off_on = models.DateField()

    t01 = models.CharField(max_length=200, null=True)  # noqa: DJ001  (null means: has no value)
    t02 = models.CharField(max_length=200, null=True)  # noqa: DJ001
    t03 = models.CharField(max_length=200, null=True)  # noqa: DJ001
    t04 = models.CharField(max_length=200, null=True)  # noqa: DJ001
    t05 = models.CharField(max_length=200, null=True)  # noqa: DJ001
    t06 = models.CharField(max_length=200, null=True)  # noqa: DJ001
    t07 = models.CharField(max_length=200, null=True)  # noqa: DJ001
    t08 = models.CharField(max_length=200, null=True)  # noqa: DJ001
    t09 = models.CharField(max_length=200, null=True)  # noqa: DJ001
    t10 = models.CharField(max_length=200, null=True)  # noqa: DJ001
    t11 = models.CharField(max_length=200, null=True)  # noqa: DJ001
    t12 = models.CharField(max_length=200, null=True)  # noqa: DJ001
    t13 = models.CharField(max_length=200, null=True)  # noqa: DJ001
    t14 = models.CharField(max_length=200, null=True)  # noqa: DJ001
    t15 = models.CharField(max_length=200, null=True)  # noqa: DJ001
    t16 = models.CharField(max_length=200, null=True)  # noqa: DJ001
    n01 = models.BigIntegerField(null=True)
    n02 = models.BigIntegerField(null=True)
    n03 = models.BigIntegerField(null=True)
    n04 = models.BigIntegerField(null=True)
    d01 = models.DateField(null=True)
    d02 = models.DateField(null=True)
    d03 = models.DateField(null=True)
    d04 = models.DateField(null=True)

    class Meta:
        default_permissions = ()
        permissions = [
            ("search_communications", "Can search and read communications"),
            ("download_communications", "Can download stored bytes"),
            ("view_parties", "Can see and search names, postcodes and addresses"),
            ("export_communications", "Can export lists of communications"),
            ("change_aliases", "Can record that a customer or account was renumbered"),
        ]
        constraints = [models.UniqueConstraint(fields=["load", "load_position"], name="communication_record_number")]
        indexes = [
            KeyedIndex(fields=["unit"], name="communication_unit"),
            KeyedIndex(fields=["document_class"], name="communication_class"),
            KeyedIndex(fields=["customer_id"], name="communication_customer"),
            KeyedIndex(fields=["account_number"], name="communication_account"),
            KeyedIndex(fields=["external_id"], name="communication_external"),
            KeyedIndex(fields=["archived_at"], name="communication_archived"),
            # Few are replaced: the line that counts what a list leaves out finds them without reading the list.
            KeyedIndex(fields=["state"], name="communication_superseded", condition=models.Q(state="superseded")),
            KeyedIndex(fields=["restricted"], name="communication_restricted", condition=models.Q(restricted=True)),
            KeyedIndex(fields=["batch"], name="communication_batch", condition=models.Q(batch__isnull=False)),
            *(
                KeyedIndex(
                    fields=[slot], name=f"communication_{slot}", condition=models.Q(**{f"{slot}__isnull": False})
                )
                for slot in (*TEXT_SLOTS, *NUMBER_SLOTS, *DATE_SLOTS)
            ),
        ]

    def __str__(self) -> str:
        return self.record_number

    @property
    def issued_on(self) -> datetime.date:
        """Return the issue day, a legal date in the unit's zone."""
        return issue_day(self.order_key)

    @property
    def record_number(self) -> str:
        """Return the number to say on the telephone."""
        return f"V-{self.load_id}-{self.load_position}"

    @property
    def audit_subject(self) -> tuple[str, str]:
        """Name this communication in audit events."""
        return ("communication", str(self.public_id))


class IngestKey(models.Model):
    """The identity of a communication: (unit, producer, external id). Never partitioned."""

    pk = models.CompositePrimaryKey("unit_id", "producer_id", "external_id")
    unit_id = models.BigIntegerField()
    producer_id = models.BigIntegerField()
    external_id = models.CharField(max_length=200)
    public_id = PublicIdField()
    order_key = models.BigIntegerField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.external_id


class MultipleValue(models.Model):
    """One value of a multiple index field, found by (field, value) in issue order."""

    pk = models.CompositePrimaryKey("field_id", "value", "order_key")
    field_id = models.BigIntegerField()
    value = models.CharField(max_length=200)
    order_key = models.BigIntegerField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.value


class CommunicationLink(models.Model):
    """A link from one communication to another, which may not have arrived yet (`to_key` empty till then)."""

    class Kind(models.TextChoices):
        SUPERSEDES = "supersedes", _("replaces")
        RESTART_OF = "restart_of", _("restart of")
        REPRINT_OF = "reprint_of", _("reprint of")
        REPLY_TO = "reply_to", _("reply to")
        BUNDLED_WITH = "bundled_with", _("bundled with")

    from_key = models.BigIntegerField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    to_unit_id = models.BigIntegerField()
    to_producer_id = models.BigIntegerField()
    to_external_id = models.CharField(max_length=200)
    to_key = models.BigIntegerField(null=True)
    reason = models.TextField(blank=True)
    created_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["from_key", "kind", "to_unit_id", "to_producer_id", "to_external_id"], name="link_once"
            )
        ]
        indexes = [
            models.Index(fields=["to_key"], name="link_to"),
            models.Index(
                fields=["to_unit_id", "to_producer_id", "to_external_id"],
                name="link_waiting",
                condition=models.Q(to_key__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.from_key} {self.kind} {self.to_external_id}"
