"""A real server with demo letters, and a real Chromium."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "a long demo password"
LETTERS = 120
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
HOSTILE = (
    "<html><head><base href='http://127.0.0.1:{port}/'><meta http-equiv=refresh content='0;url=http://127.0.0.1:{port}/refresh'>"
    "<link rel=stylesheet href='http://127.0.0.1:{port}/style.css'><link rel=preconnect href='http://127.0.0.1:{port}'>"
    "<style>@import url(http://127.0.0.1:{port}/import.css); body{background:url(http://127.0.0.1:{port}/bg.png)}</style></head>"
    "<body onload=\"fetch('http://127.0.0.1:{port}/onload')\"><script>fetch('http://127.0.0.1:{port}/script');"
    "document.title='ran'</script><img src=http://127.0.0.1:{port}/beacon.png><img src=logo.png id=own>"
    "<svg onload=\"fetch('http://127.0.0.1:{port}/svg')\"><image href='http://127.0.0.1:{port}/svg.png'/></svg>"
    "<form action=http://127.0.0.1:{port}/form><button id=send>Send</button></form><p>Hostile letter</p></body></html>"
)
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


def environment(data: Path) -> dict[str, str]:
    """Return the environment of a server on a data folder of its own."""
    kept = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
    return {**kept, "DATA_DIR": str(data), "DJANGO_SETTINGS_MODULE": "portal.settings", "WEB_WORKERS": "1"}


def manage(data: Path, *arguments: str) -> str:
    """Run a command and return what it printed."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment(data), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def elsewhere() -> Iterator[tuple[int, list[str]]]:
    """Listen where hostile letters want to call home; yield the port and what was asked for."""
    asked: list[str] = []

    class Listener(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        do_POST = do_HEAD = do_OPTIONS = do_GET

        def log_message(self, *_said: Any) -> None:
            """Say nothing."""

    listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    yield listener.server_address[1], asked
    listener.shutdown()


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory, elsewhere: tuple[int, list[str]]) -> Path:
    """Make an installation with a few demo letters and one hostile one."""
    folder = tmp_path_factory.mktemp("installation")
    manage(folder, "migrate", "-v0")
    manage(folder, "collectstatic", "--noinput", "-v0")
    manage(folder, "demo", "--communications", str(LETTERS), "--password", PASSWORD)
    package = tmp_path_factory.mktemp("hostile")
    line = {
        "external_id": "HOSTILE-1",
        "business_unit": "retail",
        "document_class": "notice",
        "issued_on": "2026-10-01",
        "subject": "<script>alert(1)</script> & a subject of sixty characters or so",
        "account_number": "666",
        "index": {"branch": "012"},
        "variants": [{"channel": "email", "file": "hostile.html", "resources": ["logo.png"]}],
    }
    broken = {**line, "external_id": "BROKEN-1", "variants": [{"channel": "print", "file": "broken.pdf"}]}
    (package / "manifest.jsonl").write_text(json.dumps(line) + "\n" + json.dumps(broken) + "\n")
    (package / "hostile.html").write_text(HOSTILE.replace("{port}", str(elsewhere[0])))
    (package / "broken.pdf").write_bytes(b"%PDF-1.7 this is not one")
    (package / "logo.png").write_bytes(PNG)
    manage(folder, "ingest", str(package), "--producer", "exstream-prod")
    return folder


@pytest.fixture(scope="session")
def server(data: Path) -> Iterator[str]:
    """Start web, worker and clock as `make run` does; yield the address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (data / "server.log").open("w")
    process = subprocess.Popen(
        [sys.executable, "-m", "portal.run"],
        cwd=ROOT,
        env={**environment(data), "PORT": str(port)},
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    address = f"http://localhost:{port}"
    for _attempt in range(200):
        try:
            urllib.request.urlopen(f"{address}/accounts/login/", timeout=2)
            break
        except OSError:
            time.sleep(0.1)
    else:
        raise AssertionError((data / "server.log").read_text())
    yield address
    process.send_signal(signal.SIGINT)
    process.wait(60)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Start Chromium once."""
    if not Path(CHROMIUM).exists():
        pytest.skip("Chromium is not installed: see what make setup said")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def states(chromium: Any, server: str) -> Callable[[str], Any]:
    """Return the cookies of a signed-in user, signing in once for each."""
    known: dict[str, Any] = {}

    def state_of(user: str) -> Any:
        if user not in known:
            context = chromium.new_context()
            page = context.new_page()
            page.goto(f"{server}/accounts/login/")
            page.fill("input[name=login]", user)
            page.fill("input[name=password]", PASSWORD)
            page.press("input[name=password]", "Enter")
            page.wait_for_url(f"{server}/")
            known[user] = context.storage_state()
            context.close()
        return known[user]

    return state_of


@pytest.fixture
def open_as(chromium: Any, server: str, states: Callable[[str], Any]) -> Iterator[Callable[..., Any]]:
    """Return a function that opens a page signed in as a user; its console must stay clean."""
    contexts: list[Any] = []
    problems: list[str] = []

    def open_page(user: str, path: str = "/", *, width: int = 1280, clean: bool = True, **options: Any) -> Any:
        context = chromium.new_context(
            storage_state=states(user), viewport={"width": width, "height": 800}, base_url=server, **options
        )
        contexts.append(context)
        page = context.new_page()
        if clean:
            page.on("console", lambda said: problems.append(said.text) if said.type in ("error", "warning") else None)
            page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []


def search(page: Any, text: str) -> None:
    """Search by the box and wait for the hits."""
    page.fill("#v-q", text)
    page.press("#v-q", "Enter")
    page.wait_for_url("**/search/*-*/")


def serious_findings(page: Any) -> list[str]:
    """Return what axe finds serious or critical; what was sent (a document) is left out."""
    page.evaluate(AXE.read_text())
    result = page.evaluate("axe.run(document, {exclude: [['iframe'], ['.pdfViewer']]})")
    return [
        f"{finding['id']}: {finding['nodes'][0]['html'][:120]}"
        for finding in result["violations"]
        if finding["impact"] in ("serious", "critical")
    ]
