"""A CDA discharge summary as the FHIR document that it would be, so that one reader reads both.

What the United Kingdom calls ITK2 (transfer of care in CDA) and FHIR's transfer of care hold the
same headings under the same codes.  Each node made here keeps its place in the CDA, so that a fault
names what was sent.  What codes and templates mean stands in `hub/edges/profiles/fhir.toml`.
"""

import re
from collections.abc import Iterator
from typing import Final

from hub.core.faults import FaultReason, SenderFault
from hub.edges.cda.as_xml import node_from_cda
from hub.edges.cda.pieces import (
    as_iso,
    codes_in,
    concept,
    condition,
    human,
    identifiers,
    make,
    put,
    reference,
    resource,
    written_by,
)
from hub.edges.fhir.codes import has_any, meaning
from hub.edges.fhir.letter import digest
from hub.edges.fhir.tree import Node, missing, wrong

_PERSONAL: Final = frozenset({"PRS", "NOK", "CAREGIVER", "GUARD"})
"""Classes of people around a patient; a practice or a ward may be a participant too."""
_PARTS: Final = ("@extension", "@root")
_GENDERS: Final = {"1": "male", "2": "female", "M": "male", "F": "female"}


def fhir_from_cda(body: bytes) -> Node:
    """The bundle that says what a CDA document says.

    Raises SenderFault: UNPARSEABLE or OVERSIZE for the form, UNSUPPORTED_MESSAGE for a document of
    a template or kind that the hub does not know.
    """
    document = node_from_cda(body)
    require_known(document)
    return _Builder(document).bundle()


def require_known(document: Node) -> None:
    """Refuse what is not known to be a discharge summary: half of another document would mislead.

    Raises SenderFault UNSUPPORTED_MESSAGE.
    """
    listed = meaning("cda")
    # Here the name is the extension and the root is the same for all; elsewhere the name is the
    # root, and the extension is its version.
    named = [each.text(part) for each in document.all("templateId") for part in _PARTS]
    named += [each.text("@extension") for each in document.all("messageType")]
    named = [each for each in named if each]
    if named and not any(name.startswith(tuple(listed["templates"])) for name in named):
        place = document.place("messageType" if document.first("messageType") else "templateId")
        raise _unsupported(place, "names templates of which the hub knows none")
    kind = document.first("code")
    code = kind.text("@code") if kind is not None else ""
    words = f"{kind.text('@displayName') if kind else ''} {document.text('title')}".lower()
    if code not in meaning("summary")["types"] and not has_any(words, meaning("summary")["words"]):
        raise _unsupported(document.place("code"), "is not a discharge summary")


def _unsupported(place: str, problem: str) -> SenderFault:
    return SenderFault(
        FaultReason.UNSUPPORTED_MESSAGE,
        f"the CDA document {problem}",
        field=place,
        remedy="send the discharge summary itself (ITK2 transfer of care), or its FHIR form; ask "
        "the hub's operator to add the template if it is one",
    )


class _Builder:
    """Makes the resources of one document."""

    def __init__(self, document: Node) -> None:
        self.document = document
        self.root = Node("Bundle", kind="Bundle")
        self.coded = 0

    def bundle(self) -> Node:
        """The whole: a header, the composition, and whoever and whatever it refers to."""
        document = self.document
        self.root.name = document.name
        put(self.root, "type", Node("type", value="document"))
        patient = self._patient()
        self._entry("header", self._header())
        self._entry("patient", patient)
        for number, related in enumerate(self._related()):
            self._entry(f"related-{number}", related)
        self._entry("composition", self._composition())
        if (stay := self._stay()) is not None:
            self._entry("stay", stay)
        return self.root

    def _entry(self, name: str, held: Node) -> None:
        entry = Node("entry")
        put(entry, "fullUrl", Node("fullUrl", value=f"urn:{name}"))
        place = held.around
        put(entry, "resource", held)
        held.around = place
        put(self.root, "entry", entry)

    # --- who sends it, and when --------------------------------------------------------------

    def _header(self) -> Node:
        document = self.document
        made = resource("MessageHeader", document)
        own = document.first("id")
        if own is None or not own.text("@root"):
            raise missing(document.place("id"), "the id of the document")
        written = ".".join(filter(None, (own.text("@root"), own.text("@extension"))))
        known = written if len(written) <= 80 and re.fullmatch(r"[A-Za-z0-9.\-]+", written) else ""
        put(made, "id", make("id", own, known or digest(written)))
        if not document.text("effectiveTime", "@value"):
            raise missing(document.place("effectiveTime"), "the time at which it was issued")
        self._time(made, "timestamp", document, "effectiveTime")
        keeper = document.first(
            "custodian", "assignedCustodian", "representedCustodianOrganization"
        )
        if keeper is not None:
            responsible = make("responsible", keeper)
            identifiers(responsible, keeper)
            put(made, "responsible", responsible)
        return made

    def _time(self, made: Node, name: str, around: Node, *way: str) -> None:
        found = around.first(*way)
        written = found.text("@value") if found is not None else ""
        if found is not None and written:
            put(made, name, make(name, found, as_iso(written)))

    # --- whom it is about --------------------------------------------------------------------

    def _patient(self) -> Node:
        if len(self.document.all("recordTarget")) > 1:
            raise wrong(
                self.document.place("recordTarget"),
                "names several patients",
                "send a document for each of them",
            )
        role = self.document.first("recordTarget", "patientRole")
        if role is None:
            raise missing(self.document.place("recordTarget"), "the patient")
        person = role.first("patient") or role
        made = human("Patient", role, person)
        sex = person.text("administrativeGenderCode", "@code")
        put(made, "gender", Node("gender", value=_GENDERS.get(sex, "")))
        practice = role.first("providerOrganization")
        if practice is not None:
            whose = make("generalPractitioner", practice)
            identifiers(whose, practice)
            put(made, "generalPractitioner", whose)
        return made

    def _related(self) -> Iterator[Node]:
        """Whoever the document names around the patient."""
        wanted = meaning("mother")["codes"]
        for participant in self.document.all("participant", "associatedEntity"):
            code = participant.text("code", "@code")
            if participant.text("@classCode") not in _PERSONAL or not code:
                continue
            person = participant.first("associatedPerson") or participant
            made = human("RelatedPerson", participant, person)
            put(made, "patient", reference("patient", "urn:patient"))
            relation = Node("relationship")
            put(relation, "code", Node("code", value=code if code in wanted else "other"))
            put(made, "relationship", relation)
            yield made

    # --- what it says ------------------------------------------------------------------------

    def _composition(self) -> Node:
        document = self.document
        made = resource("Composition", document)
        put(made, "status", Node("status", value="final"))
        kind = document.first("code")
        if kind is not None:
            put(made, "type", concept("type", kind))
        title = document.first("title")
        if title is not None:
            put(made, "title", make("title", title, title.value))
        self._time(made, "date", document, "effectiveTime")
        put(made, "subject", reference("subject", "urn:patient"))
        put(made, "encounter", reference("encounter", "urn:stay"))
        for author in document.all("author", "assignedAuthor"):
            shown = make("author", author)
            put(shown, "display", Node("display", value=written_by(author)))
            put(made, "author", shown)
        for section in document.all("component", "structuredBody", "component", "section"):
            put(made, "section", self._section(section))
        return made

    def _section(self, section: Node) -> Node:
        made = make("section", section)
        for name in ("title", "text"):
            found = section.first(name)
            if found is None:
                continue
            copied = make(name, found, found.value)
            if name == "text":
                div = make("div", found, found.value)
                div.lines, copied.value = found.lines, ""
                put(copied, "div", div)
            put(made, name, copied)
        code = section.first("code")
        if code is not None and code.text("@code"):
            put(made, "code", concept("code", code))
        for entry in section.all("entry"):
            for code in codes_in(entry):
                self.coded += 1
                self._entry(f"coded-{self.coded}", condition(code))
                put(made, "entry", reference("entry", f"urn:coded-{self.coded}"))
        for inner in section.all("component", "section"):
            put(made, "section", self._section(inner))
        return made

    def _stay(self) -> Node | None:
        stay = self.document.first("componentOf", "encompassingEncounter")
        if stay is None:
            return None
        made = resource("Encounter", stay)
        period = Node("period")
        self._time(period, "start", stay, "effectiveTime", "low")
        self._time(period, "end", stay, "effectiveTime", "high")
        put(made, "period", period)
        return made
