"""The two firms whose letters these are: neither exists. Colours, legal lines, and a logo as plain shapes. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Circle:
    """A filled circle; measures are parts of the logo's side, y upwards."""

    x: float
    y: float
    radius: float
    colour: str


@dataclass(frozen=True, slots=True)
class Polygon:
    """A filled polygon; measures as in Circle."""

    points: tuple[Point, ...]
    colour: str


@dataclass(frozen=True, slots=True, eq=False)
class Brand:
    """A business unit as its customers see it.

    Shapes: colours are #rrggbb: `colour` of headings and rules, `accent` of the logo, `tint` behind table heads.
    """

    unit: str
    name: str
    claim: dict[str, str]
    street: str
    town: str
    phone: str
    website: str
    colour: str
    accent: str
    tint: str
    legal: tuple[tuple[str, ...], ...]
    bank_code: str
    creditor_account: str
    logo: tuple[Circle | Polygon, ...]


def iban(bank_code: str, account: str) -> str:
    """Write an account as an IBAN in groups of four; bank codes that begin with 99 belong to nobody.

    Source: ISO 13616, check digits by ISO 7064 MOD 97-10.
    """
    number = f"{bank_code}{account:0>10}"
    check = 98 - int(f"{number}131400") % 97
    text = f"DE{check:02}{number}"
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def _wave(level: float, height: float, colour: str) -> Polygon:
    """A band of water inside the logo's circle, its upper edge a sine."""
    centre, radius = 0.5, 0.5
    edge: list[Point] = []
    for step in range(25):
        x = step / 24
        surface = level + height * math.sin(x * 4 * math.pi)
        half = math.sqrt(max(radius**2 - (x - centre) ** 2, 0.0))
        edge.append((x, min(max(surface, centre - half), centre + half)))
    below = [(x, centre - math.sqrt(max(radius**2 - (x - centre) ** 2, 0.0))) for x, _ in reversed(edge)]
    return Polygon((*edge, *below), colour)


_LIGHTHOUSE: tuple[Circle | Polygon, ...] = (
    Polygon(((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)), "#8a2b1f"),
    Polygon(((0.5, 0.73), (1.0, 0.93), (1.0, 0.55)), "#e9b44c"),
    Polygon(((0.5, 0.73), (0.0, 0.93), (0.0, 0.55)), "#e9b44c"),
    Polygon(((0.36, 0.16), (0.64, 0.16), (0.58, 0.66), (0.42, 0.66)), "#ffffff"),
    Polygon(((0.385, 0.36), (0.615, 0.36), (0.6, 0.48), (0.4, 0.48)), "#8a2b1f"),
    Polygon(((0.38, 0.66), (0.62, 0.66), (0.62, 0.7), (0.38, 0.7)), "#ffffff"),
    Polygon(((0.44, 0.7), (0.56, 0.7), (0.56, 0.8), (0.44, 0.8)), "#ffffff"),
    Polygon(((0.41, 0.8), (0.59, 0.8), (0.5, 0.9)), "#ffffff"),
    Polygon(((0.0, 0.0), (1.0, 0.0), (1.0, 0.16), (0.0, 0.16)), "#5c1a12"),
)

RETAIL = Brand(
    unit="retail",
    name="Northwater Bank",
    claim={"en": "Banking with a long view", "de": "Bank mit Weitblick"},
    street="Am Nordwasser 1",
    town="70174 Stuttgart",
    phone="0711 555 0120",
    website="www.northwater.example",
    colour="#0b3c5d",
    accent="#1a8fa8",
    tint="#e8f1f5",
    legal=(
        ("Northwater Bank AG", "Am Nordwasser 1", "70174 Stuttgart"),
        ("Phone 0711 555 0120", "service@northwater.example", "www.northwater.example"),
        ("Registered in Stuttgart", "HRB 000 471", "VAT ID DE 000 471 100"),
        ("Board: Dr. Ines Hallström (chair)", "Tomasz Wróbel, Aylin Öztürk", "BIC NWTBDEX0XXX"),
    ),
    bank_code="99000012",
    creditor_account="4700000001",
    logo=(
        Circle(0.5, 0.5, 0.5, "#0b3c5d"),
        _wave(0.56, 0.07, "#1a8fa8"),
        _wave(0.38, 0.06, "#7cc6d3"),
        _wave(0.2, 0.05, "#ffffff"),
    ),
)

COMMERCIAL = Brand(
    unit="commercial",
    name="Harbour Mutual",
    claim={"en": "Cover and energy, owned by its members", "de": "Versicherung und Energie, von Mitgliedern getragen"},
    street="Speicherkai 22",
    town="20457 Hamburg",
    phone="040 555 0880",
    website="www.harbourmutual.example",
    colour="#7a2419",
    accent="#c8862a",
    tint="#faf0e4",
    legal=(
        ("Harbour Mutual a. G.", "Speicherkai 22", "20457 Hamburg"),
        ("Phone 040 555 0880", "members@harbourmutual.example", "www.harbourmutual.example"),
        ("Registered in Hamburg", "HRB 000 880", "VAT ID DE 000 880 200"),
        ("Board: Henrike Lüders (chair)", "Kemal Güler, Mårten Ekelöf", "Supervisory board: Zoé Lefèvre"),
    ),
    bank_code="99000088",
    creditor_account="8800000022",
    logo=_LIGHTHOUSE,
)

BRANDS = {brand.unit: brand for brand in (RETAIL, COMMERCIAL)}
