"""Search forms in the configuration: what is wrong is told with its place; what is right goes in, out and in again."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from archive.audit.actor import Actor
from archive.audit.models import Event
from archive.search.models import SearchForm
from archive.search.search_forms import list_forms
from portal.configuration.applying import apply
from portal.configuration.errors import ConfigurationError
from portal.configuration.exporting import export
from portal.configuration.missing import missing_of
from tests.archive.ingest.state import rows
from tests.portal.configuration.files import only, written

pytestmark = pytest.mark.usefixtures("configured")
ACTOR = Actor.system("tests")
FIELDS = [
    {"field": "words", "operator": "contains", "label": "Words", "help": 'A phrase: "late fee"'},
    {"field": "subject", "operator": "contains"},
    {"field": "customer", "operator": "is", "required": True},
    {"field": "account", "operator": "begins"},
    {"field": "issued", "operator": "between", "default": "-12m.."},
    {"field": "due_on", "operator": "between", "default": "2026-01-01..-0d"},
    {"field": "balance", "operator": "between", "default": "-10..12.50"},
    {"field": "channel", "operator": "any", "default": "email,sms"},
    {"field": "class", "operator": "any", "default": "bill"},
    {"field": "unit", "operator": "is", "default": "retail"},
    {"field": "branch", "operator": "begins"},
]
FORM: dict[str, Any] = {
    "key": "letters",
    "label": "Letters",
    "help": "What you know.",
    "position": 3,
    "classes": ["statement", "bill"],
    "columns": ["balance", "due_on"],
    "sort": "account",
    "roles": ["agent", "auditor"],
    "fields": FIELDS,
}


def with_field(field: str, operator: str, **more: Any) -> dict[str, Any]:
    """Return the form with one more field."""
    return {**FORM, "fields": [*FIELDS, {"field": field, "operator": operator, **more}]}


PLACE = "search_forms[0] (letters): "
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown field": (with_field("brnch", "is"), PLACE + 'fields[11]: there is no field "brnch".'),
    "an operator it has not": (
        with_field("customer", "between"),
        PLACE + 'fields[11]: "customer" has no operator "between". Use one of is, begins.',
    ),
    "words that are equal": (with_field("words", "is"), PLACE + 'fields[11]: "words" has no operator "is". Use one of'),
    "choices of what has none": (with_field("branch", "any"), PLACE + 'fields[11]: "branch" has no operator "any".'),
    "a range without dots": (
        with_field("issued", "between", default="2026"),
        PLACE + 'fields[11]: the default "2026" has no "..".',
    ),
    "a day that is none": (
        with_field("issued", "between", default="2026-02-31..-1w"),
        PLACE + 'fields[11]: the default "2026-02-31..-1w" has "2026-02-31", which is no day',
    ),
    "a number that is none": (
        with_field("balance", "between", default="..-12m"),
        PLACE + 'fields[11]: the default "..-12m" has "-12m", which is no number',
    ),
    "a choice that is none": (
        with_field("channel", "any", default="email,pigeon"),
        PLACE + 'fields[11]: the default "pigeon" is none of print, email',
    ),
    "a class of another form": (
        with_field("class", "is", default="draft"),
        PLACE + 'fields[11]: the default "draft" is none of bill, statement.',
    ),
    "words that are none": (
        with_field("words", "contains", default='"late'),
        PLACE + 'fields[11]: the default ""late" cannot be searched. The quote at character 1 is not closed.',
    ),
    "an unknown class": ({**FORM, "classes": ["statement", "gone"]}, PLACE + 'no class is called "gone".'),
    "an unknown column": ({**FORM, "columns": ["gone"]}, PLACE + 'columns: no index field is called "gone".'),
    "an unknown role": ({**FORM, "roles": ["agent", "king"]}, PLACE + 'no role is called "king".'),
    "an unknown sort": ({**FORM, "sort": "balance"}, "search_forms[0].sort: "),
    "an unknown operator": (with_field("customer", "like"), "search_forms[0].fields[11].operator: "),
    "no fields": ({**FORM, "fields": []}, "search_forms[0].fields: "),
    "no roles": ({key: FORM[key] for key in FORM if key != "roles"}, "search_forms[0]: 'roles' is a required"),
    "a word nobody knows": ({**FORM, "colour": "blue"}, "search_forms[0]: "),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_told_with_its_place_and_nothing_is_changed(tmp_path: Path, case: str) -> None:
    form, words = WRONG[case]
    before = rows()
    with pytest.raises(CommandError) as raised:
        call_command("configure", written(tmp_path / "a.json", only(search_forms=[form])))
    assert words in str(raised.value)
    assert rows() == before


def test_all_that_is_wrong_is_told_at_once() -> None:
    form = {**with_field("gone", "is"), "classes": ["gone"], "columns": ["gone"], "roles": ["king"]}
    with pytest.raises(ConfigurationError) as raised:
        apply(only(search_forms=[form, FORM]), actor=ACTOR)
    assert len(raised.value.problems) == 5 and "search_forms[1] (letters): The key stands there twice" in str(
        raised.value
    )


def test_a_rehearsal_tells_and_changes_nothing_and_applying_does(tmp_path: Path, user_of: Any) -> None:
    path = written(tmp_path / "a.json", only(search_forms=[FORM]))
    before, said = rows(), io.StringIO()
    call_command("configure", path, dry_run=True, stdout=said)
    assert rows() == before and not SearchForm.objects.exists()
    differences = ["search form letters: added", "search form letters: for agent, auditor"]
    assert said.getvalue().splitlines()[:2] == differences
    recorded = Event.objects.filter(verb="configuration.changed", subject_kind="search_form")
    assert apply(only(search_forms=[FORM]), actor=ACTOR) == differences and recorded.count() == 2
    assert [form.label for form in list_forms(user=user_of("agent"))] == ["Letters"]
    assert apply(only(search_forms=[FORM]), actor=ACTOR) == [] and recorded.count() == 2


def test_what_is_changed_is_told_field_by_field(user_of: Any) -> None:
    apply(only(search_forms=[FORM]), actor=ACTOR)
    changed = {**FORM, "label": "All letters", "columns": [], "roles": ["auditor"]}
    assert apply(only(search_forms=[changed]), actor=ACTOR) == [
        "search form letters: changed: columns, label",
        "search form letters: for auditor",
    ]
    assert list_forms(user=user_of("agent")) == []
    assert apply(only(search_forms=[{**changed, "roles": []}]), actor=ACTOR) == ["search form letters: for nobody"]
    assert apply(only(), actor=ACTOR) == [] and SearchForm.objects.count() == 1, "what a file leaves out stays"


def test_what_was_written_down_is_what_was_read() -> None:
    apply(only(search_forms=[FORM, {**FORM, "key": "first", "position": 1}]), actor=ACTOR)
    written_down = export()
    assert [entry["key"] for entry in written_down["search_forms"]] == ["first", "letters"]
    assert written_down["search_forms"][1] == FORM
    assert apply(written_down, actor=ACTOR) == []
    SearchForm.objects.all().delete()
    apply(written_down, actor=ACTOR)
    assert export() == written_down


def test_a_form_that_is_there_is_not_missing() -> None:
    other = {**FORM, "key": "other"}
    content = only(search_forms=[FORM, other])
    assert missing_of(content)["search_forms"] == [FORM, other]
    apply(only(search_forms=[FORM]), actor=ACTOR)
    assert missing_of(content)["search_forms"] == [other]
