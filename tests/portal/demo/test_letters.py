import datetime
import re
from html.parser import HTMLParser

import pytest

from portal.demo import months, wording
from portal.demo.bills import Bill, make_bill
from portal.demo.brands import COMMERCIAL, RETAIL, iban
from portal.demo.demo_set import plan_letters
from portal.demo.emails import email_html
from portal.demo.letters import SMS_CHARACTERS, print_letter
from portal.demo.logos import logo_png
from portal.demo.policies import make_policy
from portal.demo.statements import balance_at_end, make_statement
from tests.portal.demo.reading import text_of

UNTIL = datetime.date(2026, 11, 24)
JANUARY = 2026 * 12


@pytest.fixture(scope="module")
def letters():
    return plan_letters(count=300, until=UNTIL)


def some_of_each(letters):
    """Return the first letter of each kind, firm and language."""
    return list(
        {(letter.content.document_class, letter.brand.unit, letter.language): letter for letter in letters}.values()
    )


def test_a_statement_leads_from_one_balance_to_the_next_month_for_month():
    statements = [make_statement(key="1/9", month=JANUARY + n, branch="012", language="en") for n in range(12)]
    for statement in statements:
        assert statement.opening + sum(entry.cents for entry in statement.entries) == statement.closing
    assert [one.closing for one in statements[:-1]] == [two.opening for two in statements[1:]]
    assert statements[-1].closing == balance_at_end("1/9", JANUARY + 11)


def test_a_wrong_booking_changes_the_balance_by_that_booking():
    right = make_statement(key="1/9", month=JANUARY, branch="012", language="en")
    wrong = right.wrongly_booked()
    assert wrong.closing == right.closing + min(entry.cents for entry in right.entries)


@pytest.mark.parametrize("unit", ["retail", "commercial"])
def test_a_bill_adds_up_with_its_tax(unit):
    bill = make_bill(key="1/9", month=JANUARY, unit=unit, language="en", issued_on=UNTIL, number="R-1")
    assert bill.net == sum(item.cents for item in bill.items)
    assert bill.total == bill.net + bill.vat
    assert abs(bill.vat * 100 - bill.net * 19) <= 50


def test_a_policy_adds_up_with_its_tax():
    policy = make_policy(key="1/9", first=datetime.date(2026, 1, 1), unit="commercial", language="en", number="HM-1")
    assert policy.total == sum(cover.premium for cover in policy.covers) + policy.tax


def test_every_kind_of_letter_opens_and_says_whom_it_is_for(letters):
    chosen = some_of_each(letters)
    assert {letter.content.document_class for letter in chosen} == {"statement", "bill", "policy", "notice"}
    for letter in chosen:
        payload, pages = print_letter(letter)
        counted, text = text_of(payload)
        assert counted == pages
        for wanted in (letter.holders[0].name, letter.account_number, letter.customer_id, letter.external_id):
            assert wanted in text, letter.subject
        assert all(value in text for _, value in letter.content.highlights(letter))


def test_letters_have_the_length_of_real_ones(letters):
    allowed = {"statement": range(2, 5), "policy": range(3, 6), "bill": range(2, 3), "notice": range(1, 2)}
    for letter in letters[:60]:
        payload, pages = print_letter(letter)
        assert pages in allowed[letter.content.document_class], letter.subject
        assert 7_000 < len(payload) < 45_000


def test_a_letter_names_its_language_and_title(letters):
    letter = next(letter for letter in letters if letter.language == "de")
    payload, _ = print_letter(letter)
    assert b"/Lang (de)" in payload
    assert b"/Title" in payload


def test_the_same_letter_is_the_same_file(letters):
    assert print_letter(letters[0]) == print_letter(letters[0])


def test_a_text_message_fits_into_one(letters):
    assert all(len(letter.content.message(letter)) <= SMS_CHARACTERS for letter in letters)


class References(HTMLParser):
    def __init__(self):
        super().__init__()
        self.loaded = []
        self.tags = set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.loaded += [
            value for name, value in attrs if name in ("src", "background") or (tag, name) == ("link", "href")
        ]


def test_an_e_mail_loads_nothing_but_its_two_resources_and_runs_nothing(letters):
    for letter in some_of_each(letters):
        html = email_html(letter)
        found = References()
        found.feed(html)
        assert sorted(found.loaded) == ["letter.css", "logo.png"]
        assert "script" not in found.tags and "url(" not in html
        assert not re.search(r"\son\w+=", html)


def test_logos_are_pictures_that_differ():
    logos = [logo_png(brand) for brand in (RETAIL, COMMERCIAL)]
    assert all(logo.startswith(b"\x89PNG") for logo in logos)
    assert logos[0] != logos[1]


def test_an_account_number_has_valid_check_digits():
    digits = iban("99000012", "0004711").replace(" ", "")
    assert int(digits[4:] + "1314" + digits[2:4]) % 97 == 1


@pytest.mark.parametrize(
    ("cents", "english", "german"),
    [
        (0, "0.00", "0,00"),
        (120455, "1,204.55", "1.204,55"),
        (-5, "-0.05", "-0,05"),
        (-1234567890, "-12,345,678.90", "-12.345.678,90"),
    ],
)
def test_amounts_are_written_as_the_language_has_them(cents, english, german):
    assert wording.amount(cents, "en") == english
    assert wording.amount(cents, "de") == german


def test_months_are_counted_over_the_end_of_a_year():
    span = months.whole_months_before(datetime.date(2026, 1, 31), 3)
    assert [months.last_day(month).isoformat() for month in span] == ["2025-10-31", "2025-11-30", "2025-12-31"]


def test_bills_are_due_two_weeks_later():
    bill = make_bill(key="1", month=JANUARY, unit="retail", language="de", issued_on=UNTIL, number="R-1")
    assert isinstance(bill, Bill) and bill.due_on == datetime.date(2026, 12, 8)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ((2026, 1, 1), (2026, 12, 31)),
        ((2027, 3, 1), (2028, 2, 29)),
        ((2024, 2, 29), (2025, 2, 27)),
        ((2026, 9, 24), (2027, 9, 23)),
    ],
)
def test_a_year_of_insurance_ends_the_day_before_the_next_begins(first, last):
    assert months.end_of_year_from(datetime.date(*first)) == datetime.date(*last)


def test_lines_do_not_break_within_dates_and_amounts():
    from portal.demo.sheet import _BREAK

    text = "Pay EUR 5.00 by 24 May 2026. In 2026 am 3. August 2026 ist es 12 Uhr"
    assert _BREAK.split(text) == [
        "Pay EUR 5.00",
        "by",
        "24 May 2026.",
        "In 2026",
        "am",
        "3. August 2026",
        "ist",
        "es",
        "12",
        "Uhr",
    ]
