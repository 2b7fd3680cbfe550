"""Dates back to ISO text after Avro: fastavro reads a date as a Python date, the core holds text.

Built once per schema, so that only the fields that are dates are ever touched.
"""

from collections.abc import Callable
from typing import Any

from hub.edges.schemas import Schemas

type_of_restorer = Callable[[Any], Any]


class Dates:
    """Restores the dates of whole events of one set of schemas."""

    def __init__(self, schemas: Schemas):
        self._schemas = schemas
        self._known: dict[str, tuple[type_of_restorer, type_of_restorer]] = {}

    def restore(self, event_type: str, record: dict[str, Any]) -> None:
        """Turn every date of an event's record into ISO text, in place."""
        if event_type not in self._known:
            self._known[event_type] = date_restorers(self._schemas.avsc(event_type))
        of_envelope, of_body = self._known[event_type]
        of_envelope(record["envelope"])
        of_body(record)


def date_restorers(avsc: dict[str, Any]) -> tuple[type_of_restorer, type_of_restorer]:
    """For one event schema: what restores the envelope, and what restores the body, in place."""
    envelope, *body = avsc["fields"]
    named: dict[str, type_of_restorer | None] = {}
    of_envelope = _of_type(envelope["type"], named)
    of_body = _of_record({"fields": body}, named)
    return of_envelope or _same, of_body or _same


def _same(value: Any) -> Any:
    return value


def _of_type(avro: Any, named: dict[str, type_of_restorer | None]) -> type_of_restorer | None:
    """None when there is no date inside."""
    if isinstance(avro, str):
        return named.get(avro)
    if isinstance(avro, list):
        inner = next((_of_type(one, named) for one in avro if one != "null"), None)
        return None if inner is None else lambda value: None if value is None else inner(value)
    if avro.get("logicalType") == "date":
        return lambda value: value.isoformat()
    if avro["type"] == "array":
        return _of_array(avro, named)
    if avro["type"] == "record":
        built = _of_record(avro, named)
        named[avro["name"]] = named[f"{avro.get('namespace', 'perinatal')}.{avro['name']}"] = built
        return built
    return None


def _of_array(
    avro: dict[str, Any], named: dict[str, type_of_restorer | None]
) -> type_of_restorer | None:
    inner = _of_type(avro["items"], named)
    return None if inner is None else lambda value: [inner(one) for one in value]


def _of_record(
    avro: dict[str, Any], named: dict[str, type_of_restorer | None]
) -> type_of_restorer | None:
    found = [(one["name"], _of_type(one["type"], named)) for one in avro["fields"]]
    dated = [(name, inner) for name, inner in found if inner is not None]
    if not dated:
        return None

    def restore(record: dict[str, Any]) -> dict[str, Any]:
        for name, inner in dated:
            record[name] = inner(record[name])
        return record

    return restore
