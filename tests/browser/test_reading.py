"""An agent with a customer on the phone finds the letter, reads every form of it, downloads it."""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.installation import BROKEN, search

pytestmark = pytest.mark.browser
Opening = Callable[..., Any]


def open_first(page: Any) -> None:
    """Open the first hit."""
    page.locator(".v-hit-link").first.click()
    page.wait_for_url("**/communications/**")


def test_a_letter_is_found_by_account_read_in_all_forms_and_downloaded(open_as: Opening) -> None:
    page = open_as("agent")
    search(page, "account:0004711 class:statement")
    assert "Eva Müller" in page.locator("main").inner_text()
    open_first(page)
    assert "Account statement" in page.locator("h1").inner_text()
    page.locator(".page[data-loaded=true] .textLayer").first.wait_for()
    assert "Eva Müller" in page.locator(".textLayer").first.inner_text()
    assert "of " in page.locator(".v-toolbar").inner_text()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").first.click()
    stored = Path(download.value.path()).read_bytes()
    assert stored.startswith(b"%PDF") and download.value.suggested_filename.startswith("V-1-")
    page.get_by_role("link", name="Email").first.click()
    frame = page.frame_locator("iframe")
    frame.locator("img").first.wait_for()
    assert frame.locator("img").first.evaluate("image => image.naturalWidth") > 0
    page.get_by_role("link", name="SMS").first.click()
    assert "0004711" in page.locator("main").inner_text() or "statement" in page.locator("main").inner_text()
    timeline = page.locator(".v-panel").inner_text()
    assert "Downloaded" in timeline and "Archived" in timeline and "agent" in timeline


def test_name_and_postcode_and_dates_by_the_form(open_as: Opening) -> None:
    page = open_as("agent", "/search/", width=1920)
    page.fill("input[name=name]", "Eva Müller")
    page.fill("input[name=postcode]", "70173")
    page.fill("input[name=issued_from]", "2025-01-01")
    page.locator("input[name=postcode]").press("Enter")
    page.wait_for_url("**/search/*-*/")
    assert page.locator(".v-hit-link").count() > 3
    assert page.locator("#v-q").input_value() == 'name:"Eva Müller" postcode:70173 issued:2025-01-01..'
    assert "Müller" not in page.url and "70173" not in page.url


def test_an_error_says_what_is_wrong_and_what_would_be_right(open_as: Opening) -> None:
    page = open_as("agent", clean=False)
    page.fill("#v-q", "class:statment")
    page.press("#v-q", "Enter")
    page.get_by_text("Did you mean").first.wait_for()
    assert "character 7" in page.locator("main").inner_text()
    assert page.locator("#v-q").input_value() == "class:statment"


def test_what_a_rule_hides_is_not_found_and_not_opened(open_as: Opening, data: Path) -> None:
    auditor = open_as("auditor")
    search(auditor, "unit:commercial")
    open_first(auditor)
    path = auditor.url.split("?")[0]
    agent = open_as("agent", clean=False)
    search(agent, "unit:commercial")
    assert agent.locator(".v-hit-link").count() == 0
    hidden, absent = agent.goto(path), None
    body = agent.locator("main").inner_text()
    absent = agent.goto("/communications/01920000-0000-7000-8000-000000000000/")
    assert hidden.status == absent.status == 404
    assert body == agent.locator("main").inner_text()


def test_a_broken_pdf_is_shown_with_an_honest_message(open_as: Opening) -> None:
    page = open_as("agent", clean=False)
    search(page, "external_id:BROKEN-1")
    open_first(page)
    page.get_by_text("cannot be shown").first.wait_for()
    href = page.get_by_role("link", name="Download").first.get_attribute("href")
    body = page.request.get(href).body()
    assert hashlib.sha256(body).hexdigest() == hashlib.sha256(BROKEN).hexdigest()


def test_a_hostile_letter_runs_nothing_and_asks_for_nothing(
    open_as: Opening, server: str, elsewhere: tuple[int, list[str]]
) -> None:
    port, asked = elsewhere
    page = open_as("agent", clean=False)
    search(page, "external_id:HOSTILE-1")
    open_first(page)
    frame = page.frame_locator("iframe")
    frame.get_by_text("Hostile letter").wait_for()
    frame.locator("#send").click()
    page.wait_for_timeout(500)
    assert frame.locator("#own").evaluate("image => image.naturalWidth") == 1
    source = page.locator("iframe").get_attribute("src")
    page.goto(source)
    page.get_by_text("Hostile letter").wait_for()
    page.locator("#send").click()
    page.wait_for_timeout(500)
    assert page.title() != "ran" and page.url == server + source
    assert asked == []
    with pytest.raises(urllib.error.HTTPError):  # the listener would have noticed
        urllib.request.urlopen(f"http://127.0.0.1:{port}/seen")
    assert asked.pop() == "/seen"


def test_an_e_mail_is_read_with_its_files(open_as: Opening, reading_cases: None) -> None:
    page = open_as("agent")
    search(page, "arrears external_id:MAIL-1")
    open_first(page)
    assert "Eva Müller <eva@example.org>" in page.locator(".v-mail").inner_text()
    frame = page.frame_locator("iframe")
    assert frame.locator("mark").inner_text() == "arrears"
    assert frame.locator("img").evaluate("image => image.naturalWidth") == 1
    with page.expect_download() as download:
        page.get_by_role("link", name="Download all.zip").click()
    assert Path(download.value.path()).read_bytes() == b"PK\x03\x04"
    page.get_by_role("link", name="Kündigung 1.pdf", exact=True).click()
    page.locator(".textLayer", has_text="The file in the message").wait_for()
    page.get_by_role("link", name="Read as text").click()
    page.locator(".v-paper-prose", has_text="The file in the message").wait_for()
    page.get_by_role("link", name="The email").click()
    page.frame_locator("iframe").get_by_text("Good day").wait_for()


def test_a_hostile_message_and_its_file_ask_for_nothing(
    open_as: Opening, elsewhere: tuple[int, list[str]], reading_cases: None
) -> None:
    _port, asked = elsewhere
    page = open_as("agent", clean=False)
    search(page, "external_id:MAIL-2")
    open_first(page)
    page.get_by_text("asked for 5 things from the network").wait_for()
    frame = page.frame_locator("iframe")
    frame.get_by_text("Hostile letter").wait_for()
    frame.locator("#send").click()
    page.get_by_role("link", name="again.html", exact=True).click()
    page.frame_locator("iframe").locator("#send").click()
    page.goto(page.url.split("?")[0].rstrip("/") + "-1/print")
    page.get_by_text("Hostile letter").wait_for()
    page.locator("#send").click()
    page.wait_for_timeout(500)
    assert page.title() != "ran" and asked == []


def test_a_fax_is_read_page_by_page(open_as: Opening, reading_cases: None) -> None:
    page = open_as("agent", java_script_enabled=False)
    search(page, "external_id:FAX-1")
    open_first(page)
    page.get_by_role("link", name="Next page").click()
    page.get_by_text("Page 2 of 3").wait_for()
    page.wait_for_load_state("load")
    assert page.locator(".v-document-picture").evaluate("image => image.complete && image.naturalWidth") == 1400


@pytest.mark.parametrize("record", ["MAIL-1", "WORDS-1"])
def test_print_gives_the_document_to_the_printer(open_as: Opening, reading_cases: None, record: str) -> None:
    page = open_as("agent")
    search(page, f"external_id:{record}")
    open_first(page)
    with page.expect_response("**/print") as answer:
        page.get_by_role("link", name="Print", exact=True).last.click()
    assert answer.value.status == 200
    page.locator(".v-print-frame").wait_for(state="attached")
    page.get_by_role("link", name="Timeline").click()
    page.locator("#panel", has_text="Printed").wait_for()
