"""The copy of an upload whose load failed and brought nothing in goes after two weeks; the load's log says so."""

from __future__ import annotations

import datetime
import shutil
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from archive.audit.actor import Actor
from archive.audit.models import Event
from archive.batches.models import Load
from archive.ingest import uploads
from archive.ingest.running import resume_load
from archive.ingest.services import LoadRequest, create_load, run_load
from archive.ingest.uploads import clear_left_behind, drop_failed_uploads, save_upload
from tests.archive.ingest.packages import package, write_tar

pytestmark = pytest.mark.usefixtures("configured")
ACTOR = Actor.system("tests")


@pytest.fixture(autouse=True)
def _empty_incoming() -> Any:
    """Begin without what other tests left there, and leave nothing."""
    _clear()
    yield
    _clear()


def _clear() -> None:
    for entry in uploads.incoming().iterdir():
        shutil.rmtree(entry)


def go_on(_load: Load) -> None:
    """Let a load run."""


@pytest.fixture
def failed() -> Load:
    """Upload what is no package; its load failed 15 days ago."""
    body = b"no package at all" * 100
    pieces = [body]
    path = save_upload(lambda _size: pieces.pop(), name="bad.tar", size_bytes=len(body))
    load = run_load(
        create_load(LoadRequest(path, "engine", keep_source=False), actor=ACTOR), actor=ACTOR, control=go_on
    )
    assert load.state == "failed" and path.exists()
    return ended(load, days_ago=15)


def ended(load: Load, *, days_ago: int, **changes: Any) -> Load:
    """Let a load have ended some days ago."""
    at = timezone.now() - datetime.timedelta(days=days_ago)
    Load.objects.filter(pk=load.pk).update(ended_at=at, **changes)
    load.refresh_from_db()
    return load


def log_of(load: Load) -> list[str]:
    """Return the lines of a load's log about its copy."""
    return [line.text for line in load.log.order_by("pk") if "copy" in line.text]


def test_it_goes_after_two_weeks_and_the_log_says_so(failed: Load) -> None:
    before, folder = Event.objects.count(), Path(failed.source_path).parent
    assert folder.parent == uploads.incoming() and folder.is_dir()
    others = set(uploads.incoming().iterdir()) - {folder}
    assert drop_failed_uploads() == 1
    assert set(uploads.incoming().iterdir()) == others
    assert log_of(failed) == [
        "The uploaded copy was removed, 14 days after the load failed. Upload the package again to load it."
    ]
    assert Event.objects.count() == before


def test_the_second_time_nothing_is_removed_or_said(failed: Load) -> None:
    drop_failed_uploads()
    assert drop_failed_uploads() == 0 and len(log_of(failed)) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"days_ago": 13},
        {"days_ago": 15, "archived": 1},
        {"days_ago": 15, "variants_added": 1},
        {"days_ago": 15, "rejected": 1},
        {"days_ago": 15, "keep_source": True},
        {"days_ago": 15, "state": "stopped"},
        {"days_ago": 15, "state": "errored"},
        {"days_ago": 15, "state": "queued"},
    ],
    ids=str,
)
def test_what_may_be_needed_stays(failed: Load, changes: dict[str, Any]) -> None:
    ended(failed, **changes)
    assert drop_failed_uploads() == 0
    assert Path(failed.source_path).exists() and not log_of(failed)


def test_the_time_is_a_setting(failed: Load) -> None:
    assert settings.FAILED_UPLOAD_DAYS == 14
    assert drop_failed_uploads(older_than_days=16) == 0
    assert drop_failed_uploads(older_than_days=14) == 1


def test_a_file_that_is_not_an_upload_is_never_touched(failed: Load, tmp_path: Path) -> None:
    own = write_tar(tmp_path / "own.tar", package(1))
    ended(failed, days_ago=15, source_path=str(own))
    assert drop_failed_uploads() == 0
    assert own.exists()


def test_a_load_that_is_resumed_afterwards_says_that_its_package_is_gone(failed: Load) -> None:
    drop_failed_uploads()
    resume_load(failed, actor=ACTOR)
    failed.refresh_from_db()
    load = run_load(failed, actor=ACTOR, control=go_on)
    assert load.state == "failed" and "bad.tar" in load.message


def test_what_a_crash_left_half_removed_is_cleared_as_nobodys(failed: Load) -> None:
    folder = Path(failed.source_path).parent
    folder.rename(folder.with_name(f"{folder.name}.dropped"))
    assert drop_failed_uploads() == 0
    assert clear_left_behind(older_than_seconds=-1) == 1
    assert list(uploads.incoming().iterdir()) == []
