"""The catalogue: the configuration as a load sees it, of one piece and at a constant cost."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from archive.documents.models import BusinessUnit
from archive.ingest.catalogue import load_catalogue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("configured")]


def test_units_classes_and_producers_are_those_of_the_configuration():
    catalogue = load_catalogue()
    assert {key: unit.time_zone for key, unit in catalogue.units.items()} == {
        "retail": "Europe/Berlin",
        "commercial": "Europe/London",
    }
    assert catalogue.producers["engine"] == ()
    statement = catalogue.classes["statement"]
    assert set(statement.fields) == {"branch", "balance", "tags"}
    assert statement.schedule is not None and (statement.schedule.years, statement.schedule.cut_off) == (
        10,
        "calendar_year",
    )
    assert catalogue.classes["bill"].requires_party
    assert catalogue.classes["draft"].schedule is None


def test_searchable_fields_have_slots_and_multiple_ones_have_none():
    fields = load_catalogue().classes["statement"].fields
    assert fields["branch"].slot.startswith("t") and fields["balance"].slot.startswith("n")
    assert fields["tags"].multiple and fields["tags"].slot == ""


def test_a_merged_unit_stands_for_the_one_it_became():
    retail = BusinessUnit.objects.get(key="retail")
    BusinessUnit.objects.filter(key="commercial").update(merged_into=retail)
    assert load_catalogue().units["commercial"].key == "retail"


def test_units_merged_in_a_circle_do_not_hang():
    retail, commercial = BusinessUnit.objects.get(key="retail"), BusinessUnit.objects.get(key="commercial")
    BusinessUnit.objects.filter(pk=retail.pk).update(merged_into=commercial)
    BusinessUnit.objects.filter(pk=commercial.pk).update(merged_into=retail)
    assert set(load_catalogue().units) == {"retail", "commercial"}


def test_the_number_of_queries_is_the_same_with_more_rows():
    with CaptureQueriesContext(connection) as few:
        load_catalogue()
    for number in range(5):
        BusinessUnit.objects.create(key=f"unit{number}", label=f"Unit {number}", time_zone="UTC")
    with CaptureQueriesContext(connection) as more:
        load_catalogue()
    assert len(few) == len(more)
