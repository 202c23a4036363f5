"""The viewer: pages, find, what it fetches, what it says of files that it cannot show."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.installation import PAGES, search

pytestmark = pytest.mark.browser
Opening = Callable[..., Any]


def open_record(page: Any, query: str) -> str:
    """Open the first hit of a query and return its address without parameters."""
    search(page, query)
    page.locator(".v-hit-link").first.click()
    page.wait_for_url("**/communications/**")
    return str(page.url.split("?")[0])


def test_a_document_opens_at_the_page_of_its_address(open_as: Opening) -> None:
    page = open_as("agent")
    address = open_record(page, "external_id:MANY-1")
    page.goto(f"{address}#page=30")
    page.get_by_role("region", name=f"Page 30 of {PAGES}").wait_for()
    page.locator(".page[data-page-number='30'][data-loaded=true] .textLayer", has_text="word30").wait_for()
    assert page.locator("#viewer-page").input_value() == "30"
    assert page.locator(".page[data-page-number='2'][data-loaded=true]").count() == 0
    page.fill("#viewer-page", "3")
    page.press("#viewer-page", "Enter")
    page.get_by_role("region", name=f"Page 3 of {PAGES}").wait_for()


def test_words_are_found_in_a_document(open_as: Opening) -> None:
    page = open_as("agent")
    open_record(page, "external_id:MANY-1")
    page.locator(".page[data-loaded=true] .textLayer").first.wait_for()
    page.fill("#viewer-find", "word2")
    page.get_by_text("1 of 11").wait_for()  # word2 and word20 to word29
    page.press("#viewer-find", "Enter")
    page.get_by_text("2 of 11").wait_for()
    page.get_by_role("region", name=f"Page 20 of {PAGES}").wait_for()
    page.fill("#viewer-find", "nowhere")
    page.get_by_text("Not found").wait_for()


def test_a_download_is_what_was_archived(open_as: Opening) -> None:
    page = open_as("agent")
    open_record(page, "account:0004711 class:statement")
    for form in ("Print", "Email", "SMS"):
        page.locator(".v-variants").get_by_role("link", name=form).click()
        page.get_by_role("link", name="Details").click()
        with page.expect_download() as download:
            page.click("#download")
        digest = hashlib.sha256(Path(download.value.path()).read_bytes()).hexdigest()
        assert digest in page.locator("#panel").inner_text()


def test_what_nobody_sees_is_not_fetched(open_as: Opening) -> None:
    page = open_as("agent", width=360)
    address = open_record(page, "account:0004711 class:statement")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for form in ("print", "email"):
        page.goto(f"{address}?v={form}&panel=details")
        page.get_by_text("SHA-256").first.wait_for()
        page.wait_for_timeout(300)
    assert [url for url in asked if "/content" in url or "/page/" in url] == []
    page.goto(f"{address}?v=print")
    page.locator(".page[data-loaded=true] .textLayer").first.wait_for()
    assert any("/content" in url for url in asked)


def test_a_file_of_a_kind_that_is_not_shown_is_offered_as_it_is(open_as: Opening) -> None:
    page = open_as("agent")
    open_record(page, "external_id:AFP-1")
    page.get_by_text("cannot be shown here").wait_for()
    with page.expect_download() as download:
        page.locator("#document").get_by_role("link", name="Download").click()
    assert Path(download.value.path()).read_bytes() == b"Z\x00\x10\xd3\xa8\xa8\x00\x00\x00"


def test_searched_words_are_marked_at_opening(open_as: Opening, reading_cases: None) -> None:
    page = open_as("agent")
    open_record(page, "arrears external_id:WORDS-1")
    page.get_by_text("1 of 2").wait_for()
    assert page.locator("#viewer-find").input_value() == "arrears"
    marked = page.locator(".textLayer .highlight")
    assert set(marked.all_inner_texts()) == {"arrears"}
    page.press("#viewer-find", "Enter")
    page.get_by_text("2 of 2").wait_for()
    page.fill("#viewer-find", "Miller")
    page.get_by_text("1 of 1").wait_for()


def test_a_page_of_the_address_stays_though_words_stand_elsewhere(open_as: Opening, reading_cases: None) -> None:
    page = open_as("agent")
    open_record(page, "arrears external_id:WORDS-1")
    page.goto(f"{page.url}#page=1")
    page.reload()
    page.get_by_text("1 of 2").wait_for()
    page.locator(".textLayer .highlight").first.wait_for(state="attached")
    assert page.locator("#viewer-page").input_value() == "1"
    page.press("#viewer-find", "Enter")
    page.get_by_role("region", name="Page 2 of 3").wait_for()
    page.get_by_text("1 of 2").wait_for()
