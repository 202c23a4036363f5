"""Nothing of a customer stands in a URL: not in a link, a form's target, a picture's source, a redirect, a cursor."""

from __future__ import annotations

import base64
import re
from typing import Any
from urllib.parse import unquote

import pytest

from archive.audit.ids import uuid7
from tests.archive.documents.archives import Archive, letter

CUSTOMER, ACCOUNT, NAME, POSTCODE = "C-4711-99", "DE89370400440532", "Mustermann", "70173"
PRIVATE = (CUSTOMER, ACCOUNT, NAME, POSTCODE, "Musterstr")
_ATTRIBUTE = re.compile(r'\s(?:href|src|action|formaction|hx-[a-z]+|data-[a-z-]*url|cite|poster|download)="([^"]*)"')
SORTS = ("-issued", "issued", "-archived", "account", "-account", "customer", "-customer")


@pytest.fixture
def letters(archive: Archive) -> Archive:
    """Return an archive with two pages of letters to one customer."""
    parties = [
        {
            "role": "holder",
            "customer_id": CUSTOMER,
            "name": f"Eva {NAME}",
            "postcode": POSTCODE,
            "address": "Musterstr. 1",
        }
    ]
    archive.load(
        *(
            letter(f"letter-{n}", account_number=ACCOUNT, parties=parties, index={"branch": "012"}, subject="Statement")
            for n in range(60)
        )
    )
    return archive


def urls_of(answer: Any) -> list[str]:
    """Return every URL that a page leads to, and where it redirects."""
    found = _ATTRIBUTE.findall(answer.content.decode())
    return [*found, answer["Location"]] if answer.has_header("Location") else found


def readable(url: str) -> str:
    """Return a URL with all that anybody can read in it: unquoted, and each part of it decoded."""
    seen = [unquote(url)]
    for part in re.split(r"[/?&=:.]", url):
        try:
            seen.append(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode("latin-1"))
        except ValueError:
            continue
    return "\n".join(seen).casefold()


def assert_clean(answer: Any) -> list[str]:
    """Hold a page to it and return its URLs."""
    urls = urls_of(answer)
    for url in urls:
        for private in PRIVATE:
            assert private.casefold() not in readable(url), url
    return urls


def test_the_check_itself_reads_what_is_encoded() -> None:
    assert ACCOUNT.casefold() in readable("/x?after=" + base64.urlsafe_b64encode(f'["{ACCOUNT}"]'.encode()).decode())
    assert "müller" in readable("/?q=M%C3%BCller")


@pytest.mark.parametrize(
    "text", [f"customer:{CUSTOMER}", f"account:{ACCOUNT}", f"name:{NAME} postcode:{POSTCODE}", ACCOUNT]
)
def test_a_search_and_its_pages(letters: Archive, client: Any, user_of: Any, text: str) -> None:
    client.force_login(user_of("agent"))
    for sort in SORTS:
        answer = client.post("/search/", {"q": text, "sort": sort})
        (url, *_rest) = assert_clean(answer)
        first = client.get(url)
        followed = [link for link in assert_clean(first) if "after=" in link]
        assert followed
        second = client.get(followed[0].replace("&amp;", "&"))
        assert second.status_code == 200 and [link for link in assert_clean(second) if "before=" in link]
        assert_clean(client.get(f"{url}count"))


def test_the_form_and_what_it_answers_when_wrong(letters: Archive, client: Any, user_of: Any) -> None:
    client.force_login(user_of("agent"))
    for data in (
        {"customer": CUSTOMER, "name": NAME, "postcode": POSTCODE},
        {"customer": CUSTOMER, "rest": "("},
        {"q": f"branche:{ACCOUNT}"},
        {"q": f'name:"{NAME}'},
    ):
        assert_clean(client.post("/search/", data))


def test_the_page_of_a_communication_and_its_panels(letters: Archive, client: Any, user_of: Any) -> None:
    client.force_login(user_of("agent"))
    results = client.post("/search/", {"q": f"customer:{CUSTOMER}"})["Location"]
    row = letters.get("letter-5")
    for panel in ("timeline", "details", "kept", "access", "notes"):
        page = client.get(f"/communications/{row.public_id}/?panel={panel}&s={results.split('/')[2]}")
        assert NAME in page.content.decode()
        assert assert_clean(page)
    download = client.get(f"/communications/{row.public_id}-1/download")
    assert not [private for private in PRIVATE if private in download["Content-Disposition"]]


def test_home_which_lists_the_last_searches(letters: Archive, client: Any, user_of: Any) -> None:
    client.force_login(user_of("agent"))
    client.post("/search/", {"q": f"customer:{CUSTOMER}"})
    client.get(f"/communications/{letters.get('letter-5').public_id}/")
    home = client.get("/")
    assert CUSTOMER in home.content.decode()
    assert assert_clean(home)


def test_a_query_in_a_url_is_not_searched(letters: Archive, client: Any, user_of: Any) -> None:
    client.force_login(user_of("agent"))
    answer = client.get("/search/", {"q": f"customer:{CUSTOMER}"})
    assert answer.status_code == 200 and CUSTOMER not in answer.content.decode()


def test_a_page_that_is_not_there_repeats_nothing(client: Any, user_of: Any, configured: None) -> None:
    client.force_login(user_of("agent"))
    assert_clean(client.get(f"/communications/{uuid7()}/"))
