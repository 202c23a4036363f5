"""Loads on the screen: the list, one load live, its steps in every state, what was set aside."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone

from archive.audit.actor import Actor
from archive.audit.models import Event
from archive.batches.models import Load
from archive.documents.models import Producer
from archive.ingest import pipeline
from archive.ingest.errors import LoadStateError, StillEndingError
from archive.ingest.running import KIND, pause_load, queue_load, resume_load, run_from_work, stop_load
from archive.ingest.services import LoadRequest
from archive.work.models import WorkItem
from archive.work.services import run_due_items
from tests.archive.ingest.conftest import ACTOR, load_package
from tests.archive.ingest.packages import manifest_of, package, record, write_tar
from tests.archive.ingest.state import rows

pytestmark = pytest.mark.usefixtures("configured")
State = Load.State
STEPS = {"pause": pause_load, "stop": stop_load, "resume": resume_load}
# Where each step leads from each state; None: it is refused. A running load only hears the wish.
MOVES = {
    "pause": {State.QUEUED: State.PAUSED, State.RUNNING: State.RUNNING},
    "stop": {State.QUEUED: State.STOPPED, State.PAUSED: State.STOPPED, State.RUNNING: State.RUNNING},
    "resume": dict.fromkeys((State.PAUSED, State.FAILED, State.ERRORED, State.STOPPED), State.QUEUED),
}
ALL = [(step, state) for step in STEPS for state in State]


@pytest.fixture
def queued(tmp_path: Path) -> Load:
    """Return a load that waits for a worker."""
    path = write_tar(tmp_path / "a.tar", package(5))
    return queue_load(LoadRequest(path=path, producer_key="engine"), actor=ACTOR)


@pytest.fixture
def operations(client: Client, user_of: Any) -> Client:
    """Return a client that may run loads."""
    client.force_login(user_of("operations"))
    return client


def bring(load: Load, state: Load.State) -> Load:
    """Bring a queued load and its work into a state, as its run would have."""
    work = {
        State.QUEUED: "queued",
        State.RUNNING: "running",
        State.PAUSED: "paused",
        State.FAILED: "failed",
        State.ERRORED: "dead",
        State.STOPPED: "stopped",
    }.get(state, "done")
    Load.objects.filter(pk=load.pk).update(state=state)
    WorkItem.objects.filter(kind=KIND, key=str(load.pk)).update(state=work, lease_until=timezone.now())
    load.refresh_from_db()
    return load


def url(load: Load, part: str = "") -> str:
    """Return an address of a load."""
    return f"/loads/{load.public_id}/{part}"


@pytest.mark.parametrize(("step", "state"), ALL)
def test_each_step_is_taken_where_it_may_be_and_recorded_exactly_once(
    queued: Load, recorded: Any, step: str, state: Load.State
) -> None:
    load = bring(queued, state)
    before, known = rows(), recorded(load)
    leads_to = MOVES[step].get(state)
    if leads_to is None:
        with pytest.raises(LoadStateError):
            STEPS[step](load, actor=ACTOR)
        assert rows() == before
        return
    STEPS[step](load, actor=ACTOR)
    load.refresh_from_db()
    assert load.state == leads_to
    verb = {"pause": "load.paused", "stop": "load.stopped", "resume": "load.resumed"}[step]
    assert recorded(load)[len(known) :] == ([] if state == State.RUNNING else [(verb, "tests")])
    item = WorkItem.objects.filter(key=str(load.pk)).order_by("-pk").first()
    assert item is not None
    if state == State.RUNNING:
        assert (item.state, item.wish) == ("running", step)
    else:
        assert (item.state, item.wish) == (str(leads_to), "")


@pytest.mark.parametrize("step", ["pause", "stop"])
def test_a_wish_told_twice_to_a_running_load_is_one_wish(queued: Load, step: str) -> None:
    load = bring(queued, State.RUNNING)
    STEPS[step](load, actor=ACTOR)
    before = rows()
    STEPS[step](load, actor=ACTOR)
    assert rows() == before


def test_a_pause_takes_no_stop_back(queued: Load) -> None:
    load = bring(queued, State.RUNNING)
    stop_load(load, actor=ACTOR)
    pause_load(load, actor=ACTOR)
    assert WorkItem.objects.get(kind="load.run").wish == "stop"


@pytest.mark.parametrize("step", ["stop", "resume"])
def test_a_step_taken_twice_is_refused_the_second_time(queued: Load, step: str) -> None:
    load = bring(queued, State.PAUSED)
    STEPS[step](load, actor=ACTOR)
    before = rows()
    with pytest.raises(LoadStateError):
        STEPS[step](load, actor=ACTOR)
    assert rows() == before


@pytest.mark.parametrize(("step", "state"), [(step, state) for step, state in ALL if state in MOVES[step]])
def test_without_the_right_no_step_is_taken(queued: Load, user_of: Any, step: str, state: Load.State) -> None:
    load, auditor = bring(queued, state), user_of("auditor")
    before = rows()
    with pytest.raises(PermissionDenied):
        STEPS[step](load, actor=Actor.of_user(auditor))
    assert rows() == before


def test_by_the_page_each_step_works_and_what_is_refused_is_said(operations: Client, queued: Load) -> None:
    assert operations.post(url(queued, "pause/")).status_code == 302
    refused = operations.post(url(queued, "pause/"))
    assert refused.status_code == 409 and "is paused; this cannot be done now." in refused.content.decode()
    assert operations.post(url(queued, "resume/")).headers["Location"] == url(queued)
    assert operations.post(url(queued, "stop/")).status_code == 302
    assert operations.get(url(queued, "stop/")).status_code == 405
    assert operations.post(url(queued, "delete/")).status_code == 404
    assert operations.post(f"/loads/{uuid4()}/stop/").status_code == 404
    queued.refresh_from_db()
    assert queued.state == State.STOPPED and queued.ended_at is not None


def test_by_the_page_no_step_is_taken_without_the_right(client: Client, user_of: Any, queued: Load) -> None:
    client.force_login(user_of("auditor"))
    before = Load.objects.values().get(), list(WorkItem.objects.values())
    assert {client.post(url(queued, f"{step}/")).status_code for step in STEPS} == {403}
    assert (Load.objects.values().get(), list(WorkItem.objects.values())) == before
    page = client.get(url(queued)).content.decode()
    assert not any(f'id="{step}"' in page for step in STEPS)


@pytest.mark.parametrize("state", list(State))
def test_the_page_offers_the_steps_that_can_be_taken(operations: Client, queued: Load, state: Load.State) -> None:
    page = operations.get(url(bring(queued, state))).content.decode()
    assert {step for step in STEPS if f'id="{step}"' in page} == {step for step in STEPS if state in MOVES[step]}


def test_a_load_paused_and_stopped_at_work_goes_on_to_its_end(
    queued: Load, monkeypatch: pytest.MonkeyPatch, recorded: Any
) -> None:
    from archive.ingest import running
    from archive.work import leases

    for name in ("CHUNK_RECORDS", "PART_RECORDS", "ROWS_IN_MEMORY"):
        monkeypatch.setattr(pipeline, name, 1)
    monkeypatch.setattr(leases, "LOOK_SECONDS", 0.0)
    ticks = iter(range(1, 10_000))
    monkeypatch.setattr(running.time, "monotonic", lambda: float(next(ticks)))
    decide = pipeline.Pipeline._decide
    wishes: list[Callable[..., None]] = [pause_load, stop_load]

    def wished(self: pipeline.Pipeline, chunk: Any) -> None:
        decide(self, chunk)
        if wishes:
            wishes.pop(0)(Load.objects.get(pk=queued.pk), actor=ACTOR)

    monkeypatch.setattr(pipeline.Pipeline, "_decide", wished)
    for state in (State.PAUSED, State.STOPPED):
        assert run_due_items() == 2  # the load, and its words
        queued.refresh_from_db()
        assert queued.state == state and queued.next_record < 5
        resume_load(queued, actor=ACTOR)
    run_due_items()
    queued.refresh_from_db()
    assert (queued.state, queued.archived, queued.duplicates) == ("complete", 5, 0)
    verbs = [verb for verb, _actor in recorded(queued) if verb != "load.part"]
    run = ["load.started", "load.paused", "load.resumed", "load.started", "load.stopped", "load.resumed"]
    assert verbs == ["load.created", *run, "load.started", "load.completed"]


def test_a_load_that_is_begun_too_often_is_given_up_said_and_can_be_resumed(queued: Load, recorded: Any) -> None:
    bring(queued, State.RUNNING)
    WorkItem.objects.update(attempts=5, lease_until=timezone.now())
    run_due_items()
    queued.refresh_from_db()
    assert queued.state == State.ERRORED and "too often" in queued.message and queued.ended_at
    assert recorded(queued)[-1] == ("load.failed", "tests")
    resume_load(queued, actor=ACTOR)
    run_due_items()
    queued.refresh_from_db()
    assert (queued.state, queued.archived) == ("complete", 5)


@pytest.mark.parametrize("step", ["pause", "stop"])
def test_a_wish_that_comes_too_late_leaves_no_work_behind(queued: Load, step: str) -> None:
    """A load may come to its end before it looks whether anything is wished."""
    bring(queued, State.RUNNING)
    STEPS[step](queued, actor=ACTOR)
    run_due_items()
    queued.refresh_from_db()
    item = WorkItem.objects.get(kind="load.run")
    assert (queued.state, item.state, item.wish) == ("complete", "done", "")


def test_a_load_cannot_be_resumed_before_its_process_has_put_it_down(queued: Load) -> None:
    """Its work would be paused after it, and the load would wait for ever."""
    bring(queued, State.RUNNING)
    Load.objects.update(state=State.PAUSED)
    WorkItem.objects.update(wish="pause", lease_until=timezone.now() + timedelta(seconds=50))
    before = rows()
    with pytest.raises(StillEndingError, match="Try again in a moment"):
        resume_load(queued, actor=ACTOR)
    assert rows() == before
    WorkItem.objects.update(lease_until=timezone.now())
    resume_load(queued, actor=ACTOR)
    run_due_items()
    queued.refresh_from_db()
    assert queued.state == "complete"


def test_work_of_a_load_is_one_load_however_often_it_runs(queued: Load) -> None:
    """A bell that rings twice, or a message that comes again, has one effect (F-07)."""
    run_due_items()
    run_due_items()
    queued.refresh_from_db()
    assert (queued.archived, queued.duplicates, queued.parts) == (5, 0, 1)
    assert Event.objects.filter(verb="load.completed").count() == 1


def test_a_failed_load_says_why_and_its_work_is_not_tried_again(tmp_path: Path, operations: Client) -> None:
    path = tmp_path / "a.tar"
    path.write_text("a letter")
    load = queue_load(LoadRequest(path=path, producer_key="engine"), actor=ACTOR)
    assert run_due_items() == 1 and run_due_items() == 0
    page = operations.get(url(load)).content.decode()
    assert "neither a tar nor a zip archive" in page and 'id="resume"' in page
    assert WorkItem.objects.get(kind="load.run").state == "failed"


def test_the_list_shows_all_loads_newest_first_in_a_constant_number_of_queries(
    operations: Client, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    def make(count: int) -> None:
        producer = Producer.objects.get(key="engine")
        for _ in range(count):
            Load.objects.create(
                producer_id=producer.pk,
                producer_key="engine",
                source_name="<b>x</b>.tar",
                source_path="/nowhere",
                requested_by="tests",
                created_at=timezone.now(),
                state=State.COMPLETE,
            )

    make(3)
    operations.get("/loads/")
    with django_assert_max_num_queries(20) as few:
        operations.get("/loads/")
    make(52)
    with django_assert_num_queries(len(few)):
        page = operations.get("/loads/").content.decode()
    numbers = [load.pk for load in Load.objects.order_by("-pk")]
    places = [page.index(f'id="load-{number}"') for number in numbers[:50]]
    assert places == sorted(places) and f'id="load-{numbers[50]}"' not in page
    assert "<b>x</b>" not in page
    older = operations.get(f"/loads/?before={numbers[49]}").content.decode()
    assert [number for number in numbers if f'id="load-{number}"' in older] == numbers[50:]


@pytest.mark.parametrize("before", ["²", "x", "-1", "9" * 40, ""])
def test_a_place_in_the_list_that_is_none_shows_the_newest(operations: Client, queued: Load, before: str) -> None:
    page = operations.get("/loads/", {"before": before})
    assert page.status_code == 200 and f'id="load-{queued.pk}"' in page.content.decode()


def test_the_list_is_live_while_a_load_is_open_and_answers_with_its_rows(operations: Client, queued: Load) -> None:
    assert "<v-poll" in operations.get("/loads/").content.decode()
    part = operations.get("/loads/", headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith("<tbody") and "data-ended" not in part
    bring(queued, State.COMPLETE)
    assert "<v-poll" not in operations.get("/loads/").content.decode()
    assert "data-ended" in operations.get("/loads/", headers={"HX-Request": "true"}).content.decode()


def test_the_progress_of_a_running_load_is_a_part_of_its_page(operations: Client, queued: Load) -> None:
    Load.objects.update(expected=200, archived=48, duplicates=2, next_record=50, seconds=10.0, bytes_stored=5000)
    load = bring(queued, State.RUNNING)
    answer = operations.get(url(load, "progress"))
    part = answer.content.decode()
    assert answer.status_code == 200 and "HX-Refresh" not in answer.headers
    assert "<b>50</b> of 200 records" in part and "5 per second" in part and "about 30" in part
    assert "<html" not in part
    ended = operations.get(url(bring(load, State.COMPLETE), "progress"))
    assert ended.headers["HX-Refresh"] == "true"


def test_the_page_of_a_load_says_what_came_in_with_its_batches_and_its_log(operations: Client, tmp_path: Path) -> None:
    members = {**package(3), "manifest.jsonl": manifest_of(record(1, batch="JOB7"), record(2, batch="JOB8"), record(1))}
    load = load_package(write_tar(tmp_path / "a.tar", members))
    page = operations.get(url(load)).content.decode()
    assert "JOB7" in page and "JOB8" in page
    assert "Line 3: duplicate of " in page
    assert "Complete. 3 records: 2 archived, 0 variants added, 1 duplicates, 0 set aside." in page


def test_the_page_of_a_load_takes_as_many_queries_for_many_records(
    operations: Client, tmp_path: Path, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    bad = [record(number, issued_on="x", batch=f"B{number}") for number in range(1, 41)]
    few = load_package(write_tar(tmp_path / "a.tar", {"manifest.jsonl": manifest_of(*bad[:1])}))
    many = load_package(write_tar(tmp_path / "b.tar", {"manifest.jsonl": manifest_of(*bad)}))
    operations.get(url(few))
    with django_assert_max_num_queries(25) as asked:
        operations.get(url(few))
    with django_assert_num_queries(len(asked)):
        operations.get(url(many))


@pytest.mark.parametrize("role", ["agent", "compliance", "admin"])
def test_who_may_not_see_loads_sees_none(client: Client, user_of: Any, queued: Load, role: str) -> None:
    client.force_login(user_of(role))
    for address in ("/loads/", url(queued), url(queued, "progress"), url(queued, "rejects")):
        assert client.get(address).status_code == 403


def test_the_worker_says_what_it_did(queued: Load) -> None:
    from archive.work.services import claim

    lease = claim(WorkItem.objects.get(kind="load.run").pk)
    assert lease is not None
    assert run_from_work(lease) == {"load": queued.pk, "state": "complete"}
