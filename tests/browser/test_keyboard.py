"""A person without a mouse signs in, finds, reads and downloads; single keys can be turned off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.installation import PASSWORD, search

pytestmark = pytest.mark.browser
Opening = Callable[..., Any]


def press(page: Any, *keys: str) -> None:
    """Press keys one after the other."""
    for key in keys:
        page.keyboard.press(key)


def focused(page: Any) -> str:
    """Return the id of what has the focus, or its text."""
    return str(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))


def test_from_sign_in_to_reading_by_keyboard_alone(chromium: Any, server: str) -> None:
    context = chromium.new_context(base_url=server)
    page = context.new_page()
    page.goto("/accounts/login/")
    page.keyboard.type("agent")
    press(page, "Tab")
    page.keyboard.type(PASSWORD)
    press(page, "Enter")
    page.wait_for_url(f"{server}/")
    press(page, "Escape", "/")  # out of the form that is ready to type in
    page.keyboard.type("account:0004711 class:statement")
    press(page, "Enter")
    page.wait_for_url("**/search/*-*/")
    press(page, "Escape", "j", "j", "k", "j", "Enter")
    page.wait_for_url("**/communications/**")
    second = page.locator("h1").inner_text()
    page.locator(".page[data-loaded=true] .textLayer").first.wait_for()
    press(page, "f")
    page.keyboard.type("balance")
    page.get_by_text("1 of ").first.wait_for()
    press(page, "Escape", "Escape")
    assert "/communications/" in page.url  # the first empties the field, the second leaves it
    with page.expect_download():
        press(page, "d")
    press(page, "2")
    page.wait_for_url("**v=email**")
    press(page, "[")
    page.wait_for_url(lambda url: "v=email" not in url)
    press(page, "]")
    expect(page.locator("h1")).to_have_text(second)
    press(page, "Escape")
    page.wait_for_url("**/search/*-*/**")
    expect(page.locator(".v-hit-link", has_text=second)).to_be_focused()
    press(page, "g", "h")
    page.wait_for_url(f"{server}/")
    context.close()


def test_the_list_of_keys_opens_and_gives_the_focus_back(open_as: Opening) -> None:
    page = open_as("agent")
    page.locator("#help-link").focus()
    press(page, "Enter")
    page.locator("#keys[open]").wait_for()
    press(page, "Escape")
    assert page.locator("#keys[open]").count() == 0 and focused(page) == "help-link"
    press(page, "?")
    page.locator("#keys[open]").wait_for()
    press(page, "g", "s", "Escape")
    assert page.url.endswith("/")  # keys do nothing behind a dialog


def test_letters_are_letters_while_one_types(open_as: Opening) -> None:
    page = open_as("agent", "/search/")
    page.locator("#id_customer").focus()
    page.keyboard.type("g/h?jk1d[")
    assert page.locator("#id_customer").input_value() == "g/h?jk1d["
    press(page, "Escape", "Escape")
    assert page.url.endswith("/search/")  # a form with changes is not left


def test_single_keys_are_turned_off_and_on_again(open_as: Opening) -> None:
    page = open_as("compliance")
    press(page, "Escape", "?")
    page.get_by_role("button", name="Turn single keys off").focus()
    press(page, "Enter")
    page.locator("html[data-single-keys=off]").wait_for(state="attached")
    press(page, "Escape", "/", "?", "g", "s")
    assert focused(page) != "v-q" and page.locator("#keys[open]").count() == 0
    page.locator("#help-link").focus()
    press(page, "Enter")
    page.get_by_role("button", name="Turn single keys on").focus()
    press(page, "Enter")
    page.locator("html[data-single-keys=on]").wait_for(state="attached")
    press(page, "Escape", "/")
    assert focused(page) == "v-q"


def test_whatever_has_the_focus_is_seen_to_have_it(open_as: Opening) -> None:
    page = open_as("agent")
    search(page, "account:0004711")
    page.locator("#count b").wait_for()
    page.evaluate("document.activeElement.blur()")
    seen = set()
    for _stop in range(24):
        press(page, "Tab")
        name, is_seen = page.evaluate(
            """() => {
                const at = document.activeElement;
                const styles = [getComputedStyle(at), getComputedStyle(at, "::after")];
                const box = at.getBoundingClientRect();
                const inside = box.bottom > 0 && box.top < innerHeight;
                const outlined = styles.some(
                    (style) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
                );
                return [at.id || at.className || at.textContent.trim(), inside && outlined];
            }"""
        )
        seen.add(name)
        assert is_seen, name
    assert len(seen) > 12
