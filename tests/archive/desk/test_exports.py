"""Exports: what stands in them, by right, recorded; small at once, large in the background; links for their user."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core import signing
from django.test import Client
from django.utils import timezone

from archive.audit.actor import Actor
from archive.desk.exporting import lists, services
from archive.desk.exporting.services import MOST_WITHOUT_MANY, path_of
from archive.desk.models import Export
from archive.documents.models import Variant
from archive.documents.services import add_note
from archive.work.models import WorkItem
from archive.work.services import claim, run, run_due_items, stop
from tests.archive.desk.test_selection import started, tick
from tests.archive.documents.archives import Archive, body_of, events, letter, private_texts, set_rules, sms

VERBS = ("export.created", "export.built", "export.downloaded", "export.deleted")


@pytest.fixture
def auditor(client: Any, user_of: Any) -> Any:
    """Return an auditor who is signed in."""
    user = user_of("auditor")
    client.force_login(user)
    return user


def ask(client: Any, kind: str, query: str = "") -> Any:
    """Select all that a query finds and ask for a file of it."""
    search = started(client, query)
    client.post(f"/search/{search.public_id}/selection", {"all": "1"})
    return client.post(f"/search/{search.public_id}/export/", {"kind": kind})


def fetched(client: Any, kind: str, query: str = "") -> bytes:
    """Return the file of a small export."""
    answer = client.get(ask(client, kind, query)["Location"])
    assert answer.status_code == 200 and answer["Content-Disposition"].startswith("attachment;")
    assert answer["Cache-Control"] == "no-store" and answer["X-Content-Type-Options"] == "nosniff"
    return body_of(answer)


def table_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_a_list_has_a_row_for_each_with_names_by_right(archive: Archive, client: Any, auditor: Any) -> None:
    person = {"role": "holder", "customer_id": "C-1", "name": "Eva", "postcode": "70173"}
    archive.load(
        letter("a", customer_id="C-1", parties=[person], index={"branch": "012", "balance": "1204.55"}),
        letter("b", account_number="0004711", issued_on="2026-01-05"),
    )
    first, second = table_of(fetched(client, "csv"))
    assert (first["Record"], first["Name"], first["Balance"]) == (archive.get("a").record_number, "Eva", "1204.55")
    assert (second["Issued"], second["Account"], second["Branch"]) == ("2026-01-05", "0004711", "")
    asked, built, downloaded = events(*VERBS)
    assert [event.verb for event in (asked, built, downloaded)] == list(VERBS[:3])
    assert private_texts(asked) == {"query": ""}


def test_an_operator_without_the_right_to_names_gets_none(archive: Archive, client: Any, auditor: Any) -> None:
    from django.contrib.auth.models import Permission

    archive.load(letter("a", parties=[{"role": "holder", "customer_id": "C-1", "name": "Eva"}]))
    auditor.groups.get().permissions.remove(Permission.objects.get(codename="view_parties"))
    content = fetched(client, "csv")
    assert b"Name" not in content and b"Eva" not in content


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_executed(archive: Archive, client: Any, auditor: Any, start: str) -> None:
    archive.load(letter("a", subject=f"{start}x", extra_field="y"))
    (row,) = table_of(fetched(client, "csv"))
    assert row["Subject"][0] not in "=+-@\t\r"
    with zipfile.ZipFile(io.BytesIO(fetched(client, "xlsx"))) as book:
        sheets = [book.read(name) for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
    assert len(sheets) == 1 and b"<f>" not in sheets[0] and b"<f " not in sheets[0]


def test_what_excel_cannot_hold_does_not_abort(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    rows: list[list[Any]] = [["\x0b\ud800", "x" * 40_000, 10**20, "\x00=1"], ["b", None, 1, "€"]]
    lists.write_xlsx(path, ["A", "B", "C", "D"], [rows])
    with zipfile.ZipFile(path) as book:
        assert b"xxx" in book.read("xl/worksheets/sheet1.xml") and book.testzip() is None


def test_beyond_the_rows_of_a_sheet_another_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "MOST_ROWS", 3)
    path = tmp_path / "a.xlsx"
    lists.write_xlsx(path, ["A"], [[["1"], ["2"]], [["3"], ["4"], ["5"]]])
    with zipfile.ZipFile(path) as book:
        assert sum(name.startswith("xl/worksheets/sheet") for name in book.namelist()) == 3


def test_originals_are_whole_and_can_be_checked(archive: Archive, client: Any, auditor: Any) -> None:
    archive.add_file(
        "a", "mail/a.html", b"<img src='logo.png'>", "text/html", resources={"mail/logo.png": b"\x89PNG picture"}
    )
    archive.load(
        letter("b", variants=[sms("Words"), {"channel": "print", "file": "b.pdf"}]), members={"b.pdf": b"%PDF b"}
    )
    add_note(communication=archive.get("b"), text="Called", actor=Actor.system("tests"))
    with zipfile.ZipFile(io.BytesIO(fetched(client, "zip"))) as archived:
        files = {name: archived.read(name) for name in archived.namelist()}
    a, b = archive.get("a").record_number, archive.get("b").record_number
    assert files[f"{b}-print.pdf"] == b"%PDF b" and files[f"{b}-sms.txt"] == b"Words"
    assert files[f"{a}-web.html"] == b"<img src='logo.png'>" and b"picture" in files[f"{a}-web_files/001-logo.png"]
    sums = dict(line.split("  ")[::-1] for line in files["sha256sums.txt"].decode().splitlines())
    assert {name: hashlib.sha256(files[name]).hexdigest() for name in sums} == sums and len(sums) == 4
    assert b"Called" in files["notes.csv"] and len(table_of(files["list.csv"])) == 2 and "missing.txt" not in files
    reads = events("variant.downloaded")
    assert len(reads) == 3 and {event.actor_name for event in reads} == {"auditor"}


def test_what_is_damaged_is_named_and_the_rest_is_whole(archive: Archive, client: Any, auditor: Any) -> None:
    archive.load(letter("a", variants=[sms("first")]), letter("b", variants=[sms("second")]))
    Variant.objects.filter(order_key=archive.get("a").order_key).update(offset=3)
    assert ask(client, "zip")["Location"] == "/exports/"
    export = Export.objects.get()
    assert "1 document failed its check" in export.message
    with zipfile.ZipFile(path_of(export)) as archived:
        assert archived.testzip() is None
        assert archive.get("a").record_number in archived.read("missing.txt").decode()
        assert archived.read(f"{archive.get('b').record_number}-sms.txt") == b"second"


def test_a_selection_by_hand_is_exported_as_ticked(archive: Archive, client: Any, auditor: Any) -> None:
    archive.load(*(letter(name) for name in "abc"))
    search = started(client)
    tick(client, archive, search, "abc", "ac")
    page = client.get(f"/search/{search.public_id}/export/").content.decode()
    assert "<b>2 communications</b> ticked." in page
    answer = client.post(f"/search/{search.public_id}/export/", {"kind": "csv"})
    assert {row["External id"] for row in table_of(body_of(client.get(answer["Location"])))} == {"a", "c"}


def test_nothing_selected_is_said_and_nothing_written(archive: Archive, client: Any, auditor: Any) -> None:
    archive.load(letter("a"))
    search = started(client)
    answer = client.post(f"/search/{search.public_id}/export/", {"kind": "csv"})
    assert answer.status_code == 422 and "Nothing is selected that could be exported" in answer.content.decode()
    assert client.post(f"/search/{search.public_id}/export/", {"kind": "exe"}).status_code == 422
    assert not Export.objects.exists() and not events(*VERBS)


def test_large_ones_are_made_in_the_background(
    archive: Archive, client: Any, auditor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "AT_ONCE_ROWS", 1)
    monkeypatch.setattr(services, "BATCH", 2)
    archive.load(*(letter(f"l{number}") for number in range(5)))
    assert ask(client, "csv")["Location"] == "/exports/"
    export = Export.objects.get()
    assert export.state == "waiting" and not path_of(export).exists()
    assert "Queued" in client.get("/exports/").content.decode()
    run_due_items()
    export.refresh_from_db()
    assert (export.state, export.done, export.total) == ("ready", 5, 5)
    assert export.sha256 == hashlib.sha256(path_of(export).read_bytes()).hexdigest()
    rows = client.get("/exports/", headers={"HX-Request": "true"}).content.decode()
    assert "data-ended" in rows and "<html" not in rows
    link = client.post(f"/exports/{export.public_id}/fetch")["Location"]
    assert len(table_of(body_of(client.get(link)))) == 5


def running(archive: Archive, client: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[Export, Any]:
    """Return an export of three letters as claimed background work, a letter a batch."""
    monkeypatch.setattr(services, "AT_ONCE_ROWS", 1)
    monkeypatch.setattr(services, "BATCH", 1)
    archive.load(*(letter(f"l{number}") for number in range(3)))
    ask(client, "csv")
    lease = claim(WorkItem.objects.get(kind="desk.export").pk)
    assert lease is not None
    return Export.objects.get(), lease


def between_batches(lease: Any, monkeypatch: pytest.MonkeyPatch, act: Any) -> None:
    """Do something after the first batch."""
    heartbeat = lease.heartbeat

    def beat(**told: Any) -> None:
        if told["done"] == 1:
            act()
        heartbeat(**told)

    monkeypatch.setattr(lease, "heartbeat", beat)


def test_a_right_that_is_taken_away_ends_a_running_export(
    archive: Archive, client: Any, auditor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    export, lease = running(archive, client, monkeypatch)
    between_batches(lease, monkeypatch, lambda: auditor.groups.clear())
    run(lease)
    export.refresh_from_db()
    assert export.state == "failed" and "taken away" in export.message
    assert list(path_of(export).parent.glob(f"{export.public_id}*")) == [] and not events("export.built")


def test_what_is_no_longer_seen_is_left_out_of_a_running_export(
    archive: Archive, client: Any, auditor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    export, lease = running(archive, client, monkeypatch)
    between_batches(lease, monkeypatch, lambda: set_rules(auditor.groups.get(), allow=("unit:commercial",)))
    run(lease)
    export.refresh_from_db()
    assert (export.state, export.done) == ("ready", 1)


def test_a_stop_leaves_nothing(archive: Archive, client: Any, auditor: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    export, lease = running(archive, client, monkeypatch)
    monkeypatch.setattr("archive.work.leases.LOOK_SECONDS", 0.0)
    actor = Actor.of_user(auditor)
    between_batches(lease, monkeypatch, lambda: stop(kind="desk.export", key=str(export.pk), actor=actor))
    run(lease)
    export.refresh_from_db()
    assert export.state == "stopped" and list(path_of(export).parent.glob(f"{export.public_id}*")) == []


def test_a_waiting_export_stops_at_once(
    archive: Archive, client: Any, auditor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "AT_ONCE_ROWS", 0)
    archive.load(letter("a"))
    ask(client, "csv")
    export = Export.objects.get()
    client.post(f"/exports/{export.public_id}/stop/")
    run_due_items()
    export.refresh_from_db()
    assert export.state == "stopped" and not path_of(export).exists()


def test_a_link_is_for_its_user_for_a_while_and_can_be_revoked(
    archive: Archive, client: Any, auditor: Any, user_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.load(letter("a"))
    link = ask(client, "csv")["Location"]
    export = Export.objects.get()
    other = Client()
    other.force_login(user_of("auditor", name="other"))
    assert other.get(link).status_code == 404 and other.post(f"/exports/{export.public_id}/fetch").status_code == 404
    assert client.get(link.replace("?t=", "?t=x")).status_code == 404
    assert client.get(f"/exports/{export.public_id}/file").status_code == 404
    assert client.get(link).status_code == 200 and client.get(link).status_code == 200
    monkeypatch.setattr(services, "LINK_SECONDS", -1)
    assert client.get(link).status_code == 404
    monkeypatch.undo()
    token = signing.dumps([str(export.public_id), auditor.pk, 5], salt="archive.desk.export")
    assert client.get(f"/exports/{export.public_id}/file?t={token}").status_code == 404
    client.post(f"/exports/{export.public_id}/delete/")
    assert client.get(link).status_code == 404 and not path_of(export).exists()
    assert [event.verb for event in events(*VERBS)] == [*VERBS[:2], VERBS[2], VERBS[2], VERBS[3]]


def test_without_the_right_any_more_a_link_is_refused(archive: Archive, client: Any, auditor: Any) -> None:
    archive.load(letter("a"))
    link = ask(client, "csv")["Location"]
    auditor.groups.clear()
    assert client.get(link).status_code == 403 and not events("export.downloaded")


def test_a_role_without_the_right_gets_no_page(client: Any, user_of: Any) -> None:
    client.force_login(user_of("operations"))
    assert client.get("/exports/").status_code == 403


def test_an_agent_may_export_so_many_at_a_time(
    archive: Archive, client: Any, user_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "MOST_WITHOUT_MANY", 2)
    client.force_login(user_of("agent"))
    archive.load(*(letter(name, index={"branch": "012"}) for name in "abc"))
    answer = ask(client, "csv")
    assert answer.status_code == 422 and "may export 2 communications at a time" in answer.content.decode()
    assert not Export.objects.exists() and MOST_WITHOUT_MANY == 500
    assert [(event.outcome, event.subject_kind) for event in events(*VERBS)] == [("refused", "search")]


def test_a_small_one_that_breaks_off_says_so_and_leaves_no_open_work(
    archive: Archive, client: Any, auditor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.load(letter("a"))

    def full(*_args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(services, "write_csv", full)
    client.raise_request_exception = False
    assert ask(client, "csv").status_code == 503
    export = Export.objects.get()
    assert export.state == "failed" and "Ask for it again" in export.message
    assert WorkItem.objects.get(kind="desk.export").state == "failed" and not events("export.built")


def test_files_go_when_their_time_is_over(archive: Archive, client: Any, auditor: Any) -> None:
    archive.load(letter("a"))
    ask(client, "csv")
    export = Export.objects.get()
    Export.objects.update(expires_at=timezone.now())
    from archive import work

    item = work.enqueue(kind="desk.clear_exports", key="recurring", payload={}, actor=Actor.system("t"), ring=False)
    lease = claim(item.pk)
    assert lease is not None
    run(lease)
    export.refresh_from_db()
    assert export.state == "expired" and not path_of(export).exists()


def test_without_room_nothing_begins(
    archive: Archive, client: Any, auditor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from collections import namedtuple

    usage = namedtuple("usage", "total used free")
    archive.load(letter("a"))
    search = started(client)
    client.post(f"/search/{search.public_id}/selection", {"all": "1"})
    monkeypatch.setattr("shutil.disk_usage", lambda _path: usage(10, 10, 0))
    answer = client.post(f"/search/{search.public_id}/export/", {"kind": "csv"})
    assert answer.status_code == 422 and "no room for exports" in answer.content.decode()
    assert not Export.objects.exists()
