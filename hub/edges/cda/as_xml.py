"""A CDA document (HL7 v3 XML) to a tree of nodes, by the same safe reading as FHIR.

An attribute is a node of its own, named with an @ before it; the text of a section is a narrative.
An envelope around the document (ITK's distribution envelope) is passed over.
"""

from typing import Final

from hub.edges.fhir.as_xml import read_xml
from hub.edges.fhir.narrative import Narrative
from hub.edges.fhir.tree import Bounds, Node, unparseable

V3: Final = "urn:hl7-org:v3"
ROOT: Final = "ClinicalDocument"

_AS_XHTML: Final = {"paragraph": "p", "item": "li", "list": "ul"}
"""The words of CDA's narrative for what XHTML calls otherwise; tables are alike."""


def node_from_cda(body: bytes) -> Node:
    """The document in these bytes.  Raises SenderFault UNPARSEABLE or OVERSIZE."""
    reader = _Reader()
    read_xml(body, reader)
    if reader.root is None:
        raise unparseable(f"the XML holds no {ROOT} in the namespace {V3}")
    return reader.root


class _Reader:
    """Takes expat's calls, and builds the tree."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self._bounds = Bounds()
        self._around = 0
        """How deep it is in an envelope."""
        self._open: list[Node] = []
        self._words: list[list[str]] = []
        self._narrative: Narrative | None = None
        self._depth = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element opens."""
        space, _, tag = name.rpartition(" ")
        if self._narrative is not None:
            self._depth += 1
            self._bounds.one_more(self._depth, self._open[-1])
            self._narrative.start(_AS_XHTML.get(tag, tag))
            return
        if self._open:
            made = self._inner(tag)
        elif (space, tag) == (V3, ROOT):
            made = self._first()
        else:
            self._around += 1
            self._bounds.one_more(self._around, None)
            return
        for attribute, value in attributes.items():
            self._bounds.one_more(len(self._open), made)
            made.put(Node(f"@{attribute.rpartition(' ')[2]}", value=value.strip()))
        self._open.append(made)
        self._words.append([])
        if tag == "text" and len(self._open) > 1 and self._open[-2].name == "section":
            self._narrative, self._depth = Narrative(), len(self._open)

    def _first(self) -> Node:
        if self.root is not None:
            raise unparseable(f"the XML holds more than one {ROOT}; send each alone")
        self.root = Node(ROOT)
        return self.root

    def _inner(self, tag: str) -> Node:
        around = self._open[-1]
        self._bounds.one_more(len(self._open), around)
        made, several = Node(tag), around.inside.get(tag, [])
        if several:
            several[0].number = 0
            made.number = len(several)
        around.put(made)
        return made

    def end(self, name: str) -> None:
        """An element closes."""
        if self._narrative is not None and self._depth > len(self._open):
            self._depth -= 1
            tag = name.rpartition(" ")[2]
            self._narrative.end(_AS_XHTML.get(tag, tag))
            return
        if not self._open:
            self._around -= 1
            return
        closed, words = self._open.pop(), self._words.pop()
        if self._narrative is not None:
            closed.value, closed.lines = self._narrative.result()
            self._narrative = None
        else:
            closed.value = " ".join("".join(words).split())

    def text(self, piece: str) -> None:
        """Text between tags."""
        if self._narrative is not None:
            self._narrative.text(piece)
        elif self._words:
            self._words[-1].append(piece)
