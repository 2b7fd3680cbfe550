"""What every mapping needs of a document: its resources, who sends it, when, and under which id.

Whatever was sent (a message, a transaction, a collection, a document, one resource) becomes a
`Letter`: a flat list of resources in which references are found again.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Final

from hub.core.faults import FaultReason, SenderFault
from hub.edges.fhir.codes import codes_of, meaning
from hub.edges.fhir.removals import is_removal
from hub.edges.fhir.times import instant
from hub.edges.fhir.tree import Node, missing
from hub.edges.formats import Format

_ODS: Final = re.compile(r"[A-Z0-9]{3,12}", re.ASCII)
_SAFE_ID: Final = re.compile(r"[A-Za-z0-9.:\-]{1,100}", re.ASCII)
"""FHIR allows 64 characters; an event id holds 200 with its prefix and number."""
_WITH_AN_ID: Final = frozenset({"message", "document", "history"})
"""Bundles that are sent once; a transaction or a resource may be sent again with other content."""


@dataclass(slots=True)
class Letter:
    """A document taken apart into resources."""

    root: Node
    received_at: datetime
    sender: str
    """ODS code of whoever brings it."""
    resources: list[Node]
    header: Node | None = None
    known: dict[str, Node] = field(default_factory=dict)

    def of_kind(self, *kinds: str) -> list[Node]:
        """The resources of these types, in order."""
        return [each for each in self.resources if each.kind in kinds]

    def find(self, reference: Node | None) -> Node | None:
        """The resource that a Reference points to, where it is in the document."""
        if reference is None:
            return None
        target = reference.text("reference") or reference.value
        if target.startswith("#"):
            return _contained(reference, target[1:])
        short = "/".join(target.split("/_history/")[0].split("/")[-2:])
        return self.known.get(target) or self.known.get(short)

    @property
    def event_code(self) -> str:
        """The event that a message header names."""
        return (
            self.header.text("event", "code") or self.header.text("eventCoding", "code")
            if (self.header is not None)
            else ""
        )

    @property
    def trigger(self) -> str:
        """The HL7 trigger that a message header gives as its reason (A03)."""
        return next(iter(codes_of(self.header.all("reason"))), "") if self.header else ""

    @property
    def change(self) -> str:
        """new, update or delete: what a NEMS message says of its own content."""
        for extension in self.header.all("extension") if self.header else ():
            if "MessageEventType" in extension.text("url"):
                return next(iter(codes_of(extension.all("valueCodeableConcept"))), "")
        return ""

    @property
    def said_at(self) -> datetime | None:
        """When it was sent or written, as far as it says so."""
        places = [self.root.first("timestamp"), self.root.first("meta", "lastUpdated")]
        if self.header is not None:
            places.insert(0, self.header.first("timestamp"))
        places += [summary.first("date") for summary in self.of_kind("Composition")]
        for place in places:
            found = instant(place.value, place.path) if place is not None else None
            if found is not None:
                return found
        return None

    @property
    def sent_at(self) -> datetime:
        """When it was sent; for what has no id of its own, else when it came.

        Raises SenderFault for a message without a time: sent again it would be another one.
        """
        found = self.said_at
        if found is None and self.message_id:
            raise missing(self.root.place("timestamp"), "the time at which the message was sent")
        return found or self.received_at

    @property
    def organisation(self) -> str:
        """ODS code of who is responsible for it; whoever brings it where it does not say."""
        for name in ("responsible", "sender"):
            found = self.ods(self.header.first(name)) if self.header is not None else ""
            if found:
                return found
        return self.sender or self._custodian()

    def _custodian(self) -> str:
        """Who keeps a document, or holds a stay, where there is no header and no key."""
        for kind, name in (("Composition", "custodian"), ("Encounter", "serviceProvider")):
            for resource in self.of_kind(kind):
                if found := self.ods(resource.first(name)):
                    return found
        return ""

    def ods(self, reference: Node | None) -> str:
        """The ODS code of the organisation that a Reference means, or an empty string."""
        if reference is None:
            return ""
        found = self.find(reference)
        if found is not None:
            own = ods_of(found)
            inner = found.first("organization") or found.first("providedBy")
            return own or (self.ods(inner) if inner is not None and inner is not found else "")
        logical = ods_of(reference)
        kind, _, code = reference.text("reference").rpartition("/")
        if logical or not kind.endswith("Organization"):
            return logical
        return code if _ODS.fullmatch(code) else ""

    @property
    def message_id(self) -> str:
        """What tells a message or a document from others; empty where its content does."""
        if self.root.text("type") not in _WITH_AN_ID:
            return ""
        header = self.header.text("id") if self.header is not None else ""
        for given in (header, self.root.text("identifier", "value"), self.root.text("id")):
            if _SAFE_ID.fullmatch(given):
                return given
        return ""


def ods_of(node: Node) -> str:
    """The ODS code among an organisation's identifiers."""
    for identifier in node.all("identifier"):
        system = identifier.text("system").lower()
        if any(part in system for part in meaning("systems")["ods"]):
            code = identifier.text("value").upper()
            return code if _ODS.fullmatch(code) else ""
    return ""


def digest(*parts: str) -> str:
    """A short name for some content."""
    hashed = blake2b(digest_size=12)
    for part in parts:
        hashed.update(f"{len(part)}:{part}".encode())
    return hashed.hexdigest()


def open_letter(root: Node, received_at: datetime, sender: str) -> Letter:
    """Take a document apart.  Raises SenderFault when there is no resource in it."""
    letter = Letter(root, received_at, sender, [])
    _gather(letter, root)
    if not letter.resources:
        raise SenderFault(
            FaultReason.MISSING_SEGMENT,
            "the bundle holds no resource",
            field="Bundle.entry",
            remedy="send the resources themselves in Bundle.entry.resource",
        )
    letter.header = next(iter(letter.of_kind("MessageHeader")), None)
    return letter


def _gather(letter: Letter, root: Node) -> None:
    """Every resource, those of a bundle inside a bundle too (an ITK3 message holds a document)."""
    waiting: list[tuple[Node, str]] = [(root, "")]
    while waiting:
        one, full_url = waiting.pop(0)
        if one.kind == "Bundle":
            waiting += [
                (inner, entry.text("fullUrl"))
                for entry in one.all("entry")
                if not is_removal(entry)
                for inner in entry.all("resource")
                if inner.kind
            ]
            continue
        letter.resources.append(one)
        own = one.text("id")
        for name in (
            full_url,
            f"{one.kind}/{own}" if own else "",
            f"urn:uuid:{own}" if own else "",
        ):
            if name:
                letter.known.setdefault(name, one)


def _contained(reference: Node, wanted: str) -> Node | None:
    """A resource inside the one that the reference stands in."""
    around: Node | None = reference
    while around is not None:
        for each in around.all("contained"):
            if each.text("id") == wanted:
                return each
        around = around.around
    return None


def format_of(root: Node, plain: Format) -> Format:
    """Which dialect of FHIR it is: a NEMS message, a signal of MNS, or plain."""
    letter_head = root.all("entry", "resource")[:1]
    if any(one.kind == "MessageHeader" and _is_nems(one) for one in letter_head):
        return Format.NEMS
    if any(one.kind == "Parameters" for one in letter_head) and root.text("type") == "history":
        return Format.MNS_SIGNAL
    return plain


def _is_nems(header: Node) -> bool:
    profiles = [profile.value for profile in header.all("meta", "profile")]
    return header.text("event", "code") in meaning("nems") or any(
        "Event-MessageHeader" in profile for profile in profiles
    )
