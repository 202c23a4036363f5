import datetime

from portal.demo import people
from portal.demo.people import crowd_member, household


def test_the_first_customer_is_the_one_that_the_documentation_names():
    home = household(7, 0)
    assert home.account_number == "0004711" and home.branch == "012"
    holder = home.holders[0]
    assert (holder.customer_id, holder.name, holder.postcode) == ("C-1009", "Eva Müller", "70173")


def test_the_same_seed_makes_the_same_people_and_another_seed_others():
    assert [household(1, number) for number in range(50)] == [household(1, number) for number in range(50)]
    assert [household(1, number) for number in range(3, 50)] != [household(2, number) for number in range(3, 50)]


def test_customer_and_account_numbers_are_each_given_once():
    homes = [household(1, number) for number in range(2_000)]
    customers = [holder.customer_id for home in homes for holder in home.holders]
    assert len(set(customers)) == len(customers)
    assert len({home.account_number for home in homes}) == len(homes)


def test_some_accounts_have_two_holders_of_one_family():
    couples = [home.holders for home in (household(1, number) for number in range(60)) if len(home.holders) == 2]
    assert len(couples) == 10
    assert all(one.name.split()[-1] == two.name.split()[-1] and one.name != two.name for one, two in couples)


def test_every_name_can_be_printed_in_the_standard_fonts_and_fits_where_bulk_letters_have_room():
    for given, family in people._POOLS.values():
        " ".join(given + family).encode("cp1252")
        assert max(map(len, given)) + 1 + max(map(len, family)) <= 30


def test_a_renumbered_account_and_a_merged_customer_change_on_their_day():
    account, customer = household(1, 1), household(1, 2)
    before, after = datetime.date(2025, 12, 31), datetime.date(2026, 1, 1)
    assert (account.account_on(before), account.account_on(after)) == ("0004848", "0904848")
    assert customer.customer_id_on(datetime.date(2026, 2, 28)) == "C-0877"
    assert customer.customer_id_on(datetime.date(2026, 3, 1)) == "C-1015"


def test_a_crowd_member_is_the_same_person_each_time_and_has_numbers_of_his_own():
    assert crowd_member(5) == crowd_member(5)
    assert len({crowd_member(number)[1] for number in range(1_000)}) == 1_000


def test_e_mail_addresses_are_plain_and_belong_to_nobody():
    addresses = [holder.email for number in range(300) for holder in household(1, number).holders]
    assert all(address.isascii() and address.endswith("@example.org") and " " not in address for address in addresses)
