"""A million communications written straight into a scratch instance: rows only, spread over months.

The indexes of the big tables are dropped while rows go in and made again after, so that seeding takes a minute and the
tables come out as a long life would leave them, in issue order. Nothing is analysed: installations have no statistics.
"""

from __future__ import annotations

import datetime
import os
import random
from collections.abc import Iterator
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from archive.audit.ids import uuid7_batch
from archive.batches.models import Load
from archive.documents.allocation import allocate_numbers
from archive.documents.models import BusinessUnit, DocumentClass, Producer
from archive.documents.order_key import make_order_key
from archive.ingest.catalogue import load_catalogue
from archive.ingest.rows import COMMUNICATION_COLUMNS, VARIANT_COLUMNS, Tables

BATCH = 20_000
LETTERS_EACH = 25
NAMES = ("muller", "lindqvist", "okafor", "yilmaz", "kowalski", "adeyemi", "schmidt", "larsen", "novak", "rossi")


def seed(count: int, *, first_day: datetime.date, last_day: datetime.date, seed_number: int = 1) -> Load:
    """Write `count` communications of the configured units and classes, issued evenly between the two days."""
    catalogue = load_catalogue()
    tables = Tables(catalogue.slots)
    producer, _ = Producer.objects.get_or_create(key="seed", defaults={"label": "Seed"})
    now = timezone.now()
    load = Load.objects.create(
        producer_id=producer.pk,
        producer_key=producer.key,
        source_name="seed",
        source_path="",
        requested_by="bench",
        created_at=now,
        state=Load.State.COMPLETE,
        archived=count,
    )
    dropped = _drop_indexes(tables)
    rows = _rows(count, load, producer, first_day, last_day, random.Random(seed_number), tables.slots)
    for batch in rows:
        with transaction.atomic():
            for table, values in batch:
                getattr(tables, table).insert(values)
    for statement in dropped:
        with connection.cursor() as cursor:
            cursor.execute(statement)
    return load


def _drop_indexes(tables: Tables) -> list[str]:
    dropped: list[str] = []
    with connection.cursor() as cursor:
        for table in ("archive_communication", "archive_variant", "archive_party"):
            cursor.execute(
                "SELECT name, sql FROM sqlite_master WHERE type='index' AND tbl_name=%s AND sql IS NOT NULL", [table]
            )
            for name, sql in cursor.fetchall():
                cursor.execute(f'DROP INDEX "{name}"')
                dropped.append(sql)
    return dropped


def _rows(
    count: int,
    load: Load,
    producer: Producer,
    first_day: datetime.date,
    last_day: datetime.date,
    chance: random.Random,
    slots: tuple[str, ...],
) -> Iterator[list[tuple[str, list[tuple[Any, ...]]]]]:
    units = list(BusinessUnit.objects.order_by("pk").values_list("pk", flat=True))
    classes = list(DocumentClass.objects.order_by("pk").values_list("pk", "current"))
    days = (last_day - first_day).days + 1
    archived_at = timezone.now().replace(tzinfo=None).isoformat(" ", "microseconds")
    text_slot = slots.index("t01") if "t01" in slots else None
    width = len(slots)
    for start in range(0, count, BATCH):
        size = min(BATCH, count - start)
        numbers = allocate_numbers(size)
        ids = uuid7_batch(size)
        communications, keys, variants, persons, tokens = [], [], [], [], []
        for index in range(size):
            position = start + index
            day = first_day + datetime.timedelta(days=position * days // count)
            key = make_order_key(day, numbers[index])
            unit = units[position % len(units)]
            class_id, version = classes[position // len(units) % len(classes)]
            customer = chance.randrange(max(count // LETTERS_EACH, 1))
            external_id = f"SEED-{position:09}"
            slot_values: list[Any] = [None] * width
            if text_slot is not None and position % 2:
                slot_values[text_slot] = f"{customer % 400:03}"
            values = {
                "order_key": key,
                "public_id": ids[index].bytes,
                "unit_id": unit,
                "document_class_id": class_id,
                "class_version": version,
                "producer_id": producer.pk,
                "external_id": external_id,
                "load_id": load.pk,
                "load_position": position,
                "archived_at": archived_at,
                "customer_id": f"C-{100000 + customer}",
                "account_number": f"{customer * 3:08}",
                "party_role": "holder",
                "subject": "Account statement",
                "language": "en",
                "channels": 1,
                "state": "current",
                "restricted": 0,
                "index_values": None,
                "retain_until": day.replace(year=day.year + 10, day=1).isoformat(),
                "schedule_version_id": 1,
                "retention_trigger": "issued",
                "retention_trigger_on": day.isoformat(),
                "retention_cut_off_on": day.isoformat(),
            }
            communications.append((*(values.get(column) for column in COMMUNICATION_COLUMNS), *slot_values))
            keys.append((unit, producer.pk, external_id, ids[index].bytes, key))
            place = {
                "order_key": key,
                "number": 1,
                "channel": "print",
                "content_type": "application/pdf",
                "size_bytes": 20_000,
                "sha256": os.urandom(32),
                "stored_object_id": 0,
                "offset": 0,
                "length": 20_000,
                "encoding": "identity",
                "load_id": load.pk,
                "load_position": position,
                "added_at": archived_at,
                "pages": 2,
                "file_name": "letter.pdf",
                "queue": "",
                "queue_file": "",
                "producer_ref": "",
                "resource_count": 0,
            }
            variants.append(tuple(place.get(column) for column in VARIANT_COLUMNS))
            name = NAMES[customer % len(NAMES)]
            postcode = f"{10000 + customer % 9000}"
            persons.append((key, 0, os.urandom(32), name.title(), postcode, "", None))
            tokens += [(f"n:{name}", key, 0), (f"p:{postcode}", key, 0)]
        tokens.sort()
        yield [
            ("communication", communications),
            ("ingest_key", keys),
            ("variant", variants),
            ("person", persons),
            ("person_token", tokens),
        ]
