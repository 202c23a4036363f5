"""One channel's form of a communication, as sent, and the resources it needs."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Channel(models.TextChoices):
    """A channel; its bit stands in `Communication.channels`."""

    PRINT = "print", _("Print")
    EMAIL = "email", _("Email")
    WEB = "web", _("Web")
    MOBILE = "mobile", _("Mobile")
    SMS = "sms", _("SMS")
    FAX = "fax", _("Fax")

    @property
    def bit(self) -> int:
        """Return this channel's bit in the mask."""
        return 1 << list(Channel).index(self)


class Variant(models.Model):
    """The stored bytes of one channel: a locator (object, offset, length, encoding) and the digest they must have.

    Shapes: `number` counts from 1; the public id is `<communication>-<number>`. `blocks` holds a SHA-256 for each
    1 MiB of documents over 4 MiB. `source` tells of a larger file it was cut from: digest, offset, length. A channel
    stands once in a communication: numbers are given under the writer's lock, so two loads cannot both add one.
    """

    pk = models.CompositePrimaryKey("order_key", "number")
    order_key = models.BigIntegerField()
    number = models.PositiveSmallIntegerField()
    channel = models.CharField(max_length=6, choices=Channel.choices)
    content_type = models.CharField(max_length=100)
    size_bytes = models.BigIntegerField()
    sha256 = models.BinaryField(max_length=32)
    stored_object_id = models.BigIntegerField()
    offset = models.BigIntegerField()
    length = models.BigIntegerField()
    encoding = models.CharField(max_length=10, default="identity")
    blocks = models.BinaryField(null=True)
    load_id = models.BigIntegerField()
    load_position = models.BigIntegerField()
    batch_id = models.BigIntegerField(null=True)
    added_at = models.DateTimeField()
    pages = models.PositiveIntegerField(null=True)
    file_name = models.CharField(max_length=300)
    queue = models.CharField(max_length=200)
    queue_file = models.CharField(max_length=300)
    producer_ref = models.CharField(max_length=200)
    recipient_party = models.PositiveSmallIntegerField(null=True)
    resource_count = models.PositiveSmallIntegerField(default=0)
    source = models.JSONField(null=True)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["stored_object_id", "offset"], name="variant_object")]

    def __str__(self) -> str:
        return f"{self.order_key}-{self.number}"


class VariantResource(models.Model):
    """A resource that a variant names: the stored object, under the name by which the document refers to it."""

    pk = models.CompositePrimaryKey("order_key", "number", "position")
    order_key = models.BigIntegerField()
    number = models.PositiveSmallIntegerField()
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=300)
    stored_object_id = models.BigIntegerField()

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["stored_object_id"], name="resource_object")]

    def __str__(self) -> str:
        return self.name


class LateVariant(models.Model):
    """A variant that came later than its communication, under the place in its own load.

    What follows loads in their order (the word index) finds late variants here as it finds communications by
    (load, position).
    """

    pk = models.CompositePrimaryKey("load_id", "load_position", "number")
    load_id = models.BigIntegerField()
    load_position = models.BigIntegerField()
    number = models.PositiveSmallIntegerField()
    order_key = models.BigIntegerField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.order_key}-{self.number}"


class Rendition(models.Model):
    """A form made from a variant, or delivered beside it for reading: labelled, and never the original.

    Shapes: one variant has at most one of each purpose. A `viewing` one came from the producer and lies in a stored
    object like any document; `tool` is then what the producer says made it, or empty.
    """

    class Purpose(models.TextChoices):
        VIEWING = "viewing", _("for reading")

    pk = models.CompositePrimaryKey("order_key", "number", "purpose")
    order_key = models.BigIntegerField()
    number = models.PositiveSmallIntegerField()
    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    content_type = models.CharField(max_length=100)
    size_bytes = models.BigIntegerField()
    sha256 = models.BinaryField(max_length=32)
    stored_object_id = models.BigIntegerField()
    tool = models.CharField(max_length=100)
    tool_version = models.CharField(max_length=100)
    pages = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField()
    load_id = models.BigIntegerField()

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["stored_object_id"], name="rendition_object")]

    def __str__(self) -> str:
        return f"{self.order_key}-{self.number} {self.purpose}"
