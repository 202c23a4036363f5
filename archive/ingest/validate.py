"""Check a parsed record against its class and make a draft of it, or say what is wrong with line and field."""

from __future__ import annotations

import datetime
import difflib
import re
from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Any

from django.utils import timezone

from archive.documents.models import Channel
from archive.documents.text import SlotValueError, encode_slot, parse_day
from archive.ingest.catalogue import Catalogue, ClassInfo, UnitInfo
from archive.ingest.readers.files import checked_name
from archive.ingest.records import Draft, DraftParty, DraftVariant, MemberProblem, Problem, RawRecord
from archive.ingest.rows import retention_of
from archive.retention.rules import RetentionOverflowError

DAYS_AHEAD = 60
CHANNELS = frozenset(str(channel) for channel in Channel)
LARGEST_INTEGER = 2**63 - 1
MOST_PAGES = 2**31 - 1
LATEST_YEAR = datetime.MAXYEAR - 2  # beyond it the end of a retention may lie after the last day there is
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_CONTENT_TYPE = re.compile(r"[A-Za-z0-9.+-]+/[A-Za-z0-9.+-]+(?:; ?[A-Za-z0-9-]+=[A-Za-z0-9._\"-]+)*")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u2028\u2029]")
_DIGITS = re.compile(r"[0-9]{1,19}")
_LINE_END = re.compile(r"[\t\n\r]")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
_KNOWN = frozenset(
    "producer external_id batch run_sequence sequence business_unit document_class customer_id account_number "
    "issued_on subject language index parties variants assets replaces".split()
)
_KNOWN_PARTY = frozenset("role customer_id name postcode address".split())
_KNOWN_RECIPIENT = frozenset(("party", "address"))
_KNOWN_VARIANT = frozenset(
    "channel file content_type pages queue queue_file resources producer_ref recipient text offset length "
    "sha256 viewing".split()
)
VIEWING_TYPE = "application/pdf"


class _Wrong(Exception):  # noqa: N818  (carries a Problem to the top of `validate`)
    def __init__(self, code: str, field: str, reason: str) -> None:
        super().__init__(reason)
        self.problem = Problem(code, field, reason)


class Validator:
    """Validates the records of one load.

    Shapes: `producer_key` is whose load it is; a record may name the same producer or none.
    """

    def __init__(self, catalogue: Catalogue, *, producer_key: str, today: datetime.date | None = None) -> None:
        self.catalogue = catalogue
        self.producer_key = producer_key
        self.latest = (today or timezone.now().date()) + datetime.timedelta(days=DAYS_AHEAD)
        self.allowed_units = frozenset(catalogue.producers.get(producer_key, ()))

    def validate(self, raw: RawRecord) -> Draft | Problem:
        """Return the draft of a record, or the first thing that is wrong with it."""
        try:
            return self._draft(raw, raw.data or {})
        except _Wrong as wrong:
            return wrong.problem

    def _draft(self, raw: RawRecord, data: dict[str, Any]) -> Draft:
        document_class = self._class(data)
        data = _mapped(data, document_class)
        unit = self._unit(data)
        producer = _text(data, "producer", 100) or self.producer_key
        if producer != self.producer_key:
            raise _Wrong(
                "other_producer",
                "producer",
                f'The load is of "{self.producer_key}", the record of "{producer}". Load it apart.',
            )
        draft = Draft(
            ordinal=raw.ordinal,
            line=raw.line,
            raw=raw.raw,
            producer_key=self.producer_key,
            external_id=_text(data, "external_id", 200, required=True),
            unit=unit,
            document_class=document_class,
            issued_on=self._issued_on(data, document_class),
            batch=_text(data, "batch", 200),
            run_sequence=_integer(data, "run_sequence"),
            sequence=_integer(data, "sequence"),
            subject=_text(data, "subject", 500, lines=True),
            language=_matching(data, "language", 35, _is_language, "a language tag such as en or de-AT"),
            customer_id=_text(data, "customer_id", 100),
            account_number=_text(data, "account_number", 100),
            parties=_parties(data),
            variants=_variants(data),
            replaces=_replaces(data),
        )
        assets = data.get("assets")
        draft.assets = _list(assets, "assets") if assets else []
        draft.extra = _unknown_fields(data)
        self._index(draft, data.get("index"))
        if draft.parties and not draft.customer_id:
            draft.customer_id = draft.parties[0].customer_id
        if document_class.requires_party and not draft.parties:
            raise _Wrong("no_party", "parties", f'The class "{document_class.key}" requires a party. Name one.')
        _check_recipients(draft)
        if document_class.schedule and draft.issued_on.year + document_class.schedule.years > LATEST_YEAR:
            _check_retention(draft)
        return draft

    def _unit(self, data: dict[str, Any]) -> UnitInfo:
        key = _text(data, "business_unit", 100, required=True)
        unit = self.catalogue.units.get(key)
        if unit is None:
            raise _Wrong("unknown_unit", "business_unit", _unknown("unit", key, self.catalogue.units))
        if self.allowed_units and key not in self.allowed_units:
            raise _Wrong("unit_not_allowed", "business_unit", f'"{self.producer_key}" may not archive for "{key}".')
        return unit

    def _class(self, data: dict[str, Any]) -> ClassInfo:
        key = _text(data, "document_class", 60, required=True)
        found = self.catalogue.classes.get(key)
        if found is None:
            raise _Wrong("unknown_class", "document_class", _unknown("class", key, self.catalogue.classes))
        if found.schedule is None:
            raise _Wrong(
                "no_schedule",
                "document_class",
                f'The class "{key}" has no retention schedule and takes nothing in. Give it one.',
            )
        return found

    def _issued_on(self, data: dict[str, Any], document_class: ClassInfo) -> datetime.date:
        try:
            day = parse_day(_text(data, "issued_on", 40, required=True))
        except SlotValueError as error:
            raise _Wrong("date", "issued_on", str(error)) from None
        if day > self.latest:
            raise _Wrong("date_ahead", "issued_on", f"{day} is more than {DAYS_AHEAD} days ahead. Mend the date.")
        if day.year < document_class.first_year:
            raise _Wrong(
                "date_early",
                "issued_on",
                f'{day} is before {document_class.first_year}, the first year of "{document_class.key}".',
            )
        return day

    def _index(self, draft: Draft, given: Any) -> None:
        values = _object(given, "index") if given is not None else {}
        for key, value in values.items():
            if value is None or value == "" or value == []:
                continue
            field = f"index.{key}"
            info = draft.document_class.fields.get(key)
            if info is None and isinstance(value, dict | list):
                draft.extra[field] = value
                continue
            items = value if isinstance(value, list) and info is not None and info.multiple else [value]
            texts = [text for item in items if (text := _scalar(item, field))]
            if not texts:
                continue
            draft.index_values[key] = texts if len(texts) > 1 or isinstance(value, list) else texts[0]
            if info is None:
                continue
            try:
                encoded = [encode_slot(info.type, text) for text in texts]
            except SlotValueError as error:
                raise _Wrong("index_value", field, f"{key} {error}") from None
            if info.multiple:
                draft.multiple += [(info.id, str(code)) for code in dict.fromkeys(encoded)]
            elif info.slot:
                value = encoded[0]
                draft.slots[info.slot] = value.isoformat() if isinstance(value, datetime.date) else value
        for key, info in draft.document_class.fields.items():
            if info.required and key not in draft.index_values:
                raise _Wrong(
                    "missing", f"index.{key}", f'The class "{draft.document_class.key}" requires {key}. Give it.'
                )


def _unknown(what: str, key: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    hint = f' Did you mean "{close[0]}"?' if close else f" Known: {', '.join(sorted(known)[:10]) or 'none'}."
    return f'No {what} is called "{key[:60]}".{hint}'


def _unknown_fields(data: dict[str, Any]) -> dict[str, Any]:
    """Return what nobody knows: it is kept and shown, under the name that says where it stood."""
    extra = {key: value for key, value in data.items() if key not in _KNOWN}
    for number, variant in enumerate(data["variants"]):
        if not variant.keys() <= _KNOWN_VARIANT:
            extra |= {f"variants.{number}.{key}": variant[key] for key in variant if key not in _KNOWN_VARIANT}
        recipient = variant.get("recipient") or {}
        if not recipient.keys() <= _KNOWN_RECIPIENT:
            within = f"variants.{number}.recipient"
            extra |= {f"{within}.{key}": recipient[key] for key in recipient if key not in _KNOWN_RECIPIENT}
    return extra


def _check_recipients(draft: Draft) -> None:
    for number, variant in enumerate(draft.variants):
        party = variant.recipient_party
        if party is not None and party >= len(draft.parties):
            reason = f"There is no party {party}; parties count from 0. Name one of the {len(draft.parties)}."
            raise _Wrong("no_party", f"variants.{number}.recipient.party", reason)


def _check_retention(draft: Draft) -> None:
    try:
        retention_of(draft)
    except RetentionOverflowError as error:
        reason = f'It cannot be kept as "{draft.document_class.key}" says: {error} Mend the date or the schedule.'
        raise _Wrong("retention", "issued_on", reason) from None


def _text(
    data: dict[str, Any], key: str, longest: int, *, required: bool = False, within: str = "", lines: bool = False
) -> str:
    value = data.get(key)
    if isinstance(value, str):
        text = value.strip()
        if text and len(text) <= longest and text.isprintable():
            return text  # the common case, without looking further
    elif value is None and not required:
        return ""
    field = f"{within}.{key}" if within else key
    if value is None or value == "":
        if required:
            raise _Wrong("missing", field, f"{key} is missing. Give it.")
        return ""
    if isinstance(value, str):
        pass
    elif isinstance(value, int) and not isinstance(value, bool):
        text = str(value)
    else:
        raise _Wrong("type", field, f"{key} must be a text.")
    if len(text) > longest:
        raise _Wrong("too_long", field, f"{key} has {len(text)} characters; at most {longest} fit. Shorten it.")
    if _CONTROL.search(text) or (not lines and _LINE_END.search(text)):
        raise _Wrong("control", field, f"{key} has a control character or a line end. Remove it.")
    if required and not text:
        raise _Wrong("missing", field, f"{key} is empty. Give it.")
    return text


def _scalar(value: Any, field: str) -> str:
    if isinstance(value, dict | list) or value is None:
        raise _Wrong("type", field, "An index value is a text, a number or a date.")
    text = ("true" if value else "false") if isinstance(value, bool) else str(value).strip()
    if not text.isprintable() and _CONTROL.search(text):
        raise _Wrong("control", field, "The value has a control character. Remove it.")
    if len(text) > 2_000:
        raise _Wrong("too_long", field, f"The value has {len(text)} characters; at most 2,000 fit. Shorten it.")
    return text


def _integer(data: dict[str, Any], key: str, within: str = "", *, most: int = LARGEST_INTEGER) -> int | None:
    value = data.get(key)
    if value is None or value == "":
        return None
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        reason = f"{key} must be a whole number from 0 to {most}. Mend it."
        raise _Wrong("type", f"{within}.{key}" if within else key, reason)
    return value


def _matching(
    data: dict[str, Any], key: str, longest: int, has_form: Callable[[str], bool], like: str, within: str = ""
) -> str:
    text = _text(data, key, longest, within=within)
    if text and not has_form(text):
        raise _Wrong("form", f"{within}.{key}" if within else key, f'{key} is "{text[:40]}". Give {like}.')
    return text


def _object(value: Any, field: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Wrong("type", field, f"{field} must be an object.")
    return value


def _list(value: Any, field: str) -> list[Any]:
    if not isinstance(value, list):
        raise _Wrong("type", field, f"{field} must be a list.")
    return value


def _parties(data: dict[str, Any]) -> list[DraftParty]:
    given = data.get("parties")
    if not given:
        return []
    parties: list[DraftParty] = []
    for number, value in enumerate(_list(given, "parties")):
        field = f"parties.{number}"
        entry = _object(value, field)
        rest = None
        if not entry.keys() <= _KNOWN_PARTY:
            rest = {key: item for key, item in entry.items() if key not in _KNOWN_PARTY}
        parties.append(
            DraftParty(
                role=_text(entry, "role", 40, within=field),
                customer_id=_text(entry, "customer_id", 100, within=field),
                name=_text(entry, "name", 300, within=field, lines=True),
                postcode=_text(entry, "postcode", 20, within=field),
                address=_address(entry, f"{field}.address"),
                details=rest,
            )
        )
    if len(parties) > 100:
        raise _Wrong("too_many", "parties", f"{len(parties)} parties; at most 100 fit.")
    return parties


def _address(entry: dict[str, Any], field: str) -> str:
    value = entry.get("address")
    if isinstance(value, list):
        return "\n".join(_scalar(line, field) for line in value)
    return _text(entry, "address", 1_000, within=field.rpartition(".")[0], lines=True)


def _variants(data: dict[str, Any]) -> list[DraftVariant]:
    given = data.get("variants")
    if not given:
        raise _Wrong("missing", "variants", "There is no variant. Give at least one channel with a file or a text.")
    variants = [
        _variant(_object(value, f"variants.{n}"), f"variants.{n}") for n, value in enumerate(_list(given, "variants"))
    ]
    channels = [variant.channel for variant in variants]
    if len(set(channels)) != len(channels):
        raise _Wrong("channel_twice", "variants", "A channel stands there twice. Keep one variant for each channel.")
    return variants


def _variant(entry: dict[str, Any], field: str) -> DraftVariant:
    channel = _text(entry, "channel", 20, required=True, within=field)
    if channel not in CHANNELS:
        raise _Wrong("unknown_channel", f"{field}.channel", _unknown("channel", channel, sorted(CHANNELS)))
    file, text = _text(entry, "file", 1_000, within=field), entry.get("text")
    if bool(file) == (text is not None):
        raise _Wrong("content", f"{field}.file", "A variant has either a file or a text. Give one of the two.")
    if text is not None and not isinstance(text, str):
        raise _Wrong("type", f"{field}.text", "text must be a text.")
    digest = _text(entry, "sha256", 64, within=field)
    if digest and not _SHA256.fullmatch(digest):
        raise _Wrong("sha256", f"{field}.sha256", "sha256 must have 64 hexadecimal digits.")
    recipient = _object(entry["recipient"], f"{field}.recipient") if entry.get("recipient") else {}
    content_type = _matching(entry, "content_type", 100, _is_type, "a type such as application/pdf", field)
    return DraftVariant(
        channel=channel,
        content_type=_lower_type(content_type) or ("text/plain; charset=utf-8" if text is not None else ""),
        file=_path(file, f"{field}.file") if file else None,
        offset=_integer(entry, "offset", field),
        length=_integer(entry, "length", field),
        text=text.encode() if text is not None else None,
        sha256=bytes.fromhex(digest) if digest else None,
        pages=_integer(entry, "pages", field, most=MOST_PAGES),
        queue=_text(entry, "queue", 200, within=field),
        queue_file=_text(entry, "queue_file", 300, within=field),
        producer_ref=_text(entry, "producer_ref", 200, within=field),
        recipient_party=_integer(recipient, "party", f"{field}.recipient") if recipient else None,
        recipient_address=_text(recipient, "address", 500, within=f"{field}.recipient") if recipient else "",
        resources=_resources(entry, field),
        viewing=_viewing(entry["viewing"], f"{field}.viewing") if entry.get("viewing") else None,
    )


@lru_cache(maxsize=1_000)
def _is_type(text: str) -> bool:
    return _CONTENT_TYPE.fullmatch(text) is not None


@lru_cache(maxsize=1_000)
def _is_language(text: str) -> bool:
    return _LANGUAGE.fullmatch(text) is not None


@lru_cache(maxsize=1_000)
def _lower_type(content_type: str) -> str:
    """Lower the type, not its parameters: a boundary is not the same in other letters."""
    name, separator, parameters = content_type.partition(";")
    return name.lower() + separator + parameters


def _resources(entry: dict[str, Any], field: str) -> list[str]:
    given = entry.get("resources")
    if not given:
        return []
    names = [
        _path(_scalar(name, f"{field}.resources"), f"{field}.resources") for name in _list(given, f"{field}.resources")
    ]
    if len(names) > 1_000 or len(set(names)) != len(names):
        raise _Wrong("resources", f"{field}.resources", "Name each resource once, and at most 1,000 of them.")
    return names


def _viewing(given: Any, field: str) -> tuple[str, str, str, str]:
    """Return the rendition for reading that comes with a variant: a PDF, and what made it."""
    entry = _object(given, field)
    file = _path(_text(entry, "file", 1_000, required=True, within=field), f"{field}.file")
    content_type = _lower_type(_text(entry, "content_type", 100, within=field)) or VIEWING_TYPE
    if content_type != VIEWING_TYPE:
        raise _Wrong("viewing", f"{field}.content_type", f"A rendition for reading is {VIEWING_TYPE}. Send a PDF.")
    return file, content_type, _text(entry, "tool", 100, within=field), _text(entry, "tool_version", 100, within=field)


def _path(name: str, field: str) -> str:
    try:
        return checked_name(name)
    except MemberProblem as problem:
        raise _Wrong(problem.code, field, problem.reason) from None


def _replaces(data: dict[str, Any]) -> tuple[str, str] | None:
    if not data.get("replaces"):
        return None
    entry = _object(data["replaces"], "replaces")
    external_id = _text(entry, "external_id", 200, required=True, within="replaces")
    reason = _text(entry, "reason", 1_000, required=True, within="replaces")
    if external_id == _text(data, "external_id", 200):
        raise _Wrong(
            "replaces_itself", "replaces.external_id", "A record cannot replace itself. Give it its own external_id."
        )
    return external_id, reason


def _mapped(data: dict[str, Any], document_class: ClassInfo) -> dict[str, Any]:
    """Apply the class's mapping: incoming index names and formats become the class's own."""
    if not document_class.mapping:
        return data
    index: dict[str, Any] = {}
    given = data.get("index")
    for name, value in _object(given, "index").items() if given is not None else ():
        rule = document_class.mapping.get(name) or {}
        ours = rule.get("to", name)
        if ours in index:
            raise _Wrong("index_twice", f"index.{ours}", f"Two incoming fields both mean {ours}. Send one of them.")
        if rule and isinstance(value, str | int) and not isinstance(value, bool):
            index[ours] = _converted(str(value), rule, f"index.{name}")
        else:
            index[ours] = value
    for name, rule in document_class.mapping.items():
        if "default" in rule:
            index.setdefault(rule.get("to", name), rule["default"])
    return {**data, "index": index}


def _converted(value: str, rule: dict[str, Any], field: str) -> str:
    text = value.strip(rule["strip"]) if rule.get("strip") else value.strip()
    if rule.get("pad"):
        text = text.rjust(int(rule["pad"]), "0")
    if rule.get("date_format") and text:
        try:
            return datetime.datetime.strptime(text, rule["date_format"]).date().isoformat()  # noqa: DTZ007  (a day)
        except ValueError:
            raise _Wrong("index_value", field, f'"{text[:40]}" is no date of the form {rule["date_format"]}.') from None
    return text or str(rule.get("default", ""))
