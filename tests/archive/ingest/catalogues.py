"""A catalogue without a database, for tests of validation."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any

from archive.ingest.catalogue import Catalogue, ClassInfo, FieldInfo, ScheduleInfo, UnitInfo
from archive.ingest.records import Draft, Problem, RawRecord
from archive.ingest.validate import Validator

TODAY = datetime.date(2026, 11, 1)
FIELDS = {
    "branch": FieldInfo(1, "branch", "text", "text_1"),
    "balance": FieldInfo(2, "balance", "number", "number_1"),
    "due_on": FieldInfo(3, "due_on", "date", "date_1"),
    "tags": FieldInfo(4, "tags", "text", multiple=True),
    "note": FieldInfo(5, "note", "text"),
}
RULES: dict[str, Any] = {
    "KTO": {"to": "branch", "pad": "5", "strip": " #"},
    "FAELLIG": {"to": "due_on", "date_format": "%d.%m.%Y"},
    "note": {"default": "none given"},
}
SCHEDULE = ScheduleInfo(version_id=1, years=10, cut_off="none")


def catalogue() -> Catalogue:
    """Return two units, classes that show one rule each, and producers with and without limits."""
    classes = [
        ClassInfo(1, "statement", 1, FIELDS, schedule=SCHEDULE),
        ClassInfo(2, "policy", 1, {"branch": replace(FIELDS["branch"], required=True)}, schedule=SCHEDULE),
        ClassInfo(3, "bill", 1, requires_party=True, schedule=SCHEDULE),
        ClassInfo(4, "mapped", 1, FIELDS, schedule=SCHEDULE, mapping=RULES),
        ClassInfo(5, "idle", 1),
    ]
    retail = UnitInfo(1, "retail", "Europe/Berlin")
    return Catalogue(
        units={"retail": retail, "former": retail, "commercial": UnitInfo(2, "commercial")},
        classes={info.key: info for info in classes},
        producers={"engine": (), "retail-engine": ("retail",)},
        slots=("date_1", "number_1", "text_1"),
    )


def validate(data: dict[str, Any], *, producer: str = "engine") -> Draft | Problem:
    """Validate one record on the first of November 2026."""
    return Validator(catalogue(), producer_key=producer, today=TODAY).validate(RawRecord(0, 1, b"", data))
