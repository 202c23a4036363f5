"""The broker over files: messages appear whole, and what is none ends no worker."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection
from kombu.exceptions import ChannelError

from portal import doorbell

WRITERS, EACH = 4, 50


def channel_of(folder: Path) -> Any:
    """Return a channel on a folder of its own, as the settings make it."""
    options = {"data_folder_in": str(folder), "data_folder_out": str(folder), "control_folder": str(folder / "control")}
    connection = Connection("filesystem://localhost", transport=doorbell.Transport, transport_options=options)
    return connection.channel()


def message(number: int) -> dict[str, Any]:
    """Return what kombu sends."""
    return {"body": str(number), "headers": {}, "properties": {}}


def test_the_settings_name_our_transport() -> None:
    from portal.celery import app

    for connection in (app.connection_for_write(), app.connection_for_read()):
        assert isinstance(connection.transport, doorbell.Transport)


def test_messages_come_out_once_each_in_their_queue_and_leave_nothing(tmp_path: Path) -> None:
    channel = channel_of(tmp_path)
    for number in range(3):
        channel._put("celery", message(number))
        time.sleep(0.002)
    with pytest.raises(Empty):
        channel._get("other")
    assert [channel._get("celery")["body"] for _ in range(3)] == ["0", "1", "2"]
    with pytest.raises(Empty):
        channel._get("celery")
    assert [path for path in tmp_path.iterdir() if path.is_file()] == []


@pytest.mark.parametrize(
    "broken", [b"", b'{"body": "a", "head', b"\xff\xfe", b"[]", b"null", b"{}", b'"text"', b"[" * 100_000]
)
def test_a_message_that_is_none_is_removed_and_the_next_one_comes(tmp_path: Path, broken: bytes) -> None:
    channel = channel_of(tmp_path)
    (tmp_path / "0_broken.celery.msg").write_bytes(broken)
    channel._put("celery", message(7))
    assert channel._get("celery")["body"] == "7"
    assert [path for path in tmp_path.iterdir() if path.is_file()] == []


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    channel = channel_of(tmp_path)
    channel.__dict__["data_folder_out"] = str(tmp_path / "missing")
    with pytest.raises(ChannelError, match="Cannot add a message"):
        channel._put("celery", message(1))


def test_what_a_killed_process_left_is_removed_after_a_minute_and_not_before(tmp_path: Path) -> None:
    channel = channel_of(tmp_path)
    old, new = tmp_path / ".1_a.celery.msg", tmp_path / ".2_b.celery.msg"
    for path in (old, new):
        path.write_text("{")
    long_ago = time.time() - doorbell.LEFT_BEHIND_SECONDS - 1
    os.utime(old, (long_ago, long_ago))
    with pytest.raises(Empty):
        channel._get("celery")
    assert not old.exists() and new.exists()


def _write(folder: Path, writer: int) -> None:
    channel = channel_of(folder)
    for number in range(EACH):
        channel._put("celery", {**message(writer * EACH + number), "fill": "x" * 100_000})


def test_many_writers_and_takers_meet_in_whole_messages_once_each(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fork = multiprocessing.get_context("fork")
    writers = [fork.Process(target=_write, args=(tmp_path, number)) for number in range(WRITERS)]
    found: list[str] = []
    written = threading.Event()
    takers = [threading.Thread(target=_take_all, args=(channel_of(tmp_path), found, written.is_set)) for _ in range(2)]
    for one in (*writers, *takers):
        one.start()
    for writer in writers:
        writer.join(30)
    written.set()
    for taker in takers:
        taker.join(30)
    assert sorted(map(int, found)) == list(range(WRITERS * EACH))
    assert not caplog.records, "none was read before it was whole"


def _take_all(channel: Any, found: list[str], written: Callable[[], bool]) -> None:
    while True:
        last = written()
        try:
            found.append(channel._get("celery")["body"])
        except Empty:
            if last:
                return
