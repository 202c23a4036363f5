"""Loads from start to end: one door for the command, the drop folder, the upload page and the worker."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from archive import audit
from archive.audit.actor import Actor
from archive.audit.verbs import Verb
from archive.batches.models import Load, LoadLogLine
from archive.documents.models import Producer
from archive.ingest.catalogue import load_catalogue
from archive.ingest.errors import LoadStateError, UnknownProducerError
from archive.ingest.mapping import get_mapping
from archive.ingest.pipeline import Control, Pipeline
from archive.ingest.readers import SourceError, open_source
from archive.storage.contract import StoreError
from archive.storage.recovery import clear_broken_off
from archive.work.leases import LeaseLostError, PauseRequested, StopRequested


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """What someone asks to be loaded.

    Shapes: `keep_source` False says that the file is a copy of ours and goes once its load is complete.
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

    Errors: UnknownProducerError; UnknownMappingError; FileNotFoundError.
    """
    producer = _producer(request, actor)
    if request.mapping_key:
        get_mapping(request.mapping_key)
    size = request.path.stat().st_size if request.path.is_file() else 0
    with transaction.atomic():
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
        )
    return load


def run_load(load: Load, *, actor: Actor, control: Control) -> Load:
    """Run a load from where it stands; returns it in its end state, or paused.

    Errors: none for what is wrong with the package: the load is failed and says why. Anything unforeseen marks it
    errored and is raised.
    """
    started = time.monotonic()
    _begin(load, actor)
    before = load.seconds

    def end(state: Load.State, message: str = "") -> Load:
        return _end(load, state, actor, message=message, seconds=before + time.monotonic() - started)

    try:
        _read_through(load, actor, control)
    except (SourceError, StoreError) as error:
        return end(Load.State.FAILED, str(error))
    except PauseRequested:
        return end(Load.State.PAUSED)
    except StopRequested:
        return end(Load.State.STOPPED)
    except LeaseLostError:
        raise  # another worker has this load now, and its row with it
    except Exception as error:
        end(Load.State.ERRORED, f"{type(error).__name__}: {error}")
        raise
    load.refresh_from_db()
    state = Load.State.INCOMPLETE if load.rejected or load.message else Load.State.COMPLETE
    return end(state, load.message)


def _read_through(load: Load, actor: Actor, control: Control) -> None:
    clear_broken_off(reference=str(load.public_id))
    mapping = get_mapping(load.mapping_key) if load.mapping_key else None
    with open_source(Path(load.source_path), mapping=mapping) as source:
        Load.objects.filter(pk=load.pk).update(source_bytes=source.total_bytes, expected=source.expected)
        Pipeline(load=load, source=source, catalogue=load_catalogue(), actor=actor, control=control).run()
        if source.problem:
            Load.objects.filter(pk=load.pk).update(message=source.problem)


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
            load=load.pk,
            state=str(state),
            parts=load.parts,
            counts=counts,
            parts_root=root,
        )
    return load


def _summary(load: Load) -> str:
    counts = (
        f"{load.received} records: {load.archived} archived, {load.variants_added} variants added, "
        f"{load.duplicates} duplicates, {load.rejected} set aside."
    )
    return f"{load.get_state_display()}. {counts} {load.message}".strip()


def _log(load: Load, level: str, text: str) -> None:
    LoadLogLine.objects.create(load=load, at=timezone.now(), level=level, text=text)


def _producer(request: LoadRequest, actor: Actor) -> Producer:
    found = Producer.objects.filter(key=request.producer_key).first()
    if found is not None:
        return found
    if not request.create_producer:
        raise UnknownProducerError(request.producer_key)
    with transaction.atomic():
        producer, created = Producer.objects.get_or_create(
            key=request.producer_key, defaults={"label": request.producer_key}
        )
        if created:
            audit.record(actor=actor, verb=Verb.PRODUCER_CREATED, subject=producer)
    return producer
