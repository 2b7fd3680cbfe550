"""Who an HL7 v2 message is about: the mother, and the baby where it is the baby's own record."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from hub.core.faults import FaultReason, SenderFault
from hub.core.model import Person
from hub.edges import nhs_number
from hub.edges.hl7v2_message import Message, Segment, day
from hub.edges.hl7v2_profile import Profile

BABY_UNTIL: Final = timedelta(days=2 * 365)
"""An episode follows a baby to one year, two with perinatal mental health care (domain 4.2)."""


@dataclass(frozen=True, slots=True)
class Identifiers:
    """The two identifiers that the hub reads of a list of them."""

    reference: str
    """`AUTHORITY/NUMBER` of the local record, or an empty string."""
    nhs_number: str | None


@dataclass(frozen=True, slots=True)
class People:
    """Who is meant, and the publisher's id of the baby when the record is the baby's."""

    subject: Person
    """The mother, or the baby where nothing says who the mother is."""
    baby_id: str | None = None


def people(message: Message, profile: Profile, organisation: str, at: datetime) -> People:
    """Read PID.  Raises SenderFault naming the field.

    A record is a baby's when its birth date is within `BABY_UNTIL` of the event; then PID-21 says
    who the mother is, because the mother's episode is where everything about a baby goes.  Without
    it the event is the baby's own: the identity agent knows whose baby it is, or waits for a birth.
    """
    person = message.need("PID")
    own = identifiers(person, 3, profile, organisation)
    _check(own, "PID-3")
    born = day(person.value(7), "PID-7")
    if born is None or date.fromisoformat(born) < at.date() - BABY_UNTIL:
        mother = Person(
            reference=_reference(own),
            nhs_number=own.nhs_number,
            family_name=person.value(5) or None,
            given_name=person.value(5, 2) or None,
            birth_date=born,
            postcode=person.value(11, 5) or None,
        )
        return People(mother)
    hers = identifiers(person, 21, profile, organisation)
    if not hers.reference and hers.nhs_number is None:
        return People(
            Person(reference=_reference(own), nhs_number=own.nhs_number, birth_date=born),
            _reference(own),
        )
    _check(hers, "PID-21")
    mother = Person(reference=_reference(hers), nhs_number=hers.nhs_number)
    return People(mother, _reference(own))


def identifiers(segment: Segment, field: int, profile: Profile, organisation: str) -> Identifiers:
    """Read a list of identifiers (CX) without judging them; the first of each kind is taken."""
    reference, number = "", None
    for written in segment.repetitions(field):
        value, authority, kind = (segment.component(written, n) for n in (1, 4, 5))
        if not value:
            continue
        if _is_nhs_number(profile, kind.upper(), (authority, segment.component(written, 4, 2))):
            number = number or nhs_number.compact(value)
        elif not reference and (not kind or kind.upper() in profile.record_types):
            owner = profile.facilities.get(authority, authority) or organisation
            reference = f"{owner}/{value}"
    return Identifiers(reference, number)


def _is_nhs_number(profile: Profile, kind: str, authorities: tuple[str, ...]) -> bool:
    """By its type; else by who gives it out, unless the type says that it is a record's."""
    if kind in profile.nhs_types:
        return True
    given_out = any(each.upper() in profile.nhs_authorities for each in authorities if each)
    return given_out and kind not in profile.record_types


def _check(found: Identifiers, place: str) -> None:
    if found.nhs_number is not None and not nhs_number.is_valid(found.nhs_number):
        raise SenderFault(
            FaultReason.NHS_NUMBER_INVALID,
            f"the NHS number in {place} fails its check digit",
            field=place,
            remedy="trace the number and send the message again; leave the number out if it is "
            "not known",
        )
    if not found.reference and found.nhs_number is None:
        raise SenderFault(
            FaultReason.MISSING_IDENTITY,
            f"{place} holds neither a local record number nor an NHS number",
            field=place,
            remedy=f"send {place} as NUMBER^^^AUTHORITY^MR, as NUMBER^^^NHS^NH, or both",
        )


def _reference(found: Identifiers) -> str:
    """The local reference; where there is none the number stands in, and never leaves the hub."""
    return found.reference or f"nhs:{found.nhs_number}"
