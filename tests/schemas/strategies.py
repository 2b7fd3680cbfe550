"""Random events from the Avro schemas, and random values of the core from its own types."""

import json
import types
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any, Union, get_args, get_origin

import msgspec
from hypothesis import strategies as st

from hub.core.model import Event
from hub.edges.schemas import Schemas
from tests.schemas.examples import REPLACEMENT

INSTANTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  hypothesis wants the bounds without a zone and adds it
DAYS = st.dates(date(1900, 1, 1), date(2200, 1, 1))
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


def events(schemas: Schemas, event_type: str) -> st.SearchStrategy[dict[str, Any]]:
    """Any event of a type that the door must let in, in its HTTPS JSON form."""
    avsc = schemas.avsc(event_type)
    named: dict[str, Any] = {}
    fixed = {
        "type": st.just(event_type),
        "specversion": st.just("1.0"),
        "status": st.just("original"),
        "supersedes": st.none(),
    }
    envelope = _record(avsc["fields"][0]["type"], named, {"receivedat"}, fixed)
    replacement = {"replacement": st.just(json.dumps(REPLACEMENT))}
    body = _record(avsc, named, {"envelope"}, replacement)
    return st.tuples(envelope, body).map(lambda both: {**both[0], "data": both[1]})


def _record(
    avro: dict[str, Any], named: dict[str, Any], without: set[str], fixed: dict[str, Any]
) -> st.SearchStrategy[dict[str, Any]]:
    required: dict[str, Any] = {}
    optional: dict[str, Any] = {}
    for one in avro["fields"]:
        if one["name"] in without:
            continue
        built = _value(one["type"], named, one)
        built = fixed.get(one["name"], built)
        (optional if "default" in one else required)[one["name"]] = built
    return st.fixed_dictionaries(required, optional=optional)


def _value(avro: Any, named: dict[str, Any], limits: dict[str, Any]) -> st.SearchStrategy[Any]:
    if isinstance(avro, list):
        other = next(one for one in avro if one != "null")
        return st.none() | _value(other, named, limits)
    if isinstance(avro, str):
        return named[avro] if avro in named else _plain(avro, limits)
    built = _complex(avro, named)
    if "name" in avro:
        named[avro["name"]] = named[f"perinatal.{avro['name']}"] = built
    return built


def _complex(avro: dict[str, Any], named: dict[str, Any]) -> st.SearchStrategy[Any]:
    if avro.get("logicalType") == "date":
        return DAYS.map(lambda day: day.isoformat())
    if avro.get("logicalType") == "timestamp-micros":
        return INSTANTS.map(lambda instant: instant.isoformat())
    match avro["type"]:
        case "enum":
            return st.sampled_from(avro["symbols"])
        case "array":
            return st.lists(_value(avro["items"], named, {}), max_size=3)
    return _record(avro, named, set(), {})


def _plain(avro: str, limits: dict[str, Any]) -> st.SearchStrategy[Any]:
    if avro == "string":
        return TEXTS if "min_length" not in limits else TEXTS.filter(bool)
    if avro == "boolean":
        return st.booleans()
    bits = 31 if avro == "int" else 63
    return st.integers(limits.get("minimum", -(2**bits)), limits.get("maximum", 2**bits - 1))


def values(wanted: Any) -> st.SearchStrategy[Any]:
    """Any value of a type of the core; events are left out, for they have a door of their own."""
    if get_origin(wanted) is tuple:
        return st.lists(values(get_args(wanted)[0]), max_size=3).map(tuple)
    if get_origin(wanted) in (Union, types.UnionType):
        return st.one_of([values(one) for one in get_args(wanted)])
    if wanted is Event or wanted is type(None):
        return st.none()
    if issubclass(wanted, msgspec.Struct):
        fields = {one.name: values(one.type) for one in msgspec.structs.fields(wanted)}
        return st.builds(wanted, **fields)
    if issubclass(wanted, Enum):
        return st.sampled_from(wanted)
    return _OF_TYPE[wanted]


_OF_TYPE: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXTS,
    int: st.integers(0, 2**31 - 1),
    bool: st.booleans(),
    bytes: st.binary(max_size=50),
    datetime: INSTANTS,
}
