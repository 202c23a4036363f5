"""What long runs do inside of an installation of their own: `python -m tests.soak.inside STEP`, with its DATA_DIR.

Steps: `work` runs what is due as a worker would once all leases of killed ones have run out; `merge` does the recurring
care of the store; `steer` pauses, stops or resumes some load; `settle` lets everything come to its end; `check` tells
what is wrong with the archive as it stands, and `check settled` what is wrong once nothing is under way any more.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path


def work() -> None:
    """Run what is due, as if a minute had passed since the last kill."""
    from django.utils import timezone

    from archive.work.models import WorkItem
    from archive.work.services import run_due_items

    past = timezone.now() - timedelta(seconds=1)
    WorkItem.objects.filter(state="running").update(lease_until=past)
    WorkItem.objects.filter(state="queued").update(run_after=past)
    run_due_items()


def merge() -> None:
    """Do the recurring care of the store, as if two days had passed since whatever was begun."""
    from django.utils import timezone

    from archive.audit.actor import Actor
    from archive.storage.deletion import finish_deletions
    from archive.storage.merging import delete_merged_packs, merge_small_packs
    from archive.storage.models import WriteIntent
    from archive.storage.recovery import clear_broken_off

    WriteIntent.objects.update(created_at=timezone.now() - timedelta(days=2))
    actor = Actor.system("soak")
    clear_broken_off()
    finish_deletions()
    delete_merged_packs(actor=actor)
    merge_small_packs(actor=actor)


def steer(seed: int) -> None:
    """Pause, stop or resume some load; what its state does not allow is refused."""
    from archive.audit.actor import Actor
    from archive.batches.models import Load
    from archive.ingest.errors import LoadError
    from archive.ingest.running import pause_load, resume_load, stop_load

    chance = random.Random(seed)
    loads = list(Load.objects.order_by("-pk")[:3])
    if not loads:
        return
    try:
        chance.choice([pause_load, stop_load, resume_load])(chance.choice(loads), actor=Actor.system("soak"))
    except LoadError as error:
        print(error)


def settle() -> None:
    """Let every load come to its end, those that were paused, stopped or given up too; then care for the store."""
    from archive.audit.actor import Actor
    from archive.batches.models import Load
    from archive.ingest.running import resume_load

    for _ in range(10):
        work()
        waiting = Load.objects.filter(state__in=("paused", "stopped", "errored"))
        for load in waiting:
            resume_load(load, actor=Actor.system("soak"))
        if not waiting and not Load.objects.filter(state__in=Load.OPEN).exists():
            break
    merge()
    merge()


def check(*, settled: bool) -> list[str]:
    """Return what is wrong (requirements.md §5.2)."""
    problems = [*_readable(), *_no_duplicates(), *_events()]
    return [*problems, *_no_orphans(), *_nothing_stuck()] if settled else problems


def _readable() -> Iterator[str]:
    """I1: whatever is a row is readable with the digest that was archived."""
    from archive.documents.locators import locator_of
    from archive.documents.models import Variant
    from archive.storage.reading import read_whole

    for variant in Variant.objects.order_by("stored_object_id", "offset").iterator():
        try:
            digest = hashlib.sha256(read_whole(locator_of(variant))).digest()
        except Exception as error:
            yield f"I1: {variant} cannot be read: {error!r}"
            continue
        if digest != bytes(variant.sha256):
            yield f"I1: {variant} reads otherwise than it was archived"


def _no_duplicates() -> Iterator[str]:
    """I2: one communication for one identity, each whole."""
    from django.db.models import Count

    from archive.documents.models import Communication, IngestKey, Person, Variant

    count = Communication.objects.count()
    identities = Communication.objects.values("unit_id", "producer_id", "external_id").distinct().count()
    persons = Person.objects.filter(number=0).count()
    keys = IngestKey.objects.count()
    if not count == identities == keys == persons:
        yield f"I2: {count} communications, {identities} identities, {keys} keys, {persons} persons"
    with_variants = Variant.objects.values("order_key").distinct().count()
    if with_variants != count:
        yield f"I2: {count} communications, {with_variants} of them with variants"
    if Variant.objects.values("order_key", "channel").annotate(n=Count("number")).filter(n__gt=1).exists():
        yield "I2: a channel stands there twice"


# Which event the present state of a load follows from.
_LAST_EVENT = {
    "queued": {"load.created", "load.resumed"},
    "running": {"load.started"},
    "paused": {"load.paused"},
    "stopped": {"load.stopped"},
    "failed": {"load.failed"},
    "errored": {"load.failed"},
    "complete": {"load.completed"},
    "incomplete": {"load.completed"},
}


def _events() -> Iterator[str]:
    """I4: each part, count and state of a load has its event, and each event its part, count and state."""
    from archive.audit import merkle
    from archive.audit.models import Event, LoadPart
    from archive.audit.services import parts_root, read_leaf
    from archive.batches.models import Load, Reject
    from archive.documents.models import Communication

    told = {event.event_id: read_leaf(event) for event in Event.objects.filter(verb="load.part")}
    parts = list(LoadPart.objects.order_by("load_id", "number"))
    if {part.event_id for part in parts} != set(told):
        yield f"I4: {len(parts)} parts, {len(told)} events of parts"
    for part in parts:
        root = merkle.root(merkle.split(bytes(part.leaves))).hex()
        if not root == bytes(part.root).hex() == told[part.event_id]["details"]["root"]:
            yield f"I4: the root of part {part.number} of load {part.load_id} is not that of its leaves"
    for load in Load.objects.order_by("pk"):
        mine = [part for part in parts if part.load_id == load.pk]
        leaves = sum(len(bytes(part.leaves)) // 32 for part in mine)
        counted = (load.parts, load.archived + load.variants_added, load.archived, load.rejected)
        found = (
            len(mine),
            leaves,
            Communication.objects.filter(load_id=load.pk).count(),
            Reject.objects.filter(load=load).count(),
        )
        if counted != found or [part.number for part in mine] != list(range(1, len(mine) + 1)):
            yield f"I4: {load} counts parts, leaves, communications, rejects {counted}, there are {found}"
        if load.next_record != (mine[-1].next_position if mine else 0) or load.received != load.next_record:
            yield f"I4: {load} is at record {load.next_record} after {load.received}, its last part says otherwise"
        events = Event.objects.filter(subject_kind="load", subject_id=str(load.public_id)).exclude(verb="load.part")
        last = events.order_by("-pk").first()
        if last is None or last.verb not in _LAST_EVENT[load.state]:
            yield f"I4: {load} is {load.state}, its last event {last and last.verb}"
        elif last.verb == "load.completed" and read_leaf(last)["details"]["parts_root"] != parts_root(load.pk).hex():
            yield f"I4: the event of the end of {load} does not commit to its parts"


def _no_orphans() -> Iterator[str]:
    """I6: a cycle later each file has its row and each row its file; nothing that was begun is left."""
    from django.conf import settings

    from archive.storage.models import Location, WriteIntent

    if WriteIntent.objects.exists():
        yield f"I6: {WriteIntent.objects.count()} things were begun and never ended"
    root = Path(settings.DATA_DIR) / "objects"
    files = {str(path.relative_to(root)): path.stat().st_size for path in root.rglob("*") if path.is_file()}
    rows = dict(Location.objects.exclude(state="deleted").values_list("key", "stored_object__size_bytes"))
    for name in files.keys() - rows.keys():
        yield f"I6: {name} is nobody's"
    for name in rows.keys() - files.keys():
        yield f"I6: {name} is not there"
    for name in rows.keys() & files.keys():
        if rows[name] != files[name]:
            yield f"I6: {name} has {files[name]} bytes, its row {rows[name]}"


def _nothing_stuck() -> Iterator[str]:
    """I7: once all faults are over, nothing waits for ever."""
    from archive.batches.models import Load
    from archive.work.models import WorkItem

    for load in Load.objects.filter(state__in=Load.OPEN):
        yield f"I7: {load} is still {load.state}"
    for item in WorkItem.objects.filter(state__in=WorkItem.OPEN):
        yield f"I7: {item} is still {item.state}"


def facts() -> dict[str, object]:
    """Return what came in, for the driver: external ids, and how loads ended."""
    from archive.batches.models import Load
    from archive.documents.models import Communication

    return {
        "external_ids": sorted(Communication.objects.values_list("external_id", flat=True)),
        "loads": dict(Counter(Load.objects.values_list("state", flat=True))),
    }


def main(step: str, *rest: str) -> int:
    """Take one step; exit 1 when something is wrong."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django

    django.setup()
    if step == "steer":
        steer(int(rest[0]))
    elif step == "facts":
        print(json.dumps(facts()))
    elif step == "check":
        problems = check(settled="settled" in rest)
        print("\n".join(problems[:50]))
        return 1 if problems else 0
    else:
        {"work": work, "merge": merge, "settle": settle}[step]()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
