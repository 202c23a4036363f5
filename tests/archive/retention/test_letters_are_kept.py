"""Each letter holds until when it is kept, by which rule and from what (R-01, R-02), and says so in plain words."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Model, ProtectedError

from archive.audit.actor import Actor
from archive.audit.models import Event
from archive.audit.services import read_leaf
from archive.documents.models import BusinessUnit, Communication, DocumentClass
from archive.retention.explain import explain
from archive.retention.models import ClassSchedule, Schedule, ScheduleVersion
from archive.retention.rules import retain_until
from archive.retention.selectors import get_schedule_version, schedules_by_class
from portal.configuration.applying import apply
from portal.configuration.errors import ConfigurationError
from portal.configuration.reading import read
from tests.archive.documents.archives import Archive, letter
from tests.archive.ingest.conftest import load_package
from tests.archive.ingest.packages import manifest_of, write_tar

ACTOR = Actor.system("tests")
PARTY = [{"role": "holder", "customer_id": "C-1", "name": "Eva Müller"}]


def configure(**content: Any) -> list[str]:
    """Apply a part of a configuration."""
    return apply({"vellum_configuration": 1, **content}, actor=ACTOR)


def schedule(**changes: Any) -> dict[str, Any]:
    """Return the schedule of bills, changed."""
    return {"key": "two-years", "label": "Two years", "years": 2, "cut_off": "none", **changes}


def written(folder: Path, entry: dict[str, Any]) -> Path:
    """Write a configuration that has this schedule."""
    path = folder / "configuration.json"
    path.write_text(json.dumps({"vellum_configuration": 1, "schedules": [entry]}))
    return path


def recomputed(row: Communication) -> datetime.date:
    """Compute a letter's date again from what is stored beside it."""
    version = get_schedule_version(row.schedule_version_id)
    assert version is not None
    decision = retain_until(
        row.retention_trigger_on,
        years=version.years,
        cut_off=version.cut_off,
        fiscal_year_end=row.unit.fiscal_year_end,
    )
    assert decision.cut_off_on == row.retention_cut_off_on
    return decision.retain_until


@pytest.mark.parametrize(
    ("issued", "document_class", "expected"),
    [
        ("2024-02-29", "bill", "2026-03-01"),
        ("2024-02-29", "statement", "2034-12-31"),
        ("2026-10-31", "statement", "2036-12-31"),
        ("2026-10-31", "bill", "2028-10-31"),
        ("1990-01-01", "statement", "2000-12-31"),
    ],
)
def test_a_letter_is_stored_with_its_date_and_what_it_was_computed_from(
    archive: Archive, issued: str, document_class: str, expected: str
) -> None:
    row = archive.add("one", issued_on=issued, document_class=document_class, parties=PARTY)
    assert row.retain_until.isoformat() == expected
    assert row.retention_trigger_on.isoformat() == issued
    assert recomputed(row) == row.retain_until


@pytest.mark.parametrize("cut_off", ["none", "month", "quarter", "calendar_year", "fiscal_year"])
def test_every_cut_off_is_stored_so_that_it_computes_again(archive: Archive, cut_off: str) -> None:
    BusinessUnit.objects.filter(key="retail").update(fiscal_year_end="06-30")
    configure(schedules=[schedule(cut_off=cut_off, years=6)])
    days = ("2024-02-29", "2025-06-30", "2025-07-01", "2025-12-31", "2026-02-28")
    archive.load(
        *(letter(day, issued_on=day, document_class="bill", parties=PARTY) for day in days),
        *(
            letter(f"c{day}", issued_on=day, document_class="bill", business_unit="commercial", parties=PARTY)
            for day in days
        ),
    )
    for row in Communication.objects.all():
        assert recomputed(row) == row.retain_until


def test_a_class_without_a_schedule_takes_nothing_in_and_says_so(archive: Archive, tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", {"manifest.jsonl": manifest_of(letter("one", document_class="draft"))})
    load = load_package(path)
    assert (load.state, load.archived, load.rejected) == ("incomplete", 0, 1)
    reject = load.rejects.get()
    assert "schedule" in reject.reason.lower() and "draft" in reject.reason
    assert not Communication.objects.exists()


def test_once_the_class_has_a_schedule_the_same_record_is_archived(archive: Archive) -> None:
    configure(classes=[{"key": "draft", "label": "Draft", "schedule": "two-years"}])
    assert archive.add("one", document_class="draft").retain_until == datetime.date(2028, 10, 31)


def test_a_period_that_ends_beyond_the_year_9999_is_refused_wherever_it_is_asked_for(
    archive: Archive, tmp_path: Path
) -> None:
    """By the configuration; and where a row has it all the same, its records are set aside and nothing is archived."""
    with pytest.raises(ConfigurationError):
        read(written(tmp_path, schedule(years=9_000)))
    bill = Schedule.objects.get(key="two-years")
    ScheduleVersion.objects.create(schedule=bill, version=9, years=9_000, published_at=bill.versions.get().published_at)
    record = letter("one", document_class="bill", parties=PARTY)
    load = load_package(write_tar(tmp_path / "a.tar", {"manifest.jsonl": manifest_of(record)}))
    assert (load.archived, load.rejected) == (0, 1) and "9999" in load.rejects.get().reason
    assert not Communication.objects.exists()


# Versions


def test_another_period_is_a_new_version_and_letters_that_are_there_keep_theirs(
    archive: Archive, recorded: Any
) -> None:
    old = archive.add("old", document_class="bill", parties=PARTY)
    told = configure(schedules=[schedule(years=1, legal_source="§ 1")])
    assert told == ["schedule two-years: version 2, 1 years, none"]
    new = archive.add("new", document_class="bill", parties=PARTY)
    old.refresh_from_db()
    assert (old.retain_until.year, new.retain_until.year) == (2028, 2027)
    versions = {row.pk: (row.version, row.years) for row in ScheduleVersion.objects.filter(schedule__key="two-years")}
    assert [versions[row.schedule_version_id] for row in (old, new)] == [(1, 2), (2, 1)]
    event = Event.objects.filter(verb="schedule.published").latest("pk")
    said = {"version": 2, "years": 1, "cut_off": "none", "legal_source": "§ 1"}
    assert event.subject_id == "two-years" and read_leaf(event)["details"] == said


def test_the_same_period_again_is_no_version_and_no_event(archive: Archive) -> None:
    before = Event.objects.count()
    assert configure(schedules=[schedule()]) == []
    assert ScheduleVersion.objects.filter(schedule__key="two-years").count() == 1
    assert Event.objects.count() == before


@pytest.mark.parametrize("changes", [{"years": -1}, {"years": 1.5}, {"cut_off": "week"}, {"years": "two"}])
def test_a_schedule_that_makes_no_sense_is_refused_and_nothing_changes(
    archive: Archive, tmp_path: Path, changes: Any
) -> None:
    before = Event.objects.count()
    with pytest.raises(ConfigurationError) as refused:
        apply(read(written(tmp_path, schedule(**changes))), actor=ACTOR)
    assert next(iter(changes)) in str(refused.value)
    assert ScheduleVersion.objects.filter(schedule__key="two-years").count() == 1
    assert Event.objects.count() == before


def test_the_newest_version_is_in_force_and_a_class_without_schedule_is_absent(archive: Archive) -> None:
    configure(schedules=[schedule(years=3)])
    classes = dict(DocumentClass.objects.values_list("key", "pk"))
    found = schedules_by_class()
    assert set(found) == {classes["statement"], classes["bill"]}
    assert (found[classes["bill"]].version, found[classes["bill"]].years) == (2, 3)


def test_a_class_has_one_schedule_and_what_is_used_is_not_deleted(archive: Archive) -> None:
    for row in (Schedule.objects.get(key="two-years"), DocumentClass.objects.get(key="bill")):
        assert isinstance(row, Model)
        with pytest.raises(ProtectedError):
            row.delete()
    assert ClassSchedule.objects.filter(document_class__key="bill").count() == 1


# In plain words


def test_the_page_says_until_when_by_which_rule_and_from_what(archive: Archive, client: Any, user_of: Any) -> None:
    configure(schedules=[schedule(years=6, cut_off="fiscal_year", legal_source="§ 147 AO")])
    row = archive.add("one", document_class="bill", parties=PARTY)
    kept = explain(row)
    assert kept.until == row.retain_until == datetime.date(2032, 12, 31)
    assert kept.rule == "6 years from the end of its fiscal year, by the schedule “Two years”, version 2."
    assert kept.source == "§ 147 AO"
    begins, counted, zone = ((str(label), fact) for label, fact in kept.facts)
    assert begins[0] == "Begins with" and counted[0] == "Counted from"
    assert begins[1].startswith("issue date") and all(part in begins[1] for part in ("2026", "31"))
    assert all(part in counted[1] for part in ("2026", "31")) and counted[1] not in begins[1]
    assert zone == ("Time zone", "Europe/Berlin")
    client.force_login(user_of("agent"))
    page = client.get(f"/communications/{row.public_id}/?panel=kept").content.decode()
    assert "6 years from the end of its fiscal year" in page and "§ 147 AO" in page


def test_one_year_is_one_year(archive: Archive) -> None:
    configure(schedules=[schedule(years=1)])
    assert explain(archive.add("one", document_class="bill", parties=PARTY)).rule.startswith(
        "1 year from the day itself"
    )


def test_a_version_that_is_no_longer_listed_is_said_and_its_date_holds(archive: Archive) -> None:
    row = archive.add("one", document_class="bill", parties=PARTY)
    row.schedule_version_id = 99_999
    kept = explain(row)
    assert kept.until == row.retain_until and "no longer listed" in kept.rule and kept.facts == []
