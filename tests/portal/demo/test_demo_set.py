import csv
import datetime
import json
from collections import Counter
from pathlib import Path

import pytest

from portal.demo import demo_set, people
from portal.demo.demo_set import plan_letters
from portal.demo.manifest import manifest_entry
from portal.demo.rendering import write_letters
from tests.portal.demo.reading import files_of, records_of

UNTIL = datetime.date(2026, 11, 24)
DEMO = Path(demo_set.__file__).parent
REQUIRED = {"external_id", "business_unit", "document_class", "issued_on", "variants"}


@pytest.fixture(scope="module")
def letters():
    return plan_letters(until=UNTIL)


def test_the_demo_has_as_many_letters_as_asked_for_and_all_before_this_month(letters):
    assert len(letters) == 2_000
    days = [letter.issued_on for letter in letters]
    assert datetime.date(2024, 11, 1) <= min(days) and max(days) <= datetime.date(2026, 10, 31)
    assert [len(plan_letters(count=count, until=UNTIL)) for count in (1, 7, 60)] == [1, 7, 60]


def test_the_demo_has_every_kind_in_every_form(letters):
    assert {letter.content.document_class for letter in letters} == {"statement", "policy", "bill", "notice"}
    assert {letter.brand.unit for letter in letters} == {"retail", "commercial"}
    assert {letter.language for letter in letters} == {"en", "de"}
    with_all = sum(len(letter.channels) == 3 for letter in letters)
    assert 0.6 < with_all / len(letters) < 0.75
    assert any(len(letter.holders) == 2 for letter in letters)


def test_eva_gets_every_kind_of_letter_and_one_statement_that_replaces_another(letters):
    hers = [letter for letter in letters if letter.customer_id == "C-1009"]
    assert Counter(letter.content.document_class for letter in hers).keys() == {"statement", "policy", "bill", "notice"}
    [replacing] = [letter for letter in letters if letter.replaces and letter.content.document_class == "statement"]
    assert replacing in hers
    [replaced] = [letter for letter in hers if letter.external_id == replacing.replaces[0]]
    assert replaced.subject == replacing.subject
    assert replaced.content.closing != replacing.content.closing


def test_the_letter_about_the_late_fee_that_eva_mueller_in_70173_got_in_march_was_corrected(letters):
    hers = [letter for letter in letters if letter.customer_id == "C-1009" and letter.issued_on.month == 3]
    assert {letter.holders[0].name for letter in hers} == {"Eva Müller"} and hers[0].holders[0].postcode == "70173"
    correcting = [letter for letter in hers if letter.replaces and letter.content.document_class == "notice"]
    assert [letter.issued_on.year for letter in correcting] == [2025, 2026]
    for letter in correcting:
        [wrong] = [other for other in hers if other.external_id == letter.replaces[0]]
        assert "late fee" in wrong.subject and wrong.content.total > letter.content.total
        assert letter.channels == ("print", "email", "sms") and wrong.issued_on < letter.issued_on


def test_ids_are_given_once_and_numbers_follow_each_other_in_each_run(letters):
    assert len({letter.external_id for letter in letters}) == len(letters)
    for batch in {letter.batch for letter in letters}:
        run = [letter.run_sequence for letter in letters if letter.batch == batch]
        assert run == list(range(1, len(run) + 1))


def test_the_aliases_are_those_that_the_letters_need(letters):
    with (DEMO / "aliases.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    known = {(row["kind"], row["old"], row["new"], row["from"]) for row in rows}
    account, customer = people.RENUMBERED_ACCOUNT, people.MERGED_CUSTOMER
    assert known == {
        ("account", account.old, account.new, account.on.isoformat()),
        ("customer", customer.old, customer.new, customer.on.isoformat()),
    }
    assert {account.old, account.new} <= {letter.account_number for letter in letters}
    assert {customer.old, customer.new} <= {letter.customer_id for letter in letters}


def test_each_line_of_the_manifest_has_what_ingest_requires(letters):
    fields = {
        entry["key"]: {field["key"] for field in entry["fields"]}
        for entry in json.loads((DEMO / "configuration.json").read_text(encoding="utf-8"))["classes"]
    }
    for letter in letters:
        entry = manifest_entry(letter, pages=1)
        assert entry.keys() >= REQUIRED
        assert entry["index"].keys() <= fields[entry["document_class"]]
        assert entry["parties"][0]["customer_id"] == entry["customer_id"]


def test_a_month_later_the_letters_of_eva_are_the_same():
    def hers(until):
        return {
            letter.external_id: letter.content
            for letter in plan_letters(until=until)
            if letter.customer_id == "C-1009" and letter.batch < "JOB202609"
        }

    now, later = hers(UNTIL), hers(datetime.date(2026, 12, 3))
    assert later and all(now[key] == content for key, content in later.items())


def test_the_package_begins_with_its_manifest_and_has_exactly_the_files_it_names(tmp_path):
    package = tmp_path / "demo.tar"
    assert write_letters(package, plan_letters(count=40, until=UNTIL)) == 40
    records = records_of(package)
    variants = [variant for record in records for variant in record["variants"]]
    named = {variant["file"] for variant in variants if "file" in variant}
    named |= {name for variant in variants for name in variant.get("resources", ())}
    assert files_of(package).keys() == named | {"manifest.jsonl"}


def test_the_same_seed_writes_the_same_bytes(tmp_path):
    for name in ("one.tar", "two.tar"):
        write_letters(tmp_path / name, plan_letters(count=12, until=UNTIL))
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()
