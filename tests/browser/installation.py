"""An installation of its own for browsers: a data folder with demo letters and hard cases, and a server on it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "a long demo password"
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
PAGES = 40
BROKEN = b"%PDF-1.7 this is not one"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
HOSTILE = (
    "<html><head><base href='http://127.0.0.1:{port}/'><meta http-equiv=refresh content='0;url=http://127.0.0.1:{port}/refresh'>"
    "<link rel=stylesheet href='http://127.0.0.1:{port}/style.css'><link rel=preconnect href='http://127.0.0.1:{port}'>"
    "<style>@import url(http://127.0.0.1:{port}/import.css); body{background:url(http://127.0.0.1:{port}/bg.png)}</style></head>"
    "<body onload=\"fetch('http://127.0.0.1:{port}/onload')\"><script>fetch('http://127.0.0.1:{port}/script');"
    "document.title='ran'</script><img src=http://127.0.0.1:{port}/beacon.png><img src=logo.png id=own>"
    "<svg onload=\"fetch('http://127.0.0.1:{port}/svg')\"><image href='http://127.0.0.1:{port}/svg.png'/></svg>"
    "<form action=http://127.0.0.1:{port}/form><button id=send>Send</button></form><p>Hostile letter</p></body></html>"
)
LONG_SUBJECT = "Notice of the change of terms for your account, your cards and your savings plan, with the price list"
LONG_NAME = "Maximiliane Friederike von Hohenstaufen-Wittelsbacher, Countess"


def environment(data: Path) -> dict[str, str]:
    """Return the environment of a server on a data folder of its own."""
    kept = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
    return {**kept, "DATA_DIR": str(data), "DJANGO_SETTINGS_MODULE": "portal.settings", "WEB_WORKERS": "1"}


def manage(data: Path, *arguments: str, expected: int | None = 0) -> str:
    """Run a command and return what it printed; without an expected status any will do."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment(data), capture_output=True, text=True
    )
    assert expected in (None, done.returncode), done.stderr or done.stdout
    return done.stdout


def install(data: Path, *, letters: int, port: int) -> None:
    """Make an installation with demo letters and those of `hard_cases`, which call home to `port`."""
    manage(data, "migrate", "-v0")
    manage(data, "collectstatic", "--noinput", "-v0")
    manage(data, "demo", "--communications", str(letters), "--password", PASSWORD)
    package = data / "hard-cases"
    package.mkdir()
    write_hard_cases(package, port)
    manage(data, "ingest", str(package), "--producer", "exstream-prod")
    shutil.rmtree(package)


def write_hard_cases(package: Path, port: int) -> None:
    """Write a package: a hostile e-mail, a broken PDF, a long one, one of a kind nobody shows, one with long texts."""
    lines = [
        _line(
            "HOSTILE-1",
            "email",
            "hostile.html",
            subject="<script>alert(1)</script> & a subject",
            resources=["logo.png"],
        ),
        _line("BROKEN-1", "print", "broken.pdf", subject="A letter whose PDF is broken"),
        _line("MANY-1", "print", "many.pdf", subject=f"A letter of {PAGES} pages", pages=PAGES),
        _line("AFP-1", "print", "letter.afp", subject="A letter in AFP", content_type="application/vnd.ibm.modcap"),
        {
            **_line("LONG-1-" + "0123456789" * 6, "print", "long.pdf", subject=LONG_SUBJECT, pages=1),
            "customer_id": "C-" + "900000001" * 3,
            "parties": [
                {"role": "holder", "customer_id": "C-" + "900000001" * 3, "name": LONG_NAME, "postcode": "70173"}
            ],
        },
    ]
    (package / "manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (package / "hostile.html").write_text(HOSTILE.replace("{port}", str(port)))
    (package / "broken.pdf").write_bytes(BROKEN)
    (package / "many.pdf").write_bytes(pdf_of([f"Page {number} says word{number}" for number in range(1, PAGES + 1)]))
    (package / "long.pdf").write_bytes(pdf_of(["One page for long texts"]))
    (package / "letter.afp").write_bytes(b"Z\x00\x10\xd3\xa8\xa8\x00\x00\x00")
    (package / "logo.png").write_bytes(PNG)


def _line(external_id: str, channel: str, file: str, *, subject: str, **variant: Any) -> dict[str, Any]:
    return {
        "external_id": external_id,
        "business_unit": "retail",
        "document_class": "notice",
        "issued_on": "2026-10-01",
        "subject": subject,
        "account_number": "666",
        "index": {"branch": "012"},
        "variants": [{"channel": channel, "file": file, **variant}],
    }


def pdf_of(texts: list[str]) -> bytes:
    """Return a PDF with a page for each text."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(texts)))
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Count {len(texts)}/Kids[{kids}]>>",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    for number, text in enumerate(texts):
        drawn = f"BT /F1 24 Tf 72 700 Td ({text}) Tj ET"
        objects.append(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 3 0 R>>>>"
            f"/Contents {5 + 2 * number} 0 R>>"
        )
        objects.append(f"<</Length {len(drawn)}>>stream\n{drawn}\nendstream")
    body = b"%PDF-1.4\n"
    places = []
    for number, text in enumerate(objects, 1):
        places.append(len(body))
        body += f"{number} 0 obj{text}endobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    end = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer<</Size {len(objects) + 1}/Root 1 0 R>>\n"
    return body + f"{end}startxref\n{len(body)}\n%%EOF\n".encode()


@contextlib.contextmanager
def running(data: Path) -> Iterator[str]:
    """Start web, worker and clock as `make run` does; yield the address and end them afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (data / "server.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "portal.run"],
            cwd=ROOT,
            env={**environment(data), "PORT": str(port)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            address = f"http://localhost:{port}"
            _wait_for(f"{address}/accounts/login/", data / "server.log")
            yield address
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def _wait_for(url: str, log: Path) -> None:
    for _attempt in range(200):
        try:
            urllib.request.urlopen(url, timeout=2)
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(log.read_text())


@contextlib.contextmanager
def browser() -> Iterator[Any]:
    """Start Chromium; yield it and close it afterwards."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield started
        started.close()


def sign_in(page: Any, address: str, user: str) -> None:
    """Sign in by the form and wait for the home page."""
    page.goto(f"{address}/accounts/login/")
    page.fill("input[name=login]", user)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(f"{address}/")


def search(page: Any, text: str) -> None:
    """Search by the box and wait for the hits."""
    page.fill("#v-q", text)
    page.press("#v-q", "Enter")
    page.wait_for_url("**/search/*-*/")
