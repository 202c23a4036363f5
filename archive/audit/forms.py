"""Filters of the log's page."""

from __future__ import annotations

import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from archive.audit.models import Event
from archive.audit.selectors import EventFilter
from archive.audit.verbs import Group

_GROUPS = [
    ("", _("All")),
    (Group.READS, _("Reads")),
    (Group.CHANGES, _("Changes")),
    (Group.LOADS, _("Loads")),
    (Group.ACCESS, _("Sign-ins and rights")),
    (Group.SYSTEM, _("System")),
]
_OUTCOMES = [
    ("", _("All")),
    (Event.Outcome.DONE, _("Done")),
    (Event.Outcome.REFUSED, _("Refused")),
    (Event.Outcome.FAILED, _("Failed")),
]


def _day_input() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class EventFilterForm(forms.Form):
    """Who, what, about what, with which outcome, from when to when in the reader's zone."""

    actor = forms.CharField(label=_("Who"), required=False, max_length=150)
    group = forms.ChoiceField(label=_("What"), required=False, choices=_GROUPS)
    subject = forms.CharField(label=_("About (id)"), required=False, max_length=100)
    outcome = forms.ChoiceField(label=_("Outcome"), required=False, choices=_OUTCOMES)
    first = forms.DateField(label=_("From"), required=False, widget=_day_input())
    last = forms.DateField(label=_("To"), required=False, widget=_day_input())

    def clean(self) -> dict[str, Any]:
        """Refuse a range that ends before it begins."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("first") and cleaned.get("last") and cleaned["first"] > cleaned["last"]:
            self.add_error("last", _("This day is before the first one. Exchange them."))
        return cleaned

    def wanted(self, zone: ZoneInfo) -> EventFilter:
        """Return the filter; days are those of the reader's zone."""
        data = self.cleaned_data
        first, last = data.get("first"), data.get("last")
        midnight = datetime.time.min
        return EventFilter(
            actor=data["actor"].strip(),
            group=data["group"],
            subject=data["subject"].strip(),
            outcome=data["outcome"],
            first=datetime.datetime.combine(first, midnight, zone) if first else None,
            after=datetime.datetime.combine(last + datetime.timedelta(days=1), midnight, zone) if last else None,
        )
