"""`manage.py ingest`: what it prints, how it ends, and that `--check` reports everything and writes nothing."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from archive.audit.models import Event
from archive.batches.models import Load, Reject
from archive.documents.models import Communication, Producer
from archive.ingest import checking
from archive.work.models import WorkItem
from tests.archive.ingest.packages import manifest_of, package, record, write_folder, write_tar
from tests.archive.ingest.state import everything

pytestmark = pytest.mark.usefixtures("configured")
# design.md, "Commands that stay stable"
KEYS = ["load", "batches", "received", "archived", "variants_added", "duplicates", "rejected", "bytes", "seconds"]
SUMMED = ("archived", "variants_added", "duplicates", "rejected")


def ingest(path: Path, *options: str, producer: str = "engine") -> tuple[dict[str, Any], int]:
    """Run the command with --json; return what it printed and how it ended."""
    said, code = io.StringIO(), 0
    try:
        call_command("ingest", str(path), "--producer", producer, "--json", *options, stdout=said, stderr=io.StringIO())
    except SystemExit as end:
        code = int(end.code or 0)
    return json.loads(said.getvalue()), code


def mixed() -> dict[str, bytes]:
    """Return a package with a new record, a duplicate of one of `package(3)`, a late variant and four faults."""
    late = record(2)
    late["variants"].append({"channel": "sms", "text": "Your letter is ready."})
    return {
        "manifest.jsonl": manifest_of(
            record(1),
            late,
            record(4, batch="JOB7"),
            record(5, business_unit="nowhere"),
            record(6, issued_on="2026-02-31"),
            record(7, variants=[{"channel": "print", "file": "absent.pdf"}]),
        )
        + b"{broken\n"
        + manifest_of(record(4, batch="JOB7")),
        **{f"print/{number}.pdf": package(8)[f"print/{number}.pdf"] for number in (1, 2, 4, 5, 6)},
    }


def test_the_report_has_exactly_the_keys_that_were_promised(tmp_path: Path) -> None:
    members = {**package(2), "manifest.jsonl": manifest_of(record(1, batch="JOB8"), record(2, batch="JOB7"))}
    report, code = ingest(write_tar(tmp_path / "a.tar", members))
    assert list(report) == KEYS and code == 0
    assert report["load"] == Load.objects.get().pk and report["batches"] == ["JOB7", "JOB8"]
    assert (report["received"], report["archived"], report["rejected"]) == (2, 2, 0)
    assert report["bytes"] == sum(len(package(2)[f"print/{number}.pdf"]) for number in (1, 2))
    assert report["seconds"] > 0


def test_received_is_the_sum_of_the_four_and_one_rejected_record_ends_it_with_1(tmp_path: Path) -> None:
    ingest(write_tar(tmp_path / "a.tar", package(3)))
    report, code = ingest(write_tar(tmp_path / "b.tar", mixed()))
    assert code == 1 and [report[name] for name in SUMMED] == [1, 1, 2, 4]
    assert report["received"] == sum(report[name] for name in SUMMED)
    again, code = ingest(tmp_path / "a.tar")
    assert code == 0 and (again["duplicates"], again["bytes"]) == (3, 0)


def test_for_people_it_says_the_state_and_each_line_that_was_set_aside(tmp_path: Path) -> None:
    said = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("ingest", str(write_tar(tmp_path / "b.tar", mixed())), producer="engine", stdout=said, stderr=said)
    text = said.getvalue()
    assert "incomplete" in text and "line 5, issued_on: " in text and "line 7: " in text


def test_check_reports_what_the_load_then_does_and_writes_nothing_at_all(tmp_path: Path) -> None:
    ingest(write_tar(tmp_path / "a.tar", package(3)))
    path = write_tar(tmp_path / "b.tar", mixed())
    before = everything()
    checked, code = ingest(path, "--check")
    assert everything() == before and code == 1
    assert list(checked) == [*KEYS, "problems"] and checked["load"] is None
    loaded, _code = ingest(path)
    told = [name for name in KEYS if name not in ("load", "seconds")]
    assert [checked[name] for name in told] == [loaded[name] for name in told]
    rejects = Reject.objects.filter(load_id=loaded["load"]).order_by("record")
    assert checked["problems"] == list(rejects.values("line", "field", "code", "reason"))
    assert [problem["line"] for problem in checked["problems"]] == [4, 5, 6, 7]


def test_check_looks_at_every_record_of_a_large_package_in_few_queries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    monkeypatch.setattr(checking, "CHUNK_RECORDS", 10)
    members = package(35)
    members["manifest.jsonl"] += manifest_of(record(30), record(31, variants=[{"channel": "print", "text": "other"}]))
    path = write_tar(tmp_path / "a.tar", members)
    with django_assert_max_num_queries(20):
        report = checking.check_source(path, producer_key="engine")
    assert (report["received"], report["archived"], report["duplicates"], report["rejected"]) == (37, 35, 1, 1)
    assert report["problems"][0]["line"] == 37 and report["problems"][0]["code"] == "other_content"


def test_check_says_that_an_archive_is_cut_off_and_ends_with_1(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", package(4))
    with tarfile.open(path) as archive:
        cut = archive.getmember("print/3.pdf").offset_data + 3
    path.write_bytes(path.read_bytes()[:cut])
    before = everything()
    report, code = ingest(path, "--check")
    assert everything() == before and code == 1
    assert [problem["line"] for problem in report["problems"]] == [3, 4, None]
    assert report["problems"][-1]["code"] == "package"


def test_check_of_a_producer_that_nobody_knows_makes_none(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", package(2))
    before = everything()
    report, code = ingest(path, "--check", producer="newcomer")
    assert (everything(), code, report["archived"]) == (before, 0, 2)
    report, code = ingest(path, producer="newcomer")
    assert code == 0 and Producer.objects.filter(key="newcomer", label="newcomer").exists()
    events = Event.objects.filter(verb="producer.created", subject_kind="producer")
    assert events.count() == 1


@pytest.mark.parametrize("key", ["", "New Comer", "../x", "Ä", "x" * 61, ".x", "a\n"])
def test_a_key_that_is_none_makes_no_producer_and_no_load(tmp_path: Path, key: str) -> None:
    path = write_tar(tmp_path / "a.tar", package(1))
    before = everything()
    with pytest.raises(CommandError, match="is no key of a producer"):
        ingest(path, producer=key)
    assert everything() == before


def test_a_mapping_that_nobody_saved_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", package(1))
    before = everything()
    for options in ([], ["--check"]):
        with pytest.raises(CommandError, match='No mapping is called "other"'):
            ingest(path, "--mapping", "other", *options, producer="newcomer")
    assert everything() == before


@pytest.mark.parametrize("options", [[], ["--check"]])
def test_a_path_that_does_not_exist_is_said_and_nothing_is_written(tmp_path: Path, options: list[str]) -> None:
    before = everything()
    with pytest.raises(CommandError, match=r"There is no .*absent\.tar"):
        ingest(tmp_path / "absent.tar", *options)
    assert everything() == before


def test_what_is_no_package_ends_with_1_and_says_why(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    path.write_text("a letter")
    with pytest.raises(CommandError, match="neither a tar nor a zip"):
        ingest(path, "--check")
    assert not Load.objects.exists()
    said, complained = io.StringIO(), io.StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("ingest", str(path), producer="engine", json=True, stdout=said, stderr=complained)
    report = json.loads(said.getvalue())
    assert end.value.code == 1 and list(report) == KEYS and report["received"] == 0
    assert "neither a tar nor a zip" in complained.getvalue()
    assert Load.objects.get().state == "failed"


def test_a_folder_with_somebody_elses_csv_loads_by_a_saved_mapping(tmp_path: Path) -> None:
    lines = "Nummer;Kunde;Konto;Name;Datum;Datei;Saldo\nA-1;C-1;0004711;Eva Müller;31.10.2026;eins.pdf;1.204,55\n"
    folder = write_folder(tmp_path / "in", {"liste.csv": lines.encode("cp1252"), "eins.pdf": b"%PDF-1.7 one"})
    report, code = ingest(folder, "--mapping", "german-csv")
    assert (code, report["archived"]) == (0, 1)
    row = Communication.objects.get()
    assert (row.external_id, row.account_number, row.customer_id) == ("A-1", "0004711", "C-1")
    assert Load.objects.get().mapping_key == "german-csv"


def test_a_manifest_alone_is_a_package_with_the_files_beside_it(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "in", package(2))
    report, code = ingest(folder / "manifest.jsonl")
    assert (code, report["archived"]) == (0, 2)


def test_a_load_and_its_work_are_one_transaction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from archive.ingest import running

    def broken(*_arguments: Any) -> None:
        raise RuntimeError("power cut")

    path = write_tar(tmp_path / "a.tar", package(1))
    before = everything()
    with monkeypatch.context() as cut:
        cut.setattr(running.work, "claim", broken, raising=False)
        with pytest.raises(RuntimeError):
            ingest(path, producer="newcomer")
    assert everything() == before
    ingest(path)
    assert WorkItem.objects.get(kind="load.run").state == "done"


def test_an_interrupt_at_the_keyboard_leaves_a_load_that_can_be_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from archive.ingest.pipeline import Pipeline

    def interrupted(_pipeline: Pipeline) -> None:
        raise KeyboardInterrupt

    path = write_tar(tmp_path / "a.tar", package(1))
    with monkeypatch.context() as pressed:
        pressed.setattr(Pipeline, "run", interrupted)
        with pytest.raises(CommandError) as end:
            ingest(path)
    assert end.value.returncode == 130
    load = Load.objects.get()
    assert (load.state, load.message) == ("stopped", "Interrupted at the keyboard.")
    assert not WorkItem.objects.filter(state__in=WorkItem.OPEN).exists()


def test_a_package_that_was_replaced_meanwhile_is_not_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Going on in another file would leave its first records out, and say complete."""
    from archive.ingest import pipeline, running
    from archive.work.leases import StopRequested
    from tests.archive.ingest.test_interrupted import ACTOR, at_call, new_load

    monkeypatch.setattr(pipeline, "CHUNK_RECORDS", 1)
    monkeypatch.setattr(pipeline, "ROWS_IN_MEMORY", 1)
    path = write_tar(tmp_path / "a.tar", package(3))
    load = new_load(path)
    running.run_load(load, actor=ACTOR, control=at_call(2, StopRequested))
    load.refresh_from_db()
    assert load.state == "stopped" and 0 < load.next_record < 3
    shutil.copy(write_tar(tmp_path / "b.tar", package(6)), path)
    running.run_load(load, actor=ACTOR, control=lambda _load: None)
    load.refresh_from_db()
    assert load.state == "failed" and "has changed" in load.message
    _report, code = ingest(path)
    assert code == 0 and Communication.objects.count() == 6


def ingest_unsaid(path: Path, *options: str) -> tuple[dict[str, Any], int]:
    """Run the command with --json and without --producer."""
    said, code = io.StringIO(), 0
    try:
        call_command("ingest", str(path), "--json", *options, stdout=said, stderr=io.StringIO())
    except SystemExit as end:
        code = int(end.code or 0)
    return json.loads(said.getvalue()), code


def test_without_a_producer_the_load_is_of_the_one_that_the_first_record_names(tmp_path: Path) -> None:
    lines = [record(1, producer="newcomer"), record(2), record(3, producer="engine")]
    path = write_tar(tmp_path / "a.tar", {**package(3), "manifest.jsonl": b"{broken\n" + manifest_of(*lines)})
    before = everything()
    checked, code = ingest_unsaid(path, "--check")
    assert (everything(), code, checked["archived"], checked["rejected"]) == (before, 1, 2, 2)
    report, code = ingest_unsaid(path)
    assert (code, report["archived"], report["rejected"]) == (1, 2, 2)
    load = Load.objects.get()
    assert load.producer_key == "newcomer" and Producer.objects.filter(key="newcomer").exists()
    assert Event.objects.filter(verb="producer.created").count() == 1
    told = Reject.objects.get(code="other_producer")
    assert (told.line, told.field) == (4, "producer")
    assert told.reason == 'The load is of "newcomer", the record of "engine". Load it apart.'


def test_without_a_producer_anywhere_it_is_the_commands(tmp_path: Path) -> None:
    assert ingest_unsaid(write_tar(tmp_path / "a.tar", package(1)))[1] == 0
    assert Load.objects.get().producer_key == "command"


def test_without_a_producer_mended_records_are_of_the_load_that_set_them_aside(tmp_path: Path) -> None:
    ingest(write_tar(tmp_path / "a.tar", {**package(1), "manifest.jsonl": manifest_of(record(1, issued_on="x"))}))
    mended = tmp_path / "mended.jsonl"
    mended.write_bytes(manifest_of(record(1)))
    report, code = ingest_unsaid(mended, "--resubmits", f"L-{Load.objects.get().pk}")
    assert (code, report["archived"]) == (0, 1)
    assert set(Load.objects.values_list("producer_key", flat=True)) == {"engine"}


def test_without_a_producer_what_is_no_package_is_a_failed_load_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    path.write_text("a letter")
    assert ingest_unsaid(path)[1] == 1
    assert Load.objects.get().state == "failed"


def test_a_producer_that_the_manifest_names_wrongly_makes_none(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", {**package(1), "manifest.jsonl": manifest_of(record(1, producer="New Comer"))})
    before = everything()
    with pytest.raises(CommandError, match="is no key of a producer"):
        ingest_unsaid(path)
    assert everything() == before
