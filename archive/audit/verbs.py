"""The closed list of what can happen: `subject.action`, with a label for the screen and a group for filters."""

from __future__ import annotations

from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Group(StrEnum):
    """What an event is about, for filters."""

    READS = "reads"
    CHANGES = "changes"
    LOADS = "loads"
    ACCESS = "access"
    SYSTEM = "system"


class Verb(StrEnum):
    """Every verb that an event can have; nothing else can be recorded."""

    COMMUNICATION_VIEWED = "communication.viewed"
    COMMUNICATION_SUPERSEDED = "communication.superseded"
    VARIANT_VIEWED = "variant.viewed"
    VARIANT_DOWNLOADED = "variant.downloaded"
    VARIANT_PRINTED = "variant.printed"
    NOTE_ADDED = "note.added"
    NOTE_REFUSED = "note.refused"
    SEARCH_RUN = "search.run"
    SAVED_SEARCH_CREATED = "saved_search.created"
    SAVED_SEARCH_CHANGED = "saved_search.changed"
    SAVED_SEARCH_DELETED = "saved_search.deleted"
    EXPORT_CREATED = "export.created"
    EXPORT_BUILT = "export.built"
    EXPORT_DOWNLOADED = "export.downloaded"
    EXPORT_DELETED = "export.deleted"
    EVENTS_VIEWED = "events.viewed"
    EVENTS_EXPORTED = "events.exported"
    REJECTS_DOWNLOADED = "rejects.downloaded"
    LOAD_CREATED = "load.created"
    LOAD_STARTED = "load.started"
    LOAD_PART = "load.part"
    LOAD_PAUSED = "load.paused"
    LOAD_RESUMED = "load.resumed"
    LOAD_STOPPED = "load.stopped"
    LOAD_FAILED = "load.failed"
    LOAD_COMPLETED = "load.completed"
    PRODUCER_CREATED = "producer.created"
    ALIAS_ADDED = "alias.added"
    ALIAS_UNDONE = "alias.undone"
    CONFIGURATION_CHANGED = "configuration.changed"
    SCHEDULE_PUBLISHED = "schedule.published"
    OBJECT_DAMAGED = "object.damaged"
    OBJECT_REPAIRED = "object.repaired"
    OBJECT_DELETED = "object.deleted"
    PACK_MERGED = "pack.merged"
    LOCKS_RENEWED = "locks.renewed"
    INDEX_REBUILD_REQUESTED = "index.rebuild_requested"
    INDEX_REBUILT = "index.rebuilt"
    WORK_PAUSED = "work.paused"
    WORK_RESUMED = "work.resumed"
    WORK_STOPPED = "work.stopped"
    WORK_RETRIED = "work.retried"
    WORK_DEAD_LETTERED = "work.dead_lettered"
    USER_CREATED = "user.created"
    USER_SIGNED_IN = "user.signed_in"
    USER_SIGN_IN_FAILED = "user.sign_in_failed"
    USER_SIGNED_OUT = "user.signed_out"
    USER_PREFERENCES_CHANGED = "user.preferences_changed"
    USER_PASSWORD_CHANGED = "user.password_changed"  # noqa: S105  (a verb)
    ACCESS_REFUSED = "access.refused"

    @property
    def label(self) -> Promise:
        """Return what the screen says."""
        return _LABELS[self][1]

    @property
    def group(self) -> Group:
        """Return the group that filters use."""
        return _LABELS[self][0]


_LABELS: dict[Verb, tuple[Group, Promise]] = {
    Verb.COMMUNICATION_VIEWED: (Group.READS, _("Opened the record")),
    Verb.COMMUNICATION_SUPERSEDED: (Group.CHANGES, _("Replaced by a later one")),
    Verb.VARIANT_VIEWED: (Group.READS, _("Read a form of it")),
    Verb.VARIANT_DOWNLOADED: (Group.READS, _("Downloaded")),
    Verb.VARIANT_PRINTED: (Group.READS, _("Printed")),
    Verb.NOTE_ADDED: (Group.CHANGES, _("Note added")),
    Verb.NOTE_REFUSED: (Group.CHANGES, _("Note refused")),
    Verb.SEARCH_RUN: (Group.READS, _("Searched")),
    Verb.SAVED_SEARCH_CREATED: (Group.CHANGES, _("Search saved")),
    Verb.SAVED_SEARCH_CHANGED: (Group.CHANGES, _("Saved search changed")),
    Verb.SAVED_SEARCH_DELETED: (Group.CHANGES, _("Saved search deleted")),
    Verb.EXPORT_CREATED: (Group.READS, _("Export asked for")),
    Verb.EXPORT_BUILT: (Group.READS, _("Export made")),
    Verb.EXPORT_DOWNLOADED: (Group.READS, _("Export downloaded")),
    Verb.EXPORT_DELETED: (Group.CHANGES, _("Export deleted")),
    Verb.EVENTS_VIEWED: (Group.READS, _("Read the audit log")),
    Verb.EVENTS_EXPORTED: (Group.READS, _("Exported the audit log")),
    Verb.REJECTS_DOWNLOADED: (Group.READS, _("Downloaded what was set aside")),
    Verb.LOAD_CREATED: (Group.LOADS, _("Load created")),
    Verb.LOAD_STARTED: (Group.LOADS, _("Load started")),
    Verb.LOAD_PART: (Group.LOADS, _("Part of a load archived")),
    Verb.LOAD_PAUSED: (Group.LOADS, _("Load paused")),
    Verb.LOAD_RESUMED: (Group.LOADS, _("Load resumed")),
    Verb.LOAD_STOPPED: (Group.LOADS, _("Load stopped")),
    Verb.LOAD_FAILED: (Group.LOADS, _("Load failed")),
    Verb.LOAD_COMPLETED: (Group.LOADS, _("Load completed")),
    Verb.PRODUCER_CREATED: (Group.CHANGES, _("Producer created")),
    Verb.ALIAS_ADDED: (Group.CHANGES, _("Renumbering added")),
    Verb.ALIAS_UNDONE: (Group.CHANGES, _("Renumbering undone")),
    Verb.CONFIGURATION_CHANGED: (Group.CHANGES, _("Configuration changed")),
    Verb.SCHEDULE_PUBLISHED: (Group.CHANGES, _("Retention schedule published")),
    Verb.OBJECT_DAMAGED: (Group.SYSTEM, _("Stored bytes failed their check")),
    Verb.OBJECT_REPAIRED: (Group.SYSTEM, _("Stored bytes repaired")),
    Verb.OBJECT_DELETED: (Group.SYSTEM, _("Stored bytes deleted")),
    Verb.PACK_MERGED: (Group.SYSTEM, _("Small packs merged")),
    Verb.LOCKS_RENEWED: (Group.SYSTEM, _("Locks of stored bytes renewed")),
    Verb.INDEX_REBUILD_REQUESTED: (Group.SYSTEM, _("Rebuild of the word index asked for")),
    Verb.INDEX_REBUILT: (Group.SYSTEM, _("Word index rebuilt")),
    Verb.WORK_PAUSED: (Group.SYSTEM, _("Background work paused")),
    Verb.WORK_RESUMED: (Group.SYSTEM, _("Background work resumed")),
    Verb.WORK_STOPPED: (Group.SYSTEM, _("Background work stopped")),
    Verb.WORK_RETRIED: (Group.SYSTEM, _("Background work tried again")),
    Verb.WORK_DEAD_LETTERED: (Group.SYSTEM, _("Background work given up")),
    Verb.USER_CREATED: (Group.ACCESS, _("User created")),
    Verb.USER_SIGNED_IN: (Group.ACCESS, _("Signed in")),
    Verb.USER_SIGN_IN_FAILED: (Group.ACCESS, _("Sign-in failed")),
    Verb.USER_SIGNED_OUT: (Group.ACCESS, _("Signed out")),
    Verb.USER_PREFERENCES_CHANGED: (Group.ACCESS, _("Preferences changed")),
    Verb.USER_PASSWORD_CHANGED: (Group.ACCESS, _("Password changed")),
    Verb.ACCESS_REFUSED: (Group.ACCESS, _("Refused")),
}
