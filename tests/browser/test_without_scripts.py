"""Without JavaScript: sign in, search, page, read, download, upload and the menu all work."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.installation import search, sign_in

pytestmark = pytest.mark.browser
Opening = Callable[..., Any]


def package(external_id: str) -> bytes:
    """Return a package with one SMS."""
    line = {
        "external_id": external_id,
        "business_unit": "retail",
        "document_class": "notice",
        "issued_on": "2026-09-01",
        "account_number": "700",
        "index": {"branch": "012"},
        "variants": [{"channel": "sms", "text": "Sent without scripts"}],
    }
    body = json.dumps(line).encode()
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        member = tarfile.TarInfo("manifest.jsonl")
        member.size = len(body)
        archive.addfile(member, io.BytesIO(body))
    return made.getvalue()


def test_sign_in_search_and_paging(chromium: Any, server: str) -> None:
    context = chromium.new_context(java_script_enabled=False, base_url=server)
    page = context.new_page()
    sign_in(page, server, "agent")
    search(page, "class:statement")
    first = page.locator(".v-hit-link").all_inner_texts()
    page.get_by_role("link", name="Older").click()
    page.wait_for_url("**after=**")
    second = page.locator(".v-hit-link").all_inner_texts()
    page.get_by_role("link", name="Newer").click()
    assert page.locator(".v-hit-link").all_inner_texts() == first != second
    page.locator("button", has_text="Remove Class").click()
    assert page.locator("#v-q").input_value() == ""
    context.close()


def test_all_forms_are_read_and_downloaded(open_as: Opening) -> None:
    page = open_as("agent", java_script_enabled=False)
    search(page, "account:0004711 class:statement")
    page.locator(".v-hit-link").first.click()
    pictures = page.locator("img[src*='/page/']")
    assert pictures.count() == 3
    answer = page.request.get(pictures.last.get_attribute("src"))
    assert answer.status == 200 and answer.body().startswith(b"\x89PNG")
    download = page.request.get(page.locator("#download").get_attribute("href")).body()
    page.get_by_role("link", name="Details").click()
    assert hashlib.sha256(download).hexdigest() in page.locator("#panel").inner_text()
    page.get_by_role("link", name="Email").click()
    page.frame_locator("iframe").get_by_text("Dear Eva").wait_for()
    page.get_by_role("link", name="SMS").click()
    assert "statement" in page.locator(".v-bubble").inner_text()


def test_a_form_says_what_is_wrong(open_as: Opening) -> None:
    page = open_as("agent", "/search/", clean=False, java_script_enabled=False)
    page.fill("#id_issued_from", "2026-03-01")
    page.fill("#id_issued_to", "2026-02-01")
    page.click("#search-submit")
    assert "before the first one" in page.locator("#error-summary").inner_text()
    assert page.locator("#id_issued_from").input_value() == "2026-03-01"


def test_a_package_is_uploaded_and_what_is_wrong_with_it_is_said(open_as: Opening) -> None:
    page = open_as("operations", "/loads/upload/", clean=False, java_script_enabled=False)
    page.get_by_role("button", name="Upload").click()
    assert "Choose" in page.locator("#error-summary").inner_text()
    file = {"name": "letters.tar", "mimeType": "application/x-tar", "buffer": package("NOJS-1")}
    page.set_input_files("input[type=file]", file)
    page.get_by_role("button", name="Upload").click()
    page.wait_for_url("**/loads/*-*/")
    for _try in range(50):
        if "Complete" in page.locator("main").inner_text():
            break
        page.wait_for_timeout(200)
        page.reload()
    assert "Complete" in page.locator("main").inner_text()


def test_the_menu_is_a_page_on_a_telephone(open_as: Opening) -> None:
    page = open_as("agent", width=360, java_script_enabled=False)
    page.locator("#menu-link").click()
    page.wait_for_url("**/menu/")
    page.locator("main").get_by_role("link", name="Search").click()
    page.wait_for_url("**/search/")
