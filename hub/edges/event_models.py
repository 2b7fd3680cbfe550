"""pydantic models of the event types, built from their Avro schemas.

The Avro file is the only description of an event; nothing here knows any event type by name.
A custom property on a field (`minimum`, `maximum`, `min_length`, `max_length`) becomes a limit.
"""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    create_model,
)

from hub.edges.schemas import Schemas

INT_RANGE = (-(2**31), 2**31 - 1)
LONG_RANGE = (-(2**63), 2**63 - 1)

_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _instant(value: object) -> datetime:
    """An aware UTC datetime.  A local time without offset is refused: nobody knows when it was."""
    wrong = "must be an instant with its offset, such as 2026-10-20T09:30:00Z"
    try:
        if isinstance(value, str) and _RFC3339.fullmatch(value.upper()):
            value = datetime.fromisoformat(value.upper())
        if isinstance(value, datetime) and value.tzinfo is not None:
            return value.astimezone(UTC)
    except (ValueError, OverflowError):
        # Python's own sentence may repeat the value.
        raise ValueError(wrong) from None
    raise ValueError(wrong)


def _iso_date(value: object) -> str:
    """A date as ISO text, which is how the core holds it."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    try:
        if isinstance(value, str) and _ISO_DATE.fullmatch(value):
            return date.fromisoformat(value).isoformat()
    except ValueError:
        raise ValueError("must be a day of the calendar such as 2026-10-20") from None
    raise ValueError("must be a date such as 2026-10-20")


type_of_instant = Annotated[
    datetime,
    BeforeValidator(_instant),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
type_of_date = Annotated[
    str, BeforeValidator(_iso_date), WithJsonSchema({"type": "string", "format": "date"})
]


class _Door(BaseModel):
    """Base of every model here: nothing unknown, nothing converted behind the sender's back."""

    model_config = ConfigDict(extra="forbid", strict=True, protected_namespaces=())


class _Builder:
    """Turns the types of one Avro schema into pydantic types."""

    def __init__(self) -> None:
        self.named: dict[str, Any] = {}

    def type_of(self, avro: Any, limits: dict[str, Any]) -> Any:
        """The Python type for an Avro type.  Raises ValueError for one that no event uses."""
        if isinstance(avro, list):
            return self._union(avro, limits)
        if isinstance(avro, str):
            return self.named.get(avro) or self._primitive(avro, limits)
        logical = {"date": type_of_date, "timestamp-micros": type_of_instant}
        if avro.get("logicalType") in logical:
            return logical[avro["logicalType"]]
        return self._complex(avro, limits)

    def _complex(self, avro: dict[str, Any], limits: dict[str, Any]) -> Any:
        match avro["type"]:
            case "enum":
                return self._remember(avro, Literal[tuple(avro["symbols"])])
            case "array":
                items: Any = self.type_of(avro["items"], {})
                return list[items]
            case "record":
                return self._remember(avro, self.record(avro))
        return self.type_of(avro["type"], limits)

    def record(self, avro: dict[str, Any], leave_out: frozenset[str] = frozenset()) -> Any:
        """A model for an Avro record, without the fields named in `leave_out`."""
        fields: dict[str, Any] = {}
        for one in avro["fields"]:
            if one["name"] in leave_out:
                continue
            # An alias keeps names such as `from` and `copy` out of the model's own namespace.
            default = one.get("default", ...)
            rule = Field(default, alias=one["name"], description=one["doc"], validate_default=True)
            fields[f"f_{one['name']}"] = (self.type_of(one["type"], one), rule)
        return create_model(avro["name"], __base__=_Door, __doc__=avro.get("doc"), **fields)

    def _remember(self, avro: dict[str, Any], built: Any) -> Any:
        for name in (avro["name"], f"perinatal.{avro['name']}"):
            self.named[name] = built
        return built

    def _union(self, avro: list[Any], limits: dict[str, Any]) -> Any:
        others = [one for one in avro if one != "null"]
        if len(others) != 1 or len(avro) != 2:
            raise ValueError("an event field is either one type or null and one type")
        return self.type_of(others[0], limits) | None

    def _primitive(self, avro: str, limits: dict[str, Any]) -> Any:
        match avro:
            case "string":
                # NUL is legal text everywhere but in PostgreSQL, where it would stop the projector.
                rule = StringConstraints(
                    pattern=r"^[^\x00]*$",
                    min_length=limits.get("min_length"),
                    max_length=limits.get("max_length"),
                )
                return Annotated[str, rule]
            case "int" | "long":
                low, high = INT_RANGE if avro == "int" else LONG_RANGE
                low, high = limits.get("minimum", low), limits.get("maximum", high)
                return Annotated[int, Field(ge=low, le=high)]
            case "boolean":
                return bool
        raise ValueError(f"type {avro} is not used in events; add it here first")


def build_model(schemas: Schemas, event_type: str) -> type[BaseModel]:
    """The model of one event type in its JSON form: envelope fields, and the body in `data`."""
    avsc = schemas.avsc(event_type)
    builder = _Builder()
    envelope_type = avsc["fields"][0]["type"]
    # receivedat is ours: a publisher that states it is refused like any unknown field.
    envelope = builder.record(envelope_type, frozenset({"receivedat"}))
    body = builder.record({**avsc, "fields": avsc["fields"][1:], "name": f"{avsc['name']}Body"})
    described = Field(..., alias="data", description="The body of the event.")
    fixed: dict[str, Any] = {
        "f_type": (Literal[event_type], Field(..., alias="type", description="The event type.")),
        "f_specversion": (Literal["1.0"], Field("1.0", alias="specversion")),
        "f_status": (Literal["original"], Field("original", alias="status")),
        "f_supersedes": (None, Field(None, alias="supersedes")),
        "f_data": (body, described),
    }
    built: type[BaseModel] = create_model(
        avsc["name"], __base__=envelope, __doc__=avsc["doc"], **fixed
    )
    return built
