"""What queries with words find: the same set on every engine."""

from __future__ import annotations

from typing import Any

import pytest

from tests.archive.documents.archives import Archive, set_rules
from tests.archive.search.words.letters import found, write

TEXTS = {
    "fee": ["Dear Mrs Müller, your late fee of 12.50 EUR is due. Pay by 31 March."],
    "late": ["We are sorry that this letter is late.", "The fee comes later."],
    "two": ["A late payment", "fee waived"],
    "spring": ["Spring offers: springtime savings, straße und STRASSE"],
    "mail": ["Write to service@example.org or e-mail us"],
    "ligature": ["The ﬁle was of\u00adﬁcial; naïve café"],
    "number": ["Account 0004711 was credited", "1.204,55 EUR"],
    "other": ["late fee for another firm"],
    "none": [""],
}
CHANGES: dict[str, Any] = {
    "fee": {"subject": "Reminder: payment overdue", "issued_on": "2026-03-10", "account_number": "0004711"},
    "late": {"subject": "Apology", "issued_on": "2026-02-01", "index": {"branch": "012"}},
    "two": {"subject": "Payment and fee", "issued_on": "2025-12-31", "index": {"branch": "099"}},
    "spring": {"subject": "Spring", "issued_on": "2026-04-01"},
    "other": {"business_unit": "commercial", "subject": "Late fee", "index": {"branch": "012"}},
    "none": {"subject": "Only a subject, scanned"},
}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("fee", {"fee", "late", "two", "other"}),
        ("FEE", {"fee", "late", "two", "other"}),
        ("late fee", {"fee", "late", "two", "other"}),
        ('"late fee"', {"fee", "other"}),
        ('"fee late"', set()),
        ("fee NOT late", set()),
        ('late NOT "late fee"', {"late", "two"}),
        ("NOT late", {"spring", "mail", "ligature", "number", "none"}),
        ("NOT (late OR spring)", {"mail", "ligature", "number", "none"}),
        ("spring*", {"spring"}),
        ("springtime", {"spring"}),
        ("sprin", set()),
        ("sprin*", {"spring"}),
        ('"spring off"', set()),
        ("subject:spring", {"spring"}),
        ("subject:fee", {"two", "other"}),
        ("text:fee", {"fee", "late", "two", "other"}),
        ("text:overdue", set()),
        ("overdue", {"fee"}),
        ("subject:apology,reminder", {"fee", "late"}),
        ("subject:apol*", {"late"}),
        ('subject:"payment overdue"', {"fee"}),
        ('"overdue dear"', set()),
        ("muller", {"fee"}),
        ("MÜLLER", {"fee"}),
        ("strasse", {"spring"}),
        ("straße", {"spring"}),
        ("e-mail", {"mail"}),
        ('"service@example.org"', {"mail"}),
        ("example.org", {"mail"}),
        ("file official naive cafe", {"ligature"}),
        ("1.204,55", {"number"}),
        ("0004711", {"fee"}),
        ("text:0004711", {"number"}),
        ("0004711 OR spring", {"fee", "spring"}),
        ("0004711 fee", {"fee"}),
        ("scanned", {"none"}),
        ("fee issued:2026-03", {"fee"}),
        ("fee issued:2026", {"fee", "late", "other"}),
        ("late branch:012", {"late", "other"}),
        ("late NOT branch:012", {"two"}),
        ("(late branch:012) OR springtime", {"late", "other", "spring"}),
        ("(late OR issued:2026-04) subject:spring", {"spring"}),
        ("late OR branch:012", {"fee", "late", "two", "other"}),
        ("class:bill late", set()),
        ("unit:commercial fee", {"other"}),
        # Where the branch is unknown, so is the condition, unless the word decides it.
        ("NOT (fee branch:012)", {"two", "spring", "mail", "ligature", "number", "none"}),
    ],
)
def test_a_query_finds_exactly_these(query: str, expected: set[str], archive: Archive, user_of: Any) -> None:
    write(archive, TEXTS, **CHANGES)
    assert found(query, user_of("auditor")) == expected


def test_only_what_a_user_may_see_is_found(archive: Archive, user_of: Any) -> None:
    write(archive, TEXTS, **CHANGES)
    agent = user_of("agent")
    group = agent.groups.get()
    set_rules(group, allow=("unit:retail",), deny=("unit:retail branch:099",))
    assert found("fee", agent) == {"late"}  # the branch of "fee" is empty: the deny rule applies
    set_rules(group, allow=("branch:012",))
    assert found("late", agent) == {"late", "other"}
    set_rules(group)
    assert found("late", agent) == set()
