"""Compare a configuration with what is there, and apply the differences: all of them in one transaction, or none.

What a file does not name stays as it is. Its access rules, where it has that section, are the whole list of each role
that they name, and of each role that the file names in "roles": a role without a rule there has none afterwards.
Keys never change; fields are never retyped; classes and schedules get new versions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from archive import audit
from archive.audit.actor import Actor
from archive.audit.canonical import canonical
from archive.audit.verbs import Verb
from archive.documents.access import RuleError, check_expression
from archive.documents.models import (
    AccessRule,
    BusinessUnit,
    ClassVersion,
    DocumentClass,
    IndexField,
    Producer,
)
from archive.documents.slots import NoSlotLeftError, choose_slot
from archive.ingest.errors import LoadError
from archive.ingest.mapping import Mapping
from archive.ingest.models import IngestMapping
from archive.query import registry
from archive.retention.models import ClassSchedule, Schedule, ScheduleVersion
from archive.retrieval.transformers import transformers
from archive.search.models import SearchForm
from archive.search.search_forms import problems_of
from archive.storage.models import Tier
from portal.accounts.roles import ROLES, ensure_role
from portal.configuration.errors import ConfigurationError


class _DryRun(Exception):  # noqa: N818  (rolls a rehearsal back)
    pass


def apply(content: dict[str, Any], *, actor: Actor, dry_run: bool = False) -> list[str]:
    """Apply a configuration and return the differences as sentences; with `dry_run`, only tell them.

    Errors: ConfigurationError with every problem found; nothing is changed then.
    """
    run = _Run(actor)
    try:
        with transaction.atomic():
            run.apply(content)
            if run.problems:
                raise ConfigurationError(run.problems)
            if dry_run:
                raise _DryRun
    except _DryRun:
        pass
    return run.differences


@dataclass(slots=True)
class _Run:
    actor: Actor
    differences: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    retired_here: set[str] = field(default_factory=set)

    def apply(self, content: dict[str, Any]) -> None:
        steps: dict[str, Callable[[dict[str, Any]], None]] = {
            "tiers": self._tier,
            "units": self._unit,
            "producers": self._producer,
            "fields": self._field,
            "schedules": self._schedule,
            "classes": self._class,
            "mappings": self._mapping,
        }
        for section, step in steps.items():
            self._section(section, content.get(section, ()), step)
            if section == "units":
                self._section(section, content.get(section, ()), self._merger)
        self._one_default_tier()
        for number, name in enumerate(content.get("roles", ())):
            self._role(name, f"roles[{number}]")
        self._section("search_forms", content.get("search_forms", ()), self._search_form)
        if "access_rules" in content:
            self._access_rules(content["access_rules"], content.get("roles", ()))
        self._rules_can_still_be_read()

    def _section(self, section: str, entries: Iterable[dict[str, Any]], step: Callable[[dict[str, Any]], None]) -> None:
        met: set[str] = set()
        for number, entry in enumerate(entries):
            try:
                if entry["key"] in met:
                    _refuse("The key stands there twice. Keep one.")
                met.add(entry["key"])
                step(entry)
            except ConfigurationError as error:
                told = [f"{section}[{number}] ({entry['key']}): {problem}" for problem in error.problems]
                self.problems += [problem for problem in told if problem not in self.problems]

    # One section each

    def _tier(self, entry: dict[str, Any]) -> None:
        if entry["store"] not in settings.STORAGES:
            _refuse(f'No store is called "{entry["store"]}" in STORAGES.')
        values = dict(entry)
        if "cost_per_gb_month" in entry:
            values["cost_per_gb_month"] = _cost(entry["cost_per_gb_month"])
        self._row(Tier, values, defaults={"storage_class": "", "first_byte_seconds": 0, "is_default": False})

    def _one_default_tier(self) -> None:
        keys = list(Tier.objects.filter(is_default=True).order_by("pk").values_list("key", flat=True))
        if len(keys) > 1:
            self.problems.append(f"tiers: {', '.join(keys)} would all be the default. Keep is_default with one.")

    def _unit(self, entry: dict[str, Any]) -> None:
        try:
            ZoneInfo(entry.get("time_zone", "UTC"))
        except (KeyError, ValueError):
            _refuse(f'No time zone is called "{entry["time_zone"]}". Use a name such as Europe/Berlin.')
        self._row(BusinessUnit, {key: value for key, value in entry.items() if key != "merged_into"})

    def _merger(self, entry: dict[str, Any]) -> None:
        """Merge a unit, once all units of the file are there: the other one may stand later in it."""
        if not entry.get("merged_into"):
            return
        unit = BusinessUnit.objects.filter(key=entry["key"]).first()
        target = BusinessUnit.objects.filter(key=entry["merged_into"]).first()
        if unit is None:
            return  # what is wrong with it is told already
        if target is None:
            _refuse(f'No unit is called "{entry["merged_into"]}".')
        after: BusinessUnit | None = target
        while after is not None:
            if after.pk == unit.pk:
                _refuse(f"It would be merged into itself, by way of {entry['merged_into']}. Merge in one direction.")
            after = after.merged_into
        self._row(BusinessUnit, {"key": unit.key, "merged_into": target})

    def _producer(self, entry: dict[str, Any]) -> None:
        known = set(BusinessUnit.objects.values_list("key", flat=True))
        unknown = [key for key in entry.get("units", ()) if key not in known]
        if unknown:
            _refuse(f"No unit is called {', '.join(unknown)}.")
        self._row(Producer, entry)

    def _field(self, entry: dict[str, Any]) -> None:
        if entry["key"] in registry.built_in_names():
            _refuse("This is the name of a field that every communication has. Choose another key.")
        row = IndexField.objects.filter(key=entry["key"]).first()
        if row is not None and row.type != entry["type"]:
            _refuse(f"The field is of type {row.type} and is never retyped. Retire it and make another.")
        multiple = bool(entry.get("multiple"))
        if multiple and entry["type"] != IndexField.Type.TEXT:
            _refuse("Only text fields can have several values. Make it a text field, or not multiple.")
        slot = row.slot if row else ""
        if entry.get("searchable") and not multiple and not slot:
            try:
                slot = choose_slot(entry["type"])
            except NoSlotLeftError as error:
                _refuse(str(error))
        retired = bool(entry.get("retired"))
        if retired:
            self.retired_here.add(entry["key"])
        values = {
            "key": entry["key"],
            "label": entry["label"],
            "type": entry["type"],
            "slot": slot,
            "multiple": multiple,
        }
        retired_at = row.retired_at if row and row.retired_at and retired else (timezone.now() if retired else None)
        self._row(IndexField, {**values, "retired_at": retired_at})

    def _schedule(self, entry: dict[str, Any]) -> None:
        schedule = self._row(Schedule, {"key": entry["key"], "label": entry["label"]})
        wanted = {
            "years": entry["years"],
            "cut_off": entry.get("cut_off", "none"),
            "legal_source": entry.get("legal_source", ""),
        }
        newest = schedule.versions.order_by("-version").first()
        if newest is not None and all(getattr(newest, key) == value for key, value in wanted.items()):
            return
        number = newest.version + 1 if newest else 1
        version = ScheduleVersion.objects.create(
            schedule=schedule, version=number, published_at=timezone.now(), **wanted
        )
        self.differences.append(f"schedule {schedule.key}: version {number}, {version.years} years, {version.cut_off}")
        audit.record(
            actor=self.actor, verb=Verb.SCHEDULE_PUBLISHED, subject=("schedule", schedule.key), version=number, **wanted
        )

    def _class(self, entry: dict[str, Any]) -> None:
        fields = set(IndexField.objects.filter(retired_at__isnull=True).values_list("key", flat=True))
        fields |= self.retired_here | _fields_of_class(entry["key"])
        named = [item["key"] for item in entry.get("fields", ())] + list(entry.get("columns", ()))
        unknown = sorted({key for key in named if key not in fields})
        if unknown:
            _refuse(f"No index field is called {', '.join(unknown)}.")
        _assert_transformers(entry.get("transformers", {}))
        row = self._row(DocumentClass, {"key": entry["key"], "label": entry["label"]})
        self._class_version(row, entry)
        if entry.get("schedule"):
            self._class_schedule(row, entry["schedule"])

    def _class_version(self, row: DocumentClass, entry: dict[str, Any]) -> None:
        wanted = {
            "fields": [
                {"key": item["key"], "required": bool(item.get("required"))} for item in entry.get("fields", ())
            ],
            "columns": list(entry.get("columns", ())),
            "mapping": entry.get("mapping", {}),
            "transformers": entry.get("transformers", {}),
            "lock_mode": entry.get("lock_mode", "full"),
            "bucket": entry.get("bucket", "year"),
            "requires_party": bool(entry.get("requires_party")),
            "first_year": entry.get("first_year", 1990),
        }
        newest = row.versions.order_by("-version").first()
        if newest is not None and all(getattr(newest, key) == value for key, value in wanted.items()):
            return
        number = newest.version + 1 if newest else 1
        ClassVersion.objects.create(document_class=row, version=number, published_at=timezone.now(), **wanted)
        DocumentClass.objects.filter(pk=row.pk).update(current=number)
        self._tell("class", row.key, f"version {number}", wanted)

    def _class_schedule(self, row: DocumentClass, key: str) -> None:
        schedule = Schedule.objects.filter(key=key).first() or _refuse(f'No schedule is called "{key}".')
        present = ClassSchedule.objects.filter(document_class=row).first()
        if present is not None and present.schedule_id == schedule.pk:
            return
        ClassSchedule.objects.update_or_create(document_class=row, defaults={"schedule": schedule})
        self._tell("class", row.key, f"kept by schedule {key}", {"schedule": key})

    def _mapping(self, entry: dict[str, Any]) -> None:
        try:
            Mapping.from_definition(entry["definition"])
        except (LoadError, TypeError) as error:
            _refuse(str(error))
        self._row(IngestMapping, entry)

    def _search_form(self, entry: dict[str, Any]) -> None:
        problems = problems_of(entry["fields"], entry.get("classes", ()), entry.get("columns", ()))
        groups = {group.name: group for group in Group.objects.filter(name__in=entry["roles"])}
        problems += [f'no role is called "{name}".' for name in entry["roles"] if name not in groups]
        if problems:
            raise ConfigurationError(problems)
        row = self._row(SearchForm, {key: value for key, value in entry.items() if key != "roles"})
        if set(row.groups.values_list("name", flat=True)) != set(groups):
            row.groups.set(groups.values())
            told = ", ".join(sorted(groups)) or "nobody"
            self._tell("search form", row.key, f"for {told}", {"roles": sorted(groups)})

    def _role(self, name: str, place: str) -> None:
        if name not in ROLES:
            self.problems.append(f'{place}: no role is called "{name}". Known: {", ".join(ROLES)}.')
            return
        _group, changed = ensure_role(name)
        if changed:
            self._tell("role", name, "permissions set", {"permissions": list(ROLES[name])})

    def _access_rules(self, entries: Iterable[dict[str, Any]], roles: Iterable[str]) -> None:
        wanted: dict[str, dict[tuple[str, str], str]] = {}
        for number, entry in enumerate(entries):
            try:
                expression = check_expression(entry["expression"])
            except RuleError as error:
                self.problems.append(f"access_rules[{number}]: {error}")
                continue
            if not Group.objects.filter(name=entry["role"]).exists():
                self.problems.append(f'access_rules[{number}]: no role is called "{entry["role"]}".')
                continue
            if (entry["effect"], expression) in wanted.get(entry["role"], {}):
                self.problems.append(f"access_rules[{number}]: the rule stands there twice. Keep one.")
                continue
            wanted.setdefault(entry["role"], {})[entry["effect"], expression] = entry.get("note", "")
        for name in roles:
            if name in ROLES:  # any other is told already
                wanted.setdefault(name, {})
        for role, rules in wanted.items():
            self._rules_of_role(Group.objects.get(name=role), rules)

    def _rules_of_role(self, group: Group, rules: dict[tuple[str, str], str]) -> None:
        present = {(row.effect, row.expression): row for row in AccessRule.objects.filter(group=group)}
        for (effect, expression), row in present.items():
            if (effect, expression) not in rules:
                row.delete()
                self._tell("access rule", group.name, f"removed: {effect} {expression or 'everything'}", {})
        for (effect, expression), note in rules.items():
            known = present.get((effect, expression))
            if known is None:
                AccessRule.objects.create(group=group, effect=effect, expression=expression, note=note)
                told = {"effect": effect, "expression": expression}
                self._tell("access rule", group.name, f"added: {effect} {expression or 'everything'}", told)
            elif known.note != note:
                AccessRule.objects.filter(pk=known.pk).update(note=note)
                told = {"effect": effect, "expression": expression, "note": note}
                self._tell("access rule", group.name, f"note changed: {effect} {expression or 'everything'}", told)

    def _rules_can_still_be_read(self) -> None:
        """Refuse what would break a rule that stays: a role whose rule cannot be read sees nothing at all."""
        for rule in AccessRule.objects.select_related("group").order_by("pk"):
            try:
                check_expression(rule.expression)
            except RuleError as error:
                told = f"{rule.effect} {rule.expression}"
                self.problems.append(f'access rule of {rule.group.name}: "{told}" could not be read any more. {error}')

    # Rows

    def _row(self, model: type[Any], entry: dict[str, Any], defaults: dict[str, Any] | None = None) -> Any:
        """Make or change the row of a key; what the file leaves out stays, or gets its default when the row is new."""
        row = model.objects.filter(key=entry["key"]).first()
        name = str(model._meta.verbose_name)
        if row is None:
            row = model.objects.create(**{**(defaults or {}), **entry})
            self._tell(name, row.key, "added", {key: str(value) for key, value in entry.items()})
            return row
        row.refresh_from_db()
        changed = {key: value for key, value in entry.items() if _plain(getattr(row, key)) != _plain(value)}
        if changed:
            model.objects.filter(pk=row.pk).update(**changed)
            row.refresh_from_db()
            told = ", ".join(sorted(changed))
            self._tell(name, row.key, f"changed: {told}", {key: str(value) for key, value in changed.items()})
        return row

    def _tell(self, kind: str, key: str, what: str, facts: dict[str, Any]) -> None:
        self.differences.append(f"{kind} {key}: {what}")
        digest = hashlib.sha256(canonical(facts)).hexdigest()
        audit.record(
            actor=self.actor,
            verb=Verb.CONFIGURATION_CHANGED,
            subject=(kind.replace(" ", "_"), key),
            change=what[:300],
            sha256=digest,
        )


def _cost(text: str) -> Decimal:
    """Return a cost as it is stored, so that 0.01 and 0.010000 are no difference."""
    try:
        cost = Decimal(text).quantize(Decimal("0.000001"))
    except InvalidOperation:
        cost = Decimal(-1)
    if not 0 <= cost < 10_000:
        _refuse(f'cost_per_gb_month is "{text[:40]}". Write a number such as "0.0230".')
    return cost


def _assert_transformers(named: dict[str, str]) -> None:
    """Refuse transformers that this installation has not, or that do not take the content type."""
    known = transformers()
    for content_type, key in named.items():
        if key not in known:
            _refuse(f'No transformer is called "{key}". Known are {", ".join(sorted(known))}.')
        if content_type not in known[key].accepts:
            _refuse(f'The transformer "{key}" does not take {content_type}.')


def _fields_of_class(key: str) -> set[str]:
    """Return the keys of the fields that a class has now: one that was retired since stays with it."""
    newest = ClassVersion.objects.filter(document_class__key=key).order_by("-version").first()
    return {item["key"] for item in newest.fields} | set(newest.columns) if newest else set()


def _plain(value: Any) -> Any:
    return str(value) if hasattr(value, "as_tuple") or hasattr(value, "pk") else value


def _refuse(reason: str) -> Any:
    raise ConfigurationError([reason])
