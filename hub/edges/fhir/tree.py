"""A FHIR resource as a tree of nodes, the same whether it came as JSON or as XML.

The reader asks by name and never cares about the version: what is not there is an empty string or
an empty list.  Every node knows its place (`Bundle.entry[2].resource.birthDate`), so that a fault
can say where.  No text raised here holds a value.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from hub.core.faults import FaultReason, SenderFault
from hub.edges.fhir.narrative import Line
from hub.ops import limits_documents as limits

MOST_NODES: Final = limits.FHIR_NODES.value
DEEPEST: Final = limits.FHIR_NESTING.value

UNREADABLE: Final = "(unreadable name)"
"""Stands for a name that the sender made up: it may hold anything."""

FORM_REMEDY: Final = "send one FHIR resource, in JSON or XML, in UTF-8"


@dataclass(slots=True)
class Node:
    """An element or a resource, its value if it has one, and what is inside it."""

    name: str
    around: "Node | None" = None
    number: int | None = None
    """Which of several of this name it is; None for the only one."""
    value: str = ""
    kind: str = ""
    """The resource type, where it is a resource."""
    lines: tuple[Line, ...] = ()
    """The lines of a narrative without its headings."""
    inside: dict[str, list["Node"]] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """Where it stands.  Worked out only when asked for, which is when something is wrong."""
        steps: list[str] = []
        here: Node | None = self
        while here is not None:
            name = here.name if here.name.isalnum() and len(here.name) <= 60 else UNREADABLE
            steps.append(name if here.number is None else f"{name}[{here.number}]")
            here = here.around
        return ".".join(reversed(steps))

    def all(self, *names: str) -> list["Node"]:
        """Every element at the end of this way down, in order."""
        found = [self]
        for name in names:
            found = [inner for each in found for inner in each.inside.get(name, ())]
        return found

    def first(self, *names: str) -> "Node | None":
        """The first element at the end of this way down."""
        return next(iter(self.all(*names)), None)

    def text(self, *names: str) -> str:
        """The first value that is filled at the end of this way down, or an empty string."""
        return next((each.value for each in self.all(*names) if each.value), "")

    def place(self, *names: str) -> str:
        """Where an element of this name stands, or would have to stand."""
        found = self.first(*names)
        return found.path if found is not None else ".".join((self.path, *names))

    def walk(self) -> Iterator["Node"]:
        """This node and everything inside it."""
        waiting = [self]
        while waiting:
            one = waiting.pop()
            yield one
            waiting += [inner for each in one.inside.values() for inner in each]

    def put(self, inner: "Node") -> None:
        """Add an element."""
        inner.around = self
        self.inside.setdefault(inner.name, []).append(inner)


class Bounds:
    """Counts the nodes of one document, and refuses the one too many."""

    def __init__(self) -> None:
        self._left = MOST_NODES

    def one_more(self, depth: int, around: Node | None) -> None:
        """Take account of a node.  Raises SenderFault OVERSIZE or UNPARSEABLE."""
        self._left -= 1
        if self._left < 0:
            raise SenderFault(
                FaultReason.OVERSIZE,
                f"the document has more than {MOST_NODES} elements",
                remedy="send fewer resources in one document",
            )
        if depth > DEEPEST:
            raise unparseable(
                f"the document is nested deeper than {DEEPEST} levels",
                around.path if around else "",
            )


def unparseable(message: str, path: str = "") -> SenderFault:
    """The fault of a document that is none."""
    return SenderFault(FaultReason.UNPARSEABLE, message, field=path[:200], remedy=FORM_REMEDY)


def missing(path: str, what: str) -> SenderFault:
    """The fault of an element that the mapping needs and that is empty."""
    return SenderFault(
        FaultReason.SCHEMA_VIOLATION, f"{path} is empty", field=path, remedy=f"send {what} there"
    )


def wrong(path: str, problem: str, remedy: str) -> SenderFault:
    """The fault of an element whose value cannot be used."""
    return SenderFault(FaultReason.SCHEMA_VIOLATION, f"{path} {problem}", field=path, remedy=remedy)
