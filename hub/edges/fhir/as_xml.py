"""FHIR in XML to a tree of nodes.

No document type, no entity and nothing outside the document is ever read: a document that declares
one is refused at the declaration.  What is read is bounded in depth and in number of elements.
"""

from typing import Final, NoReturn, Protocol
from xml.parsers import expat

from hub.edges.fhir.narrative import Narrative
from hub.edges.fhir.tree import Bounds, Node, unparseable

FHIR: Final = "http://hl7.org/fhir"
XHTML: Final = "http://www.w3.org/1999/xhtml"
_WRAPPERS: Final = frozenset({"resource", "contained", "outcome"})
"""Elements whose only child is a resource, named by its type."""

_LISTS: Final = frozenset(
    {"address", "coding", "contained", "entry", "extension", "given", "identifier", "line", "link"}
    | {"location", "name", "parameter", "participant", "part", "section", "team", "telecom"}
)
"""Elements that are counted even when there is one; others are when there are several."""


def node_from_xml(body: bytes) -> Node:
    """The resource in these bytes.  Raises SenderFault UNPARSEABLE or OVERSIZE."""
    reader = _Reader()
    read_xml(body, reader)
    if reader.root is None:
        raise unparseable("the XML holds no element")
    return reader.root


class ReadsXml(Protocol):
    """What takes the elements and the text of a document, in order."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element opens: its namespace, a space, and its name."""
        ...

    def end(self, name: str) -> None:
        """An element closes."""
        ...

    def text(self, piece: str) -> None:
        """Text between tags."""
        ...


def read_xml(body: bytes, reader: ReadsXml) -> None:
    """Read a document in any language, safely.  Raises SenderFault UNPARSEABLE or OVERSIZE."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    calls = {
        "StartElement": reader.start,
        "EndElement": reader.end,
        "CharacterData": reader.text,
        "StartDoctypeDecl": _refuse_document_type,
        "EntityDecl": _refuse_document_type,
    }
    for name, call in calls.items():
        setattr(parser, f"{name}Handler", call)
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise unparseable(f"the body is not well-formed XML (line {error.lineno})") from None
    except (LookupError, ValueError):
        raise unparseable("the XML declares a character set that is not known here") from None


def _refuse_document_type(*_: object) -> NoReturn:
    raise unparseable("the XML declares a document type or an entity, and neither is ever read")


class _Reader:
    """Takes expat's calls, and builds the tree."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self._bounds = Bounds()
        self._open: list[Node] = []
        self._narrative: Narrative | None = None
        self._narrative_depth = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element opens."""
        space, _, tag = name.rpartition(" ")
        if self._narrative is not None:
            self._narrative_depth += 1
            self._bounds.one_more(self._narrative_depth, self._open[-1])
            self._narrative.start(tag)
            return
        if not self._open:
            self._start_root(space, tag)
            return
        self._bounds.one_more(len(self._open), self._open[-1])
        self._start_inner(space, tag, attributes)

    def _start_root(self, space: str, tag: str) -> None:
        if space != FHIR or not tag[:1].isupper() or not tag.isalnum():
            raise unparseable(f"the XML is not a FHIR resource in the namespace {FHIR}")
        self.root = Node(tag, kind=tag)
        self._open.append(self.root)

    def _start_inner(self, space: str, tag: str, attributes: dict[str, str]) -> None:
        around = self._open[-1]
        if around.name in _WRAPPERS and not around.kind and tag[:1].isupper():
            # <resource><Patient>: the wrapper becomes the resource, as it is in JSON.
            around.kind = tag
            self._open.append(around)
            return
        made = Node(tag, value=attributes.get("value", "").strip())
        several = around.inside.get(tag, [])
        if several:
            several[0].number = 0
        made.number = len(several) if several or tag in _LISTS else None
        if "url" in attributes:
            made.put(Node("url", value=attributes["url"]))
        around.put(made)
        self._open.append(made)
        if space == XHTML:
            self._narrative = Narrative()
            self._narrative_depth = len(self._open)

    def end(self, name: str) -> None:
        """An element closes."""
        if self._narrative is not None and self._narrative_depth > len(self._open):
            self._narrative_depth -= 1
            self._narrative.end(name.rpartition(" ")[2])
            return
        closed = self._open.pop()
        if self._narrative is not None:
            closed.value, closed.lines = self._narrative.result()
            self._narrative = None

    def text(self, piece: str) -> None:
        """Text, which FHIR has in narratives only."""
        if self._narrative is not None:
            self._narrative.text(piece)
