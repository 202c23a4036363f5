"""A snapshot of the configuration that a load validates against: taken once, so that a load is of one piece."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from archive.documents.models import BusinessUnit, ClassVersion, DocumentClass, IndexField, Producer
from archive.retention.selectors import schedules_by_class


@dataclass(slots=True, frozen=True)
class UnitInfo:
    """A business unit; one that was merged stands for the unit it was merged into."""

    id: int
    key: str
    time_zone: str = "UTC"
    fiscal_year_end: str = "12-31"


@dataclass(slots=True, frozen=True)
class FieldInfo:
    """An index field; without a slot it is shown, not searched."""

    id: int
    key: str
    type: str
    slot: str = ""
    multiple: bool = False
    required: bool = False


@dataclass(slots=True, frozen=True)
class ScheduleInfo:
    """The schedule version in force for a class."""

    version_id: int
    years: int
    cut_off: str


@dataclass(slots=True, frozen=True)
class ClassInfo:
    """The current version of a document class."""

    id: int
    key: str
    version: int
    fields: dict[str, FieldInfo] = field(default_factory=dict)
    lock_mode: str = "full"
    bucket: str = "year"
    requires_party: bool = False
    first_year: int = 1990
    schedule: ScheduleInfo | None = None
    mapping: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True, frozen=True)
class Catalogue:
    """Everything that a record is checked against.

    Shapes: `producers` maps a key to the unit keys it may write to, none of them meaning all; `slots` are the typed
    slots that some class uses, in order.
    """

    units: dict[str, UnitInfo]
    classes: dict[str, ClassInfo]
    producers: dict[str, tuple[str, ...]]
    slots: tuple[str, ...]


def load_catalogue() -> Catalogue:
    """Read the configuration in a constant number of queries."""
    fields = {row.key: row for row in IndexField.objects.filter(retired_at__isnull=True)}
    schedules = {
        class_id: ScheduleInfo(version.pk, version.years, version.cut_off)
        for class_id, version in schedules_by_class().items()
    }
    versions = {(row.document_class_id, row.version): row for row in ClassVersion.objects.all()}
    classes = {
        row.key: _class_info(row, versions[row.pk, row.current], fields, schedules.get(row.pk))
        for row in DocumentClass.objects.all()
        if (row.pk, row.current) in versions
    }
    slots = sorted({info.slot for known in classes.values() for info in known.fields.values() if info.slot})
    producers = {row.key: tuple(row.units) for row in Producer.objects.all()}
    return Catalogue(_units(), classes, producers, tuple(slots))


def _units() -> dict[str, UnitInfo]:
    rows = {row.pk: row for row in BusinessUnit.objects.all()}
    units: dict[str, UnitInfo] = {}
    for row in rows.values():
        target = row
        for _ in range(10):
            if target.merged_into_id is None:
                break
            target = rows[target.merged_into_id]
        units[row.key] = UnitInfo(target.pk, target.key, target.time_zone, target.fiscal_year_end)
    return units


def _class_info(
    row: DocumentClass, version: ClassVersion, fields: dict[str, IndexField], schedule: ScheduleInfo | None
) -> ClassInfo:
    used: dict[str, FieldInfo] = {}
    for entry in version.fields:
        known = fields.get(entry["key"])
        if known is not None:
            used[known.key] = FieldInfo(
                known.pk, known.key, known.type, known.slot, known.multiple, bool(entry.get("required"))
            )
    return ClassInfo(
        id=row.pk,
        key=row.key,
        version=version.version,
        fields=used,
        lock_mode=version.lock_mode,
        bucket=version.bucket,
        requires_party=version.requires_party,
        first_year=version.first_year,
        schedule=schedule,
        mapping=dict(version.mapping),
    )
