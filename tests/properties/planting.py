"""Events in which every text is a word found nowhere else, so that it can be searched for in bytes.

Nothing here knows of groups, labels or readers.
"""

import random
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from hub.edges.schemas import default_schemas

START = datetime(2026, 3, 1, 9, tzinfo=UTC)

ROLES = ("GP_PRACTICE", "NAMED_HV", "NAMED_MW", "COMM_MIDWIFE", "PAEDIATRICIAN", "SOCIAL_WORKER")
PLACES = ("RXA", "Y1", "RYV", "L97")
ROUTING = {
    "role": ROLES,
    "share_with": ROLES,
    "evidence_of": ROLES,
    "from_role": ROLES,
    "to_role": ROLES,
    "org": PLACES,
    "ods": PLACES,
    "organisation": PLACES,
    "to_org": PLACES,
    "handover_from": PLACES,
    "person": ("pat-1", "pat-2"),
    "practitioner": ("pat-1", "pat-2"),
}
"""Fields by which the shipped rules find recipients: they need names that mean something."""


class Planter:
    """Fills the body of an event, and remembers which word it planted where."""

    def __init__(self, seed: int, *, mark: str = "ZQ", routing: bool = False) -> None:
        """`routing`: fields that name recipients get real roles and places instead of words."""
        self.random = random.Random(seed)  # noqa: S311  a case is repeated from its seed; nothing here is secret
        self.mark = mark
        self.routing = routing
        self.planted: dict[str, str] = {}
        """Word to path."""

    def body(self, event_type: str) -> dict[str, Any]:
        """A body with every required field, and the optional ones three times in four."""
        found: dict[str, Any] = {}
        for name, avro, limits in fields_of(event_type):
            if "default" in limits and self.random.random() < 0.25:
                found[name] = limits["default"]
                continue
            found[name] = self.value(avro, limits, name, name)
        return found

    def word(self, path: str) -> str:
        """A word that stands nowhere else."""
        word = f"{self.mark}{self.random.getrandbits(56):014x}Z"
        self.planted[word] = path
        return word

    def value(self, avro: Any, limits: dict[str, Any], path: str, name: str) -> Any:
        """Any value of an Avro type, as the core holds it."""
        if isinstance(avro, list):
            avro = next(one for one in avro if one != "null")
        if isinstance(avro, str):
            return self._plain(avro, limits, path, name)
        match avro.get("logicalType"), avro["type"]:
            case "date", _:
                return (date(2026, 3, 1) + timedelta(days=self.random.randrange(300))).isoformat()
            case "timestamp-micros", _:
                return START + timedelta(minutes=self.random.randrange(400_000))
            case _, "enum":
                return self.random.choice(avro["symbols"])
            case _, "array":
                few = range(self.random.randrange(3))
                return [self.value(avro["items"], {}, path, name) for _ in few]
            case _, "record":
                return {
                    f["name"]: self.value(f["type"], f, f"{path}.{f['name']}", f["name"])
                    for f in avro["fields"]
                }
            case _, inner:
                return self.value(inner, limits, path, name)

    def _plain(self, avro: str, limits: dict[str, Any], path: str, name: str) -> Any:
        if self.routing and name in ROUTING and avro == "string":
            return self.random.choice(ROUTING[name])
        low, high = limits.get("minimum", 0), limits.get("maximum", 40)
        match avro:
            case "string":
                return self.word(path)
            case "boolean":
                return self.random.random() < 0.5
            case "double" | "float":
                return round(self.random.uniform(low, high), 1)
            case "int" | "long":
                return self.random.randint(int(low), int(high))
        raise AssertionError(f"a type nobody planted yet: {avro}")


@cache
def fields_of(event_type: str) -> tuple[tuple[str, Any, dict[str, Any]], ...]:
    """Name, type (named types in full) and limits of each field of an event's body."""
    named: dict[str, Any] = {}
    avsc = default_schemas().avsc(event_type)
    return tuple(
        (field["name"], whole, field)
        for field in avsc["fields"]
        for whole in [_whole(field["type"], named)]
        if field["name"] != "envelope"
    )


def _whole(avro: Any, named: dict[str, Any]) -> Any:
    """A type with every name in it replaced by what it names."""
    if isinstance(avro, list):
        return [_whole(one, named) for one in avro]
    if isinstance(avro, str):
        return named.get(avro.rpartition(".")[2], avro)
    made = dict(avro)
    if "fields" in made:
        made["fields"] = [f | {"type": _whole(f["type"], named)} for f in made["fields"]]
    if "items" in made:
        made["items"] = _whole(made["items"], named)
    if isinstance(made.get("type"), dict | list):
        made["type"] = _whole(made["type"], named)
    if "name" in made:
        named[made["name"]] = made
    return made
