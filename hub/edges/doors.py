"""The door for events: one pydantic model per event type, built from its Avro schema.

The Avro file is the only description of an event.  Whatever way an event came (JSON over HTTPS,
HL7 mapped by us, Avro from Kafka), the same model checks it, so that no door is wider than
another.  A fault names the field and what is allowed; it never repeats what was sent.
"""

import re
from datetime import datetime
from functools import cache
from typing import Any

import msgspec
from pydantic import BaseModel, ValidationError

from hub.core.faults import FaultReason, SenderFault
from hub.core.model import Actor, Event, Person, Purpose
from hub.edges.event_models import build_model
from hub.edges.numbered import taken_out
from hub.edges.schemas import Schemas, default_schemas

LARGEST_EVENT_BYTES = 256 * 1024
"""A discharge summary with every section full is under 40 KB; six times that is no event."""
DEEPEST_NESTING = 20
"""The deepest schema has six levels; the rest is room for growth, far from Python's stack."""
MOST_FIELDS_NAMED = 10
"""How many offending fields one answer names."""
CANNOT_BE_REPLACEMENTS = frozenset({"event.corrected", "event.retracted", "notice.receipt"})

_SAFE_NAME = re.compile(r"[a-z_][A-Za-z0-9_]{0,39}")
"""No field of ours begins with a capital, and a word that does may be somebody's name."""


@cache
def model_of(schemas: Schemas, event_type: str) -> type[BaseModel]:
    """As `build_model`, built once.  Raises SenderFault for a type that is not ours."""
    if event_type not in schemas.event_types():
        raise SenderFault(
            FaultReason.UNKNOWN_EVENT_TYPE,
            "this event type is not one of the hub's",
            field="type",
            remedy=f"use one of: {', '.join(schemas.event_types())}",
        )
    return build_model(schemas, event_type)


def checked(event: dict[str, Any], schemas: Schemas) -> dict[str, Any]:
    """The event with every field present and in the core's form.

    Raises SenderFault naming the first offending field and what is allowed there.
    """
    event_type = event.get("type")
    if not isinstance(event_type, str):
        raise SenderFault(
            FaultReason.SCHEMA_VIOLATION,
            "the event says no type",
            field="type",
            remedy="give the event type as text, such as pregnancy.booked",
        )
    try:
        model = model_of(schemas, event_type).model_validate(event)
    except ValidationError as error:
        raise _fault(error) from None
    return model.model_dump(by_alias=True)


def event_from_json(
    sent: bytes | dict[str, Any], received_at: datetime, schemas: Schemas | None = None
) -> Event:
    """An event from its HTTPS JSON form.

    Raises SenderFault: OVERSIZE above 256 KiB, UNPARSEABLE for what is no JSON object or is
    nested deeper than 20, UNKNOWN_EVENT_TYPE, SCHEMA_VIOLATION with the path of the field.
    """
    schemas = schemas or default_schemas()
    parsed = dict(_parse(sent) if isinstance(sent, bytes) else sent)
    _require_shallow(parsed)
    if parsed.get("datacontenttype") == "application/json":
        # CloudEvents libraries add this unasked; it says what we already know.
        del parsed["datacontenttype"]
    numbered = taken_out(parsed)
    whole = checked(parsed, schemas)
    event = msgspec.structs.replace(event_of(whole, whole["data"], received_at), numbered=numbered)
    check_replacement(event, schemas)
    return event


def event_of(envelope: dict[str, Any], body: dict[str, Any], received_at: datetime) -> Event:
    """The core's event from a checked envelope and body."""
    actor = envelope["actor"]
    return Event(
        id=envelope["id"],
        type=envelope["type"],
        source=envelope["source"],
        occurred_at=envelope["time"],
        received_at=received_at,
        recorded_at=envelope["recordedat"],
        subject=Person(**envelope["subject"]),
        actor=None if actor is None else Actor(**actor),
        purpose=Purpose(envelope["purpose"]),
        labels=tuple(envelope["labels"]),
        correlation_id=envelope["correlationid"],
        causation_id=envelope["causationid"],
        body=body,
    )


def envelope_of(event: Event) -> dict[str, Any]:
    """The envelope of an event, without `receivedat`, under the names used on the wire."""
    return {
        "specversion": "1.0",
        "id": event.id,
        "type": event.type,
        "source": event.source,
        "time": event.occurred_at,
        "recordedat": event.recorded_at,
        "subject": msgspec.structs.asdict(event.subject),
        "correlationid": event.correlation_id,
        "causationid": event.causation_id,
        "actor": None if event.actor is None else msgspec.structs.asdict(event.actor),
        "purpose": str(event.purpose),
        "labels": list(event.labels),
    }


def event_to_json(event: Event) -> dict[str, Any]:
    """The HTTPS JSON form of an event, ready for `json.dumps`; absent fields are left out.

    The time of arrival is not part of it: each door sets its own.
    """
    said = {key: value for key, value in envelope_of(event).items() if value is not None}
    said["subject"] = {key: value for key, value in said["subject"].items() if value is not None}
    # msgspec writes an aware UTC datetime as RFC 3339 with a Z.
    built: dict[str, Any] = msgspec.to_builtins({**said, "data": event.body})
    return built


def openapi_schemas(schemas: Schemas | None = None) -> dict[str, dict[str, Any]]:
    """A JSON schema per event type, for the gateway's OpenAPI."""
    schemas = schemas or default_schemas()
    return {
        one: model_of(schemas, one).model_json_schema(
            by_alias=True, ref_template=f"#/components/schemas/{one}.{{model}}"
        )
        for one in schemas.event_types()
    }


def check_replacement(event: Event, schemas: Schemas) -> None:
    """Refuse, with SenderFault, a correction that does not carry a whole, right event."""
    if event.type != "event.corrected":
        return
    try:
        fresh = event_from_json(event.body["replacement"].encode(), event.received_at, schemas)
    except SenderFault as fault:
        inside = f"data.replacement.{fault.field}".rstrip(".")
        raise SenderFault(fault.reason, fault.message, field=inside, remedy=fault.remedy) from None
    if fresh.type in CANNOT_BE_REPLACEMENTS:
        raise SenderFault(
            FaultReason.SCHEMA_VIOLATION,
            "a correction must carry the right event itself",
            field="data.replacement.type",
            remedy="put the whole corrected event of the original type into replacement",
        )


def _parse(sent: bytes) -> dict[str, Any]:
    if len(sent) > LARGEST_EVENT_BYTES:
        raise SenderFault(
            FaultReason.OVERSIZE,
            f"the event is larger than {LARGEST_EVENT_BYTES} bytes",
            remedy="leave attachments out; send a reference to the document",
        )
    try:
        parsed = msgspec.json.decode(sent)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise SenderFault(
            FaultReason.UNPARSEABLE,
            "the body is not JSON text in UTF-8",
            remedy="send one JSON object",
        ) from None
    if not isinstance(parsed, dict):
        raise SenderFault(
            FaultReason.UNPARSEABLE, "the body is not a JSON object", remedy="send one JSON object"
        )
    return parsed


def _require_shallow(parsed: dict[str, Any]) -> None:
    layer: list[Any] = [parsed]
    for _ in range(DEEPEST_NESTING):
        layer = [
            inner
            for one in layer
            for inner in (one.values() if isinstance(one, dict) else one)
            if isinstance(inner, dict | list)
        ]
        if not layer:
            return
    raise SenderFault(
        FaultReason.UNPARSEABLE,
        f"the body is nested deeper than {DEEPEST_NESTING} levels",
        remedy="send the event in the form its schema describes",
    )


def _fault(error: ValidationError) -> SenderFault:
    found = error.errors(include_url=False, include_input=False, include_context=False)
    paths = list(dict.fromkeys(_path(one["loc"]) for one in found))
    more = f"; also wrong: {', '.join(paths[1:MOST_FIELDS_NAMED])}" if len(paths) > 1 else ""
    first = found[0]
    return SenderFault(
        FaultReason.SCHEMA_VIOLATION,
        f"{paths[0]} is not as its schema says{more}",
        field=paths[0],
        remedy=_remedy(first["type"], first["msg"]),
    )


def _remedy(kind: str, message: str) -> str:
    match kind:
        case "extra_forbidden":
            return "leave this field out: the schema of this event type does not have it"
        case "missing":
            return "give this field: it is required"
        case "string_pattern_mismatch":
            return "leave the NUL character out of the text"
        case "string_unicode":
            return "send text in UTF-8 without lone surrogates"
    return message.removeprefix("Value error, ")


def _path(loc: tuple[int | str, ...]) -> str:
    # A field name that the sender made up may hold anything, an identity included.
    return ".".join(
        part
        if isinstance(part, str) and _SAFE_NAME.fullmatch(part)
        else str(part)
        if isinstance(part, int)
        else "(unreadable name)"
        for part in loc
    )
