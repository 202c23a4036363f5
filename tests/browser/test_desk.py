"""Selecting, narrowing and exporting in a real browser: by mouse, by keys, without JavaScript, and with axe."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import serious_findings
from tests.browser.installation import PASSWORD, manage, search

pytestmark = pytest.mark.browser
Opening = Callable[..., Any]


@pytest.fixture(scope="module")
def words(server: str, data: Path) -> None:
    """Wait until the words of all letters are indexed, by whoever does it first."""
    for _attempt in range(60):
        if '"waiting": 0' in manage(data, "index_text", "--json", expected=None):
            return
    raise AssertionError("the words are not indexed")


def hits(page: Any, query: str) -> None:
    """Search by the box and wait for the count."""
    search(page, query)
    page.locator("#count b").wait_for()


def focused(page: Any) -> str:
    """Return the id of what has the focus, or its tag."""
    return str(page.evaluate("document.activeElement.id || document.activeElement.tagName"))


def selected(page: Any, words: str) -> None:
    """Wait until the bar says how many are selected."""
    expect(page.locator("#selection-bar .v-bulk-count")).to_contain_text(words)


def test_ticks_survive_paging_and_the_back_button_and_the_list_arrives(
    open_as: Opening, words: None, tmp_path: Path
) -> None:
    page = open_as("agent")
    hits(page, "class:statement")
    page.locator("[data-pick]").nth(0).check()
    selected(page, "1 selected")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    selected(page, "2 selected")
    page.get_by_role("link", name="Older").click()
    page.wait_for_url("**after=**")
    selected(page, "2 selected")
    page.locator("[data-pick]").nth(3).check()
    selected(page, "3 selected")
    page.locator(".v-hit-link").nth(3).click()
    page.wait_for_url("**/communications/**")
    page.go_back()
    selected(page, "3 selected")
    assert page.locator("[data-pick]").nth(3).is_checked()
    page.get_by_role("link", name="Newer").click()
    expect(page.locator("[data-pick]").nth(1)).to_be_checked()
    assert page.locator("[data-pick]:checked").count() == 2
    page.locator("#export").click()
    page.wait_for_url("**/export/")
    expect(page.locator("main")).to_contain_text("3 communications")
    with page.expect_download() as download:
        page.locator("button[name=kind][value=csv]").click()
    file = tmp_path / "list.csv"
    download.value.save_as(file)
    assert len(file.read_text("utf-8-sig").splitlines()) == 4


def test_everything_is_selected_and_the_originals_arrive(open_as: Opening, words: None, tmp_path: Path) -> None:
    page = open_as("compliance")
    hits(page, "account:0004711 class:statement")
    number = page.locator("[data-pick]").count()
    page.locator("#select-all").click()
    selected(page, f"{number} selected")
    assert page.locator("[data-pick]:checked").count() == number and page.locator("#pick-page").is_checked()
    assert focused(page) == "select-none"  # what had it is gone
    page.locator("[data-pick]").first.uncheck()
    selected(page, f"{number - 1} selected")
    page.locator("#export").click()
    page.locator("button[name=kind][value=zip]").click()  # too many to wait for: made in the background
    page.wait_for_url("**/exports/")
    ready = page.locator("#export-rows tr", has_text="Ready")
    ready.wait_for()
    with page.expect_download() as download:
        ready.get_by_role("button", name="Download").click()
    file = tmp_path / "originals.zip"
    download.value.save_as(file)
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None and {"list.csv", "sha256sums.txt"} <= set(archive.namelist())


def test_clearing_a_selection_leaves_the_focus_where_one_goes_on(open_as: Opening, words: None) -> None:
    page = open_as("agent")
    hits(page, "class:statement")
    page.locator("#pick-page").check()
    page.locator("#select-none").click()
    expect(page.locator("#select-none")).to_have_count(0)
    assert page.locator("[data-pick]:checked").count() == 0 and focused(page) == "select-all"
    page.locator("[data-pick]").first.focus()
    page.keyboard.press("Space")
    selected(page, "1 selected")
    assert page.evaluate("document.activeElement.matches('[data-pick]')")


def test_facets_narrow_the_list_and_give_it_back(open_as: Opening, words: None) -> None:
    page = open_as("auditor")
    hits(page, "statement")
    everything = page.locator("#count b").inner_text()
    page.locator("#facet-issued > summary").click()
    choice = page.locator("#facet-issued .v-facet").first
    year, number = choice.locator("span").first.inner_text(), choice.locator(".v-facet-count").inner_text()
    choice.click()
    expect(page.locator("#v-q")).to_have_value(f"statement issued:{year}")
    expect(page.locator("#count b")).to_have_text(number)
    page.locator("#facet-issued > summary").click()
    page.locator("#facet-issued .v-facet[aria-pressed]").click()
    expect(page.locator("#v-q")).to_have_value("statement")
    expect(page.locator("#count b")).to_have_text(everything)
    assert page.locator(".v-snippet mark").count() > 0


def test_counting_keeps_the_focus_and_moves_nothing(open_as: Opening, words: None) -> None:
    page = open_as("auditor", clean=False)
    page.route("**/count", lambda route: (page.wait_for_timeout(300), route.continue_()))
    search(page, "statement")
    page.locator("#sort-menu > summary").focus()
    before = page.locator("#hits").bounding_box()["y"]
    page.locator("#count b").wait_for()
    assert page.evaluate("document.activeElement.parentElement.id") == "sort-menu"
    assert abs(page.locator("#hits").bounding_box()["y"] - before) < 1


def test_replaced_ones_are_shown_by_a_switch_that_says_how_many(open_as: Opening, words: None) -> None:
    page = open_as("auditor")
    hits(page, "class:statement")
    number = int(page.locator("#count b").inner_text())
    said = page.locator("#show-superseded").inner_text()
    page.locator("#show-superseded").click()
    page.locator("#count b").wait_for()
    more = int("".join(filter(str.isdigit, said)))
    expect(page.locator("#count b")).to_have_text(str(number + more))
    assert page.locator("#show-superseded").count() == 0


def test_from_sign_in_to_an_open_letter_by_words_and_keys_alone(chromium: Any, server: str, words: None) -> None:
    context = chromium.new_context(base_url=server)
    page = context.new_page()
    page.goto("/accounts/login/")
    page.keyboard.type("agent")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{server}/")
    page.keyboard.press("Escape")  # leaves the first field of the form that the first page is
    page.keyboard.press("/")
    page.keyboard.type("balance class:statement")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/*-*/")
    for key in ("Escape", "j", "x"):
        page.keyboard.press(key)
    selected(page, "1 selected")
    page.keyboard.press("Enter")
    page.wait_for_url("**/communications/**")
    page.locator(".page[data-loaded=true] .textLayer").first.wait_for()
    context.close()


def test_without_scripts_ticks_are_kept_by_a_button(open_as: Opening, words: None) -> None:
    page = open_as("agent", java_script_enabled=False)
    search(page, "statement")
    page.locator("[data-pick]").nth(1).check()
    page.get_by_role("button", name="Keep these ticks").click()
    selected(page, "1 selected")
    assert page.locator("[data-pick]").nth(1).is_checked()
    page.get_by_role("link", name="Older").click()
    page.locator("[data-pick]").nth(0).check()
    page.get_by_role("button", name="Keep these ticks").click()
    page.wait_for_url("**after=**")
    selected(page, "2 selected")
    page.locator("#export").click()
    expect(page.locator("main")).to_contain_text("2 communications")
    with page.expect_download() as download:
        page.locator("button[name=kind][value=xlsx]").click()
    assert download.value.suggested_filename.endswith(".xlsx")


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_of_finding_are_accessible_and_fit(open_as: Opening, words: None, width: int, theme: str) -> None:
    page = open_as("operations", "/system/text/", width=width, color_scheme=theme)
    found = {"system": serious_findings(page)}
    page = open_as("compliance", width=width, color_scheme=theme)
    hits(page, "statement")
    page.locator("#facet-issued > summary").click()
    found["facets"] = serious_findings(page)
    fits = "document.documentElement.scrollWidth <= innerWidth"
    assert page.evaluate(fits)
    page.locator("#facet-issued > summary").click()
    page.locator("[data-pick]").first.check()
    selected(page, "1 selected")
    found["hits"] = serious_findings(page)
    assert page.evaluate(fits)
    page.locator("#export").click()
    page.wait_for_url("**/export/")
    found["export"] = serious_findings(page)
    assert page.evaluate(fits)
    page.goto("/exports/")
    found["exports"] = serious_findings(page)
    assert page.evaluate(fits)
    assert not any(found.values()), found
