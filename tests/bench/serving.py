"""Eight people search and read over HTTP while a load runs."""

from __future__ import annotations

import http.client
import json
import re
import socket
import subprocess
import threading
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

from portal.run import commands
from tests.bench.harness import ROOT, Installation, Result, milliseconds, percentile

PEOPLE = 8
PASSWORD = "bench bench bench"
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
_LINK = re.compile(r'href="(/communications/[0-9a-f-]{36}/)')


class Person:
    """One signed-in agent with a connection of his own."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.cookies: dict[str, str] = {}
        self.searches: list[float] = []
        self.reads: list[float] = []
        self.errors: list[str] = []

    def ask(self, method: str, path: str, body: dict[str, str] | None = None) -> tuple[int, bytes, str]:
        """Make one request; returns status, body and Location."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        data = None
        if body is not None:
            data = urllib.parse.urlencode(body)
            headers |= {
                "Content-Type": "application/x-www-form-urlencoded",
                "X-CSRFToken": self.cookies.get("csrftoken", ""),
            }
        self.connection.request(method, path, data, headers)
        answer = self.connection.getresponse()
        content = answer.read()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.split(";")[0]
        return answer.status, content, answer.getheader("Location") or ""

    def sign_in(self) -> None:
        """Sign in as the demo's agent."""
        _status, page, _location = self.ask("GET", "/accounts/login/")
        found = _TOKEN.search(page.decode())
        token = found.group(1) if found else ""
        status, _page, _location = self.ask(
            "POST", "/accounts/login/", {"login": "agent", "password": PASSWORD, "csrfmiddlewaretoken": token}
        )
        if status != 302:
            raise RuntimeError(f"sign-in answered {status}")

    def work(self, accounts: list[str], until: threading.Event, number: int) -> None:
        """Search an account and read the first hit's print form, again and again, like a person in a hurry."""
        turn = number
        while not until.is_set():
            started = time.perf_counter()
            status, _body, location = self.ask("POST", "/search/", {"q": f"account:{accounts[turn % len(accounts)]}"})
            status, page, _location = self.ask("GET", location) if status == 302 else (status, b"", "")
            self.searches.append(time.perf_counter() - started)
            found = _LINK.search(page.decode())
            if status != 200 or not found:
                self.errors.append(f"search {status}")
            else:
                started = time.perf_counter()
                status, _bytes, _location = self.ask("GET", found.group(1)[:-1] + "-1/content")
                self.reads.append(time.perf_counter() - started)
                if status != 200:
                    self.errors.append(f"read {status}")
            turn += 7
            time.sleep(0.2)


def readers_under_load(place: Installation, package: Path) -> Iterator[Result]:
    """Measure people beside a load, and the load beside people."""
    place.manage("demo", "--communications", "400", "--password", PASSWORD)
    place.manage("collectstatic", "--noinput", "-v0")
    hits = json.loads(place.manage("search", "", "--as", "agent", "--limit", "200", "--json"))["hits"]
    accounts = sorted({hit["account_number"] for hit in hits})
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    web = next(child for child in commands(port) if child.name == "web")
    server = subprocess.Popen(web.command, cwd=ROOT, env=place.environ)
    try:
        time.sleep(4)
        people = [Person(port) for _number in range(PEOPLE)]
        for person in people:
            person.sign_in()
        done = threading.Event()
        threads = [
            threading.Thread(target=person.work, args=(accounts, done, number)) for number, person in enumerate(people)
        ]
        for thread in threads:
            thread.start()
        report = place.ingest(package)
        done.set()
        for thread in threads:
            thread.join()
    finally:
        server.terminate()
        server.wait(40)
    searches = [seconds for person in people for seconds in person.searches]
    reads = [seconds for person in people for seconds in person.reads]
    errors = [error for person in people for error in person.errors]
    beside = f"load {report['archived'] / report['seconds']:,.0f}/s, {len(errors)} errors"
    for name, times in (("search", searches), ("first byte", reads)):
        met = percentile(times, 0.95) <= 0.250 and not errors
        yield Result(
            f"{PEOPLE} readers while a load runs: {name}", milliseconds(times), "p95 250 ms, no error", beside, met
        )
