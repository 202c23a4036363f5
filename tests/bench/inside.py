"""What is measured inside a process of the installation: `python -m tests.bench.inside NAME …` prints JSON."""

from __future__ import annotations

import datetime
import hashlib
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
from django.db import connection, transaction  # noqa: E402
from django.db.models import Max, Sum  # noqa: E402
from django.test import Client  # noqa: E402

from archive.audit.actor import Actor  # noqa: E402
from archive.documents.models import Communication, Variant  # noqa: E402
from archive.search.facets import facets_of  # noqa: E402
from archive.search.indexing import index_waiting, report  # noqa: E402
from archive.search.selectors import count, first_keys, get_page, hit_list, resolve  # noqa: E402
from archive.search.words.database import index_path, reader  # noqa: E402
from archive.storage.models import StoredObject  # noqa: E402
from archive.storage.pack import BLOCK, MOST_PACK_BYTES  # noqa: E402
from archive.storage.packing import PackSet, Place, register_sealed  # noqa: E402
from archive.storage.reading import Locator, stream  # noqa: E402
from portal.accounts.models import User  # noqa: E402
from portal.accounts.services import create_user  # noqa: E402
from portal.configuration.applying import apply  # noqa: E402
from tests.bench.harness import percentile  # noqa: E402
from tests.bench.seed import LETTERS_EACH, seed  # noqa: E402
from tests.bench.texts import RARE_EACH, seed_texts  # noqa: E402

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


def texts() -> dict[str, Any]:
    """Index a text for every communication; tell how large texts and index are."""
    started = time.perf_counter()
    size = seed_texts()
    files = sum(file.stat().st_size for file in index_path().parent.glob(f"{index_path().stem}-*.db*"))
    return {"seconds": time.perf_counter() - started, "text_bytes": size, "index_bytes": files}


def words(rounds: str) -> dict[str, Any]:
    """Time queries with words, a class of 25 % and the access rule: first pages, far pages, counts, facets, pages."""
    user = User.objects.get(username="agent")
    settings.ALLOWED_HOSTS = ["*"]
    client = Client()
    client.force_login(user)
    chance = random.Random(6)
    makers: dict[str, Callable[[], str]] = {
        "a rare word": lambda: f"rare{chance.randrange(RARE_EACH)}",
        "a word in 1 %": lambda: "hundredth",
        "a word in 10 %": lambda: "tenth",
        "a word in every document": lambda: "everywhere",
        "a phrase of two common words": lambda: '"late fee"',
        "two common words": lambda: "late fee",
        "a beginning": lambda: "hundr*",
        "a common word, not another": lambda: "everywhere NOT late",
        "no hit": lambda: "nowhere",
        "no hit of two common words": lambda: '"fee late"',
    }
    for _warm in range(2):  # the first request of a process compiles the templates
        location = client.post("/search/", {"q": "hundredth"})["Location"]
        client.get(location)
        client.get(f"{location}count")
    answer: dict[str, Any] = {}
    for name, make in makers.items():
        took: dict[str, list[float]] = {"rows": [], "far": [], "count": [], "facets": [], "page": []}
        hits: list[int] = []

        def timed(kind: str, run: Callable[[], Any], took: dict[str, list[float]] = took) -> Any:
            started = time.perf_counter()
            result = run()
            took[kind].append(time.perf_counter() - started)
            return result

        for round_ in range(int(rounds)):
            text = f"{make()} class:statement"
            page = timed("rows", lambda text=text: get_page(resolve(text, user=user)))
            hits.append(len(page.rows))
            if round_ % 8:
                continue
            timed("count", lambda text=text: count(resolve(text, user=user)))
            timed("facets", lambda text=text: facets_of(resolve(text, user=user)))
            far = _cursor_far_in(text, user)
            if far:
                timed("far", lambda text=text, far=far: get_page(resolve(text, user=user), cursor=far))
            timed("page", lambda text=text: client.get(client.post("/search/", {"q": text})["Location"]))
        answer[name] = {
            kind: [percentile(times, 0.5), percentile(times, 0.95), max(times)] for kind, times in took.items() if times
        } | {"hits": percentile(hits, 0.5)}
    return answer


def suggestions(rounds: str) -> dict[str, Any]:
    """Time what is suggested while somebody types, of what an agent may see; also where nothing may be seen."""
    user = User.objects.get(username="agent")
    settings.ALLOWED_HOSTS = ["*"]
    client = Client()
    client.force_login(user)
    chance = random.Random(8)
    makers: dict[str, tuple[str, Callable[[], str]]] = {
        "customer": ("customer", lambda: f"C-1{chance.randrange(1000):03}"),
        "account": ("account", lambda: f"000{chance.randrange(1000):03}"),
        "name": ("name", lambda: chance.choice(("mul", "lind", "kow", "no"))),
        "two characters that all share": ("customer", lambda: "C-"),
        "nothing begins so": ("customer", lambda: "zz-none"),
    }
    answer: dict[str, Any] = {}
    for name, (field, make) in makers.items():
        times: list[float] = []
        for _round in range(int(rounds)):
            started = time.perf_counter()
            client.post("/search/suggest", {"field": field, "q": make()})
            times.append(time.perf_counter() - started)
        answer[name] = [percentile(times, 0.5), percentile(times, 0.95), max(times)]
    return answer


def records(rounds: str) -> dict[str, Any]:
    """Time the page of a communication, reached from a search."""
    user = User.objects.get(username="agent")
    settings.ALLOWED_HOSTS = ["*"]
    client = Client()
    client.force_login(user)
    place = client.post("/search/", {"q": "class:statement"})["Location"]
    keys = first_keys(resolve("class:statement", user=user), limit=5_000)
    chosen = random.Random(9).sample(keys, int(rounds))
    ids = Communication.objects.filter(order_key__in=chosen).values_list("public_id", flat=True)
    times: list[float] = []
    for public_id in ids:
        started = time.perf_counter()
        answered = client.get(f"/communications/{public_id}/?s={place.split('/')[2]}")
        times.append(time.perf_counter() - started)
        if answered.status_code != 200:
            raise RuntimeError(str(answered.status_code))
    return {"page": [percentile(times, 0.5), percentile(times, 0.95), max(times)]}


def extracted() -> dict[str, Any]:
    """Index all that waits by the workers of the installation."""
    started = time.perf_counter()
    index_waiting()
    seconds = time.perf_counter() - started
    index = reader()
    told = report(index.counts(), index.progress())
    pages = Variant.objects.aggregate(pages=Sum("pages"))["pages"]
    return {"seconds": seconds, "pages": pages, **told}


def _cursor_far_in(text: str, user: Any) -> str:
    """Return the cursor of about the thousandth page of a search, or of its last; empty where there is one page."""
    keys = first_keys(resolve(text, user=user), limit=50_000)
    return get_page(resolve(text, user=user), limit=len(keys) - 50).after if len(keys) > 100 else ""


def get_query(text: str, user: Any) -> tuple[str, Any]:
    """Return the SQL of a first page."""
    rows: Any = resolve(text, user=user).rows
    return rows.order_by("-order_key")[:51].query.sql_with_params()


def full_pack(rounds: str) -> dict[str, Any]:
    """Write a pack as full as packs get and time verified reads of random documents in it."""
    chance = random.Random(5)
    packs = PackSet(reference="bench")
    places: list[tuple[Place, bytes]] = []
    for _document in range((MOST_PACK_BYTES - 4 * 2**20) // (20_000 + 2 * BLOCK)):
        payload = chance.randbytes(20_000)
        digest = hashlib.sha256(payload).digest()
        place = packs.add(
            (1, 1, "full", "2036"),
            payload,
            size_bytes=len(payload),
            sha256=digest,
            name=f"{len(places):012}-1.bin",
            content_type="application/octet-stream",
            retain_until=datetime.date(2036, 12, 31),
        )
        places.append((place, digest))
    with transaction.atomic():
        ids = register_sealed(packs.close().seal())
    packs.drop_spare_keys()
    times: list[float] = []
    for _round in range(int(rounds)):
        place, digest = chance.choice(places)
        started = time.perf_counter()
        next(stream(Locator(ids[place.token], place.offset, place.length, digest, place.blocks), 0, place.length))
        times.append(time.perf_counter() - started)
    size = StoredObject.objects.aggregate(largest=Max("size_bytes"))["largest"]
    told = [percentile(times, 0.5), percentile(times, 0.95), max(times)]
    return {"times": told, "size": size, "documents": len(places)}


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](*sys.argv[2:])))
