"""What the policies of both firms say: products with their covers, and the conditions. All of it is invented."""

from __future__ import annotations

from dataclasses import dataclass

Text = dict[str, str]


@dataclass(frozen=True, slots=True)
class Product:
    """An insurance product; a cover is (name, where it ends, sum insured, excess, premium), amounts in cents."""

    name: Text
    covers: tuple[tuple[Text, Text, int, int, int], ...]


_HOME = Product(
    {"en": "Home and Contents", "de": "Haus und Hausrat"},
    (
        (
            {"en": "Contents of your home", "de": "Hausrat"},
            {
                "en": "Fire, water, storm, burglary; at the price of new things",
                "de": "Feuer, Wasser, Sturm, Einbruch; Neuwert",
            },
            6_500_000,
            15_000,
            11_400,
        ),
        (
            {"en": "Valuables", "de": "Wertsachen"},
            {"en": "Up to one fifth of the contents; cash up to EUR 1,500", "de": "Bis zu einem Fünftel des Hausrats"},
            1_300_000,
            15_000,
            2_850,
        ),
        (
            {"en": "Glass", "de": "Glas"},
            {
                "en": "Windows, doors, hobs, aquariums up to 200 litres",
                "de": "Fenster, Türen, Kochfelder, Aquarien bis 200 Liter",
            },
            500_000,
            0,
            3_900,
        ),
        (
            {"en": "Bicycles and cargo bikes", "de": "Fahrräder und Lastenräder"},
            {"en": "Theft at any hour, if locked", "de": "Diebstahl rund um die Uhr, wenn abgeschlossen"},
            400_000,
            10_000,
            5_200,
        ),
        (
            {"en": "Natural hazards", "de": "Elementarschäden"},
            {"en": "Flood, backwater, landslide, snow pressure", "de": "Hochwasser, Rückstau, Erdrutsch, Schneedruck"},
            6_500_000,
            50_000,
            7_700,
        ),
    ),
)
_LIABILITY = Product(
    {"en": "Personal Liability", "de": "Privathaftpflicht"},
    (
        (
            {"en": "Injury and damage to others", "de": "Personen- und Sachschäden"},
            {"en": "Worldwide, for everyone in the household", "de": "Weltweit, für alle im Haushalt"},
            1_000_000_000,
            0,
            6_800,
        ),
        (
            {"en": "Things borrowed or rented", "de": "Geliehene und gemietete Sachen"},
            {"en": "Holiday homes included", "de": "Ferienwohnungen eingeschlossen"},
            5_000_000,
            15_000,
            1_500,
        ),
        (
            {"en": "Lost keys", "de": "Schlüsselverlust"},
            {"en": "Keys and cards of others, also at work", "de": "Fremde Schlüssel und Karten, auch berufliche"},
            3_000_000,
            15_000,
            900,
        ),
        (
            {"en": "Others who cannot pay", "de": "Forderungsausfall"},
            {"en": "If whoever harmed you has no means", "de": "Wenn der Schädiger kein Geld hat"},
            1_000_000_000,
            0,
            1_200,
        ),
    ),
)
_CARDS = Product(
    {"en": "Card and Account Protection", "de": "Karten- und Kontoschutz"},
    (
        (
            {"en": "Misuse of cards", "de": "Kartenmissbrauch"},
            {"en": "Card lost or stolen, until it is blocked", "de": "Karte verloren oder gestohlen, bis zur Sperre"},
            500_000,
            0,
            1_800,
        ),
        (
            {"en": "Fraud in online banking", "de": "Betrug im Online-Banking"},
            {"en": "Forged mails and pages", "de": "Gefälschte Mails und Seiten"},
            1_500_000,
            15_000,
            2_400,
        ),
        (
            {"en": "Cash taken by force", "de": "Raub von Bargeld"},
            {"en": "Up to four hours after it was drawn", "de": "Bis zu vier Stunden nach der Abhebung"},
            100_000,
            0,
            700,
        ),
        (
            {"en": "Purchases", "de": "Einkaufsschutz"},
            {"en": "Things broken within 90 days after you bought them", "de": "Schäden in 90 Tagen nach dem Kauf"},
            200_000,
            5_000,
            1_600,
        ),
    ),
)

PRODUCTS = {"retail": (_CARDS,), "commercial": (_HOME, _LIABILITY)}

CONDITIONS = {
    "en": (
        (
            "What is insured",
            "We insure what the schedule of cover names, up to the sums that stand there, against the dangers named "
            "beside them. What is not named is not insured. Things of guests are insured while they are in your "
            "home, unless they are insured elsewhere.",
        ),
        (
            "Where and when",
            "Cover holds at the insured place, and for up to six months a year anywhere else. It begins at noon of "
            "the first day, provided that the first premium is paid in time, and is renewed each year unless one of "
            "us ends it.",
        ),
        (
            "What we pay",
            "After a loss we pay what it costs to buy the same thing new, or to repair it where that costs less. "
            "From each loss we take off the excess. If the sum insured was lower than the value, we pay in the same "
            "proportion, unless we have agreed to do without that rule.",
        ),
        (
            "What is excluded",
            "We do not pay for what was done on purpose, for war, nuclear energy and acts of government, for wear, "
            "and for damage that was there before cover began. If you acted with gross negligence we pay "
            "nevertheless up to EUR 5,000.",
        ),
        (
            "The premium",
            "The premium is due on the days that stand in the schedule. If a later premium is not paid, we set a "
            "period of two weeks by letter; after that there is no cover until it is paid. The premium of a year "
            "follows the index of prices; we tell you of it a month before.",
        ),
        (
            "What you must do before a loss",
            "Keep what protects the insured things in order: locks, pipes, smoke alarms. Tell us if a risk grows: a "
            "flat that is left empty for more than 60 days, scaffolding at the house, a trade that is carried on in "
            "the rooms.",
        ),
        (
            "What you must do after a loss",
            "Keep it small, report it to us at once, and theft to the police as well, with a list of what is "
            "missing. Leave things as they are until we agree; photographs will do where waiting is unreasonable. "
            "Answer our questions truly.",
        ),
        (
            "How long we take",
            "We say within two weeks after we have everything whether we pay. If that takes longer than a month, you "
            "may ask for what is certain by then. From the date of the loss we pay interest of four per cent a year.",
        ),
        (
            "How this contract ends",
            "Either of us may end it to the end of the insured year by giving three months' notice in text form; "
            "after a loss within one month. If you move in with someone who has the same insurance, the younger "
            "contract ends on request.",
        ),
        (
            "Complaints and law",
            "Please talk to us first. You may then turn to the insurance ombudsman, who decides without cost to you "
            "up to EUR 10,000 with effect for us, or to the supervisor. German law applies; claims lapse after three "
            "years.",
        ),
        (
            "Your data",
            "We use your data to conclude and carry out this contract and keep it for as long as the law demands. "
            "You may ask at any time what we hold, have it corrected, and object to advertising. The full notice "
            "stands on our website.",
        ),
    ),
    "de": (
        (
            "Was versichert ist",
            "Wir versichern, was die Übersicht nennt, bis zu den dort genannten Summen und gegen die dort genannten "
            "Gefahren. Was nicht genannt ist, ist nicht versichert. Sachen von Gästen sind in Ihrer Wohnung "
            "mitversichert, wenn kein anderer Vertrag dafür besteht.",
        ),
        (
            "Wo und wann",
            "Der Schutz gilt am Versicherungsort und bis zu sechs Monate im Jahr auch an jedem anderen Ort. Er "
            "beginnt am Mittag des ersten Tages, wenn der erste Beitrag rechtzeitig gezahlt wird, und verlängert "
            "sich jedes Jahr, wenn ihn keiner beendet.",
        ),
        (
            "Was wir zahlen",
            "Nach einem Schaden zahlen wir den Neupreis oder die Reparatur, wenn sie weniger kostet. Von jedem "
            "Schaden ziehen wir den Selbstbehalt ab. War die Summe niedriger als der Wert, zahlen wir im gleichen "
            "Verhältnis, es sei denn, wir haben auf diese Regel verzichtet.",
        ),
        (
            "Was ausgeschlossen ist",
            "Wir zahlen nicht bei Vorsatz, Krieg, Kernenergie und Verfügungen von hoher Hand, nicht für Verschleiß "
            "und nicht für Schäden von vor dem Beginn. Bei grober Fahrlässigkeit zahlen wir dennoch bis 5.000 EUR.",
        ),
        (
            "Der Beitrag",
            "Der Beitrag ist an den Tagen fällig, die in der Übersicht stehen. Wird ein Folgebeitrag nicht gezahlt, "
            "setzen wir in Textform eine Frist von zwei Wochen; danach ruht der Schutz bis zur Zahlung. Der "
            "Jahresbeitrag folgt dem Preisindex; wir kündigen das einen Monat vorher an.",
        ),
        (
            "Was Sie vor einem Schaden tun müssen",
            "Halten Sie in Ordnung, was die Sachen schützt: Schlösser, Rohre, Rauchmelder. Sagen Sie uns, wenn die "
            "Gefahr wächst: eine Wohnung, die länger als 60 Tage leer steht, ein Gerüst am Haus, ein Gewerbe in den "
            "Räumen.",
        ),
        (
            "Was Sie nach einem Schaden tun müssen",
            "Halten Sie ihn klein, melden Sie ihn uns sofort, einen Diebstahl auch der Polizei, mit einer Liste der "
            "Sachen. Lassen Sie alles unverändert, bis wir zustimmen; wo Warten unzumutbar ist, genügen Fotos. "
            "Beantworten Sie unsere Fragen wahrheitsgemäß.",
        ),
        (
            "Wie lange wir brauchen",
            "Wir sagen innerhalb von zwei Wochen, nachdem uns alles vorliegt, ob wir zahlen. Dauert es länger als "
            "einen Monat, können Sie verlangen, was bis dahin feststeht. Ab dem Schadentag verzinsen wir mit vier "
            "Prozent im Jahr.",
        ),
        (
            "Wie der Vertrag endet",
            "Jeder von uns kann zum Ende des Versicherungsjahres mit einer Frist von drei Monaten in Textform "
            "kündigen, nach einem Schaden innerhalb eines Monats. Ziehen Sie mit jemandem zusammen, der gleich "
            "versichert ist, endet auf Wunsch der jüngere Vertrag.",
        ),
        (
            "Beschwerden und Recht",
            "Bitte sprechen Sie zuerst mit uns. Danach steht Ihnen der Versicherungsombudsmann offen, der bis 10.000 "
            "EUR für uns bindend und für Sie kostenlos entscheidet, oder die Aufsicht. Es gilt deutsches Recht; "
            "Ansprüche verjähren in drei Jahren.",
        ),
        (
            "Ihre Daten",
            "Wir nutzen Ihre Daten, um diesen Vertrag zu schließen und zu erfüllen, und bewahren sie so lange auf, "
            "wie es das Gesetz verlangt. Sie können jederzeit Auskunft und Berichtigung verlangen und der Werbung "
            "widersprechen. Den vollständigen Hinweis finden Sie auf unserer Website.",
        ),
    ),
}
