"""The log is append-only on SQLite (A-22): row statements are refused, changes of the schema are found at the start."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core import checks
from django.core.management import call_command
from django.db import IntegrityError, connection, models, transaction
from django.utils import timezone

from archive import audit
from archive.audit import triggers
from archive.audit.actor import Actor
from archive.audit.models import Event, EventPrivate, LargeLeaf, LoadPart
from archive.audit.verbs import Verb
from archive.batches.models import Load
from tests.archive.documents.archives import Archive

ROOT = Path(__file__).resolve().parents[3]
COLUMNS = "event_id, at, actor_kind, actor_id, actor_name, verb, subject_kind, subject_id, outcome, leaf"
COPIED = COLUMNS.replace("actor_name", "'forged'")
LOG_TABLES = ("audit_event", "audit_largeleaf", "audit_loadpart")


@pytest.fixture
def event(db: Any) -> Event:
    """Return an event with private texts, with a large leaf and the part of a load beside it."""
    system = Actor.system("tests")
    with transaction.atomic():
        load = Load.objects.create(producer_id=1, source_name="a.tar", created_at=timezone.now())
        audit.record_load_part(
            actor=system,
            load=load,
            part=1,
            first_position=0,
            next_position=1,
            leaf_hashes=[b"x" * 32],
            counts={"archived": 1},
        )
        audit.record(actor=system, verb=Verb.PACK_MERGED, subject=("pack", "1"), into="x" * 70_000)
        return audit.record(actor=system, verb=Verb.ALIAS_ADDED, subject=("alias", "1"), private={"old": "C-1"})


def execute(sql: str, *parameters: Any) -> None:
    """Run one statement of somebody with full access to the database, in a transaction of its own."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, parameters)


def rows_of(table: str) -> list[Any]:
    """Return everything that stands in a table."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table} ORDER BY id")
        return cursor.fetchall()


@contextmanager
def without_recursive_triggers() -> Iterator[None]:
    """Be somebody who opened the database with another tool: there REPLACE fires no trigger of deletion."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA recursive_triggers = OFF")
        try:
            yield
        finally:
            cursor.execute("PRAGMA recursive_triggers = ON")


@pytest.mark.parametrize("table", LOG_TABLES)
@pytest.mark.parametrize(
    "statement",
    ["UPDATE {t} SET id = id", "DELETE FROM {t}", "DELETE FROM {t} WHERE id = (SELECT max(id) FROM {t})"],
)
def test_no_row_of_the_log_is_changed_or_deleted(event: Event, table: str, statement: str) -> None:
    before = rows_of(table)
    assert before
    with pytest.raises(IntegrityError, match=f"{table}: rows are never"):
        execute(statement.format(t=table))
    assert rows_of(table) == before


@pytest.mark.parametrize("column", [field.column for field in Event._meta.concrete_fields])
def test_no_column_of_an_event_can_be_changed(event: Event, column: str) -> None:
    with pytest.raises(IntegrityError, match="rows are never changed"):
        execute(f"UPDATE audit_event SET {column} = {column} WHERE id = %s", event.pk)


REPLACEMENTS = {
    "by the id of an event": (
        "audit_event",
        f"INSERT OR REPLACE INTO audit_event (id, {COLUMNS}) SELECT id, {COPIED} FROM audit_event WHERE id = %s",
    ),
    "by the row alone": (
        "audit_event",
        f"INSERT OR REPLACE INTO audit_event (id, {COLUMNS}) "
        f"SELECT id, {COPIED.replace('event_id', 'randomblob(16)')} FROM audit_event WHERE id = %s",
    ),
    "by the event id alone": (
        "audit_event",
        f"REPLACE INTO audit_event ({COLUMNS}) SELECT {COPIED} FROM audit_event WHERE id = %s",
    ),
    "of a part by its load and number": (
        "audit_loadpart",
        "INSERT OR REPLACE INTO audit_loadpart "
        "(event_id, load_id, number, first_position, next_position, root, leaves) "
        "SELECT randomblob(16), load_id, number, 0, 0, root, x'' FROM audit_loadpart WHERE %s > 0",
    ),
    "of a large leaf": (
        "audit_largeleaf",
        "INSERT OR REPLACE INTO audit_largeleaf (id, sha256, content) "
        "SELECT id, 'other', x'00' FROM audit_largeleaf WHERE %s > 0",
    ),
}


@pytest.mark.parametrize("recursive", [True, False], ids=["our connections", "another tool"])
@pytest.mark.parametrize("how", REPLACEMENTS)
def test_no_row_of_the_log_is_replaced(event: Event, how: str, recursive: bool) -> None:
    table, statement = REPLACEMENTS[how]
    before = rows_of(table)
    with pytest.raises(IntegrityError, match="rows are never"):
        if recursive:
            execute(statement, event.pk)
        else:
            with without_recursive_triggers():
                execute(statement, event.pk)
    assert rows_of(table) == before


def test_our_connections_fire_the_trigger_of_deletion_when_a_row_is_replaced(db: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA recursive_triggers")
        assert cursor.fetchone() == (1,)


def test_adding_goes_on(event: Event) -> None:
    before = Event.objects.count()
    with transaction.atomic():
        audit.record(actor=Actor.system("tests"), verb=Verb.ALIAS_ADDED, subject=("alias", "2"))
    assert Event.objects.count() == before + 1


def test_private_texts_can_be_erased_and_not_moved_to_another_event(event: Event) -> None:
    for column in ("event_id", "salt"):
        with pytest.raises(IntegrityError, match="rows are never changed"):
            execute(f"UPDATE audit_eventprivate SET {column} = {column}")
    EventPrivate.objects.filter(event_id=event.event_id).delete()
    assert Event.objects.filter(pk=event.pk).exists()


@pytest.mark.parametrize(
    ("model", "change"),
    [
        (Event, {"actor_name": "forged"}),
        (LoadPart, {"root": b"x" * 32}),
        (LargeLeaf, {"content": b"x"}),
    ],
)
def test_the_models_cannot_change_or_delete_either(event: Event, model: type[models.Model], change: Any) -> None:
    for attempt in (
        lambda: model.objects.update(**change),
        lambda: model.objects.all().delete(),
        lambda: model.objects.latest("pk").delete(),
        lambda: model.objects.latest("pk").save(),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            attempt()


# Changes of the schema: SQLite lets whoever opens the file make them, so they are found when the product starts.

EDITS: dict[str, tuple[str, ...]] = {
    "a dropped trigger": ("DROP TRIGGER vellum_audit_event_no_delete",),
    "a dropped table": ("DROP TABLE audit_event",),
    "a renamed table": ("ALTER TABLE audit_event RENAME TO audit_event_old",),
    "a rebuilt table": (
        "CREATE TABLE new_event AS SELECT * FROM audit_event",
        "DROP TABLE audit_event",
        "ALTER TABLE new_event RENAME TO audit_event",
    ),
    "an altered trigger": (
        "DROP TRIGGER vellum_audit_event_no_update",
        "CREATE TRIGGER vellum_audit_event_no_update BEFORE UPDATE ON audit_event BEGIN SELECT 1; END",
    ),
    "a trigger that swallows events": (
        "CREATE TRIGGER quiet BEFORE INSERT ON audit_event BEGIN SELECT RAISE(IGNORE); END",
    ),
    "a trigger of our name that nobody declared": (
        "CREATE TRIGGER vellum_more AFTER INSERT ON audit_event BEGIN DELETE FROM audit_viewmark; END",
    ),
    "an edited schema": (
        "PRAGMA writable_schema = ON",
        "DELETE FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_event'",
    ),
}


def start() -> None:
    """Compare the triggers as every start does, without closing the connection of the test."""
    triggers.verify(connection)


def test_a_database_as_it_was_made_starts(db: Any) -> None:
    start()


@pytest.mark.parametrize("what", EDITS)
def test_the_start_is_refused_after(db: Any, what: str) -> None:
    with connection.cursor() as cursor:
        try:
            with transaction.atomic():
                for statement in EDITS[what]:
                    cursor.execute(statement)
                with pytest.raises(triggers.MissingTriggerError, match="missing, altered or not ours") as refused:
                    start()
                raise RuntimeError
        except RuntimeError:
            cursor.execute("PRAGMA writable_schema = OFF")
    assert "vellum_audit_event_" in str(refused.value) or "quiet" in str(refused.value) or "more" in str(refused.value)
    start()


@pytest.mark.parametrize("what", ["a dropped trigger", "an altered trigger", "a trigger that swallows events"])
def test_migrating_puts_the_triggers_right_again(event: Event, what: str) -> None:
    for statement in EDITS[what]:
        execute(statement)
    call_command("migrate", verbosity=0)
    start()
    with pytest.raises(IntegrityError, match="rows are never deleted"):
        execute("DELETE FROM audit_event")
    before = Event.objects.count()
    with transaction.atomic():
        audit.record(actor=Actor.system("tests"), verb=Verb.ALIAS_ADDED, subject=("alias", "2"))
    assert Event.objects.count() == before + 1


# As a migration that adds a column with a default does it.
REBUILD = """
import django
django.setup()
from django.core.management import call_command
from django.db import connection, models
call_command("migrate", verbosity=0)
from archive.audit.models import Event
from archive.documents.models import Communication
for model in (Event, Communication):
    field = models.CharField(max_length=5, default="new")
    field.set_attributes_from_name("extra")
    with connection.schema_editor() as editor:
        editor.add_field(model, field)
"""


def test_after_a_table_was_rebuilt_nothing_starts_until_migrate_made_the_triggers_again(tmp_path: Path) -> None:
    environment = {**os.environ, "DATA_DIR": str(tmp_path / "data"), "DJANGO_SETTINGS_MODULE": "portal.settings"}

    def python(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
        )
        return done.returncode, done.stderr

    whole = len(triggers.statements())
    assert python("-c", REBUILD) == (0, "")
    assert 0 < len(_triggers(tmp_path)) < whole, "Django drops the triggers of a table that it rebuilds"
    for start_of in (("-m", "portal.run"), ("-c", "import portal.wsgi")):
        code, said = python(*start_of)
        assert code == 1 and "vellum_audit_event_no_update" in said and "manage.py migrate" in said
    assert python("manage.py", "migrate", "-v0") == (0, "")
    assert _triggers(tmp_path) == set(triggers.statements().items())


def _triggers(tmp_path: Path) -> set[tuple[str, str]]:
    with sqlite3.connect(tmp_path / "data" / "vellum.db") as database:
        return set(database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))


def test_the_check_of_deployment_names_what_is_missing(db: Any) -> None:
    execute("DROP TRIGGER vellum_audit_event_no_delete")
    found = checks.run_checks(tags=["triggers"], include_deployment_checks=True, databases=["default"])
    assert [error.id for error in found] == ["audit.E001"] and "vellum_audit_event_no_delete" in found[0].msg


# What else is protected (archive/registrations.py)


@pytest.mark.parametrize(
    "table",
    [
        "archive_communication",
        "archive_variant",
        "archive_ingestkey",
        "archive_classversion",
        "retention_scheduleversion",
    ],
)
def test_no_row_of_the_record_is_deleted(archive: Archive, table: str) -> None:
    archive.add("one")
    with pytest.raises(IntegrityError, match=f"{table}: rows are never deleted"):
        execute(f"DELETE FROM {table}")


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("archive_communication", "external_id"),
        ("archive_communication", "order_key"),
        ("archive_variant", "sha256"),
        ("archive_variant", "size_bytes"),
        ("archive_ingestkey", "external_id"),
        ("retention_scheduleversion", "years"),
        ("archive_classversion", "fields"),
    ],
)
def test_what_a_record_is_cannot_be_changed(archive: Archive, table: str, column: str) -> None:
    archive.add("one")
    with pytest.raises(IntegrityError, match=f"{table}: rows are never changed"):
        execute(f"UPDATE {table} SET {column} = {column}")


def test_the_log_outlives_what_it_speaks_of(event: Event, recorded: Callable[..., Any]) -> None:
    load = Load.objects.get()
    verbs = recorded(load)
    execute("PRAGMA defer_foreign_keys = ON")
    with pytest.raises(RuntimeError), transaction.atomic():
        execute("DELETE FROM archive_load")
        assert recorded(load) == verbs and LoadPart.objects.filter(load_id=load.pk).exists()
        raise RuntimeError
