"""Pages of a list, Back, and addresses: one comes back to where one was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.installation import search

pytestmark = pytest.mark.browser
Opening = Callable[..., Any]


def hits(page: Any) -> list[str]:
    """Return the record numbers of the rows shown."""
    return list(page.locator(".v-hits tbody tr").evaluate_all("rows => rows.map(row => row.id)"))


def test_back_from_a_record_leads_to_its_row_on_its_page(open_as: Opening) -> None:
    page = open_as("auditor")
    search(page, "")
    first = hits(page)
    page.get_by_role("link", name="Older").click()
    page.wait_for_url("**after=**")
    place, second = page.url, hits(page)
    assert not set(first) & set(second)
    page.locator(".v-hit-link").nth(30).click()
    page.wait_for_url("**/communications/**")
    page.go_back()
    page.wait_for_url(place)
    assert hits(page) == second
    assert page.locator(f"#{second[30]}").is_visible() and page.evaluate("scrollY") > 0
    page.locator(".v-hit-link").nth(30).click()
    page.wait_for_url("**/communications/**")
    page.locator("#trail-results").click()
    page.wait_for_url("**/search/**")
    assert hits(page) == second
    expect(page.locator(f"#{second[30]} a")).to_be_focused()
    page.get_by_role("link", name="Newer").click()
    page.wait_for_url("**before=**")
    assert hits(page) == first


def test_a_form_of_a_record_and_a_part_of_its_panel_have_addresses(open_as: Opening) -> None:
    page = open_as("agent")
    search(page, "account:0004711 class:statement")
    page.locator(".v-hit-link").first.click()
    page.wait_for_url("**/communications/**")
    page.get_by_role("link", name="Email").click()
    page.get_by_role("link", name="Kept").click()
    page.wait_for_url("**panel=kept**")
    page.reload()
    assert page.locator(".v-variant[aria-current]").first.inner_text().startswith("Email")
    assert page.locator(".v-tab[aria-current]").inner_text() == "Kept"
    page.go_back()
    assert page.locator(".v-tab[aria-current]").inner_text() == "Timeline"
    page.go_back()
    assert page.locator(".v-variant[aria-current]").first.inner_text().startswith("Print")


def test_density_is_kept_and_leads_back_to_the_list(open_as: Opening) -> None:
    page = open_as("records")
    search(page, "class:bill")
    place = page.url
    height = page.locator(".v-hits tbody tr").nth(1).bounding_box()["height"]
    page.click("#density")
    page.wait_for_url(place)
    compact = page.locator(".v-hits tbody tr").nth(1).bounding_box()["height"]
    page.click("#density")
    page.wait_for_url(place)
    assert (round(height), round(compact)) == (49, 33)


def test_seventeen_rows_of_two_lines_or_twenty_six_of_one_fit_on_a_screen(open_as: Opening) -> None:
    page = open_as("records", width=1920)
    page.set_viewport_size({"width": 1920, "height": 1080})
    for wanted in (17, 26):
        search(page, "")
        inside = page.locator(".v-hits tbody tr").evaluate_all(
            "rows => rows.filter(row => row.getBoundingClientRect().bottom <= innerHeight).length"
        )
        assert inside >= wanted
        page.click("#density")
        page.wait_for_load_state()


def test_nothing_moves_when_the_count_arrives(open_as: Opening) -> None:
    page = open_as("agent")
    search(page, "account:0004711")
    page.locator("#count b").wait_for()
    place = page.url
    page.route("**/count", lambda _route: None)
    page.goto(place)
    before = page.locator(".v-hits").bounding_box()
    page.unroute("**/count")
    page.goto(place)
    page.locator("#count b").wait_for()
    assert page.locator(".v-hits").bounding_box() == before
