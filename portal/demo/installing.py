"""Put the demo into an installation: configuration, users, letters by the real pipeline, renumberings."""

from __future__ import annotations

import csv
import datetime
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path

from archive.audit.actor import Actor
from archive.batches.models import Load
from archive.documents.services import NewAlias, add_aliases
from archive.ingest.running import load_now
from archive.ingest.services import LoadRequest
from portal.accounts.models import User
from portal.accounts.roles import ROLES
from portal.accounts.services import change_password, create_user
from portal.configuration.applying import apply
from portal.configuration.missing import missing_of
from portal.configuration.reading import read
from portal.demo.demo_set import plan_letters
from portal.demo.rendering import write_letters

HERE = Path(__file__).parent
PRODUCER = "exstream-prod"
SOURCE = "demo.tar"
Say = Callable[[str], None]


def install(
    *, communications: int, password: str, until: datetime.date, sign_ins: Path, say: Say, actor: Actor
) -> None:
    """Install what is missing of the demo and say what was done.

    Shapes: `sign_ins` is the file that keeps the demo's password, so that a later start can print it; an empty
    `password` means the one kept there, else a new random one.
    """
    if apply(missing_of(read(HERE / "configuration.json")), actor=actor):
        say("Configuration applied: two units, four classes, roles and access rules.")
    _users(password, sign_ins, say, actor)
    _letters(communications, until, say, actor)
    added = add_aliases(_aliases(), actor=actor)
    if added:
        say(f"{added} renumberings added.")


def _users(password: str, sign_ins: Path, say: Say, actor: Actor) -> None:
    missing = [role for role in ROLES if not User.objects.filter(username=role).exists()]
    known = sign_ins.read_text().rpartition(" ")[2].strip() if sign_ins.exists() else ""
    chosen = password or known or secrets.token_urlsafe(9)
    for role in missing:
        create_user(name=role, password=chosen, roles=[role], actor=actor)
    if password:
        for user in User.objects.filter(username__in=set(ROLES) - set(missing)):
            if not user.check_password(password):
                change_password(user=user, password=password, actor=actor)
    if missing or password:
        sign_ins.touch(mode=0o600)
        sign_ins.write_text(f"Sign in as {', '.join(ROLES)}; the password of all of them is {chosen}\n")
    say(sign_ins.read_text().strip())


def _letters(communications: int, until: datetime.date, say: Say, actor: Actor) -> None:
    # Decided, not archived: after a start that broke off, the next one finds part of them there already.
    done = Load.objects.filter(source_name=SOURCE, state=Load.State.COMPLETE, next_record__gte=communications)
    if communications < 1 or done.exists():
        return
    say(f"Writing {communications:,} letters of 24 months; this takes a while, once.")
    with tempfile.TemporaryDirectory(prefix="vellum-demo-") as folder:
        package = Path(folder) / SOURCE
        write_letters(package, plan_letters(count=communications, until=until))
        load = load_now(LoadRequest(path=package, producer_key=PRODUCER, source_name=SOURCE), actor=actor)
    say(f"Load {load}: {load.archived:,} archived, {load.duplicates:,} there already, {load.rejected:,} set aside.")


def _aliases() -> list[NewAlias]:
    with (HERE / "aliases.csv").open(encoding="utf-8", newline="") as file:
        return [
            NewAlias(
                row["unit"],
                row["kind"],
                row["old"],
                row["new"],
                row["source"],
                row["reason"],
                datetime.date.fromisoformat(row["from"]) if row["from"] else None,
            )
            for row in csv.DictReader(file)
        ]
