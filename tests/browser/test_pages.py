"""Every page at several widths: no serious finding of axe in light and dark, nothing cut sideways, a clean console."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import serious_findings
from tests.browser.installation import search

pytestmark = pytest.mark.browser
PAGES = [
    ("agent", "/"),
    ("agent", "/search/"),
    ("agent", "/help/"),
    ("agent", "/menu/"),
    ("agent", "/preferences/"),
    ("agent", "/accounts/password/"),
    ("operations", "/"),
    ("operations", "/loads/"),
    ("operations", "/loads/upload/"),
    ("auditor", "/"),
    ("auditor", "/audit/"),
    ("admin", "/"),
]


def assert_good(page: Any) -> None:
    """Check what holds for every page."""
    # A text that fades in has no contrast yet: the document is open first.
    expect(page.locator(".v-pdf-loading:visible")).to_have_count(0)
    expect(page.locator("h1")).to_have_count(1)  # a page that was just gone to is waited for
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    assert serious_findings(page) == []
    page.emulate_media(color_scheme="dark")
    assert serious_findings(page, "color-contrast", "link-in-text-block") == []
    page.emulate_media(color_scheme="light")


@pytest.mark.parametrize("width", [360, 1280])
def test_every_page(open_as: Callable[..., Any], width: int) -> None:
    pages: dict[str, Any] = {}
    for user, path in PAGES:
        if user not in pages:
            pages[user] = open_as(user, path, width=width)
        else:
            pages[user].goto(path)
        assert_good(pages[user])


@pytest.mark.parametrize("width", [360, 1280])
def test_hits_and_a_communication(open_as: Callable[..., Any], width: int) -> None:
    page = open_as("agent", width=width)
    search(page, "account:0004711 class:statement")
    assert_good(page)
    page.locator(".v-hit-link").first.click()
    page.wait_for_url("**/communications/**")
    for tab in ("", "?v=email", "?v=sms&panel=details", "?panel=kept", "?panel=access"):
        page.goto(page.url.split("?")[0] + tab)
        assert_good(page)


@pytest.mark.parametrize("width", [360, 1280])
def test_a_load_and_an_event(open_as: Callable[..., Any], width: int) -> None:
    page = open_as("auditor", "/loads/", width=width)
    page.locator("main a[href*='/loads/']").first.click()
    assert_good(page)
    page.goto("/audit/")
    page.locator("main a[href*='/audit/']").first.click()
    assert_good(page)


@pytest.mark.parametrize("width", [360, 768, 1920])
def test_long_texts_empty_lists_and_errors(open_as: Callable[..., Any], width: int) -> None:
    page = open_as("agent", width=width, clean=False)
    search(page, "account:666")
    assert_good(page)
    search(page, "external_id:LONG-1*")
    page.locator(".v-hit-link").click()
    page.wait_for_url("**/communications/**")
    page.goto(page.url.split("?")[0] + "?panel=details")
    assert_good(page)
    search(page, "account:does-not-exist-1")
    assert_good(page)
    page.fill("#v-q", "class:statment")
    page.press("#v-q", "Enter")
    page.locator("#query-error").wait_for()
    assert_good(page)
    assert page.goto("/loads/").status == 403
    assert_good(page)
    assert page.goto("/communications/01920000-0000-7000-8000-000000000000/").status == 404
    assert_good(page)


def test_sign_in(chromium: Any, server: str) -> None:
    page = chromium.new_page(viewport={"width": 360, "height": 740})
    page.goto(f"{server}/search/")
    assert "/accounts/login/" in page.url
    page.fill("input[name=login]", "agent")
    page.fill("input[name=password]", "wrong")
    page.press("input[name=password]", "Enter")
    page.get_by_role("alert").get_by_text("User name or password is not right").wait_for()
    assert_good(page)
    page.close()
