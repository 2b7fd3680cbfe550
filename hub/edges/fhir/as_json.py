"""FHIR in JSON to a tree of nodes."""

from typing import Any, Final

import msgspec

from hub.core.faults import FaultReason, SenderFault
from hub.edges.fhir.narrative import narrative_of
from hub.edges.fhir.tree import Bounds, Node, unparseable

_KIND: Final = "resourceType"


def node_from_json(body: bytes) -> Node:
    """The resource in these bytes.  Raises SenderFault UNPARSEABLE or OVERSIZE."""
    return node_from_value(json_value(body))


def json_value(body: bytes) -> Any:
    """What the JSON says.  Raises SenderFault UNPARSEABLE."""
    try:
        return msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise SenderFault(
            FaultReason.UNPARSEABLE,
            "the body is not JSON text in UTF-8",
            remedy="send one JSON object, in UTF-8",
        ) from None


def node_from_value(value: Any) -> Node:
    """The resource in a JSON value.  Raises SenderFault UNPARSEABLE or OVERSIZE."""
    if not isinstance(value, dict) or not isinstance(value.get(_KIND), str):
        raise unparseable("the JSON is not a FHIR resource: it has no resourceType", _KIND)
    return _Builder().node(None, value[_KIND], value, 0)


class _Builder:
    """Builds one tree within its bounds."""

    def __init__(self) -> None:
        self._bounds = Bounds()

    def node(self, around: Node | None, name: str, value: Any, depth: int) -> Node:
        """A node from a JSON value that is no list."""
        self._bounds.one_more(depth, around)
        if not isinstance(value, dict):
            return _primitive(name, value)
        built = Node(name, around)
        kind = value.get(_KIND)
        if isinstance(kind, str):
            built.kind = kind
        for key, inner in value.items():
            if key != _KIND and not key.startswith("_"):
                self._put(built, key, inner, value.get(f"_{key}"), depth)
        self._lone_extensions(built, value, depth)
        return built

    def _put(self, built: Node, key: str, inner: Any, beside: Any, depth: int) -> None:
        several = inner if isinstance(inner, list) else [inner]
        besides = beside if isinstance(beside, list) else [beside]
        for number, each in enumerate(several):
            if isinstance(each, list):
                raise unparseable("a list stands directly inside a list", built.path)
            made = self.node(built, key, each, depth + 1)
            made.number = number if several is inner else None
            if number < len(besides):
                self._extend(made, besides[number], depth)
            built.put(made)

    def _lone_extensions(self, built: Node, value: dict[str, Any], depth: int) -> None:
        """Elements that have no value, only extensions (`_birthDate` without `birthDate`)."""
        for key, inner in value.items():
            name = key.removeprefix("_")
            if key.startswith("_") and name not in value and isinstance(inner, dict):
                made = Node(name, built)
                self._extend(made, inner, depth)
                built.put(made)

    def _extend(self, made: Node, beside: Any, depth: int) -> None:
        if isinstance(beside, dict):
            extra = self.node(made, made.name, beside, depth + 1)
            for inner in [each for several in extra.inside.values() for each in several]:
                made.put(inner)


def _primitive(name: str, value: Any) -> Node:
    match value:
        case None:
            return Node(name)
        case bool():
            return Node(name, value="true" if value else "false")
        case str() if name == "div":
            text, lines = narrative_of(value)
            return Node(name, value=text, lines=lines)
    return Node(name, value=str(value).strip())
