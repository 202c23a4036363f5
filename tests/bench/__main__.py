"""`python -m tests.bench [measure …]`: print the table, write bench.json. FULL=1: a million rows, 4 GiB."""

from __future__ import annotations

import datetime
import os
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.bench.far_page import far_page
from tests.bench.harness import CACHE_MB, FULL, Installation, Result, package, print_table, write_json
from tests.bench.memory import ingest_with_peak
from tests.bench.raw import raw_seconds
from tests.bench.serving import readers_under_load

SEED = int(os.environ.get("SEED", "1000000" if FULL else "200000"))
COUNT = 20_000
RUNS = 3
LAST = datetime.date.today().replace(day=1) - datetime.timedelta(days=1)
NEWEST = (LAST.replace(day=1).isoformat(), LAST.isoformat())
OLDER = ((LAST - datetime.timedelta(days=1_400)).isoformat(), LAST.isoformat())


def load_empty(folder: Path) -> Iterator[Result]:
    """Load 20,000 documents of 20 KB into an empty archive."""
    source = package(folder, count=COUNT, first=NEWEST[0], last=NEWEST[1])
    rates, ratios = [], []
    for _run in range(RUNS):
        with Installation() as place:
            rate, ratio = _load_against_raw(place, source, folder)
            rates.append(rate)
            ratios.append(ratio)
    yield _rate("bulk load, empty archive", rates, ratios, 5_000)


def load_seeded(folder: Path) -> Iterator[Result]:
    """Load 20,000 documents with many rows in place: the newest month, and random older days."""
    newest = package(folder, count=COUNT, first=NEWEST[0], last=NEWEST[1])
    older = package(folder, count=COUNT, first=OLDER[0], last=OLDER[1], seed=2)
    with Installation() as place:
        place.python("seeded", str(SEED))
        rate, ratio = _load_against_raw(place, newest, folder)
        yield _rate(f"bulk load, {SEED:,} in place, newest month", [rate], [ratio], 3_000)
        rate, ratio = _load_against_raw(place, older, folder)
        yield Result(f"bulk load, {SEED:,} in place, older days", f"{rate:,.0f}/s", "", f"{ratio:.0%} of raw")


def _load_against_raw(place: Installation, source: Path, folder: Path) -> tuple[float, float]:
    database, before = place.data / "vellum.db", folder / "before.db"
    # Closed before the copy: a file that is closed takes all locks of its process with it, and a connection that lost
    # its locks so sees a write-ahead log that the load has long deleted.
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copyfile(database, before)
    report = place.ingest(source)
    with closing(sqlite3.connect(database)) as connection:
        if (found := connection.execute("PRAGMA quick_check").fetchone()[0]) != "ok":
            raise RuntimeError(f"the database after the load: {found}")
    raw = raw_seconds(source, database, before, folder, load_id=report["load"], cache_mb=int(CACHE_MB))
    for path in folder.glob("before.db*"):
        path.unlink()
    return report["archived"] / report["seconds"], raw / report["seconds"]


def _rate(measure: str, rates: list[float], ratios: list[float], bound: int) -> Result:
    best, middle = max(rates), sorted(rates)[len(rates) // 2]
    ratio = sorted(ratios)[len(ratios) // 2]
    figure = f"{middle:,.0f}/s" + (f" (best {best:,.0f})" if len(rates) > 1 else "")
    return Result(measure, figure, f"{bound:,}/s, 60 % of raw", f"{ratio:.0%} of raw", middle >= bound and ratio >= 0.6)


def load_three(folder: Path) -> Iterator[Result]:
    """Load communications of three variants with shared resources."""
    source = package(folder, count=5_000, first=NEWEST[0], last=NEWEST[1], variants=3)
    with Installation() as place:
        report = place.ingest(source)
    figure = f"{report['archived'] / report['seconds']:,.0f}/s"
    yield Result("bulk load, three variants with resources", figure, "", f"{report['bytes'] / 1e6:,.0f} MB stored")


def memory(folder: Path) -> Iterator[Result]:
    """Measure the peak memory of a load and its committing process."""
    count = 200_000 if FULL else COUNT
    source = package(folder, count=count, first=NEWEST[0], last=NEWEST[1])
    with Installation() as place:
        peak, report = ingest_with_peak(place, source)
    bound = 300 + int(CACHE_MB)
    rate = f"{report['archived'] / report['seconds']:,.0f}/s, package {source.stat().st_size / 1e9:.1f} GB"
    yield Result(
        f"peak memory, {count:,} documents", f"{peak:,.0f} MiB", f"300 MiB + {CACHE_MB} MB cache", rate, peak <= bound
    )


def search(folder: Path) -> Iterator[Result]:
    """Search with many rows in place and an access rule that lets 10 of 40 units pass."""
    with Installation() as place:
        told = place.python("seeded", str(SEED))
        print(f"# {SEED:,} rows written straight in {told['seconds']:.0f} s", file=sys.stderr)
        place.manage("collectstatic", "--noinput", "-v0")
        for name, times in place.python("searches", "200", str(SEED)).items():
            database, page = times["database"], times["page"]
            bounded = name not in ("name and postcode", "newest, no condition", "no hit")
            met = database[1] <= 0.020 and page[1] <= 0.150
            yield Result(
                f"search at {SEED:,}: {name}",
                _ms(database),
                "p95 20 ms, page 150 ms" if bounded else "",
                f"page {_ms(page)}; {times['hits']} rows (median)",
                met if bounded else None,
            )
            if bounded and not met:
                print(f"# {name}: {times['plan']}", file=sys.stderr)


WORD_BOUNDS = {
    "a rare word": 0.010,
    "a word in 1 %": 0.020,
    "a word in 10 %": 0.030,
    "a word in every document": 0.030,
    "a phrase of two common words": 0.300,
}


def words(folder: Path) -> Iterator[Result]:
    """Search words with many texts in place: with a class of 25 % and an access rule that lets 10 of 40 units pass."""
    with Installation() as place:
        place.python("seeded", str(SEED))
        told = place.python("texts")
        print(f"# {SEED:,} texts indexed straight in {told['seconds']:.0f} s", file=sys.stderr)
        ratio = told["index_bytes"] / told["text_bytes"]
        figure = f"{ratio:.2f} × the text"
        beside = f"{told['text_bytes'] / 1e6:,.0f} MB of text"
        yield Result("size of the word index", figure, "at most 1.5 ×", beside, ratio <= 1.5)
        place.manage("collectstatic", "--noinput", "-v0")
        for name, times in place.python("words", "80").items():
            yield from _words(name, times)
        yield from _typed(place.python("suggestions", "200"))
        took = place.python("records", "100")["page"]
        yield Result(
            f"communication page at {SEED:,}", _ms(took), "p95 150 ms", "reached from a search", took[1] <= 0.150
        )


def _words(name: str, times: dict[str, Any]) -> Iterator[Result]:
    bound = WORD_BOUNDS.get(name)
    told = [f"{kind} {_ms(times[kind])}" for kind in ("far", "count", "facets", "page") if kind in times]
    met = None
    if bound is not None:
        met = times["rows"][1] <= bound and times["page"][1] <= 0.150
        met = met and times["count"][1] <= 0.100 and times["facets"][1] <= 0.200
    limits = f"p95 {bound * 1000:.0f} ms; count 100, facets 200, page 150" if bound is not None else ""
    yield Result(f"words at {SEED:,}: {name}", _ms(times["rows"]), limits, "; ".join(told), met)


def _typed(times: dict[str, list[float]]) -> Iterator[Result]:
    for name, took in times.items():
        yield Result(f"suggestions at {SEED:,}: {name}", _ms(took), "p95 80 ms", "", took[1] <= 0.080)


def extraction(folder: Path) -> Iterator[Result]:
    """Read and index the text of 10,000 letters: verified bytes in, words out."""
    count = 10_000 if FULL else 2_000
    source = package(folder, count=count, first=NEWEST[0], last=NEWEST[1], size=0)
    with Installation() as place:
        place.ingest(source)
        told = place.python("extracted")
        rate = told["pages"] / told["seconds"]
        beside = f"{told['pages']:,} pages of {told['indexed']:,} PDFs, read, extracted and indexed"
        yield Result("text extraction", f"{rate:,.0f} pages/s", "150 pages/s", beside, rate >= 150)


def first_byte(folder: Path) -> Iterator[Result]:
    """Read documents out of a full pack, verified."""
    with Installation() as place:
        told = place.python("full_pack", "500")
        beside = f"in process; a pack of {told['size'] / 2**20:.0f} MiB, {told['documents']:,} documents"
        yield Result("first byte out of a pack", _ms(told["times"]), "p95 30 ms", beside, told["times"][1] <= 0.030)


def readers(folder: Path) -> Iterator[Result]:
    """Search and read with eight people while a load runs."""
    source = package(folder, count=60_000 if FULL else 30_000, first=NEWEST[0], last=NEWEST[1])
    with Installation() as place:
        yield from readers_under_load(place, source)


def _ms(times: list[float]) -> str:
    return " / ".join(f"{value * 1000:.1f}" for value in times) + " ms"


MEASURES: dict[str, Callable[[Path], Iterator[Result]]] = {
    measure.__name__: measure
    for measure in (
        load_empty,
        load_seeded,
        load_three,
        memory,
        search,
        words,
        extraction,
        first_byte,
        far_page,
        readers,
    )
}


def main() -> int:
    """Run the measures named, or all."""
    chosen = sys.argv[1:] or list(MEASURES)
    unknown = [name for name in chosen if name not in MEASURES]
    if unknown:
        print(f"No measure is called {', '.join(unknown)}. There are: {', '.join(MEASURES)}.", file=sys.stderr)
        return 2
    results: list[Result] = []
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="vellum-bench-packages-") as folder:
        for name in chosen:
            for result in MEASURES[name](Path(folder)):
                print(f"{result.measure}: {result.figure} {result.beside}", file=sys.stderr, flush=True)
                results.append(result)
    print(print_table(results))
    write_json(results, time.monotonic() - started)
    return 0


if __name__ == "__main__":
    sys.exit(main())
