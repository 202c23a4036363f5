"""A configuration file that is wrong: every problem is told with its place, and nothing is changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from tests.archive.ingest.state import rows
from tests.portal.configuration.files import only, written

pytestmark = pytest.mark.usefixtures("configured")
UNIT = {"key": "new", "label": "New"}
MERGED = [{**UNIT, "merged_into": "other"}, {"key": "other", "label": "Other", "merged_into": "new"}]
FORMS: dict[str, tuple[Any, str]] = {
    "no JSON": ('{"vellum_configuration": 1,}', "a.json, line 1, character 28: "),
    "a line that is none": ('{\n  "units": [\n    {]\n', "a.json, line 3, character 6: "),
    "a list": ([], "a.json, the top: "),
    "a key twice": ('{"vellum_configuration": 1, "vellum_configuration": 1}', "twice among vellum_configuration"),
    "another version": ({"vellum_configuration": 2}, "a.json, vellum_configuration: "),
    "no version": ({"units": []}, "'vellum_configuration' is a required property"),
    "an unknown section": (only(colours=[]), "'colours' was unexpected"),
    "an unknown word": (only(units=[{**UNIT, "colour": "blue"}]), "a.json, units[0]: "),
    "no label": (only(units=[{"key": "new"}]), "a.json, units[0]: 'label' is a required property"),
    "a key that is none": (only(units=[UNIT, {**UNIT, "key": "New Unit"}]), "a.json, units[1].key: "),
    "a number as a text": (only(schedules=[{**UNIT, "years": "10"}]), "a.json, schedules[0].years: "),
    "another type": (only(fields=[{**UNIT, "type": "money"}]), "a.json, fields[0].type: "),
}
MEANINGS: dict[str, tuple[Any, str]] = {
    "no time zone": (
        only(units=[{**UNIT, "time_zone": "Mars/Olympus"}]),
        'units[0] (new): No time zone is called "Mars',
    ),
    "a time zone that is a path": (only(units=[{**UNIT, "time_zone": "../../etc/passwd"}]), "units[0] (new): No time"),
    "merged into none": (only(units=[{**UNIT, "merged_into": "gone"}]), 'units[0] (new): No unit is called "gone".'),
    "merged into itself": (only(units=[{**UNIT, "merged_into": "new"}]), "units[0] (new): "),
    "merged in a circle": (only(units=MERGED), "units[1] (other): "),
    "a producer of no unit": (
        only(producers=[{**UNIT, "units": ["gone"]}]),
        "producers[0] (new): No unit is called gone",
    ),
    "a name of ours": (only(fields=[{"key": "account", "label": "A", "type": "text"}]), "fields[0] (account): "),
    "another type of a field": (
        only(fields=[{"key": "branch", "label": "Branch", "type": "number"}]),
        "fields[0] (branch): The field is of type text and is never retyped",
    ),
    "several numbers": (
        only(fields=[{"key": "sums", "label": "Sums", "type": "number", "multiple": True}]),
        "fields[0] (sums): Only text fields can have several values",
    ),
    "an unknown field": (only(classes=[{**UNIT, "fields": [{"key": "gone"}]}]), "classes[0] (new): No index field"),
    "an unknown column": (only(classes=[{**UNIT, "columns": ["gone"]}]), "classes[0] (new): No index field"),
    "an unknown schedule": (
        only(classes=[{**UNIT, "schedule": "gone"}]),
        'classes[0] (new): No schedule is called "gone"',
    ),
    "a mapping without columns": (only(mappings=[{**UNIT, "definition": {}}]), "mappings[0] (new): A mapping needs"),
    "an unknown role": (only(roles=["agent", "king"]), 'roles[1]: no role is called "king". Known: '),
    "a rule of no role": (
        only(access_rules=[{"role": "king", "effect": "allow", "expression": ""}]),
        'access_rules[0]: no role is called "king"',
    ),
    "a rule that is no query": (
        only(access_rules=[{"role": "agent", "effect": "allow", "expression": "unit:("}]),
        "access_rules[0]: ",
    ),
    "a rule over what changes": (
        only(access_rules=[{"role": "agent", "effect": "allow", "expression": "customer:1"}]),
        "access_rules[0]: ",
    ),
    "an unknown store": (only(tiers=[{**UNIT, "store": "moon"}]), 'tiers[0] (new): No store is called "moon"'),
    "two defaults": (
        only(tiers=[{**UNIT, "store": "local", "is_default": True}]),
        "tiers: ",
    ),
    "a cost that is none": (
        only(tiers=[{**UNIT, "store": "local", "cost_per_gb_month": "cheap"}]),
        'tiers[0] (new): cost_per_gb_month is "cheap"',
    ),
    "a field that a rule needs": (
        only(fields=[{"key": "branch", "label": "Branch", "type": "text", "retired": True}]),
        'access rule of agent: "deny branch:099" could not be read any more. ',
    ),
    "one key twice": (only(units=[UNIT, {**UNIT, "label": "Other"}]), "units[1] (new): "),
    "one rule twice": (
        only(access_rules=[{"role": "agent", "effect": "allow", "expression": "unit:retail"}] * 2),
        "access_rules[1]: ",
    ),
}


def refused(path: Path) -> str:
    """Apply a file that is wrong, really and as a rehearsal; return what is said, the same both times."""
    before = rows()
    said = []
    for dry_run in (True, False):
        with pytest.raises(CommandError) as caught:
            call_command("configure", str(path), dry_run=dry_run)
        said.append(str(caught.value))
        assert rows() == before
    assert said[0] == said[1] and said[0].startswith("Nothing was changed.\n")
    return said[0]


@pytest.mark.parametrize("what", FORMS)
def test_a_file_of_another_form_is_refused_with_the_place(tmp_path: Path, what: str) -> None:
    content, reason = FORMS[what]
    assert reason in refused(written(tmp_path / "a.json", content))


@pytest.mark.parametrize("what", MEANINGS)
def test_a_file_that_contradicts_what_is_there_is_refused_with_the_entry(tmp_path: Path, what: str) -> None:
    content, reason = MEANINGS[what]
    assert reason in refused(written(tmp_path / "a.json", content))


def test_all_problems_are_told_at_once_and_what_was_right_is_not_applied(tmp_path: Path) -> None:
    content = only(
        units=[UNIT, {**UNIT, "key": "x", "time_zone": "No/Where"}],
        producers=[{"key": "p", "label": "P", "units": ["gone"]}],
        roles=["king"],
    )
    said = refused(written(tmp_path / "a.json", content)).splitlines()
    assert [line.partition(" ")[0].rstrip(":") for line in said[1:]] == ["units[1]", "producers[0]", "roles[0]"]


def test_a_file_that_is_not_utf_8_or_not_there_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'{"vellum_configuration": 1, "x": "\xfc"}')
    assert "is not UTF-8 at byte 35" in refused(tmp_path / "a.json")
    assert "cannot be read: No such file" in refused(tmp_path / "absent.json")
    assert "cannot be read: Is a directory" in refused(tmp_path)


def test_without_a_file_the_command_says_what_it_needs() -> None:
    with pytest.raises(CommandError, match="Name a file to apply"):
        call_command("configure")


def test_more_searchable_fields_than_slots_are_refused_by_name(tmp_path: Path) -> None:
    fields = [{"key": f"day{n}_on", "label": "Day", "type": "date", "searchable": True} for n in range(5)]
    said = refused(written(tmp_path / "a.json", only(fields=fields)))
    assert "fields[" in said and "day" in said
