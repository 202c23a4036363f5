"""The form and the box write the same language; each fills the other."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import QueryDict

from archive.query import parse
from archive.search.forms import ConditionsForm, form_values

SAID = [
    ("customer=C-1", "customer:C-1"),
    ("customer=C-1*", "customer:C-1*"),
    ("name=Eva+M%C3%BCller&postcode=70173", 'name:"Eva Müller" postcode:70173'),
    ("document_class=statement&document_class=bill", "class:statement,bill"),
    ("issued_from=2026-01-01&issued_to=2026-06-30", "issued:2026-01-01..2026-06-30"),
    ("issued_from=2026-01-01", "issued:2026-01-01.."),
    ("issued_to=2026-06-30", "issued:..2026-06-30"),
    ("channel=sms&unit=retail&rest=branch%3A012+OR+branch%3A014", "unit:retail channel:sms (branch:012 OR branch:014)"),
    ("account=+0004711+", "account:0004711"),
    ("rest=NOT+state%3Acurrent", "NOT state:current"),
    ("", ""),
]


@pytest.fixture
def agent(configured: None, user_of: Any) -> Any:
    """Return an agent."""
    return user_of("agent")


def filled(data: str, user: Any) -> ConditionsForm:
    """Return the form with what was filled in."""
    form = ConditionsForm(QueryDict(data), user=user)
    assert form.is_valid(), form.errors
    return form


def test_the_form_says_a_query(agent: Any) -> None:
    assert [(data, filled(data, agent).query_text()) for data, _text in SAID] == SAID


def test_what_the_form_says_fills_the_form_again(agent: Any) -> None:
    for _data, text in SAID:
        values = form_values(parse(text))
        data = QueryDict(mutable=True)
        for name, value in values.items():
            data.setlist(name, value if isinstance(value, list) else [value])
        assert filled(data.urlencode(), agent).query_text() == text


CARRIED = ("a-1 OR b-2", "NOT customer:C-1", "customer:C-1 customer:C-2", "customer:C-1,C-2", "balance:>1", "account:*")


def test_what_the_form_cannot_show_it_carries_along(agent: Any) -> None:
    for text in CARRIED:
        values = form_values(parse(text))
        assert values["rest"]
        data = QueryDict(mutable=True)
        data.update(values)
        assert parse(filled(data.urlencode(), agent).query_text()) == parse(text)


def test_a_range_that_ends_before_it_begins_is_refused_at_its_field(agent: Any) -> None:
    form = ConditionsForm(QueryDict("issued_from=2026-06-30&issued_to=2026-01-01"), user=agent)
    assert not form.is_valid() and list(form.errors) == ["issued_to"]


def test_without_the_right_the_form_has_no_names(configured: None, user_of: Any) -> None:
    form = ConditionsForm(QueryDict("name=Eva&postcode=70173&customer=C-1"), user=user_of("operations"))
    assert form.is_valid() and form.query_text() == "customer:C-1"


def test_a_form_that_is_wrong_comes_back_with_what_was_written(agent: Any, client: Any) -> None:
    client.force_login(agent)
    answer = client.post("/search/", {"customer": "C-77", "issued_from": "2026-06-30", "issued_to": "2026-01-01"})
    assert answer.status_code == 422 and 'value="C-77"' in answer.content.decode()
    answer = client.post("/search/", {"customer": "*", "rest": "branche:1"})
    assert answer.status_code == 422
