"""The page of a communication in a real browser: panel, notes, call and timeline, by hand, by key and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import serious_findings
from tests.browser.installation import search

pytestmark = pytest.mark.browser
Opening = Callable[..., Any]
PANELS = ("details", "kept", "access", "notes", "timeline")


def open_letter(page: Any, number: int) -> None:
    """Open a hit by its SMS, which needs no viewer."""
    search(page, "account:0004711 class:statement")
    page.goto(f"{page.locator('.v-hit-link').nth(number).get_attribute('href')}&v=sms")


def focused(page: Any) -> str:
    """Return the id of what has the focus."""
    return str(page.evaluate("document.activeElement.id"))


def test_the_panel_changes_beside_the_document_that_stays(open_as: Opening) -> None:
    page = open_as("agent")
    open_letter(page, 0)
    page.locator("#variant-1").click()
    page.locator("v-pdf-viewer").evaluate("viewer => { viewer.stays = true; }")
    for panel in PANELS:
        page.locator(f"#panel-{panel}").click()
        page.locator(f"#panel-{panel}[aria-current=page]").wait_for()
        assert f"panel={panel}" in page.url and focused(page) == f"panel-{panel}"
    page.locator("#show-changes").click()
    page.locator("#show-changes[aria-current=true]").wait_for()
    assert "show=changes" in page.url and focused(page) == "show-changes"
    assert page.locator("v-pdf-viewer").evaluate("viewer => viewer.stays")
    page.go_back()  # a filter is no place of its own: back leads to the part of the panel before
    page.locator("#panel-notes[aria-current=page]").wait_for()


def test_p_prints_the_document_and_not_the_page_around_it(open_as: Opening) -> None:
    page = open_as("agent")
    open_letter(page, 0)
    with page.expect_request("**/print"):
        page.keyboard.press("p")


def test_a_note_by_keyboard_alone(open_as: Opening) -> None:
    page = open_as("agent")
    open_letter(page, 1)
    page.keyboard.press("n")
    expect(page.locator("#note-form textarea")).to_be_focused()
    page.keyboard.type("Explained the fee [n]")
    page.keyboard.press("Control+Enter")
    page.locator("#note-added").wait_for()
    assert focused(page) == "note-added"
    expect(page.locator(".v-note-body").first).to_have_text("Explained the fee [n]")
    page.keyboard.press("n")
    expect(page.locator("#note-form textarea")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.wait_for_url("**/search/*-*/**")


def test_a_note_that_is_refused_says_why_and_the_focus_goes_there(open_as: Opening) -> None:
    page = open_as("agent", clean=False)
    open_letter(page, 2)
    page.locator("#panel-notes").click()
    page.locator("#note-form textarea").fill("   ")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator("#error-summary")).to_be_focused()
    assert page.locator("#note-form textarea").input_value() == "   "


def test_a_note_that_is_half_written_survives_a_look_elsewhere_and_is_not_left_by_a_key(open_as: Opening) -> None:
    page = open_as("agent")
    open_letter(page, 3)
    page.locator("#panel-notes").click()
    page.locator("#note-form textarea").fill("half a note")
    page.locator("#panel-kept").click()
    page.get_by_text("What happens then").wait_for()
    page.locator("#panel-notes").click()
    expect(page.locator("#note-form textarea")).to_have_value("half a note")
    url = page.url
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.wait_for_timeout(200)
    assert page.url == url
    asked: list[str] = []

    def stay(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.locator("#trail-results").click(no_wait_after=True)
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"] and page.url == url


def test_a_call_stands_in_the_bar_and_in_what_is_read_until_it_is_cleared(open_as: Opening) -> None:
    page = open_as("compliance")
    page.locator("#call-menu summary").click()
    page.locator("#call-field").fill("88213")
    page.locator("#call-field").press("Enter")
    expect(page.locator("#call-menu summary")).to_contain_text("88213")
    open_letter(page, 4)
    page.locator("#show-reads").click()
    expect(page.locator(".v-timeline")).to_contain_text(["call 88213"])
    assert "88213" not in page.url
    page.locator("#call-menu summary").click()
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#call-menu summary")).not_to_contain_text("88213")


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_part_of_the_panel_is_accessible_and_fits(open_as: Opening, width: int, scheme: str) -> None:
    page = open_as("auditor", width=width, color_scheme=scheme)
    open_letter(page, 0)
    for panel in PANELS:
        page.goto(f"{page.url.partition('?')[0]}?v=sms&panel={panel}")
        assert serious_findings(page) == [], panel
        assert page.evaluate("document.documentElement.scrollWidth") <= width, panel


def test_on_a_phone_the_panel_is_a_tab_and_a_note_can_be_written(open_as: Opening) -> None:
    page = open_as("agent", width=360, has_touch=True)
    open_letter(page, 5)
    assert not page.locator("#panel").is_visible()
    page.get_by_role("link", name="About it").tap()
    page.locator("#panel-notes").tap()
    page.locator("#note-form textarea").fill("From the phone")
    page.get_by_role("button", name="Add note").tap()
    page.locator("#note-added").wait_for()
    assert not page.locator("#document").is_visible()


def test_without_scripts_notes_filters_and_the_call_work(open_as: Opening) -> None:
    page = open_as("agent", clean=False, java_script_enabled=False)
    open_letter(page, 6)
    page.locator("#panel-notes").click()
    page.locator("#note-form textarea").fill("Without a script")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator("#messages")).to_contain_text("The note is added.")
    page.locator("#panel-timeline").click()
    page.locator("#show-notes").click()
    expect(page.locator(".v-timeline-entry")).to_have_count(1)
    page.locator("#panel-notes").click()
    page.get_by_role("button", name="Add note").click()
    expect(page.locator("#error-summary")).to_contain_text("Write something first.")
    page.locator("#panel-details").click()
    assert "/notes/" not in page.url
    page.locator("#call-menu summary").click()
    page.locator("#call-field").fill("4711-x")
    page.locator("#call-menu .btn-primary").click()
    expect(page.locator("#call-menu summary")).to_contain_text("4711-x")
