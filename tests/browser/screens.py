"""`make screens`: a picture of every page into screens/, at each width, light and dark. A tool, no test.

Pages are shown full, empty, with errors and with long texts. `python -m tests.browser.screens --only record
--widths 360` makes some of them again; `--data FOLDER` keeps the installation between runs.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.browser import installation
from tests.browser.installation import ROOT, search

OUT = ROOT / "screens"
WIDTHS = {360: 800, 768: 1024, 1280: 800, 1920: 1080}
THEMES = ("light", "dark")
LETTERS = 400
ABSENT = "01920000-0000-7000-8000-000000000000"
Step = Callable[[Any], None]


@dataclass(frozen=True, slots=True)
class Scene:
    """One page in one condition.

    Shapes: `user` is empty before sign-in; `then` are steps after `path` was opened; `whole` takes the whole height.
    """

    name: str
    user: str
    path: str = "/"
    then: tuple[Step, ...] = ()
    whole: bool = True
    print: bool = False


def found(text: str) -> Step:
    """Search by the box and wait for the count."""

    def step(page: Any) -> None:
        search(page, text)
        page.locator("#count b, .v-empty").first.wait_for()

    return step


def asked(text: str) -> Step:
    """Send a query that is refused."""

    def step(page: Any) -> None:
        page.fill("#v-q", text)
        page.press("#v-q", "Enter")
        page.locator("#query-error").wait_for()

    return step


def first(page: Any) -> None:
    """Open the first hit and wait until its document is drawn."""
    page.locator(".v-hit-link").first.click()
    page.wait_for_url("**/communications/**")
    drawn(page)


def drawn(page: Any) -> None:
    """Wait for what the viewer draws; what has none is ready."""
    viewer = page.locator("v-pdf-viewer")
    if viewer.count() and viewer.is_visible():
        page.locator(".page[data-loaded=true] .textLayer, .v-pdf-note").first.wait_for()


def at(query: str) -> Step:
    """Go to another place of the page that is open, such as a form of the record or a part of its panel."""

    def step(page: Any) -> None:
        page.goto(page.url.split("?")[0] + query)
        drawn(page)

    return step


def filled(selector: str, values: dict[str, str]) -> Step:
    """Fill fields and send their form."""

    def step(page: Any) -> None:
        for name, value in values.items():
            page.fill(f"{selector} [name={name}]", value)
        page.evaluate("selector => document.querySelector(selector).requestSubmit()", selector)
        page.locator("#error-summary").wait_for()

    return step


def opened(selector: str) -> Step:
    """Press something and wait a moment."""

    def step(page: Any) -> None:
        page.locator(selector).first.click()
        page.wait_for_timeout(200)

    return step


def pressed(*keys: str) -> Step:
    """Press keys and wait a moment."""

    def step(page: Any) -> None:
        for key in keys:
            page.keyboard.press(key)
        page.wait_for_timeout(200)

    return step


def refused_upload(page: Any) -> None:
    """Upload for a producer that does not exist."""
    page.evaluate("document.querySelector('#upload-producer option').value = 'nobody'")
    page.set_input_files("#upload-file", {"name": "letters.tar", "mimeType": "application/x-tar", "buffer": b"x"})
    page.get_by_role("button", name="Upload").first.click()
    page.locator(".v-file-bad, #error-summary").first.wait_for()


def load_with_rejects(page: Any) -> None:
    """Open the load that set records aside."""
    page.locator("main a[href*='/loads/']", has_text="L-3").first.click()
    page.locator("#rejects").wait_for()


def first_load(page: Any) -> None:
    """Open the oldest load."""
    page.locator("main a[href*='/loads/']", has_text="L-1").last.click()
    page.locator("#load-progress").wait_for()


def ticked(page: Any) -> None:
    """Tick the first three hits."""
    for number in range(3):
        page.locator("[data-pick]").nth(number).check()
    page.locator(".v-bulk-count", has_text="3").wait_for()


ACCOUNT = found("account:0004711")
WORDS = found("statement class:statement")
SCENES = (
    Scene("sign-in", "", "/accounts/login/"),
    Scene("sign-in-error", "", "/accounts/login/", (filled("#login-form", {"login": "agent", "password": "wrong"}),)),
    *(
        Scene(f"home-{user}", user)
        for user in ("agent", "compliance", "records", "editor", "operations", "auditor", "admin")
    ),
    Scene("menu", "agent", "/menu/"),
    Scene("help", "agent", "/help/"),
    Scene("keys", "agent", "/", (pressed("?"),), whole=False),
    Scene("account-menu", "agent", "/", (opened("#account-menu > summary"),), whole=False),
    Scene("preferences", "agent", "/preferences/"),
    Scene(
        "password-error",
        "agent",
        "/accounts/password/",
        (filled("main form", {"old_password": "x", "new_password1": "a", "new_password2": "b"}),),
    ),
    Scene("search", "agent", "/search/"),
    Scene(
        "search-form-error",
        "agent",
        "/search/",
        (filled("#search-form", {"issued_from": "2026-03-01", "issued_to": "2026-02-01"}),),
    ),
    Scene("hits-account", "agent", "/", (ACCOUNT,), whole=False),
    Scene("hits-all", "auditor", "/", (found(""),), whole=False),
    Scene("hits-class", "agent", "/", (found("class:statement issued:2026"),), whole=False),
    Scene("hits-long", "auditor", "/", (found("account:666"),)),
    Scene("hits-focus", "agent", "/", (ACCOUNT, pressed("Escape", "j", "j")), whole=False),
    Scene("hits-end", "agent", "/", (ACCOUNT, pressed("Escape", "End")), whole=False),
    Scene("hits-conditions", "agent", "/", (ACCOUNT, opened("#conditions > summary")), whole=False),
    Scene("hits-sort", "agent", "/", (ACCOUNT, opened("#sort-menu > summary")), whole=False),
    Scene("hits-empty", "agent", "/", (found("account:does-not-exist class:statement"),)),
    Scene("hits-query-error", "agent", "/", (asked("class:statment issued:2026"),)),
    Scene("hits-words", "agent", "/", (WORDS,), whole=False),
    Scene("hits-facets", "auditor", "/", (found("statement"), opened("#facet-issued > summary")), whole=False),
    Scene("hits-facet-chosen", "auditor", "/", (found("statement issued:2026"), opened("#facet-issued > summary"))),
    Scene("hits-selected", "agent", "/", (WORDS, ticked), whole=False),
    Scene("hits-all-selected", "compliance", "/", (found("statement"), opened("#select-all")), whole=False),
    Scene("hits-save", "compliance", "/", (WORDS, opened("#save-menu > summary, summary:has-text('Save search')"))),
    Scene("hits-words-refused", "agent", "/", (asked("late -,- fee"),)),
    Scene("export-start", "agent", "/", (WORDS, ticked, opened("#export"))),
    Scene("export-nothing", "agent", "/", (WORDS, at("export/"))),
    Scene("exports", "compliance", "/exports/"),
    Scene("exports-empty", "records", "/exports/"),
    Scene("system-text", "operations", "/system/text/"),
    Scene("system-text-rebuild", "operations", "/system/text/", (opened("#rebuild-menu > summary"),), whole=False),
    Scene("form", "agent", "/", (opened("main a[href*='/search/forms/']"),)),
    Scene("saved", "compliance", "/search/saved/"),
    Scene("hits-printed", "agent", "/", (ACCOUNT,), print=True),
    Scene("record", "agent", "/", (found("account:0004711 class:statement"), first), whole=False),
    Scene("record-email", "agent", "/", (found("account:0004711 class:statement"), first, at("?v=email")), whole=False),
    Scene("record-sms", "agent", "/", (found("account:0004711 class:statement"), first, at("?v=sms")), whole=False),
    *(
        Scene(
            f"record-{panel}",
            "auditor",
            "/",
            (found("account:0004711 class:statement"), first, at(f"?panel={panel}")),
            whole=False,
        )
        for panel in ("timeline", "details", "kept", "access", "notes")
    ),
    Scene(
        "record-note-refused",
        "agent",
        "/",
        (found("account:0004711 class:statement"), first, at("?panel=notes"), filled("#note-form", {"text": "  "})),
        whole=False,
    ),
    Scene("call", "agent", "/", (opened("#call-menu > summary"),), whole=False),
    Scene("record-replaced", "agent", "/", (found("state:superseded"), first), whole=False),
    Scene("record-broken", "agent", "/", (found("external_id:BROKEN-1"), first), whole=False),
    Scene("record-unknown-kind", "agent", "/", (found("external_id:AFP-1"), first), whole=False),
    Scene("record-many-pages", "agent", "/", (found("external_id:MANY-1"), first), whole=False),
    Scene("record-long", "agent", "/", (found("external_id:LONG-1*"), first, at("?panel=details")), whole=False),
    Scene("record-printed", "agent", "/", (found("account:0004711 class:statement"), first), print=True),
    Scene("loads", "operations", "/loads/"),
    Scene("load", "operations", "/loads/", (first_load,)),
    Scene("load-rejects", "operations", "/loads/", (load_with_rejects,)),
    Scene("load-paused", "operations", "/loads/", (opened("main a[href*='/loads/']:has-text('L-4')"),)),
    Scene("upload", "operations", "/loads/upload/"),
    Scene("upload-refused", "operations", "/loads/upload/", (refused_upload,)),
    Scene("audit", "auditor", "/audit/", whole=False),
    Scene("audit-end", "auditor", "/audit/", (pressed("End"),), whole=False),
    Scene("audit-empty", "auditor", "/audit/?actor=nobody-at-all"),
    Scene("event", "auditor", "/audit/", (opened("main a[href*='/audit/0']"),)),
    Scene("not-found", "agent", f"/communications/{ABSENT}/"),
    Scene("forbidden", "agent", "/loads/"),
)


# Exports in every state, as rows alone: what they look like.
EXPORTS = """
import datetime
from django.utils import timezone
from archive.desk.models import Export
from archive.search.models import SavedSearch
from portal.accounts.models import User
user, now = User.objects.get(username="compliance"), timezone.now()
for minutes, kind, facts in (
    (90, "zip", {"state": "expired", "done": 412, "total": 412, "file_bytes": 88_000_000}),
    (60, "csv", {"state": "stopped", "done": 2_000, "total": 48_000}),
    (40, "zip", {"state": "failed", "done": 310, "total": 5_000, "message": "A right was taken away."}),
    (30, "xlsx", {"state": "ready", "done": 1_204, "total": 1_204, "file_bytes": 181_000, "sha256": "ab" * 32,
                  "expires_at": now + datetime.timedelta(days=1)}),
    (20, "zip", {"state": "ready", "done": 57, "total": 57, "file_bytes": 9_400_000, "sha256": "cd" * 32,
                 "expires_at": now + datetime.timedelta(days=1),
                 "message": "1 document failed its check and is not in the file: missing.txt names it."}),
    (2, "zip", {"state": "running", "done": 12_400, "total": 48_000}),
    (1, "csv", {"state": "waiting"}),
):
    Export.objects.create(user=user, kind=kind, query="", sort="-issued",
                          created_at=now - datetime.timedelta(minutes=minutes), **facts)
for name, query in (("Late fees", "late fee issued:2026"), ("Branch 012", "class:statement branch:012")):
    SavedSearch.objects.create(owner=user, name=name, query=query, created_at=now, changed_at=now)
"""


def prepare(data: Path) -> None:
    """Make the installation with its demo letters, the hard cases, and a load that sets records aside."""
    installation.install(data, letters=LETTERS, port=9)
    package = data / "bad-records"
    package.mkdir()
    good = {
        "business_unit": "retail",
        "document_class": "notice",
        "issued_on": "2026-09-01",
        "subject": "A notice",
        "account_number": "667",
        "index": {"branch": "012"},
        "variants": [{"channel": "sms", "text": "A short message"}],
    }
    lines = [
        {**good, "external_id": "GOOD-1"},
        {**good, "external_id": "BAD-1", "issued_on": "2026-02-31"},
        {**good, "external_id": "BAD-2", "document_class": "statment"},
        {**good, "external_id": "BAD-3", "variants": [{"channel": "print", "file": "print/missing.pdf"}]},
        {**good, "external_id": "BAD-4", "issued_on": "2062-01-01"},
    ]
    (package / "manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + "{not json\n")
    installation.manage(data, "ingest", str(package), "--producer", "exstream-prod", expected=1)
    installation.manage(data, "index_text")
    installation.manage(data, "shell", "-c", EXPORTS)
    installation.manage(
        data, "make_package", "--communications", "20000", "--out", str(data / "large.tar"), "--variants", "1"
    )


def paused_load(page: Any, data: Path) -> None:
    """Upload a large package and pause it on its way."""
    page.goto("/loads/upload/")
    page.set_input_files("#upload-file", str(data / "large.tar"))
    page.get_by_role("button", name="Upload").first.click()
    page.locator(".v-file a").first.click()
    with contextlib.suppress(Exception):
        page.locator("#pause").click(timeout=5000)
    page.get_by_text("Paused").first.wait_for(timeout=60_000)


def pictures(context: Any, scene: Scene, out: Path, width: int, themes: list[str]) -> None:
    """Take a scene's pictures at one width; a scene that cannot be reached says so and leaves none."""
    page = context.new_page()
    try:
        page.goto(scene.path)
        for step in scene.then:
            step(page)
        page.mouse.move(width - 1, WIDTHS[width] - 1)
        for theme in themes:
            page.emulate_media(color_scheme=theme, media="print" if scene.print else "screen")
            file = out / f"{scene.name}_{width}_{theme}.png"
            page.screenshot(path=file, full_page=scene.whole or scene.print)
    except Exception as error:
        print(f"screens | {scene.name} at {width}: {str(error).splitlines()[0]}", flush=True)
    finally:
        page.close()


def signed_in(browser: Any, address: str, users: set[str], data: Path) -> dict[str, Any]:
    """Return the cookies of users; operations upload a large package on the way and pause it."""
    states: dict[str, Any] = {"": None}
    for user in sorted(users | {"operations"}):
        context = browser.new_context(base_url=address)
        page = context.new_page()
        installation.sign_in(page, address, user)
        if user == "operations" and (data / "large.tar").exists():
            paused_load(page, data)
            (data / "large.tar").unlink()
        states[user] = context.storage_state()
        context.close()
    return states


def take(browser: Any, address: str, data: Path, chosen: argparse.Namespace) -> None:
    """Take all chosen pictures."""
    scenes = [scene for scene in SCENES if any(scene.name.startswith(part) for part in chosen.only)]
    states = signed_in(browser, address, {scene.user for scene in scenes} - {""}, data)
    for width in chosen.widths:
        contexts: dict[str, Any] = {}
        for scene in scenes:
            if scene.user not in contexts:
                contexts[scene.user] = browser.new_context(
                    storage_state=states[scene.user],
                    viewport={"width": width, "height": WIDTHS[width]},
                    reduced_motion="reduce",
                    has_touch=width < 768,
                    base_url=address,
                )
            pictures(contexts[scene.user], scene, chosen.out, width, chosen.themes)
        for context in contexts.values():
            context.close()


def main() -> None:
    """Take the pictures that the command line asks for; all of them by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", default=[""], help="beginnings of names, such as record or hits-long")
    parser.add_argument("--widths", nargs="+", type=int, choices=WIDTHS, default=list(WIDTHS))
    parser.add_argument("--themes", nargs="+", choices=THEMES, default=list(THEMES))
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--data", type=Path, help="a folder for the installation, kept for the next time")
    chosen = parser.parse_args()
    chosen.out.mkdir(exist_ok=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        data = chosen.data or Path(folder)
        if not (data / "vellum.db").exists():
            data.mkdir(exist_ok=True)
            print("screens | making an installation with demo letters", flush=True)
            prepare(data)
        installation.manage(data, "collectstatic", "--noinput", "-v0")
        with installation.running(data) as address, installation.browser() as browser:
            take(browser, address, data, chosen)
    number = len(list(chosen.out.glob("*.png")))
    print(f"screens | {number} pictures in {chosen.out}, {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
