"""Every place that writes an event: how to get there, and what a person or the system does there.

`CALL_SITES` has for each a verb and a function that prepares the world and returns the act; `open_tables` are those
that the act may fill before its event: bytes go before rows, and steps of a load before it have events of their own.
"""

from __future__ import annotations

import contextlib
import datetime
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.utils import timezone

from archive import work
from archive.audit.actor import Actor
from archive.batches.models import Load
from archive.desk.exporting.services import delete_export, link_token, request_export
from archive.desk.models import Export
from archive.documents.models import PartyAlias
from archive.documents.services import NewAlias, add_aliases, undo_alias
from archive.ingest.running import pause_load, queue_load, resume_load, stop_load
from archive.ingest.services import LoadRequest, create_load, run_load
from archive.search import index_work
from archive.search.index_work import request_rebuild
from archive.search.models import Search
from archive.search.picks import select_all
from archive.search.saved import save_search
from archive.search.services import start_search
from archive.storage.deletion import delete_bytes
from archive.storage.locking import renew_locks
from archive.storage.merging import merge_small_packs
from archive.storage.models import Incident, Location, StoredObject
from archive.storage.reading import DamagedObjectError, Locator, read_whole
from archive.storage.repair import repair
from archive.work.leases import PauseRequested, StopRequested
from archive.work.models import WorkItem
from archive.work.services import run_due_items
from portal.accounts.models import User
from portal.accounts.services import create_user
from portal.configuration.applying import apply
from tests.archive.documents.archives import Archive, letter
from tests.archive.ingest.packages import manifest_of, package, record, write_tar
from tests.archive.storage.conftest import file_of, flip, store_pack

PASSWORD = "correct horse battery"
SYSTEM = Actor.system("tests")
KIND = "tests.audit"


@dataclass
class World:
    """What the acts stand in: an archive with its configuration, a browser, users by role."""

    archive: Archive
    client: Any
    user_of: Callable[..., User]
    folder: Path

    def sign_in(self, *roles: str) -> User:
        """Return a new user whose browser this is now."""
        user = self.user_of(*roles)
        self.client.force_login(user)
        return user

    def post(self, path: str, **data: Any) -> Callable[[], Any]:
        """Return the act of sending a form."""
        return lambda: self.client.post(path, data)

    def get(self, path: str) -> Callable[[], Any]:
        """Return the act of opening a page, and all of its bytes."""

        def act() -> Any:
            answer = self.client.get(path)
            if answer.streaming:
                b"".join(answer.streaming_content)
            return answer

        return act

    def package(self, count: int = 3) -> Path:
        """Return a package of some letters."""
        return write_tar(self.folder / "package.tar", package(count))

    def load(self) -> Load:
        """Return a load that waits."""
        return create_load(LoadRequest(self.package(), "engine"), actor=SYSTEM)


Act = Callable[[], Any]


def _search(world: World) -> Act:
    world.sign_in("agent")
    return world.post("/search/", q="customer:C-1")


def _search_again(world: World) -> Act:
    world.sign_in("agent")
    url = world.client.post("/search/", {"q": "customer:C-1"})["Location"]
    Search.objects.update(created_at=timezone.now() - datetime.timedelta(hours=1))
    return world.get(url)


def _saved(world: World, step: str) -> Act:
    user = world.sign_in("agent")
    actor = Actor.of_user(user)
    search = start_search(text="customer:C-1", user=user, actor=actor)
    if step == "save":
        return world.post(f"/search/{search.public_id}/save", name="letters of C-1")
    saved = save_search(search=search, name="letters of C-1", group=None, actor=actor)
    return world.post(f"/search/saved/{saved.public_id}/{step}/", name="letters of C-1 again")


def _save(world: World) -> Act:
    return _saved(world, "save")


def _save_again(world: World) -> Act:
    act = _save(world)
    act()
    return act


def _change_saved(world: World) -> Act:
    return _saved(world, "change")


def _delete_saved(world: World) -> Act:
    return _saved(world, "delete")


def _search_by_command(world: World) -> Act:
    user = world.user_of("agent")
    return lambda: call_command("search", "customer:C-1", user=user.username)


def _open_record(world: World) -> Act:
    row = world.archive.add("one", index={"branch": "012"})
    world.sign_in("agent")
    return world.get(f"/communications/{row.public_id}/")


def _variant(step: str) -> Callable[[World], Act]:
    def prepare(world: World) -> Act:
        row = world.archive.add_file("one", "a.pdf", b"%PDF-1.7 one", "application/pdf", index={"branch": "012"})
        world.sign_in("agent")
        return world.get(f"/communications/{row.public_id}-1/{step}")

    return prepare


def _export_variant(world: World) -> Act:
    row = world.archive.add("one", index={"branch": "012"})
    user, target = world.user_of("agent"), world.folder / "out"
    return lambda: call_command("export_variant", f"{row.public_id}-1", output=target, user=user.username)


def _note(role: str) -> Callable[[World], Act]:
    def prepare(world: World) -> Act:
        row = world.archive.add("one", index={"branch": "012"})
        world.sign_in(role)
        return world.post(f"/communications/{row.public_id}/notes/", text="called, will pay")

    return prepare


def _log_page(world: World) -> Act:
    world.sign_in("auditor")
    return world.get("/audit/")


def _log_event(world: World) -> Act:
    from archive.audit.models import Event

    world.sign_in("auditor")
    return world.get(f"/audit/{Event.objects.latest('pk').event_id}/")


def _log_csv(world: World) -> Act:
    world.sign_in("auditor")
    return world.post("/audit/events.csv", actor="tests")


def _rejects(world: World) -> Act:
    path = write_tar(world.folder / "a.tar", {"manifest.jsonl": manifest_of(letter("bad", document_class="none"))})
    load = run_load(create_load(LoadRequest(path, "engine"), actor=SYSTEM), actor=SYSTEM, control=_never)
    world.sign_in("operations")
    return world.get(f"/loads/{load.public_id}/rejects")


def _upload(world: World) -> Act:
    world.sign_in("operations")
    content = world.package().read_bytes()
    return lambda: world.client.post(
        "/loads/upload/", {"file": SimpleUploadedFile("a.tar", content), "producer": "engine", "mapping": ""}
    )


def _new_producer(world: World) -> Act:
    request = LoadRequest(world.package(), "new-engine", create_producer=True)
    return lambda: create_load(request, actor=SYSTEM)


def _never(load: Load) -> None:
    pass


def _wish(wish: type[Exception]) -> Callable[[Load], None]:
    def control(load: Load) -> None:
        raise wish

    return control


def _run(control: Callable[[Load], None] = _never, *, damaged: bool = False) -> Callable[[World], Act]:
    def prepare(world: World) -> Act:
        load = world.load()
        if damaged:
            Path(load.source_path).write_bytes(b"no archive at all")
        return lambda: run_load(load, actor=SYSTEM, control=control)

    return prepare


def _replace(world: World) -> Act:
    world.archive.add("old")
    new = letter("new", replaces={"external_id": "old", "reason": "wrong balance of C-1"})
    path = write_tar(world.folder / "new.tar", {"manifest.jsonl": manifest_of(new)})
    load = create_load(LoadRequest(path, "engine"), actor=SYSTEM)
    return lambda: run_load(load, actor=SYSTEM, control=_never)


def _queued(world: World) -> Load:
    user = world.sign_in("operations")
    return queue_load(LoadRequest(world.package(), "engine"), actor=Actor.of_user(user))


def _step(step: str) -> Callable[[World], Act]:
    def prepare(world: World) -> Act:
        load = _queued(world)
        if step == "resume":
            stop_load(load, actor=SYSTEM)
        return world.post(f"/loads/{load.public_id}/{step}/")

    return prepare


def _resume_paused(world: World) -> Act:
    load = _queued(world)
    pause_load(load, actor=SYSTEM)
    return lambda: resume_load(load, actor=SYSTEM)


def _alias(world: World) -> Act:
    alias = NewAlias("retail", "customer", "C-1", "C-2", "tests", "moved")
    return lambda: add_aliases([alias], actor=SYSTEM)


def _undo(world: World) -> Act:
    add_aliases([NewAlias("retail", "customer", "C-1", "C-2", "tests")], actor=SYSTEM)
    alias = PartyAlias.objects.get()
    return lambda: undo_alias(alias, actor=SYSTEM)


def _configure(**content: Any) -> Callable[[World], Act]:
    return lambda _world: lambda: apply({"vellum_configuration": 1, **content}, actor=SYSTEM)


def _pack(world: World) -> Locator:
    return store_pack({"letter": b"a letter"})["letter"]


def _damaged(world: World) -> Act:
    locator = _pack(world)
    flip(locator, 2)

    def act() -> None:
        with contextlib.suppress(DamagedObjectError):
            read_whole(locator)

    return act


def _repair(world: World) -> Act:
    locator = _pack(world)
    flip(locator, 2)
    with contextlib.suppress(DamagedObjectError):
        read_whole(locator)
    flip(locator, 2)  # the disk gives the right bytes again
    incident = Incident.objects.get()
    return lambda: repair(incident, actor=SYSTEM)


def _merge(world: World) -> Act:
    for number in range(4):
        members = {"manifest.jsonl": manifest_of(record(number)), f"print/{number}.pdf": b"%d" % number}
        path = write_tar(world.folder / f"{number}.tar", members)
        run_load(create_load(LoadRequest(path, "engine"), actor=SYSTEM), actor=SYSTEM, control=_never)
    return lambda: merge_small_packs(actor=SYSTEM)


def _renew_locks(world: World) -> Act:
    run_load(world.load(), actor=SYSTEM, control=_never)
    Location.objects.update(lock_until=timezone.now().date())
    return lambda: renew_locks(actor=SYSTEM)


def _selected(world: World) -> Search:
    """Return a search of an auditor's in which a letter is selected."""
    world.archive.load(letter("a"))
    user = world.sign_in("auditor")
    search = start_search(text="", user=user, actor=Actor.of_user(user))
    select_all(search=search)
    return search


def _export(world: World) -> Act:
    search = _selected(world)
    return world.post(f"/search/{search.public_id}/export/", kind="csv")


def _exported(world: World) -> Export:
    search = _selected(world)
    return request_export(search=search, kind="csv", actor=Actor.of_user(search.user))


def _fetch_export(world: World) -> Act:
    export = _exported(world)
    return world.get(f"/exports/{export.public_id}/file?t={link_token(export)}")


def _delete_export(world: World) -> Act:
    export = _exported(world)
    return lambda: delete_export(export, actor=SYSTEM)


def _request_rebuild(world: World) -> Act:
    operator = Actor.of_user(world.user_of("operations"))
    return lambda: request_rebuild(actor=operator)


def _rebuild(world: World) -> Act:
    world.archive.load(letter("a"))
    WorkItem.objects.all().delete()
    item = work.enqueue(kind=index_work.REBUILD, key=index_work.KEY, payload={}, actor=SYSTEM, ring=False)
    lease = work.claim(item.pk)
    return lambda: index_work.run_rebuild(lease)


def _rebuild_by_command(world: World) -> Act:
    world.archive.load(letter("a"))
    return lambda: call_command("index_text", "--rebuild", "--json", "--workers", "0", stdout=io.StringIO())


def _delete(world: World) -> Act:
    locator = _pack(world)
    Location.objects.update(lock_until=None)
    StoredObject.objects.update(live_documents=0)
    stored = StoredObject.objects.get(pk=locator.object_id)
    assert file_of(locator).exists()
    return lambda: delete_bytes(stored, actor=SYSTEM)


def _item(run: Callable[[Any], dict[str, Any]] = lambda _lease: {}, **changes: Any) -> WorkItem:
    work.register(KIND, run, max_attempts=1)
    item = work.enqueue(kind=KIND, key="one", payload={}, actor=SYSTEM, ring=False)
    WorkItem.objects.filter(pk=item.pk).update(**changes)
    item.refresh_from_db()
    return item


def _work(step: Callable[..., Any], **changes: Any) -> Callable[[World], Act]:
    def prepare(_world: World) -> Act:
        _item(**changes)
        return lambda: step(kind=KIND, key="one", actor=SYSTEM)

    return prepare


def _enqueue(**named: Any) -> Any:
    return work.enqueue(**named, payload={}, ring=False)


def _retry(_world: World) -> Act:
    item = _item(state="dead")
    return lambda: work.retry(item, actor=SYSTEM)


def _break_off(_lease: Any) -> dict[str, Any]:
    raise RuntimeError("poison")


def _poison(_world: World) -> Act:
    _item(_break_off)

    def act() -> None:
        WorkItem.objects.filter(state="running").update(lease_until=timezone.now() - datetime.timedelta(seconds=1))
        run_due_items()

    return act


def _new_user(_world: World) -> Act:
    return lambda: create_user(name="new", password=PASSWORD, roles=["agent"], actor=SYSTEM)


def _sign_in(password: str) -> Callable[[World], Act]:
    def prepare(world: World) -> Act:
        world.user_of("agent")
        return world.post("/accounts/login/", login="agent", password=password)

    return prepare


def _sign_out(world: World) -> Act:
    world.sign_in("agent")
    return world.post("/accounts/logout/")


def _preferences(world: World) -> Act:
    world.sign_in("agent")
    return world.post("/preferences/", only="theme", theme="dark")


def _password(old: str) -> Callable[[World], Act]:
    def prepare(world: World) -> Act:
        world.sign_in("agent")
        new = "another horse battery"
        return world.post("/accounts/password/", old_password=old, new_password1=new, new_password2=new)

    return prepare


def _forbidden(world: World) -> Act:
    world.sign_in("agent")
    return world.get("/audit/")


def _forbidden_command(*arguments: str, **options: Any) -> Callable[[World], Act]:
    def prepare(world: World) -> Act:
        user = world.user_of("admin")

        def act() -> None:
            with contextlib.suppress(CommandError):
                call_command(*arguments, user=user.username, **options)

        return act

    return prepare


@dataclass(frozen=True)
class CallSite:
    """A verb, how to get to where it is recorded, and what may change before."""

    verb: str
    prepare: Callable[[World], Act]
    open_tables: frozenset[str] = frozenset()
    outcome: str = "done"


_SESSION = frozenset({"django_session"})
_OF_A_LOAD = frozenset(
    """archive_load archive_loadlogline archive_storedobject archive_location archive_writeintent
    archive_orderkeyblock""".split()
)
_RECORD = frozenset("archive_communication archive_variant archive_ingestkey archive_person".split())
_BYTES = frozenset("archive_writeintent archive_storedobject archive_location".split())
NO_VARIANT = "01920000-0000-7000-8000-000000000000-1"

CALL_SITES: dict[str, CallSite] = {
    "a search": CallSite("search.run", _search),
    "a search opened again": CallSite("search.run", _search_again),
    "a search by command": CallSite("search.run", _search_by_command),
    "saving a search": CallSite("saved_search.created", _save),
    "saving a search of the same name": CallSite("saved_search.changed", _save_again),
    "renaming a saved search": CallSite("saved_search.changed", _change_saved),
    "deleting a saved search": CallSite("saved_search.deleted", _delete_saved),
    "opening a record": CallSite("communication.viewed", _open_record),
    "reading a form in the page": CallSite("variant.viewed", _open_record),
    "reading a form": CallSite("variant.viewed", _variant("content")),
    "downloading": CallSite("variant.downloaded", _variant("download")),
    "printing": CallSite("variant.printed", _variant("print")),
    "a note": CallSite("note.added", _note("agent")),
    "a note that is not allowed": CallSite("note.refused", _note("auditor"), outcome="refused"),
    "exporting by command": CallSite("variant.downloaded", _export_variant),
    "reading the log": CallSite("events.viewed", _log_page),
    "reading an event": CallSite("events.viewed", _log_event),
    "exporting the log": CallSite("events.exported", _log_csv),
    "downloading what was set aside": CallSite("rejects.downloaded", _rejects),
    "uploading": CallSite("load.created", _upload),
    "a new producer": CallSite("producer.created", _new_producer),
    "the start of a load": CallSite("load.started", _run()),
    "a part of a load": CallSite("load.part", _run(), _OF_A_LOAD),
    "the end of a load": CallSite("load.completed", _run(), _OF_A_LOAD | _RECORD),
    "a load that fails": CallSite("load.failed", _run(damaged=True), _OF_A_LOAD, outcome="failed"),
    "a load that pauses": CallSite("load.paused", _run(_wish(PauseRequested)), _OF_A_LOAD),
    "a load that stops": CallSite("load.stopped", _run(_wish(StopRequested)), _OF_A_LOAD),
    "a replacement": CallSite("communication.superseded", _replace, _OF_A_LOAD),
    "pausing a load that waits": CallSite("load.paused", _step("pause")),
    "stopping a load that waits": CallSite("load.stopped", _step("stop")),
    "resuming a load": CallSite("load.resumed", _step("resume")),
    "a renumbering": CallSite("alias.added", _alias),
    "undoing a renumbering": CallSite("alias.undone", _undo),
    "a new unit": CallSite("configuration.changed", _configure(units=[{"key": "new", "label": "New"}])),
    "another rule": CallSite(
        "configuration.changed",
        _configure(access_rules=[{"role": "agent", "effect": "allow", "expression": "unit:commercial"}]),
    ),
    "another note at a rule": CallSite(
        "configuration.changed",
        _configure(access_rules=[{"role": "auditor", "effect": "allow", "expression": "", "note": "All"}]),
    ),
    "another schedule": CallSite(
        "schedule.published", _configure(schedules=[{"key": "two-years", "label": "Two years", "years": 3}])
    ),
    "damage": CallSite("object.damaged", _damaged, outcome="failed"),
    "a repair": CallSite("object.repaired", _repair),
    "merging packs": CallSite("pack.merged", _merge, _BYTES),
    "renewing locks": CallSite("locks.renewed", _renew_locks),
    "asking for an export": CallSite("export.created", _export),
    "an export that is made": CallSite("export.built", _export, frozenset({"archive_export", "archive_workitem"})),
    "an export that is fetched": CallSite("export.downloaded", _fetch_export),
    "an export that is deleted": CallSite("export.deleted", _delete_export),
    "asking for a rebuild of the word index": CallSite("index.rebuild_requested", _request_rebuild),
    "a rebuild of the word index": CallSite("index.rebuilt", _rebuild),
    "a rebuild of the word index by command": CallSite("index.rebuilt", _rebuild_by_command),
    "deleting bytes": CallSite("object.deleted", _delete),
    "pausing work": CallSite("work.paused", _work(work.pause)),
    "stopping work": CallSite("work.stopped", _work(work.stop)),
    "resuming work": CallSite("work.resumed", _work(_enqueue, state="paused")),
    "resuming the work of a load": CallSite("work.resumed", _resume_paused),
    "trying work again": CallSite("work.retried", _retry),
    "giving work up": CallSite("work.dead_lettered", _poison, frozenset({"archive_workitem"})),
    "a new user": CallSite("user.created", _new_user),
    "signing in": CallSite("user.signed_in", _sign_in(PASSWORD), _SESSION),
    "a wrong password": CallSite("user.sign_in_failed", _sign_in("wrong"), outcome="refused"),
    "signing out": CallSite("user.signed_out", _sign_out),
    "preferences": CallSite("user.preferences_changed", _preferences),
    "another password": CallSite("user.password_changed", _password(PASSWORD)),
    "another password without the present one": CallSite(
        "user.password_changed", _password("wrong"), outcome="refused"
    ),
    "a page that is not allowed": CallSite("access.refused", _forbidden, outcome="refused"),
    "a search by command that is not allowed": CallSite(
        "access.refused", _forbidden_command("search", "C-1"), outcome="refused"
    ),
    "an export by command that is not allowed": CallSite(
        "access.refused",
        _forbidden_command("export_variant", NO_VARIANT, output=Path("/nonexistent")),
        outcome="refused",
    ),
}
