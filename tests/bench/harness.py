"""What measures share: a scratch installation, commands in it, a table of results."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION = ROOT / "portal" / "demo" / "configuration.json"
FULL = bool(os.environ.get("FULL"))
CACHE_MB = "256" if FULL else "128"


@dataclass(slots=True)
class Result:
    """One line of the table. Shapes: `met` is None where there is no bound."""

    measure: str
    figure: str
    bound: str = ""
    beside: str = ""
    met: bool | None = None


class Installation:
    """A data folder of its own, gone at the end."""

    def __init__(self) -> None:
        self.data = Path(tempfile.mkdtemp(prefix="vellum-bench-"))
        self.environ = {
            **os.environ,
            "DATA_DIR": str(self.data),
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "SQLITE_CACHE_MB": CACHE_MB,
            "SECRET_KEY": "bench-bench-bench-bench-bench-bench-bench",
        }

    def __enter__(self) -> Installation:
        self.manage("migrate", "-v0")
        self.manage("configure", str(CONFIGURATION))
        return self

    def __exit__(self, *_error: object) -> None:
        shutil.rmtree(self.data, ignore_errors=True)

    def manage(self, *arguments: str) -> str:
        """Run a command and return what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=ROOT, env=self.environ, capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(f"{arguments}: {done.stderr or done.stdout}")
        return done.stdout

    def ingest(self, package: Path) -> dict[str, Any]:
        """Load a package and return the report."""
        report: dict[str, Any] = json.loads(
            self.manage("ingest", str(package), "--producer", "exstream-prod", "--json")
        )
        return report

    def python(self, code: str, *arguments: str) -> dict[str, Any]:
        """Run a function of tests.bench.inside in a process of its own and return what it answers."""
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.inside", code, *arguments],
            cwd=ROOT,
            env=self.environ,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return answer


def package(
    folder: Path, *, count: int, first: str, last: str, seed: int = 1, variants: int = 1, size: int = 20_000
) -> Path:
    """Write a package of benchmark documents."""
    path = folder / f"p{count}-{seed}-{variants}-{first}.tar"
    subprocess.run(
        [sys.executable, "manage.py", "make_package", "--communications", str(count), "--out", str(path)]
        + ["--seed", str(seed), "--variants", str(variants), "--from", first, "--to", last]
        + (["--size", str(size)] if size else []),
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "DATA_DIR": str(folder / "none"), "DJANGO_SETTINGS_MODULE": "portal.settings"},
    )
    return path


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which a share of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def milliseconds(values: Sequence[float]) -> str:
    """Write median, p95 and the largest of some seconds."""
    told = [percentile(values, 0.5), percentile(values, 0.95), max(values)]
    return " / ".join(f"{value * 1000:.1f}" for value in told) + " ms (p50 / p95 / max)"


def print_table(results: Sequence[Result]) -> str:
    """Return the table in Markdown."""
    lines = ["| measure | figure | bound | beside | |", "|---|---|---|---|---|"]
    for row in results:
        verdict = "" if row.met is None else ("met" if row.met else "**missed**")
        lines.append(f"| {row.measure} | {row.figure} | {row.bound} | {row.beside} | {verdict} |")
    return "\n".join(lines)


def write_json(results: Sequence[Result], seconds: float) -> None:
    """Write bench.json in the project's root."""
    content = {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "seconds": round(seconds), "full": FULL}
    text = json.dumps({**content, "results": [asdict(row) for row in results]}, indent=1)
    (ROOT / "bench.json").write_text(text + "\n")
