"""Write down the configuration that is there, in the form that `apply` reads."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group

from archive.documents.models import AccessRule, BusinessUnit, ClassVersion, DocumentClass, IndexField, Producer
from archive.ingest.models import IngestMapping
from archive.retention.models import ClassSchedule, Schedule
from archive.search.models import SearchForm
from archive.storage.models import Tier
from portal.accounts.roles import ROLES


def export() -> dict[str, Any]:
    """Return the whole configuration; applying it again changes nothing."""
    return {
        "vellum_configuration": 1,
        "tiers": [_tier(row) for row in Tier.objects.order_by("key")],
        "units": [_unit(row) for row in BusinessUnit.objects.select_related("merged_into").order_by("pk")],
        "producers": list(Producer.objects.order_by("key").values("key", "label", "units")),
        "fields": [_field(row) for row in IndexField.objects.order_by("pk")],
        "schedules": [_schedule(row) for row in Schedule.objects.order_by("key")],
        "classes": [_class(row) for row in DocumentClass.objects.order_by("pk")],
        "mappings": list(IngestMapping.objects.order_by("key").values("key", "label", "definition")),
        "search_forms": [_search_form(row) for row in SearchForm.objects.order_by("position", "key")],
        "roles": [name for name in ROLES if Group.objects.filter(name=name).exists()],
        "access_rules": [
            {"role": row.group.name, "effect": row.effect, "expression": row.expression, "note": row.note}
            for row in AccessRule.objects.select_related("group").order_by("pk")
        ],
    }


def _search_form(row: SearchForm) -> dict[str, Any]:
    names = ("key", "label", "help", "position", "classes", "fields", "columns", "sort")
    roles = sorted(row.groups.values_list("name", flat=True))
    return {**{name: getattr(row, name) for name in names}, "roles": roles}


def _tier(row: Tier) -> dict[str, Any]:
    told = {
        key: getattr(row, key) for key in ("key", "label", "store", "storage_class", "first_byte_seconds", "is_default")
    }
    return {**told, "cost_per_gb_month": str(row.cost_per_gb_month)}


def _unit(row: BusinessUnit) -> dict[str, Any]:
    told = {key: getattr(row, key) for key in ("key", "label", "time_zone", "fiscal_year_end")}
    return {**told, "merged_into": row.merged_into.key if row.merged_into else None}


def _field(row: IndexField) -> dict[str, Any]:
    return {
        "key": row.key,
        "label": row.label,
        "type": row.type,
        "searchable": bool(row.slot) or row.multiple,
        "multiple": row.multiple,
        "retired": row.retired_at is not None,
    }


def _schedule(row: Schedule) -> dict[str, Any]:
    newest = row.versions.order_by("-version").first()
    told = {"years": newest.years, "cut_off": newest.cut_off, "legal_source": newest.legal_source} if newest else {}
    return {"key": row.key, "label": row.label, **told}


def _class(row: DocumentClass) -> dict[str, Any]:
    version = ClassVersion.objects.get(document_class=row, version=row.current)
    schedule = ClassSchedule.objects.filter(document_class=row).select_related("schedule").first()
    names = ("fields", "columns", "mapping", "transformers", "lock_mode", "bucket", "requires_party", "first_year")
    return {
        "key": row.key,
        "label": row.label,
        **{name: getattr(version, name) for name in names},
        "schedule": schedule.schedule.key if schedule else None,
    }
