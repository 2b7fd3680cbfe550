"""Who a resource is about: the mother, and the baby where it is the baby's own record.

The rules are those of HL7 v2: a record is a baby's until the second birthday.  Where the document
says who the mother is, the event is hers; where it names nobody around the baby, it is the baby's
own, and the identity agent knows whose baby that is or waits until a birth says so.  Nobody is
taken for the mother because she is the only adult in a document: a foster mother may be.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from hub.core.faults import FaultReason, SenderFault
from hub.core.model import Person
from hub.edges import nhs_number
from hub.edges.fhir.codes import codes_of, has_any, meaning
from hub.edges.fhir.letter import Letter
from hub.edges.fhir.source import source_of
from hub.edges.fhir.times import day, day_if_whole
from hub.edges.fhir.tree import Node, missing
from hub.edges.hl7v2_people import BABY_UNTIL, People
from hub.edges.mapped import Ignored
from hub.edges.postcodes import tidied

CHILD_UNTIL_YEARS: Final = 10
"""Nobody younger has given birth in England; who is two to ten is neither mother nor infant."""

MOTHER_REMEDY: Final = (
    "name the mother who gave birth: a RelatedPerson with relationship MTH whose patient is the "
    "baby, with her NHS number or your own number of her"
)


@dataclass(frozen=True, slots=True)
class Known:
    """What identifies somebody in a document."""

    reference: str
    number: str | None


def people(letter: Letter, reference: Node | None, around: Node) -> People | Ignored:
    """Whom a Reference to a patient means.  Raises SenderFault naming the place.

    `around` is the resource that refers, for the fault when it does not.
    """
    if reference is None:
        raise missing(around.place("subject"), "a reference to the patient")
    patient = letter.find(reference)
    if patient is None:
        return People(_logical(letter, reference))
    return people_of(letter, patient)


def people_of(letter: Letter, patient: Node) -> People | Ignored:
    """Who a Patient is.  Raises SenderFault naming the place."""
    born = born_on(letter, patient)
    today = letter.sent_at.date()
    own = identify(letter, patient)
    if born is not None and date.fromisoformat(born) >= today - BABY_UNTIL:
        _check_known(own, patient)
        whose = mother_of(letter, patient) or _person(own, patient, born)
        return People(whose, own.reference or f"nhs:{own.number}")
    if born is not None and today.year - date.fromisoformat(born).year < CHILD_UNTIL_YEARS:
        return Ignored.OLDER_CHILD
    if patient.text("gender") == "male" and not _says_maternity(letter):
        return Ignored.NOT_MATERNITY
    _check_known(own, patient)
    return People(_person(own, patient, born))


def born_on(letter: Letter, patient: Node) -> str | None:
    """The day of birth.  Where a record contradicts itself it is the latest: that of an infant."""
    written = [patient.text("birthDate")]
    written += [each.value for each in patient.all("birthDate", "extension", "valueDateTime")]
    days = [found for found in map(day_if_whole, written) if found]
    if not days and letter.header is not None:
        told = [
            day_if_whole(extension.text("valueDateTime"))
            for extension in letter.header.all("extension", "extension")
            if extension.text("url") == "birthDateTime"
        ]
        days = [found for found in told if found]
    return max(days, default=None)


def mother_of(letter: Letter, baby: Node) -> Person | None:
    """The mother of a baby, through a related person; None when nobody around it is named.

    Raises SenderFault MISSING_IDENTITY when somebody is and she is not: whoever looks after the
    baby now may not be the woman whose record this would go to.
    """
    around = [
        one for one in letter.of_kind("RelatedPerson") if letter.find(one.first("patient")) is baby
    ]
    for related in filter(_is_mother, around):
        hers = _linked(letter, related) or related
        known = identify(letter, hers)
        if not known.reference and known.number is None:
            # The national register may not know her number; whose baby it is, the hub may.
            return None
        return _person(known, hers, day_if_whole(hers.text("birthDate")))
    if not around:
        return None
    raise SenderFault(
        FaultReason.MISSING_IDENTITY,
        "this is about a baby, and of those around it nobody is the mother",
        field=baby.path,
        remedy=MOTHER_REMEDY,
    )


def identify(letter: Letter, person: Node) -> Known:
    """NHS number and local reference.  Raises SenderFault NHS_NUMBER_INVALID."""
    reference, number = "", None
    for identifier in person.all("identifier"):
        value = identifier.text("value")
        if has_any(identifier.text("system").lower(), meaning("systems")["nhs_number"]):
            number = number or _checked_number(value, identifier.place("value"))
        elif value and not reference:
            owner = letter.ods(identifier.first("assigner")) or _owner(letter)
            reference = f"{owner}/{value}"
    return Known(reference, number)


def person_of(letter: Letter, reference: Node) -> Person:
    """Another record that a Reference names, enclosed or not.  Raises SenderFault."""
    found = letter.find(reference)
    if found is None:
        return _logical(letter, reference)
    known = identify(letter, found)
    _check_known(known, found)
    return _person(known, found, born_on(letter, found))


def whom_it_is_routed_by(letter: Letter) -> tuple[Node, People | Ignored] | None:
    """The person by whom the header is routed: what takes back a message encloses nobody.

    Only tests of newborn babies are taken back in this way, so who has no birth date is a baby.
    """
    head = letter.header.all("extension") if letter.header is not None else []
    for routing in (one for one in head if "RoutingDemographics" in one.text("url")):
        patient = Node(routing.name, routing.around, routing.number, kind="Patient")
        patient.inside["identifier"] = routing.all("extension", "valueIdentifier")
        patient.inside["name"] = routing.all("extension", "valueHumanName")
        whom = people_of(letter, patient)
        if isinstance(whom, People) and born_on(letter, patient) is None:
            whom = People(whom.subject, whom.subject.reference)
        return patient, whom
    return None


def _logical(letter: Letter, reference: Node) -> Person:
    """Somebody who is named and not enclosed: by an identifier, or by the sender's own address."""
    system = reference.text("identifier", "system").lower()
    value = reference.text("identifier", "value")
    target = reference.text("reference")
    number = None
    if value and has_any(system, meaning("systems")["nhs_number"]):
        number = _checked_number(value, reference.place("identifier", "value"))
    elif value:
        return Person(reference=f"{_owner(letter)}/{value}")
    tail = target.split("/_history/")[0].rpartition("/")[2]
    if number is None and nhs_number.is_valid(nhs_number.compact(tail)):
        number = nhs_number.compact(tail)
    if number is not None:
        return Person(reference=f"nhs:{number}", nhs_number=number)
    if not tail or target.startswith(("urn:", "#")):
        raise _nobody(reference.path)
    return Person(reference=f"{_owner(letter)}/{tail}"[:200])


def _owner(letter: Letter) -> str:
    """Whose numbers are those of which nobody says whose they are."""
    return source_of(letter.organisation, letter.sender)


def _checked_number(value: str, path: str) -> str:
    number = nhs_number.compact(value)
    if not nhs_number.is_valid(number):
        raise SenderFault(
            FaultReason.NHS_NUMBER_INVALID,
            f"the NHS number in {path} fails its check digit",
            field=path,
            remedy="trace the number and send it again; leave it out if it is not known",
        )
    return number


def _check_known(known: Known, person: Node) -> None:
    if not known.reference and known.number is None:
        raise _nobody(person.place("identifier"))


def _nobody(path: str) -> SenderFault:
    return SenderFault(
        FaultReason.MISSING_IDENTITY,
        f"{path} holds neither an NHS number nor a number of your own",
        field=path,
        remedy="send an identifier with the system https://fhir.nhs.uk/Id/nhs-number, one with a "
        "system of your own, or both",
    )


def _person(known: Known, person: Node, born: str | None) -> Person:
    names = person.all("name")
    official = [name for name in names if name.text("use") in {"", "official", "usual"}] or names
    name = official[0] if official else Node("name")
    return Person(
        reference=known.reference or f"nhs:{known.number}",
        nhs_number=known.number,
        family_name=name.text("family") or None,
        given_name=name.text("given") or None,
        birth_date=born,
        postcode=postcode_of(person) or None,
    )


def postcode_of(person: Node, *, old: bool = False) -> str:
    """The postcode of the present (or of the former) home address."""
    for address in person.all("address"):
        former = address.text("use") == "old" or bool(address.text("period", "end"))
        if former is old and address.text("use") in {"", "home", "old", "temp"}:
            return tidied(address.text("postalCode"))
    return ""


def moved_on(person: Node) -> str | None:
    """The day from which the present home address holds, where it is said."""
    for address in person.all("address"):
        start = address.first("period", "start")
        if start is not None and not address.text("period", "end"):
            return day(start.value, start.path)
    return None


def _is_mother(related: Node) -> bool:
    wanted = meaning("mother")["codes"]
    return any(code in wanted for code in codes_of(related.all("relationship")))


def _linked(letter: Letter, related: Node) -> Node | None:
    """The mother's own Patient: the one that says to be the same person as this related one."""
    for patient in letter.of_kind("Patient"):
        if any(letter.find(other) is related for other in patient.all("link", "other")):
            return patient
    return None


def _says_maternity(letter: Letter) -> bool:
    listed = meaning("maternity")
    for resource in letter.resources:
        for node in resource.walk():
            if node.name == "code" and node.value in listed["codes"]:
                return True
            if node.name in {"display", "text"} and has_any(node.value.lower(), listed["words"]):
                return True
    return False
