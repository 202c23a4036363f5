"""The list of an export: what a row says of a communication, by right."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from archive.documents.models import BusinessUnit, Communication, DocumentClass, IndexField
from archive.documents.selectors import PARTIES_PERMISSION, first_names, index_fields
from archive.search.selectors import channels_of

Cell = str | int | Decimal | datetime.date | datetime.datetime | None


class ExportTable:
    """Header and rows of a list for one user; a few queries a batch, whatever its size.

    Shapes: names stand there for who may see them; index fields are those of all classes, in the order of their labels.
    """

    def __init__(self, user: Any) -> None:
        self._user = user
        self._names = user.has_perm(PARTIES_PERMISSION)
        self._units = dict(BusinessUnit.objects.values_list("pk", "label"))
        self._classes = dict(DocumentClass.objects.values_list("pk", "label"))
        self._fields = sorted(index_fields().values(), key=lambda field: field.label)

    @property
    def header(self) -> list[str]:
        """Return the heads of the columns."""
        names = [_("Name")] if self._names else []
        return [
            _("Record"),
            _("Issued"),
            _("Class"),
            _("Unit"),
            _("Subject"),
            _("Customer"),
            *names,
            _("Account"),
            _("Channels"),
            _("State"),
            _("Archived (UTC)"),
            _("Kept until"),
            _("External id"),
            _("Archive id"),
            *(field.label for field in self._fields),
        ]

    def rows(self, order_keys: Sequence[int]) -> list[list[Cell]]:
        """Return a row for each communication, in the order of the keys; what is gone meanwhile is left out."""
        found = Communication.objects.in_bulk(order_keys)
        names = first_names(order_keys, user=self._user)
        return [self._row(found[key], names.get(key, "")) for key in order_keys if key in found]

    def _row(self, row: Communication, name: str) -> list[Cell]:
        values = row.index_values or {}
        return [
            row.record_number,
            row.issued_on,
            self._classes[row.document_class_id],
            self._units[row.unit_id],
            row.subject,
            row.customer_id,
            *([name] if self._names else []),
            row.account_number,
            ", ".join(str(channel.label) for channel in channels_of(row.channels)),
            str(row.get_state_display()),
            row.archived_at.astimezone(datetime.UTC).replace(tzinfo=None, microsecond=0),
            row.retain_until,
            row.external_id,
            str(row.public_id),
            *(_typed(values.get(field.key), field.type) for field in self._fields),
        ]


def _typed(value: Any, kind: str) -> Cell:
    """Return an index value as its type; what does not read as it stays text."""
    if value is None or value == "":
        return None
    if isinstance(value, list):
        return ", ".join(map(str, value))
    text = str(value)
    try:
        if kind == IndexField.Type.NUMBER:
            return Decimal(text)
        if kind == IndexField.Type.DATE:
            return datetime.date.fromisoformat(text)
    except (InvalidOperation, ValueError):
        return text
    return text
