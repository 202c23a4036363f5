"""A real server with demo letters, and a real Chromium."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import installation
from tests.browser import reading_cases as cases

LETTERS = 120
AXE = installation.ROOT / "node_modules" / "axe-core" / "axe.min.js"


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
    """Make an installation with a few demo letters and the hard cases."""
    folder = tmp_path_factory.mktemp("installation")
    installation.install(folder, letters=LETTERS, port=elsewhere[0])
    return folder


@pytest.fixture(scope="session")
def reading_cases(data: Path, server: str, elsewhere: tuple[int, list[str]]) -> None:
    """Load documents that are hard to read into the installation that runs."""
    cases.install_cases(data, elsewhere[0])


@pytest.fixture(scope="session")
def server(data: Path) -> Iterator[str]:
    """Start web, worker and clock as `make run` does; yield the address."""
    with installation.running(data) as address:
        yield address


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Start Chromium once."""
    if not Path(installation.CHROMIUM).exists():
        pytest.skip("Chromium is not installed: see what make setup said")
    with installation.browser() as started:
        yield started


@pytest.fixture(scope="session")
def states(chromium: Any, server: str) -> Callable[[str], Any]:
    """Return the cookies of a signed-in user, signing in once for each."""
    known: dict[str, Any] = {}

    def state_of(user: str) -> Any:
        if user not in known:
            context = chromium.new_context()
            installation.sign_in(context.new_page(), server, user)
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


def serious_findings(page: Any, *rules: str) -> list[str]:
    """Return what axe finds serious or critical, by all rules or some; what was sent (a document) is left out."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    options = {"runOnly": list(rules)} if rules else {}
    result = page.evaluate("options => axe.run({exclude: [['iframe'], ['.pdfViewer']]}, options)", options)
    return [
        f"{finding['id']}: {finding['nodes'][0]['html'][:120]}"
        for finding in result["violations"]
        if finding["impact"] in ("serious", "critical")
    ]
