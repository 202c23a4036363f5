"""What is configured can be written down, and applied again here and elsewhere."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from archive.audit import triggers
from archive.audit.actor import Actor
from portal.configuration.applying import apply
from portal.configuration.exporting import export
from portal.configuration.reading import read
from tests.archive.ingest.state import everything, rows
from tests.portal.configuration.files import only

pytestmark = pytest.mark.usefixtures("configured")
ACTOR = Actor.system("tests")
HARD = only(
    units=[
        {"key": "old", "label": "Old", "merged_into": "retail"},
        {"key": "retail", "label": "Retail", "fiscal_year_end": "06-30"},
    ],
    producers=[{"key": "engine", "label": "Engine", "units": ["retail", "old"]}],
    fields=[
        {"key": "branch", "label": "Branch", "type": "text", "searchable": True, "retired": True},
        {"key": "note", "label": "Note", "type": "text"},
        {"key": "many", "label": "Many", "type": "text", "multiple": True},
    ],
    schedules=[{"key": "two-years", "label": "Two years", "years": 3, "legal_source": "§ 147 AO"}],
    classes=[
        {
            "key": "bill",
            "label": "Rechnung",
            "fields": [{"key": "due_on", "required": True}, {"key": "note"}, {"key": "many"}],
            "columns": ["due_on"],
            "mapping": {"Faellig": {"to": "due_on", "date_format": "%d.%m.%Y"}},
            "schedule": "two-years",
            "lock_mode": "rolling",
            "bucket": "quarter",
            "requires_party": True,
            "first_year": 2001,
        }
    ],
    access_rules=[
        {"role": "agent", "effect": "allow", "expression": "unit:retail"},
        {
            "role": "records",
            "effect": "allow",
            "expression": "(unit:retail OR unit:commercial) -class:draft",
            "note": "ü",
        },
    ],
    tiers=[{"key": "cold", "label": "Cold", "store": "local", "cost_per_gb_month": "0.0123", "first_byte_seconds": 60}],
)


def exported(path: Path) -> Path:
    """Write the configuration down by the command."""
    said = io.StringIO()
    before = everything()
    call_command("configure", export=path, stdout=said)
    assert everything() == before and said.getvalue() == f"Written to {path}.\n"
    return path


def test_what_was_written_down_changes_nothing_here(tmp_path: Path) -> None:
    for content in (only(), HARD):
        apply(content, actor=ACTOR)
        assert apply(content, actor=ACTOR) == []
        before = rows()
        assert apply(read(exported(tmp_path / "a.json")), actor=ACTOR) == []
        assert rows() == before


def test_what_was_written_down_makes_the_same_elsewhere(tmp_path: Path) -> None:
    apply(HARD, actor=ACTOR)
    there = export()
    content = read(exported(tmp_path / "a.json"))
    try:
        with transaction.atomic():
            _empty()
            assert export()["units"] == []
            apply(content, actor=ACTOR)
            assert json.dumps(export(), sort_keys=True) == json.dumps(there, sort_keys=True)
            raise _BackAgain
    except _BackAgain:
        pass


class _BackAgain(Exception):
    pass


def _empty() -> None:
    """Make this an empty installation, until it is rolled back."""
    from django.contrib.auth.models import Group

    from archive.documents.models import AccessRule, BusinessUnit, ClassVersion, DocumentClass, IndexField, Producer
    from archive.ingest.models import IngestMapping
    from archive.retention.models import ClassSchedule, Schedule, ScheduleVersion
    from archive.storage.models import Tier

    with connection.cursor() as cursor:
        for name in triggers.statements():
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
    BusinessUnit.objects.update(merged_into=None)
    for model in (AccessRule, ClassSchedule, ScheduleVersion, Schedule, ClassVersion, DocumentClass, IndexField):
        model.objects.all().delete()
    for model in (Producer, IngestMapping, BusinessUnit, Tier, Group):
        model.objects.all().delete()


def test_the_schema_that_is_published_is_the_one_that_is_checked(tmp_path: Path) -> None:
    from jsonschema import Draft202012Validator

    from portal.configuration.reading import SCHEMA

    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    assert set(export()) == set(schema["properties"])


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    from django.core.management.base import CommandError

    with pytest.raises(CommandError, match="cannot be written"):
        call_command("configure", export=tmp_path / "absent" / "a.json")
