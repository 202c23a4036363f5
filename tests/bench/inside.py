"""What is measured inside a process of the installation: `python -m tests.bench.inside NAME …` prints JSON."""

from __future__ import annotations

import datetime
import json
import os
import random
import sys
import time
from collections.abc import Callable
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402
from django.db.models import Max  # noqa: E402
from django.test import Client  # noqa: E402

from archive.audit.actor import Actor  # noqa: E402
from archive.documents.models import Variant  # noqa: E402
from archive.retrieval.services import locator_of  # noqa: E402
from archive.search.selectors import get_page, hit_list, resolve  # noqa: E402
from archive.storage.models import StoredObject  # noqa: E402
from archive.storage.reading import read_whole, stream  # noqa: E402
from archive.storage.tiers import default_tier, store_of  # noqa: E402
from portal.accounts.models import User  # noqa: E402
from portal.accounts.services import create_user  # noqa: E402
from portal.configuration.applying import apply  # noqa: E402
from tests.bench.harness import percentile  # noqa: E402
from tests.bench.seed import LETTERS_EACH, seed  # noqa: E402

UNITS = 40
ALLOWED = 10


def seeded(count: str) -> dict[str, Any]:
    """Write rows straight: forty units, an agent who may see ten of them."""
    units = [{"key": f"unit{n:02}", "label": f"Unit {n:02}", "time_zone": "Europe/Berlin"} for n in range(UNITS)]
    allowed = ",".join(f"unit{n:02}" for n in range(ALLOWED))
    rules = [{"role": "agent", "effect": "allow", "expression": f"unit:{allowed}"}]
    actor = Actor.system("bench")
    apply({"vellum_configuration": 1, "units": units, "roles": ["agent"], "access_rules": rules}, actor=actor)
    if not User.objects.filter(username="agent").exists():
        create_user(name="agent", password="bench bench bench", roles=["agent"], actor=actor)
    started = time.perf_counter()
    last = datetime.date.today().replace(day=1) - datetime.timedelta(days=1)
    seed(int(count), first_day=last - datetime.timedelta(days=1_460), last_day=last)
    return {"seconds": time.perf_counter() - started}


def searches(rounds: str, count: str) -> dict[str, Any]:
    """Time queries with an access rule: in the database, and as a whole page."""
    user = User.objects.get(username="agent")
    settings.ALLOWED_HOSTS = ["*"]
    client = Client()
    client.force_login(user)
    chance, customers = random.Random(3), max(int(count) // LETTERS_EACH, 1)
    last = datetime.date.today().year
    makers: dict[str, Callable[[], str]] = {
        "account": lambda: f"account:{chance.randrange(customers) * 3:08}",
        "customer and date": lambda: f"customer:C-{100000 + chance.randrange(customers)} issued:{last - 1}",
        "class and date range": lambda: f"class:statement issued:{last - 1}-0{chance.randrange(1, 10)}",
        "index field and class": lambda: f"branch:{chance.randrange(400):03} class:policy",
        "name and postcode": lambda: f"name:muller postcode:{10000 + chance.randrange(900) * 10}",
        "newest, no condition": lambda: "",
        "no hit": lambda: "account:none-of-these",
    }
    answer: dict[str, Any] = {}
    for name, make in makers.items():
        database, page, hits = [], [], []
        for _round in range(int(rounds)):
            text = make()
            started = time.perf_counter()
            shown = hit_list(list(get_page(resolve(text, user=user)).rows), user=user)
            database.append(time.perf_counter() - started)
            hits.append(len(shown.hits))
        for _round in range(max(10, int(rounds) // 8)):
            started = time.perf_counter()
            response = client.post("/search/", {"q": make()})
            answered = client.get(response["Location"])
            page.append(time.perf_counter() - started)
            if answered.status_code != 200:
                raise RuntimeError(f"{name}: {answered.status_code}")
        sql, parameters = get_query(make(), user)
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)
            plan = [row[3] for row in cursor.fetchall()]
        answer[name] = {
            "database": [percentile(database, 0.5), percentile(database, 0.95), max(database)],
            "page": [percentile(page, 0.5), percentile(page, 0.95), max(page)],
            "plan": plan,
            "hits": percentile(hits, 0.5),
        }
    return answer


def get_query(text: str, user: Any) -> tuple[str, Any]:
    """Return the SQL of a first page."""
    rows: Any = resolve(text, user=user).rows
    return rows.order_by("-order_key")[:51].query.sql_with_params()


def first_bytes(rounds: str) -> dict[str, Any]:
    """Time verified reads of random small documents."""
    chance = random.Random(5)
    total = Variant.objects.count()
    times: list[float] = []
    for _round in range(int(rounds)):
        variant = Variant.objects.order_by("order_key", "number")[chance.randrange(total)]
        started = time.perf_counter()
        read_whole(locator_of(variant))
        times.append(time.perf_counter() - started)
    return {"times": [percentile(times, 0.5), percentile(times, 0.95), max(times)]}


def packs() -> dict[str, Any]:
    """Tell how large the largest pack is."""
    return {"largest": StoredObject.objects.aggregate(largest=Max("size_bytes"))["largest"]}


def large_file() -> dict[str, Any]:
    """Count the bytes that the ranges of a far page read from the store, of a document of many blocks."""
    variant = Variant.objects.order_by("-size_bytes")[0]
    store: Any = store_of(default_tier())
    read, asked = store.read_range, []

    def counting(key: str, version_id: str, offset: int, length: int) -> bytes:
        asked.append(length)
        data: bytes = read(key, version_id, offset, length)
        return data

    store.read_range = counting
    end = variant.length
    started = time.perf_counter()
    for start, stop in ((end - 65_536, end), (end * 9 // 10, end * 9 // 10 + 262_144)):
        for _piece in stream(locator_of(variant), start, stop):
            pass
    return {"size": variant.length, "read": sum(asked), "seconds": time.perf_counter() - started}


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](*sys.argv[2:])))
