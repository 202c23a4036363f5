"""Fixtures that all tests share."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
# On a machine where Hypothesis has not made its table of Unicode yet, the first draw takes seconds: no fault of a test.
hypothesis_settings.register_profile("vellum", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("vellum")
REAL_FILES = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


@pytest.fixture(scope="session", autouse=True)
def _data_folder_goes_at_the_end() -> Iterator[None]:
    yield
    # Under other settings DATA_DIR is somebody's archive.
    if Path(os.environ["DATA_DIR"]).name.startswith("vellum-test-"):
        shutil.rmtree(os.environ["DATA_DIR"], ignore_errors=True)


@pytest.fixture(autouse=True)
def _no_doorbells(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let tests run due work by hand: no message goes to a broker."""
    from archive.work import services

    monkeypatch.setattr(services, "ring_doorbell", lambda: None)


_word_indexes = itertools.count(1)


@pytest.fixture(autouse=True)
def _word_index_of_its_own(settings: Any) -> Iterator[None]:
    """Give each test a word index that does not exist yet; it goes with the test, as its database rows do."""
    folder = Path(os.environ["DATA_DIR"]) / f"words-{next(_word_indexes)}"
    settings.SEARCH_DB = folder / "search.db"
    folder.mkdir(parents=True)
    yield
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def real_files() -> Path:
    """Return the folder of real and hostile files, or skip where it is not."""
    if not REAL_FILES.is_dir():
        pytest.skip("the folder of real files is not beside the checkout")
    return REAL_FILES


@pytest.fixture
def recorded(db: Any) -> Callable[..., list[tuple[str, str]]]:
    """Return what was recorded about a subject, oldest first, as (verb, actor)."""
    from archive.audit.models import Event
    from archive.audit.services import subject_of

    def recorded(subject: Any) -> list[tuple[str, str]]:
        kind, subject_id = subject_of(subject)
        events = Event.objects.filter(subject_kind=kind, subject_id=subject_id).order_by("pk")
        return list(events.values_list("verb", "actor_name"))

    return recorded


@pytest.fixture
def configured(db: Any) -> None:
    """Apply the configuration that tests use."""
    from archive.audit.actor import Actor
    from portal.configuration.applying import apply
    from tests.configuration import CONFIGURATION

    apply(CONFIGURATION, actor=Actor.system("tests"))


@pytest.fixture
def user_of(db: Any) -> Callable[..., Any]:
    """Return a function that makes a user of some roles."""
    from django.contrib.auth.models import Group

    from portal.accounts.models import User

    def make(*roles: str, name: str = "") -> Any:
        user = User.objects.create_user(name or f"{'-'.join(roles) or 'nobody'}", password="correct horse battery")
        user.groups.set(Group.objects.filter(name__in=roles))
        return user

    return make


@pytest.fixture
def committed_db(transactional_db: Any) -> Iterator[None]:
    """Let a test commit, for threads and processes. What it wrote is flushed, which the log's triggers would refuse."""
    yield
    from django.db import connection

    from archive.audit import triggers

    with connection.cursor() as cursor:
        for name in triggers.statements():
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
