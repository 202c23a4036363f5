"""The help page: what it teaches can be searched, and only those who may search are taught it."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from archive.search.selectors import first_keys, resolve

_EXAMPLE = re.compile(r"<dt><code>(.*?)</code></dt>")


@pytest.fixture
def page(configured: None, client: Any, user_of: Any) -> Any:
    """Return a function: the help page of a role."""

    def open_page(role: str) -> str:
        client.force_login(user_of(role))
        return str(client.get("/help/").content.decode())

    return open_page


@pytest.mark.parametrize("path", ["/help/", "/search/"])
def test_every_example_can_be_searched(configured: None, client: Any, user_of: Any, path: str) -> None:
    agent = user_of("agent")
    client.force_login(agent)
    examples = [html.unescape(text) for text in _EXAMPLE.findall(client.get(path).content.decode())]
    assert len(examples) >= 4
    for text in examples:
        assert first_keys(resolve(text, user=agent), limit=1) == [], text


def test_words_and_what_joins_them_are_taught(page: Any) -> None:
    said = html.unescape(page("agent"))
    for part in ('"late fee"', "remind*", "subject:fee", "text:0004711", " OR ", "-channel:sms", "AND", "NOT"):
        assert part in said, part


def test_keys_are_listed_for_those_who_can_use_them(page: Any) -> None:
    keys = re.compile(r"<kbd>(.*?)</kbd>")
    of_agent = set(keys.findall(page("agent")))
    assert of_agent >= {"/", "?", "g", "j", "k", "x", "[", "]", "f", "p", "n", "d", "Enter", "Esc"}
    of_admin = page("admin")
    assert "x" not in keys.findall(of_admin) and _EXAMPLE.findall(of_admin) == []
