"""Customers who do not exist: names, addresses, customer and account numbers, the same for the same seed.

Every name can be written in Windows-1252, since the letters use the standard fonts of PDF.
"""

from __future__ import annotations

import datetime
import random
import unicodedata
from dataclasses import dataclass

_NAMES = {
    "de": (
        "Anna Björn Charlotte Dörte Emil Friederike Günter Hannelore Jörg Käthe Lukas Matthias Nele Oskar Paula "
        "Rüdiger Sören Tobias Ulrike Volker Wiebke",
        "Bäcker Böhm Fischer Groß Günther Hübner Jäger Köhler Krämer Lüders Müller Preuß Schäfer Schröder Schütz "
        "Strauß Vogel Weiß Wolff Zöllner",
    ),
    "en": (
        "Alice Benedict Catherine Daniel Eleanor Frances George Harriet Imogen Jack Laura Martin Nora Oliver Philippa "
        "Rupert Sarah Thomas",
        "Ashworth Bennett Caldwell Davies Ellison Fairbanks Greenwood Hartley Kingsley Lockwood Merriweather O'Connor "
        "Pemberton Stanton Thornbury Whitfield",
    ),
    "tr": (
        "Ayla Burak Cem Defne Emre Gülay Hülya Ilker Kemal Leyla Mert Özlem Selin Tülay Ümit Zeynep",
        "Aksoy Çelik Çetin Demir Erdem Gökçe Güler Kaya Köse Öztürk Özdemir Polat Türkmen Ünal Yüksel",
    ),
    "pl": (
        "Agata Bartosz Dorota Ewa Filip Grzegorz Hanna Jakub Katarzyna Marek Natalia Piotr Renata Szymon Wiktoria",
        "Kowalczyk Nowak Wójcik Lewandowska Zawadzka Górski Wróbel Mazur Król Jaworska Sikora Borkowska",
    ),
    "nordic": (
        "Åsa Bjørn Erik Freja Göran Håkon Ingrid Jørgen Kåre Linnea Mårten Søren Tuva Øyvind",
        "Ångström Bergström Dahlgård Ekelöf Hansen Håkansson Jørgensen Lindqvist Nyström Sjöberg Sørensen Åkerlund",
    ),
    "south": (
        "Beatriz Chiara Dimitra Francesca Inês Joaquín José Lucía Matteo Nuño Renée Sofía Théo Zoé",
        "Albuquerque Beltrán Conceição Fernández Gómez Lefèvre Magalhães Muñoz Peña Rossi Santini Vieira",
    ),
}
_POOLS = {origin: (given.split(), family.split()) for origin, (given, family) in _NAMES.items()}
_ORIGINS = ("de", "de", "de", "de", "en", "en", "tr", "pl", "nordic", "south")
_PLACES = (
    ("70173", "Stuttgart"),
    ("70565", "Stuttgart"),
    ("72070", "Tübingen"),
    ("76133", "Karlsruhe"),
    ("79098", "Freiburg"),
    ("89073", "Ulm"),
    ("80331", "München"),
    ("81541", "München"),
    ("86150", "Augsburg"),
    ("90402", "Nürnberg"),
    ("97070", "Würzburg"),
    ("60311", "Frankfurt am Main"),
    ("65183", "Wiesbaden"),
    ("50667", "Köln"),
    ("40213", "Düsseldorf"),
    ("48143", "Münster"),
    ("44135", "Dortmund"),
    ("30159", "Hannover"),
    ("28195", "Bremen"),
    ("20095", "Hamburg"),
    ("22765", "Hamburg"),
    ("24103", "Kiel"),
    ("23552", "Lübeck"),
    ("18055", "Rostock"),
    ("10115", "Berlin"),
    ("10961", "Berlin"),
    ("13187", "Berlin"),
    ("04109", "Leipzig"),
    ("01067", "Dresden"),
    ("99084", "Erfurt"),
    ("55116", "Mainz"),
    ("66111", "Saarbrücken"),
)
_STREET_NAMES = (
    "Ahornweg|Am Alten Hafen|An der "
    "Mühle|Bahnhofstraße|Birkenallee|Brückenstraße|Gartenstraße|Goethestraße|Hauptstraße|Im Grünen "
    "Winkel|Kastanienallee|Kirchplatz|Königstraße|Lärchenweg|Lindenstraße|Marktgasse|Mühlenweg|Nelkenweg|Rathausplatz|Ringstraße|Rosenstraße|Schillerstraße|Schloßallee|Seeufer|Steinweg|Südstraße|Talstraße|Uferpromenade|Weinbergstraße|Ziegelhütte"
)
_STREETS = _STREET_NAMES.split("|")
_PLAIN = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "å": "a", "ø": "o", "æ": "ae", "'": "", " ": ".", "ç": "c"}
)

BRANCHES = ("012", "014", "020", "031", "099")
"""Branch 099 keeps the accounts of the bank's own staff."""


@dataclass(frozen=True, slots=True)
class Customer:
    """A person with a number."""

    customer_id: str
    name: str
    street: str
    postcode: str
    city: str

    @property
    def email(self) -> str:
        """Return an address at a domain that nobody can own."""
        folded = unicodedata.normalize("NFKD", self.name.lower().translate(_PLAIN))
        return "".join(sign for sign in folded if sign.isascii()) + "@example.org"

    @property
    def address(self) -> str:
        """Return the address below the name."""
        return f"{self.street}\n{self.postcode} {self.city}"


@dataclass(frozen=True, slots=True)
class Renumbered:
    """A number that was replaced by another on a day; letters name the one in force (model.md §3)."""

    old: str
    new: str
    on: datetime.date

    def in_force(self, day: datetime.date) -> str:
        """Return the number that letters of a day carry."""
        return self.new if day >= self.on else self.old


RENUMBERED_ACCOUNT = Renumbered("0004848", "0904848", datetime.date(2026, 1, 1))
MERGED_CUSTOMER = Renumbered("C-0877", "C-1015", datetime.date(2026, 3, 1))


@dataclass(frozen=True, slots=True)
class Household:
    """Whom an account belongs to: its first holder gets the mail."""

    number: int
    holders: tuple[Customer, ...]
    account_number: str
    branch: str
    language: str

    def account_on(self, day: datetime.date) -> str:
        """Return the account number in force on a day."""
        known = RENUMBERED_ACCOUNT
        return known.in_force(day) if self.account_number == known.new else self.account_number

    def customer_id_on(self, day: datetime.date) -> str:
        """Return the first holder's customer id in force on a day."""
        known, current = MERGED_CUSTOMER, self.holders[0].customer_id
        return known.in_force(day) if current == known.new else current


def household(seed: int, number: int) -> Household:
    """Make the household of a number, counted from 0; the first three are those that the documentation names.

    Shapes: number 0 is Eva Müller, 1 has a renumbered account, 2 was two customers once; every sixth is a couple.
    """
    if number == 0:
        eva = Customer("C-1009", "Eva Müller", "Königstraße 12", "70173", "Stuttgart")
        return Household(0, (eva,), "0004711", "012", "en")
    chance = random.Random(f"{seed}/household/{number}")  # noqa: S311  (repeatable on purpose)
    holder = _customer(chance, f"C-{1009 + 3 * number}")
    holders = (holder, _partner(chance, holder, number)) if number % 6 == 3 else (holder,)
    account = RENUMBERED_ACCOUNT.new if number == 1 else f"{4711 + 137 * number:07}"
    branch = "099" if number % 25 == 10 else BRANCHES[number * 7 % 4]
    return Household(number, holders, account, branch, "de" if number % 5 == 3 else "en")


def crowd_member(number: int) -> tuple[Customer, str]:
    """Make customer and account of a number for packages of any size: a million of them differ.

    Shapes: customer ids have six digits or more, account numbers eight, so none is one of a household's.
    """
    return _customer(random.Random(number), f"C-{100_000 + number}"), f"{120_000 + number:08}"  # noqa: S311


def _customer(chance: random.Random, customer_id: str) -> Customer:
    given, family = _POOLS[chance.choice(_ORIGINS)]
    postcode, city = chance.choice(_PLACES)
    name = f"{chance.choice(given)} {chance.choice(family)}"
    return Customer(customer_id, name, f"{chance.choice(_STREETS)} {chance.randrange(1, 120)}", postcode, city)


def _partner(chance: random.Random, holder: Customer, number: int) -> Customer:
    family = holder.name.rpartition(" ")[2]
    given = [name for name in _POOLS[chance.choice(_ORIGINS)][0] if not holder.name.startswith(name)]
    name = f"{chance.choice(given)} {family}"
    return Customer(f"C-{1010 + 3 * number}", name, holder.street, holder.postcode, holder.city)
