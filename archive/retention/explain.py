"""Why something is still kept, in plain words."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from archive.documents.models import Communication
from archive.documents.shown import day_form
from archive.retention.models import ScheduleVersion
from archive.retention.selectors import get_schedule_version


@dataclass(frozen=True, slots=True)
class Kept:
    """Until when, by which rule, and what it was computed from."""

    until: datetime.date
    rule: str
    source: str
    facts: list[tuple[str | Promise, str]]


def explain(communication: Communication) -> Kept:
    """Return why a communication is kept and until when, from the inputs stored with it."""
    version = get_schedule_version(communication.schedule_version_id)
    if version is None:
        rule = _("Its schedule is no longer listed; the date computed from it holds.")
        return Kept(communication.retain_until, rule, "", [])
    years = ngettext("%(n)s year", "%(n)s years", version.years) % {"n": version.years}
    rule = _("%(years)s from %(cut_off)s, by the schedule “%(schedule)s”, version %(version)s.") % {
        "years": years,
        "cut_off": ScheduleVersion.CutOff(version.cut_off).label,
        "schedule": version.schedule.label,
        "version": version.version,
    }
    facts: list[tuple[str | Promise, str]] = [
        (
            _("Begins with"),
            _("issue date %(day)s") % {"day": date_format(communication.retention_trigger_on, day_form())},
        ),
        (_("Counted from"), date_format(communication.retention_cut_off_on, day_form())),
        (_("Time zone"), communication.unit.time_zone),
    ]
    return Kept(communication.retain_until, rule, version.legal_source, facts)
