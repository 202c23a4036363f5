"""Search forms, saved searches and suggestions in a browser: by keyboard, without scripts, from a form and back."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import serious_findings
from tests.browser.installation import search

pytestmark = pytest.mark.browser
FORM = "/search/forms/letters/"
LIST = ".v-suggestions:visible"


def customer(page: Any) -> Any:
    """Return the field for a customer."""
    return page.get_by_role("combobox", name="Customer")


def assert_good(page: Any) -> None:
    """Check that nothing serious is found in both themes, and that nothing is cut sideways."""
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    assert serious_findings(page) == []
    page.emulate_media(color_scheme="dark")
    assert serious_findings(page, "color-contrast", "link-in-text-block") == []
    page.emulate_media(color_scheme="light")


def test_a_suggestion_is_chosen_by_keyboard(open_as: Callable[..., Any]) -> None:
    page = open_as("agent", FORM)
    field = customer(page)
    expect(field).to_have_attribute("aria-expanded", "false")
    field.press_sequentially("c-10")
    options = page.locator(f"{LIST} [role=option]")
    expect(options.first).to_have_text(re.compile("^C-10"))
    expect(field).to_have_attribute("aria-expanded", "true")
    assert page.locator(LIST).get_attribute("aria-label") == "Customer"
    assert field.get_attribute("aria-controls") == page.locator(LIST).get_attribute("id")
    field.press("ArrowDown")
    field.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    assert field.get_attribute("aria-activedescendant") == options.nth(1).get_attribute("id")
    assert_good(page)
    field.press("ArrowUp")
    field.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    wanted = options.last.text_content()
    field.press("Enter")
    expect(field).to_have_value(wanted)
    expect(field).to_be_focused()
    expect(page.locator(LIST)).to_have_count(0)
    assert "aria-activedescendant" not in field.evaluate("field => field.getAttributeNames()")
    field.press("Enter")
    page.wait_for_url("**/search/*-*/")
    expect(page.locator(".v-chip", has_text=wanted)).to_be_visible()


def test_escape_closes_the_list_and_keeps_what_was_typed(open_as: Callable[..., Any]) -> None:
    page = open_as("agent", FORM)
    field = customer(page)
    field.press_sequentially("C-10")
    page.locator(LIST).wait_for()
    field.press("ArrowDown")
    field.press("Escape")
    expect(page.locator(LIST)).to_have_count(0)
    expect(field).to_have_value("C-10")
    expect(field).to_be_focused()
    field.press_sequentially("0")
    page.locator(LIST).wait_for()
    page.get_by_role("combobox", name="Account").focus()
    expect(page.locator(LIST)).to_have_count(0)


def test_enter_without_a_choice_searches_for_what_was_typed(open_as: Callable[..., Any]) -> None:
    page = open_as("agent", FORM)
    customer(page).press_sequentially("C-10*")
    customer(page).press("Enter")
    page.wait_for_url("**/search/*-*/")
    assert page.input_value("#v-q").startswith("customer:C-10* issued:")
    assert "C-10" not in page.url


def test_the_box_suggests_after_its_fields(open_as: Callable[..., Any]) -> None:
    asked: list[str] = []
    page = open_as("agent", "/")
    page.on("request", lambda request: asked.append(f"{request.method} {request.url.partition('/search/')[2]}"))
    box = page.locator("#v-q")
    box.press_sequentially("0004711 customer:C-1009")
    expect(page.locator(f"{LIST} [role=option]")).to_have_text(["C-1009"])
    box.press("ArrowDown")
    box.press("Enter")
    expect(box).to_have_value("0004711 customer:C-1009")
    box.press_sequentially(' name:"Eva Mü')
    page.locator(LIST).wait_for()
    page.locator(f"{LIST} [role=option]", has_text="Eva Müller").click()
    expect(box).to_have_value('0004711 customer:C-1009 name:"Eva Müller"')
    expect(box).to_be_focused()
    assert set(asked) - {"GET "} == {"POST suggest"}
    box.press("Enter")
    page.wait_for_url("**/search/*-*/")
    expect(page.locator(".v-hit-link").first).to_be_visible()


def test_from_a_form_to_its_results_and_back(open_as: Callable[..., Any]) -> None:
    page = open_as("agent", "/")
    first = page.locator(".v-search-form input:visible").first
    expect(first).to_be_focused()
    assert_good(page)
    page.keyboard.type("Müller")
    page.get_by_label("Issued from").first.fill("2026-01-01")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/*-*/")
    page.get_by_role("link", name="Change in the form").click()
    page.wait_for_url("**/search/forms/letters/?s=*")
    expect(page.get_by_role("combobox", name="Name")).to_have_value("Müller")
    expect(page.get_by_label("Issued from")).to_have_value("2026-01-01")
    expect(page.get_by_role("combobox", name="Name")).to_be_focused()
    page.go_back()
    expect(page.locator(".v-chip", has_text="Müller")).to_be_visible()


@pytest.mark.parametrize("width", [360, 1280])
def test_what_is_wrong_has_the_focus_and_leads_to_its_field(open_as: Callable[..., Any], width: int) -> None:
    page = open_as("agent", FORM, width=width, clean=False)
    assert_good(page)
    page.get_by_label("Words in the letter").fill('"late')
    page.locator("#form-submit").click()
    expect(page.locator("#error-summary")).to_be_focused()
    assert_good(page)
    page.locator("#error-summary a").click()
    expect(page.get_by_label("Words in the letter")).to_be_focused()
    expect(page.get_by_label("Words in the letter")).to_have_value('"late')


@pytest.mark.parametrize("width", [360, 1280])
def test_a_search_is_saved_renamed_opened_and_deleted(open_as: Callable[..., Any], width: int) -> None:
    page, name = open_as("agent", width=width), f"Letters of Eva at {width}"
    search(page, "customer:C-1009 class:statement")
    page.locator("#save-menu > summary").click()
    page.fill("#saved-name-new", name)
    page.click("#save-search")
    expect(page.get_by_text(f"Saved as “{name}”.")).to_be_visible()
    page.goto("/search/saved/")
    row = page.locator("[data-row]", has_text=name)
    assert_good(page)
    row.locator("summary").click()
    row.get_by_label("Name").fill(f"{name}, again")
    assert_good(page)
    row.locator("details button").click()
    page.get_by_role("button", name=f"{name}, again").click()
    page.wait_for_url("**/search/*-*/")
    assert page.input_value("#v-q") == "customer:C-1009 class:statement"
    page.goto("/search/saved/")
    row.get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)


def test_without_scripts_a_form_searches(open_as: Callable[..., Any]) -> None:
    page = open_as("agent", FORM, java_script_enabled=False)
    page.get_by_label("Customer", exact=True).fill("C-1009")
    page.get_by_label("Issued from").fill("")
    page.get_by_role("button", name="Search", exact=True).click()
    page.wait_for_url("**/search/*-*/")
    expect(page.locator(".v-hit-link").first).to_be_visible()
    page.get_by_role("link", name="Change in the form").click()
    expect(page.get_by_label("Customer", exact=True)).to_have_value("C-1009")
    expect(page.get_by_label("Issued from")).to_have_value("")
