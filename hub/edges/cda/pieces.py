"""The elements of FHIR that are made from those of a CDA document, each with its own place."""

import re
from collections.abc import Iterator
from typing import Final

from hub.edges.fhir.codes import meaning
from hub.edges.fhir.tree import Node

NHS_NUMBER: Final = "https://fhir.nhs.uk/Id/nhs-number"
ODS: Final = "https://fhir.nhs.uk/Id/ods-organization-code"
LOCAL: Final = "local"

_TIME: Final = re.compile(
    r"(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})?(\d{2})?(\.\d+)?)?([+-]\d{4})?", re.ASCII
)
_AT_HOME: Final = frozenset({"", "H", "HP", "HV", "TMP"})


def make(name: str, source: Node, value: str = "") -> Node:
    """A FHIR element with the place of the CDA one that it was made from."""
    made = Node(source.name or name, value=value)
    made.around, made.number = source.around, source.number
    return made


def put(around: Node, name: str, inner: Node) -> None:
    """Hang an element in the tree under FHIR's name, wherever its own place is."""
    if inner.around is None:
        inner.around = around
    around.inside.setdefault(name, []).append(inner)


def resource(kind: str, source: Node) -> Node:
    """A resource of a type, with the place of what it was made from."""
    made = make(kind, source)
    made.kind = kind
    return made


def reference(name: str, target: str) -> Node:
    """A Reference to an entry of the bundle."""
    made = Node(name)
    put(made, "reference", Node("reference", value=target))
    return made


def human(kind: str, role: Node, person: Node) -> Node:
    """A person with identifiers, a name, a day of birth and an address, as far as they are said."""
    made = resource(kind, role)
    identifiers(made, role)
    for written in person.all("name"):
        name = make("name", written)
        for part in ("family", "given"):
            for each in written.all(part):
                put(name, part, make(part, each, each.value))
        put(made, "name", name)
    born = person.first("birthTime")
    if born is not None and born.text("@value"):
        day = as_iso(born.text("@value"))[:10]
        put(made, "birthDate", make("birthDate", born, day))
    for address in role.all("addr"):
        if address.text("@use") not in _AT_HOME:
            continue
        place = make("address", address)
        put(place, "postalCode", Node("postalCode", value=address.text("postalCode")))
        put(made, "address", place)
    return made


def identifiers(made: Node, source: Node) -> None:
    """Ids by their roots: an NHS number, an ODS code, or a number of somebody's own."""
    listed = meaning("cda")
    for own in source.all("id"):
        root, extension = own.text("@root"), own.text("@extension")
        if own.text("@nullFlavor") or not (extension or root):
            continue
        identifier = make("identifier", own)
        system = LOCAL
        if root in listed["nhs_number"]:
            system = NHS_NUMBER
        elif root in listed["ods"]:
            system = ODS
        elif not extension:
            # A bare UUID is the number itself.
            extension = root
        put(identifier, "system", Node("system", value=system))
        put(identifier, "value", make("value", own, extension))
        put(made, "identifier", identifier)


def concept(name: str, code: Node) -> Node:
    """A CodeableConcept of a coded element."""
    made, coding = make(name, code), Node("coding")
    put(coding, "code", make("code", code, code.text("@code")))
    put(coding, "display", Node("display", value=code.text("@displayName")))
    put(made, "coding", coding)
    return made


def condition(code: Node) -> Node:
    """A coded statement of a section; as a Condition, which no reader takes for an event."""
    made = resource("Condition", code)
    put(made, "code", concept("code", code))
    return made


def codes_in(entry: Node) -> Iterator[Node]:
    """The codes and coded values of an entry, without those that are denied."""
    waiting = [entry]
    while waiting:
        one = waiting.pop()
        if one.text("@negationInd") == "true":
            continue
        if one.name in {"code", "value"} and one.text("@code"):
            yield one
        waiting += [inner for each in one.inside.values() for inner in each]


def written_by(author: Node) -> str:
    """The author's name, or the name of the author's organisation."""
    persons = author.all("assignedPerson", "name")
    for name in (*persons, *author.all("representedOrganization", "name")):
        parts = [each.value for part in ("prefix", "given", "family") for each in name.all(part)]
        shown = " ".join(filter(None, parts)) or name.value
        if shown:
            return shown
    return ""


def as_iso(written: str) -> str:
    """HL7's `20261020161000+0100` as ISO.

    What has not that form comes back as it is, and is refused where it is read.
    """
    found = _TIME.fullmatch(written)
    if found is None:
        return written
    day = f"{found[1]}-{found[2]}-{found[3]}"
    if found[4] is None:
        return day
    clock = f"T{found[4]}:{found[5] or '00'}:{found[6] or '00'}{found[7] or ''}"
    zone = f"{found[8][:3]}:{found[8][3:]}" if found[8] else ""
    return f"{day}{clock}{zone}"
