"""The e-mail form of a letter: HTML with tables and inline styles, a style sheet and logo that all e-mails share.

It refers to nothing but its two resources, by their names in its own folder; links lead to domains that nobody can own.
"""

from __future__ import annotations

from html import escape

from portal.demo.brands import Brand
from portal.demo.letters import CLOSING, Letter

LOGO, SHEET = "logo.png", "letter.css"

_OPEN = {"en": "Open your online mailbox", "de": "Online-Postfach öffnen"}
_WHY = {
    "en": "You get this message at {email} because you chose e-mail for your correspondence. We never ask for "
    "passwords, PINs or transaction numbers by e-mail.",
    "de": "Sie erhalten diese Nachricht an {email}, weil Sie E-Mail für Ihre Post gewählt haben. Wir fragen nie per "
    "E-Mail nach Kennwörtern, PINs oder Transaktionsnummern.",
}
_NUMBERS = {
    "en": "Customer {customer}, account {account}, reference {reference}",
    "de": "Kunde {customer}, Konto {account}, Zeichen {reference}",
}

_CSS = """@media (max-width: 620px) {{
  .letter {{ width: 100% !important; }}
  .fact {{ display: block !important; width: auto !important; border-left: 0 !important; }}
  .inside {{ padding-left: 20px !important; padding-right: 20px !important; }}
}}
.claim {{ color: #5b6873; font-size: 13px; }}
.fact {{ background: {tint}; }}
a.button {{ background: {colour}; }}
a.button:hover {{ background: {accent}; }}
"""

_PAGE = """<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{subject}</title>
<link rel="stylesheet" href="letter.css">
</head>
<body style="margin:0;padding:0;background:#eef1f4;font-family:Helvetica,Arial,sans-serif;color:#1c2733">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="background:#eef1f4">
<tr><td align="center" style="padding:24px 8px">
<table role="presentation" class="letter" width="600" cellpadding="0" cellspacing="0"
 style="width:600px;background:#ffffff;border-top:6px solid {colour}">
<tr><td class="inside" style="padding:24px 36px 16px">
<table role="presentation" cellpadding="0" cellspacing="0"><tr>
<td style="padding-right:14px"><img src="logo.png" width="56" height="56" alt="{firm}" style="display:block"></td>
<td style="font-size:22px;font-weight:bold;color:{colour}">{firm}<br>
<span class="claim" style="font-weight:normal;line-height:1.3">{claim}</span></td>
</tr></table>
</td></tr>
<tr><td class="inside" style="padding:8px 36px 0">
<h1 style="margin:12px 0 18px;font-size:20px;line-height:1.3;color:{colour}">{subject}</h1>
<p style="margin:0 0 14px;font-size:15px;line-height:1.5">{greeting}</p>
{first}
</td></tr>
<tr><td class="inside" style="padding:8px 36px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0">
{facts}
</table>
</td></tr>
<tr><td class="inside" style="padding:8px 36px 4px">
{others}
<p style="margin:22px 0"><a class="button" href="https://{website}/mailbox"
 style="display:inline-block;padding:12px 22px;background:{colour};color:#ffffff;
font-size:15px;font-weight:bold;text-decoration:none;
border-radius:4px">{open}</a></p>
<p style="margin:0 0 24px;font-size:15px;line-height:1.5">{closing}<br>{firm}</p>
</td></tr>
<tr><td class="inside" style="padding:18px 36px 24px;background:#f6f8fa;font-size:12px;line-height:1.5;color:#5b6873">
<p style="margin:0 0 8px">{numbers}</p>
<p style="margin:0 0 8px">{why}</p>
<p style="margin:0">{legal}</p>
</td></tr>
</table>
</td></tr>
</table>
</body>
</html>
"""
_PARAGRAPH = '<p style="margin:0 0 14px;font-size:15px;line-height:1.5">{text}</p>'
_FACT = (
    '<td class="fact" valign="top" style="padding:12px 14px;background:{tint};border-left:3px solid {accent}">'
    '<span style="font-size:12px;color:#5b6873">{label}</span><br>'
    '<strong style="font-size:16px;line-height:1.5;white-space:nowrap;color:{colour}">{value}</strong></td>'
)


def email_html(letter: Letter) -> str:
    """Write a letter as an e-mail."""
    brand, language = letter.brand, letter.language
    first, *others = (_PARAGRAPH.format(text=escape(text)) for text in letter.content.paragraphs(letter))
    why = _WHY[language].format(email=letter.holders[0].email)
    numbers = _NUMBERS[language].format(
        customer=letter.customer_id, account=letter.account_number, reference=letter.external_id
    )
    return _PAGE.format(
        language=language,
        subject=escape(letter.subject),
        colour=brand.colour,
        firm=escape(brand.name),
        claim=escape(brand.claim[language]),
        greeting=escape(letter.greeting),
        first=first,
        facts="\n".join(_facts(letter)),
        others="\n".join(others),
        website=brand.website,
        open=_OPEN[language],
        closing=CLOSING[language],
        numbers=escape(numbers),
        why=escape(why),
        legal=escape(" · ".join(line for lines in brand.legal for line in lines)),
    )


def style_sheet(brand: Brand) -> bytes:
    """Write the style sheet that all e-mails of a firm share."""
    return _CSS.format(colour=brand.colour, accent=brand.accent, tint=brand.tint).encode()


def _facts(letter: Letter) -> list[str]:
    """Write the facts as cells, at most three to a row and four as two by two."""
    brand = letter.brand
    cells = [
        _FACT.format(
            tint=brand.tint, accent=brand.accent, colour=brand.colour, label=escape(label), value=escape(value)
        )
        for label, value in letter.content.highlights(letter)
    ]
    width = 2 if len(cells) == 4 else 3
    return [f"<tr>{''.join(cells[at : at + width])}</tr>" for at in range(0, len(cells), width)]
