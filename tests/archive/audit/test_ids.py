"""Ids are UUIDv7 (RFC 9562): ordered within a process, never the same again, also after a fork."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from django.core.exceptions import ValidationError

from archive.audit import ids
from archive.audit.ids import PublicIdField, uuid7, uuid7_batch


def test_an_id_is_version_7_of_the_rfc_variant_and_tells_the_millisecond() -> None:
    before = time.time_ns() // 1_000_000
    found = uuid7()
    assert found.version == 7 and found.variant == "specified in RFC 4122"
    assert before <= found.int >> 80 <= time.time_ns() // 1_000_000 + 1


def test_ids_ascend_across_batches_and_threads_never_repeat() -> None:
    with ThreadPoolExecutor(8) as pool:
        batches = list(pool.map(uuid7_batch, [500] * 40))
    assert all(batch == sorted(batch) for batch in batches)
    assert len({one for batch in batches for one in batch}) == 20_000
    assert uuid7() < uuid7() < uuid7_batch(1)[0]


def test_ids_still_ascend_when_the_counter_overflows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ids, "_last_ms", 1 << 46)
    monkeypatch.setattr(ids, "_counter", (1 << 42) - 2)
    found = uuid7_batch(3)
    assert found == sorted(set(found)) and all(one.version == 7 for one in found)


def test_a_clock_that_goes_back_makes_no_lower_id(monkeypatch: pytest.MonkeyPatch) -> None:
    first = uuid7()
    monkeypatch.setattr(time, "time_ns", lambda: 1)
    assert uuid7() > first


def test_a_forked_child_makes_other_ids() -> None:
    uuid7()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, b"".join(one.bytes for one in uuid7_batch(50)))
        os._exit(0)
    os.waitpid(child, 0)
    raw = os.read(read, 10_000)
    os.close(read), os.close(write)
    theirs = {UUID(bytes=raw[at : at + 16]) for at in range(0, len(raw), 16)}
    assert len(theirs) == 50 and not theirs & set(uuid7_batch(50))


@pytest.mark.parametrize("value", ["nonsense", b"short", 7, ""])
def test_what_is_no_id_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        PublicIdField().to_python(value)


def test_a_text_and_bytes_mean_the_same_id() -> None:
    one = uuid7()
    field = PublicIdField()
    assert field.to_python(str(one)) == field.to_python(one.bytes) == field.to_python(one) == one
    assert field.to_python(None) is None
