"""Tags and filters that all templates have: icons, instants, days, sizes, numbers, badges of states."""

from __future__ import annotations

import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from archive.documents.shown import day_form
from portal.states import state_of

register = template.Library()
_TYPES = {
    "application/pdf": "PDF",
    "text/html": "HTML",
    "application/xhtml+xml": "HTML",
    "text/plain": gettext_lazy("Text"),
    "message/rfc822": gettext_lazy("Message"),
    "application/vnd.ibm.modcap": "AFP",
}
_LINKS = {
    ("supersedes", True): gettext_lazy("Replaces"),
    ("supersedes", False): gettext_lazy("Replaced by"),
    ("restart_of", True): gettext_lazy("Restart of"),
    ("restart_of", False): gettext_lazy("Restarted as"),
    ("reprint_of", True): gettext_lazy("Reprint of"),
    ("reprint_of", False): gettext_lazy("Reprinted as"),
    ("reply_to", True): gettext_lazy("Reply to"),
    ("reply_to", False): gettext_lazy("Answered by"),
    ("bundled_with", True): gettext_lazy("Sent together with"),
    ("bundled_with", False): gettext_lazy("Sent together with"),
}
_HEADERS = {
    "From": pgettext_lazy("header of an email", "From"),
    "Reply-To": pgettext_lazy("header of an email", "Reply-To"),
    "To": pgettext_lazy("header of an email", "To"),
    "Cc": pgettext_lazy("header of an email", "Cc"),
    "Bcc": pgettext_lazy("header of an email", "Bcc"),
    "Date": pgettext_lazy("header of an email", "Date"),
    "Subject": pgettext_lazy("header of an email", "Subject"),
}
_UNITS = ("kB", "MB", "GB", "TB", "PB")


@register.simple_tag
def icon(name: str, size: str = "") -> SafeString:
    """Return an icon of the sprite; decoration only, the word stands beside it. `size` may be "small" or "large"."""
    extra = f" v-icon-{size}" if size in ("small", "large") else ""
    return format_html(
        '<svg class="v-icon{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        extra,
        static("icons.svg"),
        name,
    )


@register.simple_tag(takes_context=True)
def when(context: dict[str, Any], instant: datetime.datetime | None, form: str = "full") -> SafeString:
    """Return an instant in the user's zone, with the zone named.

    Shapes: `full` is "23 Nov 2026, 10:42 CET"; `seconds` adds them; `list` leaves the zone out, for lists that state
    it once, `list seconds` too; `clock` is "10:42" alone. None becomes an empty text.
    """
    if instant is None:
        return SafeString("")
    local = instant.astimezone(zone_of(context))
    clock = date_format(local, "H:i:s" if "seconds" in form else "H:i")
    if form == "clock":
        words = clock
    else:
        words = f"{date_format(local, day_form())}, {clock}"
        words = words if "list" in form else f"{words} {local.tzname()}"
    utc = instant.astimezone(datetime.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return format_html('<time datetime="{}">{}</time>', utc, words)


@register.simple_tag(takes_context=True)
def local_day(context: dict[str, Any], instant: datetime.datetime | None) -> str:
    """Return the day of an instant in the user's zone, such as "23 Nov 2026"; for headings of a timeline."""
    return "" if instant is None else date_format(instant.astimezone(zone_of(context)), day_form())


@register.simple_tag(takes_context=True)
def zone_name(context: dict[str, Any]) -> str:
    """Return the short name that the user's zone has now, for lists that state it once."""
    return timezone.now().astimezone(zone_of(context)).tzname() or ""


@register.simple_tag(takes_context=True)
def now_here(context: dict[str, Any]) -> SafeString:
    """Return this instant in the user's zone, for what is printed."""
    return when(context, timezone.now())


@register.filter
def day(value: datetime.date | None) -> SafeString:
    """Return a legal date such as "31 Oct 2026", in a time element; None becomes an empty text."""
    if value is None:
        return SafeString("")
    return format_html('<time datetime="{}">{}</time>', value.isoformat()[:10], date_format(value, day_form()))


@register.filter
def number(value: float | str | None) -> str:
    """Return a number with grouped digits, by locale."""
    return "" if value in (None, "") else number_format(value, force_grouping=True)


@register.filter
def size(value: int | None) -> str:
    """Return a number of bytes in steps of 1000, such as "6.2 GB"."""
    if value is None:
        return ""
    if value < 1000:
        return _("%(bytes)s bytes") % {"bytes": value}
    amount = float(value)
    for unit in _UNITS:
        amount /= 1000
        if amount < 999.5 or unit == _UNITS[-1]:
            break
    return f"{number_format(amount, decimal_pos=1 if amount < 99.95 else 0, force_grouping=True)} {unit}"


@register.filter
def plain(value: Any) -> str:
    """Return a value of the log for a reader: names with their values, and lists, each with commas."""
    if isinstance(value, dict):
        return ", ".join(f"{key}: {plain(each)}" for key, each in value.items())
    return ", ".join(plain(each) for each in value) if isinstance(value, list) else str(value)


@register.filter
def duration(seconds: float | None) -> str:
    """Return a span of time in its two largest units, such as "3 min 20 s"."""
    if seconds is None:
        return ""
    if 0 < seconds < 1:
        return _("under 1 s")
    if seconds < 10:
        return f"{number_format(seconds, decimal_pos=1)} s"
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


@register.inclusion_tag("components/badge.html")
def state_badge(kind: str, state: str, detail: str = "") -> dict[str, Any]:
    """Show a state as icon, word and colour, from the one table of states; `detail` replaces the word."""
    found = state_of(kind, state)
    return {"label": detail or found.label, "role": found.role, "icon": found.icon}


@register.filter
def header_name(name: str) -> str:
    """Return the name of an email's header as mail programs show it to people."""
    return str(_HEADERS.get(name, name))


@register.simple_tag
def state_icon(kind: str, state: str) -> SafeString:
    """Return the icon of a state alone; its word stands beside it."""
    return icon(state_of(kind, state).icon)


@register.simple_tag
def channel_mark(channel: str) -> SafeString:
    """Return a channel as icon and word, for rows."""
    found = state_of("channel", str(channel))
    return format_html('<span class="v-channel">{}<span>{}</span></span>', icon(found.icon, "small"), found.label)


@register.simple_tag
def channel_icon(channel: str) -> SafeString:
    """Return a channel as an icon alone, its word for those who hear it; nothing where there is no channel."""
    if not channel:
        return SafeString("")
    found = state_of("channel", str(channel))
    return format_html('{}<span class="visually-hidden">{}: </span>', icon(found.icon, "small"), found.label)


@register.simple_tag
def stretch(snippet: Any) -> SafeString:
    """Return the words of a hit in their context, marked. A tag, since a list has fifty of them."""
    shown = "".join(f"<mark>{escape(text)}</mark>" if marked else str(escape(text)) for text, marked in snippet.parts)
    before, after = "" if snippet.begins else "… ", "" if snippet.ends else " …"
    return mark_safe(f"{before}{shown}{after}")  # noqa: S308  (every text is escaped)


@register.simple_tag
def pick_box(row: Any, picked: set[int]) -> SafeString:
    """Return the box that ticks a row of a list."""
    return format_html(
        '<label><input type="checkbox" form="picks" name="id" value="{}" data-pick autocomplete="off"{}>'
        '<span class="visually-hidden">{}</span></label>',
        row.public_id,
        mark_safe(" checked") if row.order_key in picked else "",
        _("Select %(record)s") % {"record": row.record_number},
    )


@register.simple_tag(takes_context=True)
def sort_button(context: dict[str, Any], search: Any, sort: str, label: str, now: str) -> SafeString:
    """Return the head of a column as a button that sorts: a POST, as the query must not stand in a URL.

    Shapes: `now` is "ascending", "descending" or empty.
    """
    arrow = {"ascending": icon("arrow-up", "small"), "descending": icon("arrow-down", "small")}.get(now, "")
    return format_html(
        '<form method="post" action="/search/"><input type="hidden" name="csrfmiddlewaretoken" value="{}">'
        '<input type="hidden" name="q" value="{}"><input type="hidden" name="sort" value="{}">'
        '<input type="hidden" name="form" value="{}">'
        '<button class="v-sort" id="sort-{}" type="submit">{}{}</button></form>',
        context.get("csrf_token", ""),
        search.query,
        sort,
        search.form_key,
        sort.lstrip("-"),
        label,
        arrow,
    )


@register.simple_tag
def page_url(base: str, name: str, cursor: str) -> str:
    """Return the URL of a page of a list, or an empty text where there is none."""
    return f"{base}?{urlencode({name: cursor})}" if cursor else ""


@register.simple_tag
def list_url(base: str, filters: str, name: str, cursor: str) -> str:
    """Return the URL of a page of a filtered list, or an empty text where there is none."""
    parts = [part for part in (filters, urlencode({name: cursor})) if part]
    return f"{base}?{'&'.join(parts)}" if cursor else ""


@register.simple_tag
def marked_query(text: str, start: int, end: int) -> SafeString:
    """Return a query with the place of its error marked; an empty text where the place is not in it."""
    if not text or start >= len(text) or end <= start:
        return SafeString("")
    return format_html("{}<mark>{}</mark>{}", text[:start], text[start:end], text[end:])


@register.simple_tag
def type_name(content_type: str) -> str:
    """Return a content type as people call it."""
    bare = content_type.partition(";")[0].strip().lower()
    return str(_TYPES.get(bare, "")) or bare.rpartition("/")[2].upper()[:12]


@register.simple_tag
def link_words(kind: str, forward: bool) -> str:
    """Return how a linked communication relates to this one."""
    return str(_LINKS.get((kind, forward), kind))


def zone_of(context: dict[str, Any]) -> ZoneInfo:
    """Return the zone that instants are shown in: the user's, else the installation's."""
    # Parts that are included with "only" see no variables of the page, but still its request.
    request = context.get("request") or getattr(context, "request", None)
    user = getattr(request, "user", None)
    for name in (getattr(user, "time_zone", ""), settings.DISPLAY_TIME_ZONE):
        try:
            if name:
                return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            continue
    return ZoneInfo("UTC")
