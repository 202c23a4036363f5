"""Identifiers: UUIDv7 for what is named outside, and the field of the 64-bit order key.

Source: RFC 9562 §5.7 and §6.2 (method 1: a counter in the bits after the millisecond keeps order in one process).
"""

from __future__ import annotations

import os
import threading
import time
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import models

_lock = threading.Lock()
_last_ms = 0
_counter = 0
_COUNTER_BITS = 42
_COUNTER_TOP = 1 << _COUNTER_BITS


def _after_fork() -> None:
    """Start from other random bits in a forked child, so that it never repeats its parent's ids."""
    global _last_ms
    _last_ms = 0


os.register_at_fork(after_in_child=_after_fork)


def uuid7_batch(count: int) -> list[UUID]:
    """Return `count` ids in ascending order, greater than all that this process made before.

    Shapes: 48 bits of milliseconds, a counter of 42 bits that starts at random in each millisecond, 32 random bits.
    """
    global _last_ms, _counter
    random = os.urandom(4 * count + 8)
    with _lock:
        now = time.time_ns() // 1_000_000
        if now > _last_ms:
            _last_ms = now
            # The top bit stays free, so that a million ids in one millisecond cannot overflow it.
            _counter = int.from_bytes(random[-8:], "big") % (_COUNTER_TOP >> 1)
        first = _counter + 1
        _counter += count
        if _counter >= _COUNTER_TOP:
            _last_ms, first, _counter = _last_ms + 1, 1, count
        stamp = _last_ms << 80 | 0x7 << 76 | 0b10 << 62
    ids: list[UUID] = []
    for index in range(count):
        counter = first + index
        tail = int.from_bytes(random[4 * index : 4 * index + 4], "big")
        value = stamp | (counter >> 30) << 64 | (counter & 0x3FFFFFFF) << 32 | tail
        ids.append(UUID(int=value))
    return ids


def uuid7() -> UUID:
    """Return one id."""
    return uuid7_batch(1)[0]


class PublicIdField(models.Field):  # type: ignore[type-arg]
    """A UUID in 16 bytes on SQLite and as `uuid` on PostgreSQL.

    Errors: ValidationError when a value is no UUID.
    """

    empty_strings_allowed = False
    description = "Public id (UUIDv7)"

    def db_type(self, connection: Any) -> str:
        """Return the column type."""
        return "uuid" if connection.vendor == "postgresql" else "blob"

    def rel_db_type(self, connection: Any) -> str:
        """Return the column type of what refers to it."""
        return self.db_type(connection)

    def to_python(self, value: Any) -> UUID | None:
        """Accept a UUID, its text or its bytes."""
        if value is None or isinstance(value, UUID):
            return value
        try:
            return UUID(bytes=bytes(value)) if isinstance(value, bytes | memoryview) else UUID(str(value))
        except ValueError:
            raise ValidationError("%(value)s is not a valid id.", params={"value": value}) from None

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> UUID | None:
        """Turn what the database returns into a UUID."""
        return self.to_python(value)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        """Turn a UUID into what the database stores."""
        uuid = self.to_python(value)
        if uuid is None or connection.vendor == "postgresql":
            return uuid
        return uuid.bytes


class OrderKeyField(models.BigIntegerField):  # type: ignore[type-arg]
    """The 64-bit primary key that is issue order: `integer` on SQLite, so that it is the rowid, `bigint` elsewhere."""

    description = "Order key"

    def get_internal_type(self) -> str:
        """Name the closest built-in field."""
        return "BigIntegerField"

    def db_type(self, connection: Any) -> str:
        """Return the column type; only `integer primary key` is the rowid on SQLite."""
        return "integer" if connection.vendor == "sqlite" else "bigint"

    def rel_db_type(self, connection: Any) -> str:
        """Return the column type of what refers to it."""
        return "bigint"
