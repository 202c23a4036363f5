"""`manage.py configure`: differences first, all of them or none, an event for each, and nothing the second time."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from archive.audit.actor import Actor
from archive.audit.models import Event
from archive.documents.models import AccessRule, BusinessUnit, ClassVersion, DocumentClass, IndexField, Producer
from archive.ingest.models import IngestMapping
from archive.retention.models import ClassSchedule, ScheduleVersion
from archive.storage.models import Tier
from portal.configuration.applying import apply
from portal.configuration.errors import ConfigurationError
from tests.archive.ingest.state import rows
from tests.portal.configuration.files import changed, only, written

pytestmark = pytest.mark.django_db
ACTOR = Actor.system("tests")


def configure(*arguments: Any, **options: Any) -> list[str]:
    """Run the command; return its lines."""
    said = io.StringIO()
    call_command("configure", *map(str, arguments), stdout=said, **options)
    return said.getvalue().splitlines()


def test_a_rehearsal_tells_every_difference_and_changes_nothing(tmp_path: Path) -> None:
    path = written(tmp_path / "a.json", changed())
    before = rows()
    rehearsed = configure(path, dry_run=True)
    assert rows() == before
    assert rehearsed[-1] == "Nothing was changed: this was a rehearsal."
    applied = configure(path)
    assert applied == [*rehearsed[:-1], "Applied."] and rows() != before
    for difference in ("business unit retail: added", "class statement: kept by schedule ten-years"):
        assert difference in applied, applied


def test_applying_twice_changes_nothing_and_records_nothing(tmp_path: Path) -> None:
    path = written(tmp_path / "a.json", changed())
    configure(path)
    before = rows()
    assert configure(path) == ["No differences."] and rows() == before
    assert configure(path, dry_run=True) == ["No differences."] and rows() == before


def test_every_difference_has_its_event(tmp_path: Path) -> None:
    applied = configure(written(tmp_path / "a.json", changed()))
    events = Event.objects.filter(verb__in=["configuration.changed", "schedule.published"])
    assert events.count() == len(applied) - 1
    assert set(events.values_list("actor_name", flat=True)) == {"manage.py configure"}


RULES = changed()["access_rules"]
CHANGES: dict[str, tuple[dict[str, Any], str, tuple[str, str]]] = {
    "a label": (
        only(units=[{"key": "retail", "label": "Private"}]),
        "business unit retail: changed: label",
        ("business_unit", "retail"),
    ),
    "a time zone": (
        only(units=[{"key": "retail", "label": "Retail", "time_zone": "UTC"}]),
        "business unit retail: changed: time_zone",
        ("business_unit", "retail"),
    ),
    "a merger": (
        only(units=[{"key": "commercial", "label": "Commercial", "merged_into": "retail"}]),
        "business unit commercial: changed: merged_into",
        ("business_unit", "commercial"),
    ),
    "what a producer may": (
        only(producers=[{"key": "engine", "label": "Engine", "units": ["retail"]}]),
        "producer engine: changed: units",
        ("producer", "engine"),
    ),
    "a retired field": (
        only(fields=[{"key": "balance", "label": "Balance", "type": "number", "searchable": True, "retired": True}]),
        "index field balance: changed: retired_at",
        ("index_field", "balance"),
    ),
    "a schedule": (
        only(schedules=[{"key": "two-years", "label": "Two years", "years": 3}]),
        "schedule two-years: version 2, 3 years, none",
        ("schedule", "two-years"),
    ),
    "a class": (
        only(classes=[{"key": "draft", "label": "Without schedule", "first_year": 2000}]),
        "class draft: version 2",
        ("class", "draft"),
    ),
    "how long a class is kept": (
        only(classes=[{"key": "draft", "label": "Without schedule", "schedule": "two-years"}]),
        "class draft: kept by schedule two-years",
        ("class", "draft"),
    ),
    "a mapping": (
        only(mappings=[{"key": "new", "label": "New", "definition": {"columns": {"a": "external_id"}}}]),
        "ingest mapping new: added",
        ("ingest_mapping", "new"),
    ),
    "a role": (only(roles=["editor"]), "role editor: permissions set", ("role", "editor")),
    "a rule more": (
        only(access_rules=[*RULES, {"role": "admin", "effect": "deny", "expression": "unit:retail"}]),
        "access rule admin: added: deny unit:retail",
        ("access_rule", "admin"),
    ),
    "a rule less": (
        only(access_rules=RULES[:1]),
        "access rule agent: removed: deny branch:099",
        ("access_rule", "agent"),
    ),
    "the last rule of a role": (
        only(roles=["operations"], access_rules=[]),
        "access rule operations: removed: allow everything",
        ("access_rule", "operations"),
    ),
    "a note of a rule": (
        only(access_rules=[{**RULES[0], "note": "as agreed"}, RULES[1]]),
        "access rule agent: note changed: allow unit:retail",
        ("access_rule", "agent"),
    ),
    "a tier": (
        only(tiers=[{"key": "primary", "label": "Disk", "store": "local"}]),
        "tier primary: changed: label",
        ("tier", "primary"),
    ),
}


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("what", CHANGES)
def test_one_change_is_told_once_recorded_once_and_made_once(what: str) -> None:
    content, difference, subject = CHANGES[what]
    before, events = rows(), Event.objects.count()
    assert apply(content, actor=ACTOR, dry_run=True) == [difference] and rows() == before
    assert apply(content, actor=ACTOR) == [difference]
    event = Event.objects.order_by("-pk")[0]
    assert Event.objects.count() == events + 1 and (event.subject_kind, event.subject_id) == subject
    after = rows()
    assert after != before and apply(content, actor=ACTOR) == [] and rows() == after


@pytest.mark.usefixtures("configured")
def test_what_a_file_does_not_name_stays(tmp_path: Path) -> None:
    before = rows()
    assert apply(only(), actor=ACTOR) == [] and rows() == before
    apply(only(access_rules=[{"role": "auditor", "effect": "allow", "expression": "unit:retail"}]), actor=ACTOR)
    assert AccessRule.objects.filter(group__name="agent").count() == 2
    apply(only(units=[{"key": "retail", "label": "Private"}]), actor=ACTOR)
    assert BusinessUnit.objects.get(key="retail").time_zone == "Europe/Berlin"


@pytest.mark.usefixtures("configured")
def test_roles_without_a_section_of_rules_keep_theirs_and_an_empty_section_without_roles_takes_nothing() -> None:
    before = rows()
    assert apply(only(roles=["agent", "operations"]), actor=ACTOR) == []
    assert apply(only(access_rules=[]), actor=ACTOR) == [] and rows() == before


@pytest.mark.usefixtures("configured")
def test_versions_stay_as_they_were_published() -> None:
    published = list(ClassVersion.objects.values()), list(ScheduleVersion.objects.values())
    apply(only(classes=[{"key": "statement", "label": "Statement", "fields": [{"key": "branch"}]}]), actor=ACTOR)
    apply(only(schedules=[{"key": "ten-years", "label": "Ten years", "years": 11}]), actor=ACTOR)
    assert list(ClassVersion.objects.order_by("pk").values())[: len(published[0])] == published[0]
    assert list(ScheduleVersion.objects.order_by("pk").values())[: len(published[1])] == published[1]
    assert DocumentClass.objects.get(key="statement").current == 2


@pytest.mark.usefixtures("configured")
def test_a_retired_field_keeps_its_slot_and_stays_with_the_class_that_had_it() -> None:
    slot = IndexField.objects.get(key="branch").slot
    apply(only(access_rules=[{"role": "agent", "effect": "allow", "expression": "unit:retail"}]), actor=ACTOR)
    field = {"key": "branch", "label": "Branch", "type": "text", "searchable": True}
    apply(only(fields=[{**field, "retired": True}]), actor=ACTOR)
    assert IndexField.objects.get(key="branch").slot == slot
    assert apply(only(classes=[changed()["classes"][0]]), actor=ACTOR) == []
    with pytest.raises(ConfigurationError, match="No index field is called branch"):
        apply(only(classes=[{"key": "bill", "label": "Bill", "fields": [{"key": "branch"}]}]), actor=ACTOR)
    assert apply(only(fields=[{**field, "retired": False}]), actor=ACTOR)
    assert IndexField.objects.get(key="branch").retired_at is None


def test_a_unit_may_be_merged_into_one_that_stands_later_in_the_file() -> None:
    units = [{"key": "a", "label": "A", "merged_into": "b"}, {"key": "b", "label": "B"}]
    apply(only(units=units), actor=ACTOR)
    assert BusinessUnit.objects.get(key="a").merged_into == BusinessUnit.objects.get(key="b")
    assert apply(only(units=units), actor=ACTOR) == []


@pytest.mark.usefixtures("configured")
def test_the_default_tier_can_be_another_one() -> None:
    tiers = [
        {"key": "primary", "label": "Local files", "store": "local", "is_default": False},
        {"key": "second", "label": "Second", "store": "local", "is_default": True},
    ]
    apply(only(tiers=tiers[::-1]), actor=ACTOR)
    assert Tier.objects.get(is_default=True).key == "second"
    assert apply(only(tiers=tiers), actor=ACTOR) == []
    with pytest.raises(ConfigurationError, match="default"):
        apply(only(tiers=[{**tiers[0], "is_default": True}]), actor=ACTOR)


@pytest.mark.usefixtures("configured")
def test_the_counts_are_those_of_the_file() -> None:
    content = changed()
    models = {
        "units": BusinessUnit,
        "producers": Producer,
        "fields": IndexField,
        "classes": DocumentClass,
        "mappings": IngestMapping,
        "access_rules": AccessRule,
        "tiers": Tier,
    }
    for section, model in models.items():
        assert model.objects.count() == len(content[section]), section
    assert ClassSchedule.objects.count() == 2
