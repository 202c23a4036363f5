"""`manage.py load_aliases`: renumberings from CSV, all of them or none, and none twice."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from archive.audit.models import Event
from archive.documents.models import PartyAlias
from tests.archive.ingest.state import rows

pytestmark = pytest.mark.usefixtures("configured")
HEADER = "unit,kind,old,new,from,source,reason\n"
GOOD = HEADER + "retail,customer,C-1,C-2,2026-01-31,merger,two rows\nretail,account,0001,0002,,,\n"


def load(path: Path, text: str | bytes) -> str:
    """Write a CSV and load it; return what is said."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    said = io.StringIO()
    call_command("load_aliases", str(path), stdout=said)
    return said.getvalue()


def test_renumberings_are_loaded_and_each_has_its_event(tmp_path: Path) -> None:
    assert load(tmp_path / "a.csv", GOOD) == "2 renumberings added, 0 were there already.\n"
    told = list(PartyAlias.objects.order_by("pk").values_list("unit__key", "kind", "old", "new", "source", "reason"))
    assert told == [
        ("retail", "customer", "C-1", "C-2", "merger", "two rows"),
        ("retail", "account", "0001", "0002", "", ""),
    ]
    assert str(PartyAlias.objects.order_by("pk")[0].valid_from) == "2026-01-31"
    assert Event.objects.filter(verb="alias.added", actor_name="manage.py load_aliases").count() == 2


def test_loading_twice_adds_nothing_and_records_nothing(tmp_path: Path) -> None:
    load(tmp_path / "a.csv", GOOD)
    before = rows()
    assert load(tmp_path / "a.csv", GOOD) == "0 renumberings added, 2 were there already.\n"
    assert rows() == before


def test_columns_may_stand_in_any_order_and_the_last_three_may_be_absent(tmp_path: Path) -> None:
    assert "1 renumberings added" in load(tmp_path / "a.csv", "new,old,kind,unit\r\n C-2 , C-1 ,customer,retail\r\n")
    assert PartyAlias.objects.get().old == "C-1"


BAD: dict[str, tuple[str | bytes, str]] = {
    "an unknown unit": (HEADER + "nowhere,customer,1,2,,,\n", 'Row 1: no unit is called "nowhere".'),
    "an unknown kind": (GOOD + "retail,person,1,2,,,\n", 'Row 3: kind is "person".'),
    "the same number": (GOOD + "retail,customer,1,1,,,\n", "Row 3: old and new must be two different numbers."),
    "no number": (GOOD + "retail,customer,,1,,,\n", "Row 3: old and new must be"),
    "no date": (GOOD + "retail,customer,1,2,31.01.2026,,\n", "Row 3: from is no date"),
    "a day that is none": (GOOD + "retail,customer,1,2,2026-02-31,,\n", "Row 3: from is no date"),
    "a number too long": (GOOD + f"retail,customer,1,{'2' * 101},,,\n", "Row 3: numbers have at most 100"),
    "columns missing": ("unit,old\nretail,1\n", "The columns kind, new are missing."),
    "a byte order mark": ("\ufeff" + GOOD, "The columns unit are missing."),
    "a column twice": ("unit,kind,old,new,old\nretail,customer,1,2,3\n", "Two columns have the same name."),
    "a cell too many": (GOOD + "retail,customer,1,2,,,x,y\n", "Row 3 has more cells"),
    "a cell too few": (GOOD + "retail,customer,1\n", "Row 3: old and new must be"),
    "an open quote": (GOOD + 'retail,customer,"1,2,,,\n', "unexpected end of data"),
    "another encoding": (GOOD.encode() + b"retail,customer,M\xfcller,2,,,\n", "codec can't decode"),
    "nothing": ("", "The columns unit, kind, old, new are missing."),
}


@pytest.mark.parametrize("what", BAD)
def test_a_file_with_one_fault_is_refused_whole_with_its_row(tmp_path: Path, what: str) -> None:
    text, reason = BAD[what]
    before = rows()
    with pytest.raises(CommandError) as caught:
        load(tmp_path / "a.csv", text)
    assert reason in str(caught.value) and str(caught.value).startswith("a.csv: ")
    assert str(caught.value).endswith("Nothing was changed.")
    assert rows() == before


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        call_command("load_aliases", str(tmp_path / "absent.csv"))
