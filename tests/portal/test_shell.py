"""The top bar tells of a person's own background work, and of nobody else's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from archive.audit.actor import Actor
from archive.batches.models import Load
from archive.ingest.services import LoadRequest, create_load
from portal.shell import jobs

ENDED = sorted(set(Load.State.values) - set(Load.OPEN))


@pytest.fixture
def load(configured: None, user_of: Any, tmp_path: Path) -> Load:
    """Return a queued load of an operator's."""
    (tmp_path / "package.tar").write_bytes(b"")
    request = LoadRequest(path=tmp_path / "package.tar", producer_key="engine")
    return create_load(request, actor=Actor.of_user(user_of("operations", name="ours")))


def test_own_open_loads_are_told(load: Load, client: Any, django_user_model: Any) -> None:
    owner = django_user_model.objects.get(username="ours")
    assert jobs(owner) == {"count": 1, "url": "/loads/"}
    client.force_login(owner)
    assert 'href="/loads/"><svg' in client.get("/").content.decode().replace("\n", "")


@pytest.mark.parametrize("state", ENDED)
def test_what_ended_is_not(load: Load, django_user_model: Any, state: str) -> None:
    Load.objects.filter(pk=load.pk).update(state=state)
    assert jobs(django_user_model.objects.get(username="ours")) is None


def test_others_are_told_nothing(load: Load, user_of: Any) -> None:
    assert jobs(user_of("operations")) is None and jobs(user_of("agent")) is None
