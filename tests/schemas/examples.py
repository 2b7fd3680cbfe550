"""One full and one sparse example of every schema, always the same; golden bytes hold them."""

import json
from datetime import UTC, date, datetime
from typing import Any

from hub.edges.avro import encode_event, event_from_json
from hub.edges.schemas import Released

AN_INSTANT = datetime(2026, 3, 1, 10, 30, 0, 123456, tzinfo=UTC)
A_DAY = date(2026, 10, 20)
REPLACEMENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "right-1",
    "type": "pregnancy.dated",
    "source": "RXX:MAT_PAS",
    "time": "2026-03-01T10:30:00Z",
    "subject": {"reference": "mother-1"},
    "data": {"edd": "2026-10-20", "basis": "scan", "previous_edd": "2026-10-27"},
}
FIXED: dict[str, Any] = {
    "specversion": "1.0",
    "source": "RXX:MAT_PAS",
    "nhs_number": "9990000018",
    "status": "original",
    "supersedes": None,
    "replacement": json.dumps(REPLACEMENT),
}
"""Fields whose values mean something to the door."""


def examples(released: Released) -> list[dict[str, Any]]:
    """The full example (every optional field given) and the sparse one (none given)."""
    return [_record(released.avsc, released.stem, full=full) for full in (True, False)]


def _record(avro: dict[str, Any], stem: str, *, full: bool) -> dict[str, Any]:
    named: dict[str, Any] = {}
    record: dict[str, Any] = _value(avro, "", named, full=full)
    if "envelope" in record:
        record["envelope"]["type"] = stem
    if stem == "hub.input":
        record["kind"] = "event" if full else "wake"
        record["event"] = encode_event(event_from_json(REPLACEMENT, AN_INSTANT)) if full else None
    if stem == "hub.quarantine":
        record["reason"] = "unparseable"
    if stem == "hub.link":
        record["tie"] = "handed_over" if full else "reference"
    if stem == "hub.access":
        record |= {"what": "notice", "ground": "addressed"}
    return record


def _value(avro: Any, name: str, named: dict[str, Any], *, full: bool) -> Any:
    if name in FIXED:
        return FIXED[name]
    if isinstance(avro, list):
        return _of_union(avro, name, named, full=full)
    if isinstance(avro, str):
        return _value(named[avro], name, named, full=full) if avro in named else _plain(avro, name)
    if "name" in avro:
        named[avro["name"]] = named[f"{avro.get('namespace', 'perinatal')}.{avro['name']}"] = avro
        named[f"perinatal.hub.{avro['name']}"] = avro
    if "logicalType" in avro:
        return A_DAY if avro["logicalType"] == "date" else AN_INSTANT
    return _complex(avro, name, named, full=full)


def _complex(avro: dict[str, Any], name: str, named: dict[str, Any], *, full: bool) -> Any:
    match avro["type"]:
        case "enum":
            return avro["symbols"][-1 if full else 0]
        case "array":
            return _of_array(avro["items"], name, named, full=full)
    return {one["name"]: _from_field(one, named, full=full) for one in avro["fields"]}


def _of_union(avro: list[Any], name: str, named: dict[str, Any], *, full: bool) -> Any:
    other = next(one for one in avro if one != "null")
    built = _value(other, name, named, full=full)
    return built if full else None


def _of_array(items: Any, name: str, named: dict[str, Any], *, full: bool) -> list[Any]:
    if isinstance(items, list):  # the outcomes of a decision: one of each
        return [
            (f"perinatal.hub.{one['name']}", _value(one, name, named, full=full)) for one in items
        ]
    built = _value(items, name, named, full=full)
    return [built, built] if full else []


def _from_field(field: dict[str, Any], named: dict[str, Any], *, full: bool) -> Any:
    if field["name"] == "kind" and "default" in field:
        return field["default"]
    built = _value(field["type"], field["name"], named, full=full)
    if isinstance(built, int) and not isinstance(built, bool):
        return field.get("minimum", 3)
    if field["name"] in CLOSED and isinstance(built, str) and _is_string(field["type"]):
        return CLOSED[field["name"]]
    return built


CLOSED = {
    "signal": "accepted",
    "state": "withdrawn",
    "purpose": "direct_care",
    "reason": "first",
    "ground": "audience",
    "route": "ask_sender",
}
"""Texts that the core reads as closed lists."""


def _is_string(avro: Any) -> bool:
    return avro in ("string", ["null", "string"])


def _plain(avro: str, name: str) -> Any:
    return {"string": f"{name}-1", "int": 3, "long": 3, "boolean": True, "bytes": b"\0\xff"}[avro]
