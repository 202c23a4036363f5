"""Ask for an export, build it, fetch it by a link for five minutes, delete it, and clear what has expired."""

from __future__ import annotations

import datetime
import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from archive import audit, work
from archive.audit.actor import Actor
from archive.audit.rights import require
from archive.audit.verbs import Verb
from archive.desk.exporting.errors import (
    ExportError,
    NoRoomForExportError,
    NothingSelectedError,
    TooManyForRoleError,
)
from archive.desk.exporting.lists import write_csv, write_xlsx
from archive.desk.exporting.originals import write_zip
from archive.desk.exporting.table import ExportTable
from archive.desk.models import Export
from archive.documents.models import Variant
from archive.documents.plans import keys_in
from archive.documents.selectors import visible_to
from archive.search.models import Pick, Search
from archive.search.picks import selected_keys
from archive.work.leases import Lease, StopRequested, WorkFailed

KIND = "desk.export"
LIST_PERMISSION = "archive.export_communications"
MANY_PERMISSION = "archive.export_many"
ORIGINALS_PERMISSION = "archive.download_communications"
MOST_WITHOUT_MANY = 500
AT_ONCE_ROWS, AT_ONCE_DOCUMENTS, AT_ONCE_BYTES = 200, 20, 20_000_000
LINK_SECONDS = 300
BATCH = 500
_SALT = "archive.desk.export"
MIB = 1024 * 1024


def request_export(*, search: Search, kind: str, actor: Actor) -> Export:
    """Ask for an export of what is selected in a search; a small one is built when this returns.

    Errors: PermissionDenied; NothingSelectedError; TooManyForRoleError; NoRoomForExportError; QueryError;
    IndexDownError.
    """
    _require_all(actor, kind)
    picks = list(Pick.objects.filter(search_id=search.pk).values_list("order_key", flat=True))
    first = _first(search, picks, actor.user)
    if not first:
        raise NothingSelectedError(_("Nothing is selected that could be exported. Tick rows, or select all."))
    if len(first) > MOST_WITHOUT_MANY and not actor.user.has_perm(MANY_PERMISSION):
        message = _("Your role may export %(most)s communications at a time. Narrow the search or the selection.")
        reason = "More is selected than the role may export at a time."
        audit.record_refusal(actor=actor, verb=Verb.EXPORT_CREATED, subject=search, reason=reason, kind=kind)
        raise TooManyForRoleError(message % {"most": MOST_WITHOUT_MANY})
    _leave_room()
    small = _is_small(kind, first)
    with transaction.atomic():
        export = Export.objects.create(
            user=actor.user,
            kind=kind,
            query=search.query,
            sort=search.sort,
            selects_all=search.selects_all,
            keys=picks,
            total=len(first) if len(first) <= MOST_WITHOUT_MANY else None,
            created_at=timezone.now(),
        )
        audit.record(
            actor=actor,
            verb=Verb.EXPORT_CREATED,
            subject=export,
            private={"query": search.query},
            kind=kind,
            everything=search.selects_all,
            picks=len(picks),
        )
        # The row of work is committed with the export: whatever breaks off, a worker goes on with it.
        payload = {"export": export.pk}
        item = work.enqueue(kind=KIND, key=str(export.pk), payload=payload, actor=actor, ring=not small)
    lease = work.claim(item.pk) if small else None
    if lease is not None:
        _build_now(export, lease, actor)
    return export


def _build_now(export: Export, lease: Lease, actor: Actor) -> None:
    try:
        with work.holding(lease):
            build(export, actor=actor, tell=lambda _done: None)
    except Exception:
        _ended(export, Export.State.FAILED, _("It broke off. Ask for it again."))
        raise


def _require_all(actor: Actor, kind: str) -> None:
    require(actor, LIST_PERMISSION)
    if kind == Export.Kind.ZIP:
        require(actor, ORIGINALS_PERMISSION)


def _first(search: Search, picks: Sequence[int], user: Any) -> list[int]:
    """Return the first of a selection: one more than may be exported without a further right, at most."""
    found: list[int] = []
    for keys in selected_keys(
        query=search.query, selects_all=search.selects_all, picks=picks, user=user, batch=MOST_WITHOUT_MANY + 1
    ):
        found += keys
        if len(found) > MOST_WITHOUT_MANY:
            break
    return found


def _is_small(kind: str, keys: Sequence[int]) -> bool:
    if kind != Export.Kind.ZIP:
        return len(keys) <= AT_ONCE_ROWS
    sizes = Variant.objects.filter(keys_in(keys)).values_list("size_bytes", flat=True)[: AT_ONCE_DOCUMENTS + 1]
    return len(keys) <= AT_ONCE_DOCUMENTS and len(sizes) <= AT_ONCE_DOCUMENTS and sum(sizes) <= AT_ONCE_BYTES


def _leave_room() -> None:
    if shutil.disk_usage(settings.DATA_DIR).free < (settings.RESERVE_MB * 2) * MIB:
        raise NoRoomForExportError(_("There is no room for exports on the disk now. Tell operations."))


# Building


def path_of(export: Export) -> Path:
    """Return where an export's file lies, or would lie."""
    return Path(settings.DATA_DIR) / "exports" / f"{export.public_id}.{export.kind}"


def build(export: Export, *, actor: Actor, tell: Callable[[int], None]) -> None:
    """Build an export's file anew, then put it in its place; rights are asked again with every batch.

    Errors: PermissionDenied when the user may no longer export; QueryError; IndexDownError; OSError; whatever `tell`
    raises.
    """
    path = path_of(export)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    beside = path.with_name(f"{path.name}.part")
    Export.objects.filter(pk=export.pk).update(state=Export.State.RUNNING, done=0)
    done = 0

    def told(more: int) -> None:
        nonlocal done
        done += more
        Export.objects.filter(pk=export.pk).update(done=done)
        tell(done)

    try:
        with _language_of(export):
            note = _write(export, beside, actor, told)
        beside.chmod(0o600)
        digest, size = _digest(beside)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    now = timezone.now()
    with transaction.atomic():
        Export.objects.filter(pk=export.pk).update(
            state=Export.State.READY,
            done=done,
            total=done,
            file_bytes=size,
            sha256=digest,
            message=note,
            ended_at=now,
            expires_at=now + datetime.timedelta(hours=settings.EXPORT_HOURS),
        )
        audit.record(
            actor=actor, verb=Verb.EXPORT_BUILT, subject=export, communications=done, bytes=size, sha256=digest
        )
    export.refresh_from_db()


def _write(export: Export, path: Path, actor: Actor, tell: Callable[[int], None]) -> str:
    """Write the file; returns what its user should know of it."""
    if export.kind == Export.Kind.ZIP:
        written = write_zip(path, _batches(export), user=export.user, actor=actor, tell=tell)
        missing = len(written.missing)
        if not missing:
            return ""
        return ngettext(
            "%(number)s document failed its check and is not in the file; missing.txt names it.",
            "%(number)s documents failed their check and are not in the file; missing.txt names them.",
            missing,
        ) % {"number": missing}
    table = ExportTable(export.user)

    def rows() -> Iterator[list[list[Any]]]:
        for keys in _batches(export):
            yield table.rows(keys)
            tell(len(keys))

    if export.kind == Export.Kind.XLSX:
        write_xlsx(path, table.header, rows())
    else:
        with path.open("wb") as file:
            write_csv(file, table.header, rows())
    return ""


def _batches(export: Export) -> Iterator[list[int]]:
    """Yield what is exported; the user and his rights are read anew before each batch (requirements S-07)."""
    keys_left = selected_keys(
        query=export.query, selects_all=export.selects_all, picks=export.keys, user=_user(export), batch=BATCH
    )
    for keys in keys_left:
        user = _user(export)
        seen = set(visible_to(user).filter(keys_in(keys)).values_list("order_key", flat=True))
        yield [key for key in keys if key in seen]


def _user(export: Export) -> Any:
    user = get_user_model().objects.get(pk=export.user_id)
    if not user.is_active:
        raise PermissionDenied("The account was closed.")
    _require_all(Actor.of_user(user), export.kind)
    return user


def _digest(path: Path) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(MIB):
            digest.update(chunk)
            size += len(chunk)
    return digest.hexdigest(), size


def run_from_work(lease: Lease) -> dict[str, Any]:
    """Build an export as background work. A stop, or a right that is gone, ends it; it leaves nothing."""
    export = Export.objects.select_related("user").get(pk=lease.payload["export"])
    try:
        build(export, actor=lease.actor, tell=lambda done: lease.heartbeat(done=done, total=export.total))
    except StopRequested:
        _ended(export, Export.State.STOPPED, "")
        raise
    except PermissionDenied:
        _ended(
            export, Export.State.FAILED, gettext_lazy("The right to export was taken away meanwhile. Nothing was kept.")
        )
        raise WorkFailed("The right to export was taken away.") from None
    except OSError as error:
        _ended(
            export, Export.State.FAILED, gettext_lazy("The file could not be written: there was no room on the disk.")
        )
        raise WorkFailed(f"The file could not be written: {error.strerror}.") from error
    lease.finished = True
    return {"communications": export.done}


def give_up(lease: Lease) -> None:
    """Say of an export whose work broke off for good that it failed."""
    for export in Export.objects.filter(pk=lease.payload["export"]):
        _ended(export, Export.State.FAILED, gettext_lazy("It broke off several times. Operations can see why."))


def _ended(export: Export, state: Export.State, message: str | Promise) -> None:
    with _language_of(export):
        said = str(message)
    Export.objects.filter(pk=export.pk).update(state=state, message=said, ended_at=timezone.now())


def _language_of(export: Export) -> AbstractContextManager[None]:
    """Speak the language that the user chose: background work has none of its own."""
    return translation.override(getattr(export.user, "language", None) or translation.get_language())


# Fetching


def get_export(public_id: UUID, *, user: Any) -> Export:
    """Return an export of the user's own. Errors: Export.DoesNotExist, for anybody else's too."""
    return Export.objects.get(public_id=public_id, user=user)


def list_exports(*, user: Any) -> list[Export]:
    """Return the user's exports, the newest first, at most a hundred."""
    return list(Export.objects.filter(user=user).order_by("-created_at")[:100])


def link_token(export: Export) -> str:
    """Return what makes a link to the file good for five minutes, for its user alone (requirements S-21)."""
    return signing.dumps([str(export.public_id), export.user_id, export.revision], salt=_SALT)


def open_file(public_id: UUID, token: str, *, actor: Actor) -> tuple[Export, IO[bytes]]:
    """Return an export and its open file; that it was fetched is recorded and committed when this returns.

    Errors: Export.DoesNotExist for a link that is not the user's own, too old, revoked, or whose file is gone;
    PermissionDenied when the user may no longer export.
    """
    try:
        named, user_id, revision = signing.loads(token, salt=_SALT, max_age=LINK_SECONDS)
    except signing.BadSignature:
        raise Export.DoesNotExist from None
    export = get_export(public_id, user=actor.user)
    if (named, user_id, revision) != (str(export.public_id), actor.user.pk, export.revision):
        raise Export.DoesNotExist
    _require_all(actor, export.kind)
    if export.state != Export.State.READY:
        raise Export.DoesNotExist
    try:
        file = path_of(export).open("rb")
    except FileNotFoundError:
        raise Export.DoesNotExist from None
    audit.record_read(
        actor=actor, verb=Verb.EXPORT_DOWNLOADED, subject=export, bytes=export.file_bytes, sha256=export.sha256
    )
    return export, file


def stop_export(export: Export, *, actor: Actor) -> bool:
    """Ask a running export to stop; one that waits stops at once. Tells whether it was open."""
    with transaction.atomic():
        if not work.stop(kind=KIND, key=str(export.pk), actor=actor):
            return False
        Export.objects.filter(pk=export.pk, state=Export.State.WAITING).update(
            state=Export.State.STOPPED, ended_at=timezone.now()
        )
    return True


def delete_export(export: Export, *, actor: Actor) -> None:
    """Remove an export's file and revoke its links; its row stays.

    Errors: ExportError while it is being built.
    """
    with transaction.atomic():
        if export.state in (Export.State.WAITING, Export.State.RUNNING):
            raise ExportError(_("It is still being made. Stop it first."))
        Export.objects.filter(pk=export.pk).update(state=Export.State.EXPIRED, revision=export.revision + 1, keys=[])
        audit.record(actor=actor, verb=Verb.EXPORT_DELETED, subject=export)
    path_of(export).unlink(missing_ok=True)


def run_clear(lease: Lease) -> dict[str, Any]:
    """Remove the files of exports whose time is over, and what broke off left behind."""
    over = Export.objects.filter(state=Export.State.READY, expires_at__lt=timezone.now())
    cleared = 0
    for export in over:
        lease.heartbeat(done=cleared)
        delete_export(export, actor=Actor.system("exports"))
        cleared += 1
    return {"cleared": cleared}
