"""Which schedule is in force for what."""

from __future__ import annotations

from archive.retention.models import ClassSchedule, ScheduleVersion


def schedules_by_class() -> dict[int, ScheduleVersion]:
    """Return the newest version of each class's schedule, by class id; a class without one is absent."""
    newest: dict[int, ScheduleVersion] = {}
    for version in ScheduleVersion.objects.order_by("version"):
        newest[version.schedule_id] = version
    return {
        row.document_class_id: newest[row.schedule_id]
        for row in ClassSchedule.objects.all()
        if row.schedule_id in newest
    }


def get_schedule_version(version_id: int) -> ScheduleVersion | None:
    """Return a version with its schedule, or None where the row is gone."""
    return ScheduleVersion.objects.select_related("schedule").filter(pk=version_id).first()
