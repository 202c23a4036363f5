"""Leave of a configuration only what an installation does not have: what is there belongs to its operators."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group
from django.db.models import Model

from archive.documents.models import BusinessUnit, DocumentClass, IndexField, Producer
from archive.ingest.models import IngestMapping
from archive.retention.models import Schedule
from archive.search.models import SearchForm
from archive.storage.models import Tier

SECTIONS: dict[str, type[Model]] = {
    "tiers": Tier,
    "units": BusinessUnit,
    "producers": Producer,
    "fields": IndexField,
    "schedules": Schedule,
    "classes": DocumentClass,
    "mappings": IngestMapping,
    "search_forms": SearchForm,
}


def missing_of(content: dict[str, Any]) -> dict[str, Any]:
    """Return the entries whose keys are not there yet, and the roles that are not, with their access rules.

    Shapes: a role that is there gets no rule, though it has none: its last one may have been taken away. A tier is the
    default only where there is none yet.
    """
    found = dict(content)
    for section, model in SECTIONS.items():
        there = set(model._default_manager.values_list("key", flat=True))
        found[section] = [entry for entry in content.get(section, ()) if entry["key"] not in there]
    if Tier.objects.filter(is_default=True).exists():
        found["tiers"] = [{**entry, "is_default": False} for entry in found["tiers"]]
    roles = set(Group.objects.values_list("name", flat=True))
    found["roles"] = [name for name in content.get("roles", ()) if name not in roles]
    found["access_rules"] = [entry for entry in content.get("access_rules", ()) if entry["role"] not in roles]
    return found
