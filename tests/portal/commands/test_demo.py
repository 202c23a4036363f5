"""`manage.py demo`: installs what is missing, so that it can be repeated at every start."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from archive.audit.actor import Actor
from archive.audit.models import Event
from archive.batches.models import Load
from archive.documents.models import BusinessUnit, Communication, DocumentClass, PartyAlias
from archive.storage.models import Tier
from portal.accounts.models import User
from portal.configuration.applying import apply
from tests.archive.ingest.state import rows

pytestmark = pytest.mark.django_db
# design.md, "Commands that stay stable"
PEOPLE = {"agent", "compliance", "records", "editor", "approver", "operations", "auditor", "admin"}


@pytest.fixture(autouse=True)
def _data(tmp_path: Path, settings: Any) -> None:
    (tmp_path / "data").mkdir()
    settings.DATA_DIR = tmp_path / "data"


def demo(**options: Any) -> str:
    """Run the command; return what is said."""
    said = io.StringIO()
    call_command("demo", stdout=said, **options)
    return said.getvalue()


def test_the_demo_has_what_was_promised_and_twice_is_as_once() -> None:
    first = demo(communications=12)
    assert set(User.objects.values_list("username", flat=True)) == PEOPLE
    assert set(BusinessUnit.objects.values_list("key", flat=True)) == {"retail", "commercial"}
    assert set(DocumentClass.objects.values_list("key", flat=True)) == {"statement", "policy", "bill", "notice"}
    assert Communication.objects.count() == 12 and PartyAlias.objects.count() == 2
    assert "12 archived" in first
    before = rows()
    second = demo(communications=12)
    assert rows() == before
    assert second.splitlines() == [line for line in first.splitlines() if line.startswith("Sign in as")]


@pytest.mark.parametrize(
    "change",
    [
        {"access_rules": [{"role": "agent", "effect": "allow", "expression": "unit:retail branch:012"}]},
        {"roles": ["agent"], "access_rules": []},
        {"schedules": [{"key": "statements-10y", "label": "Longer", "years": 30, "cut_off": "none"}]},
        {"units": [{"key": "retail", "label": "Our bank", "time_zone": "Europe/London", "fiscal_year_end": "06-30"}]},
        {"units": [{"key": "commercial", "label": "Gone", "merged_into": "retail"}]},
        {"producers": [{"key": "exstream-prod", "label": "Ours", "units": ["retail"]}]},
        {"fields": [{"key": "amount", "label": "Sum", "type": "number", "searchable": True, "retired": True}]},
        {"classes": [{"key": "bill", "label": "Invoice", "schedule": "statements-10y", "bucket": "month"}]},
        {
            "tiers": [
                {"key": "primary", "label": "Disks", "store": "local", "is_default": True, "first_byte_seconds": 9}
            ]
        },
    ],
    ids=lambda change: "-".join(change),
)
def test_what_an_operator_changed_stays_as_it_is_when_the_demo_runs_again(change: dict[str, Any]) -> None:
    demo(communications=0)
    assert apply({"vellum_configuration": 1, **change}, actor=Actor.system("tests")), "it is a change"
    before = rows()
    demo(communications=0)
    assert rows() == before, "no row is changed and no event is written"


def test_a_demo_beside_another_default_tier_takes_nothing_from_it() -> None:
    mine = {"key": "mine", "label": "Mine", "store": "local", "is_default": True}
    apply({"vellum_configuration": 1, "tiers": [mine]}, actor=Actor.system("tests"))
    demo(communications=0)
    assert list(Tier.objects.filter(is_default=True).values_list("key", flat=True)) == ["mine"]


def test_the_classes_of_the_demo_require_no_index_fields() -> None:
    demo(communications=0)
    for document_class in DocumentClass.objects.all():
        version = document_class.versions.get(version=document_class.current)
        assert not any(field["required"] for field in version.fields)


def test_everybody_signs_in_with_the_password_that_is_told_and_kept(client: Any, settings: Any) -> None:
    (told,) = [line for line in demo(communications=0).splitlines() if line.startswith("Sign in as")]
    password = told.rpartition(" ")[2]
    assert {name for name in PEOPLE if client.login(username=name, password=password)} == PEOPLE
    kept = settings.DATA_DIR / "demo_sign_ins.txt"
    assert kept.stat().st_mode & 0o777 == 0o600 and password in kept.read_text()
    assert demo(communications=0).strip().endswith(password)


def test_a_password_that_is_given_becomes_everybodys_once_and_is_recorded(client: Any) -> None:
    demo(communications=0)
    demo(communications=0, password="another long evening")
    assert client.login(username="agent", password="another long evening")
    changed = Event.objects.filter(verb="user.password_changed")
    assert changed.count() == len(PEOPLE)
    demo(communications=0, password="another long evening")
    assert changed.count() == len(PEOPLE)


def test_more_letters_are_added_to_those_that_are_there() -> None:
    demo(communications=5)
    first = set(Communication.objects.values_list("external_id", flat=True))
    demo(communications=12)
    assert first < set(Communication.objects.values_list("external_id", flat=True))


def test_after_a_start_that_broke_off_the_rest_is_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from archive.ingest import pipeline
    from archive.work.leases import StopRequested

    with monkeypatch.context() as killed:
        for name in ("CHUNK_RECORDS", "PART_RECORDS", "ROWS_IN_MEMORY"):
            killed.setattr(pipeline, name, 2)
        killed.setattr(pipeline.Pipeline, "_rows_waiting", _after_two(StopRequested))
        demo(communications=12)
    assert 0 < Communication.objects.count() < 12
    demo(communications=12)
    assert Communication.objects.count() == 12
    loads = Load.objects.count()
    demo(communications=12)
    assert Load.objects.count() == loads


def _after_two(error: type[BaseException]) -> Any:
    calls = 0

    def waiting(_pipeline: Any) -> int:
        nonlocal calls
        calls += 1
        if calls > 2:
            raise error
        return 10**9

    return waiting


@pytest.mark.parametrize("number", [-1, 1_000_001])
def test_a_number_that_is_none_is_refused(number: int) -> None:
    before = rows()
    with pytest.raises(CommandError, match="a number from 0 to 1,000,000"):
        demo(communications=number)
    assert rows() == before
