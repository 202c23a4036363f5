"""Loads from start to end: one door for the command, the drop folder, the upload page and the worker."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.db import OperationalError, transaction
from django.utils import timezone

from archive import audit
from archive.audit.actor import Actor
from archive.audit.models import Event
from archive.audit.verbs import Verb
from archive.batches.models import Load, LoadLogLine
from archive.documents.models import Producer
from archive.ingest.catalogue import load_catalogue
from archive.ingest.errors import BadProducerKeyError, LoadStateError, SourceChangedError, UnknownProducerError
from archive.ingest.mapping import get_mapping
from archive.ingest.pipeline import Control, Pipeline
from archive.ingest.readers import SourceError
from archive.ingest.resubmitting import header_of, open_load
from archive.ingest.uploads import remove_upload
from archive.search.index_work import request_indexing
from archive.storage.contract import StoreError
from archive.storage.recovery import clear_broken_off
from archive.work.leases import LeaseLostError, PauseRequested, StopRequested

NO_ROOM = "No space is left on the disk of the database. Free some; the load can then go on."
FAILED_REASON = "The load did not come to its end; its page says why."
# As in portal/configuration/schema.json: keys are immutable, and stand in URLs and queries.
_PRODUCER_KEY = re.compile(r"[a-z0-9][a-z0-9_.-]{0,59}")


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """What someone asks to be loaded.

    Shapes: `keep_source` False says that the file is a copy of ours and goes once its load is complete. `resubmits` is
    the load that set the records aside; an empty producer is that one's.
    """

    path: Path
    producer_key: str
    mapping_key: str = ""
    source_name: str = ""
    keep_source: bool = True
    create_producer: bool = False
    resubmits: Load | None = None


def create_load(request: LoadRequest, *, actor: Actor) -> Load:
    """Make the row of a load, queued.

    Errors: UnknownProducerError; BadProducerKeyError; UnknownMappingError; each before anything is written.
    """
    if request.mapping_key:
        get_mapping(request.mapping_key)
    size = request.path.stat().st_size if request.path.is_file() else 0
    with transaction.atomic():
        producer = get_producer(request, actor=actor)
        load = Load.objects.create(
            producer_id=producer.pk,
            producer_key=producer.key,
            source_name=request.source_name or request.path.name,
            source_path=str(request.path.absolute()),
            source_bytes=size,
            mapping_key=request.mapping_key,
            requested_by=actor.name,
            requested_by_id=actor.user.pk if actor.user else None,
            created_at=timezone.now(),
            keep_source=request.keep_source,
            resubmits=request.resubmits,
        )
        audit.record(
            actor=actor,
            verb=Verb.LOAD_CREATED,
            subject=load,
            private={"source": load.source_name},
            load=load.pk,
            producer=producer.key,
            bytes=size,
            resubmits=request.resubmits.pk if request.resubmits else None,
        )
    return load


def run_load(load: Load, *, actor: Actor, control: Control) -> Load:
    """Run a load from where it stands; returns it in its end state, or paused.

    Errors: none for what is wrong with the package: the load is failed and says why. Anything unforeseen marks it
    errored and is raised; an interrupt from the keyboard marks it stopped and is raised.
    """
    started = time.monotonic()
    _begin(load, actor)
    before = load.seconds

    def end(state: Load.State, message: str = "") -> Load:
        return _end(load, state, actor, message=message, seconds=before + time.monotonic() - started)

    try:
        _read_through(load, actor, control)
    except (SourceError, SourceChangedError, StoreError) as error:
        return end(Load.State.FAILED, str(error))
    except OperationalError as error:
        if not is_full(error):
            end(Load.State.ERRORED, f"{type(error).__name__}: {error}")
            raise
        return end(Load.State.FAILED, NO_ROOM)
    except PauseRequested:
        return end(Load.State.PAUSED)
    except StopRequested:
        return end(Load.State.STOPPED)
    except LeaseLostError:
        raise  # another worker has this load now, and its row with it
    except KeyboardInterrupt:
        end(Load.State.STOPPED, "Interrupted at the keyboard.")
        raise
    except Exception as error:
        end(Load.State.ERRORED, f"{type(error).__name__}: {error}")
        raise
    load.refresh_from_db()
    state = Load.State.INCOMPLETE if load.rejected or load.message else Load.State.COMPLETE
    end(state, load.message)
    _let_sources_go(load)
    return load


def is_full(error: OperationalError) -> bool:
    """Tell whether the database found no room on its disk."""
    return "database or disk is full" in str(error)


def _read_through(load: Load, actor: Actor, control: Control) -> None:
    clear_broken_off(reference=str(load.public_id))
    mapping = get_mapping(load.mapping_key) if load.mapping_key else None
    with open_load(load, mapping=mapping) as source:
        if load.next_record and source_changed(load, total_bytes=source.total_bytes):
            raise SourceChangedError(load)
        Load.objects.filter(pk=load.pk).update(source_bytes=source.total_bytes, expected=source.count_records())
        try:
            Pipeline(load=load, source=source, catalogue=load_catalogue(), actor=actor, control=control).run()
            if source.problem:
                Load.objects.filter(pk=load.pk).update(message=source.problem)
        finally:
            if Load.objects.filter(pk=load.pk, rejected__gt=0).exists():
                Load.objects.filter(pk=load.pk).update(manifest_header=header_of(load, source, mapping))


def source_changed(load: Load, *, total_bytes: int) -> bool:
    """Tell whether a package that was read in part is another one now: going on would leave records out."""
    path = Path(load.source_path)
    latest = max(file.lstat().st_mtime for file in _files_at_the_top(path))
    began = load.started_at.timestamp() if load.started_at else 0.0
    lies_among_others = path.suffix.lower() in (".jsonl", ".csv")  # a manifest: its folder may have got other files
    return latest > began or (total_bytes != load.source_bytes and not lies_among_others)


def _files_at_the_top(path: Path) -> Iterator[Path]:
    yield path
    if path.is_dir():
        yield from path.iterdir()


def _let_sources_go(load: Load) -> None:
    """Remove our copies of what is archived completely; what was set aside needs its package until it is mended."""
    if load.state != Load.State.COMPLETE:
        return
    before, enough = load.resubmits, load.received
    if not load.keep_source:
        remove_upload(Path(load.source_path))
    while before is not None and before.state == Load.State.INCOMPLETE and before.rejected <= enough:
        if not before.keep_source:
            remove_upload(Path(before.source_path))
        before = before.resubmits


def _begin(load: Load, actor: Actor) -> None:
    with transaction.atomic():
        changed = Load.objects.filter(
            pk=load.pk, state__in=(Load.State.QUEUED, Load.State.RUNNING, *Load.RESUMABLE)
        ).update(state=Load.State.RUNNING, started_at=load.started_at or timezone.now(), ended_at=None, message="")
        if not changed:
            raise LoadStateError(load)
        load.refresh_from_db()
        _log(load, "info", f"Reading {load.source_name} from record {load.next_record + 1}.")
        audit.record(actor=actor, verb=Verb.LOAD_STARTED, subject=load, load=load.pk, record=load.next_record)


_END_VERBS = {
    Load.State.COMPLETE: Verb.LOAD_COMPLETED,
    Load.State.INCOMPLETE: Verb.LOAD_COMPLETED,
    Load.State.FAILED: Verb.LOAD_FAILED,
    Load.State.ERRORED: Verb.LOAD_FAILED,
    Load.State.PAUSED: Verb.LOAD_PAUSED,
    Load.State.STOPPED: Verb.LOAD_STOPPED,
}


def _end(load: Load, state: Load.State, actor: Actor, *, message: str, seconds: float) -> Load:
    """Write the end of a run: state, message, log and event. `load.completed` commits to the parts."""
    with transaction.atomic():
        load.refresh_from_db()
        load.state, load.message, load.seconds = state, message, seconds
        load.ended_at = None if state == Load.State.PAUSED else timezone.now()
        load.save(update_fields=["state", "message", "ended_at", "seconds"])
        _log(load, "error" if state in (Load.State.FAILED, Load.State.ERRORED) else "info", _summary(load))
        counts = {name: getattr(load, name) for name in ("archived", "variants_added", "duplicates", "rejected")}
        verb = _END_VERBS[state]
        root = audit.parts_root(load.pk).hex() if verb == Verb.LOAD_COMPLETED else None
        audit.record(
            actor=actor,
            verb=verb,
            subject=load,
            outcome=Event.Outcome.FAILED if verb == Verb.LOAD_FAILED else Event.Outcome.DONE,
            reason=FAILED_REASON if verb == Verb.LOAD_FAILED else "",
            load=load.pk,
            state=str(state),
            parts=load.parts,
            counts=counts,
            parts_root=root,
        )
        if load.archived or load.variants_added:
            request_indexing(actor=actor)
    return load


def _summary(load: Load) -> str:
    counts = (
        f"{load.received} records: {load.archived} archived, {load.variants_added} variants added, "
        f"{load.duplicates} duplicates, {load.rejected} set aside."
    )
    return f"{load.get_state_display()}. {counts} {load.message}".strip()


def _log(load: Load, level: str, text: str) -> None:
    LoadLogLine.objects.create(load=load, at=timezone.now(), level=level, text=text)


def get_producer(request: LoadRequest, *, actor: Actor) -> Producer:
    """Return whose output it is; a new one is made where that was asked for.

    Errors: UnknownProducerError; BadProducerKeyError.
    """
    key = request.producer_key or (request.resubmits.producer_key if request.resubmits else "")
    found = Producer.objects.filter(key=key).first()
    if found is not None:
        return found
    if not request.create_producer:
        raise UnknownProducerError(key)
    if not _PRODUCER_KEY.fullmatch(key):
        raise BadProducerKeyError(key)
    with transaction.atomic():
        producer, created = Producer.objects.get_or_create(key=key, defaults={"label": key})
        if created:
            audit.record(actor=actor, verb=Verb.PRODUCER_CREATED, subject=producer)
    return producer
