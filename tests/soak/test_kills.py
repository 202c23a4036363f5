"""Kill whatever is at work at random moments, among random commands: the archive is whole each time (F-01, F-02, F-16).

`SOAK_KILLS` says how many kills (200), `SOAK_SEED` repeats a run.
"""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.archive.ingest.packages import manifest_of, record, write_tar, write_zip
from tests.soak.installations import Installation, seconds_of

pytestmark = pytest.mark.soak
KILLS = int(os.environ.get("SOAK_KILLS", "200"))
SEED = int(os.environ.get("SOAK_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
KILLS_IN_A_LIFE = 8
INSIDE = ("-m", "tests.soak.inside")


def letter(number: int, size_bytes: int) -> bytes:
    """Return the bytes of one letter, unlike all others."""
    return b"%%PDF-1.7 letter %08d " % number + random.Random(number).randbytes(64) * (size_bytes // 64)


def large(path: Path) -> Path:
    """Write a package that is read, sealed and committed in several rounds, by two processes."""
    count = 4_000
    files = {f"print/{number}.pdf": letter(number, 12_000) for number in range(count)}
    return write_tar(path, {"manifest.jsonl": manifest_of(*(record(number) for number in range(count))), **files})


def small(path: Path) -> Path:
    """Write a package of late variants, duplicates, replacements, shared resources and faults."""
    records, files = [], {"email/logo.png": b"logo"}
    for number in range(3_600, 4_400):
        entry = record(number, batch=f"JOB{number % 3}")
        files[f"print/{number}.pdf"] = letter(number, 12_000 if number < 4_000 else 500)
        files[f"email/{number}.html"] = b"<img src=logo.png> %d" % number
        if number % 2:
            mail = {"channel": "email", "file": f"email/{number}.html", "resources": ["email/logo.png"]}
            entry["variants"].append(mail)
        if number % 7 == 0:
            entry["issued_on"] = "2026-02-31"
        if number % 11 == 0 and number >= 4_000:
            entry["replaces"] = {"external_id": f"JOB7-{number - 400:06}", "reason": "wrong balance"}
        records.append(entry)
    return write_zip(path, {"manifest.jsonl": manifest_of(*records), **files})


def expected() -> set[str]:
    """Return the external ids that both packages bring in."""
    bad = {number for number in range(4_000, 4_400) if number % 7 == 0}
    return {f"JOB7-{number:06}" for number in range(4_400) if number not in bad}


@pytest.fixture(scope="module")
def template(tmp_path_factory: Any) -> Installation:
    """Return an installation to copy."""
    return Installation.new(tmp_path_factory.mktemp("soak") / "template")


class Life:
    """One installation from its first load to its last, with kills in between."""

    def __init__(self, installation: Installation, packages: list[Path], chance: random.Random) -> None:
        self.at = installation
        self.chance = chance
        self.packages = packages
        self.acknowledged: set[str] = set()
        self.kills = 0
        self.drop = installation.data.parent / f"drop-{installation.data.name}"
        self.drop.mkdir()

    def something(self) -> tuple[str, ...]:
        """Choose what is to be killed: a load, or, once one was killed, also the worker that goes on with it."""
        package = str(self.chance.choice(self.packages))
        if not any(self.drop.iterdir()):
            (self.drop / "p.zip").write_bytes(self.packages[1].read_bytes())
        ways = [
            ("manage.py", "ingest", package, "--producer", "engine", "--json"),
            ("manage.py", "watch", str(self.drop), "--producer", "engine", "--once"),
            (*INSIDE, "work"),
            (*INSIDE, "merge"),
        ]
        return self.chance.choices(ways, weights=[5, 2, 5, 1] if self.kills else [5, 2, 0, 0])[0]

    def command(self) -> None:
        """Do something that nobody kills."""
        package = str(self.chance.choice(self.packages))
        chosen = self.chance.choice(["steer", "steer", "check", "none", "none"])
        if chosen == "steer":
            self.at.inside("steer", str(self.chance.randrange(10**6)))
        elif chosen == "check":
            self.at.run("manage.py", "ingest", package, "--producer", "engine", "--check", code=None)

    def acknowledge(self) -> None:
        """Remember what is archived by now: none of it may ever go."""
        found = set(self.at.facts()["external_ids"])
        assert found >= self.acknowledged, f"lost: {sorted(self.acknowledged - found)[:5]}"
        self.acknowledged = found

    def end(self) -> None:
        """Let all that was begun come to its end, and load everything once more: all is there, and there once."""
        self.at.inside("settle")
        self.at.inside("check", "settled")
        for package in self.packages:
            self.at.run("manage.py", "ingest", str(package), "--producer", "engine", code=None)
        self.at.inside("settle")
        self.at.inside("check", "settled")
        self.acknowledge()
        assert self.acknowledged == expected()
        shutil.rmtree(self.at.data)


def test_the_archive_is_whole_after_every_kill(template: Installation, tmp_path: Path) -> None:
    chance = random.Random(SEED)
    packages = [large(tmp_path / "large.tar"), small(tmp_path / "small.zip")]
    measured = template.copy(tmp_path / "measured")
    seconds = {
        str(package): seconds_of(measured, "manage.py", "ingest", str(package), "--producer", "engine")
        for package in packages
    }
    assert set(measured.facts()["external_ids"]) == expected()
    measured.inside("settle")
    measured.inside("check", "settled")
    longest, hit, lives = max(seconds.values()), Counter[str](), 0
    print(f"\nseed {SEED}, {KILLS} kills, loads take {seconds}")
    while hit.total() < KILLS:
        lives += 1
        life = Life(template.copy(tmp_path / f"life{lives}"), packages, chance)
        while life.kills < KILLS_IN_A_LIFE and hit.total() < KILLS and life.acknowledged != expected():
            what = life.something()
            full = next((seconds[part] for part in what if part in seconds), longest)
            if life.at.kill_after(chance.uniform(0.15, 0.85) * full, *what):
                life.kills += 1
                hit[" ".join(what[1:3]).replace(str(tmp_path), "").strip("0123456789")] += 1
            life.at.inside("check")
            life.command()
            if chance.random() < 0.2:
                life.at.inside("settle")
                life.at.inside("check", "settled")
            life.acknowledge()
        life.end()
        print(f"life {lives}: {hit.total()} kills so far, {dict(hit)}", flush=True)
    assert hit.total() == KILLS
