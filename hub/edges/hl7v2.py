"""HL7 v2 to events: a pure mapping, one function for each kind of trigger.

    A01 A02 A03 A11 A12 A13   encounter.updated
    A04                       pregnancy.notified, or an admission; see `_attended`
    A05                       pregnancy.booked with a due date, else pregnancy.referral-received
    A08 A28 A31               demographics.changed (practice, address, death)
    A34 A40 A47               demographics.changed (nhs_merge)
    MDM SIU ORU^R01           see hl7v2_documents, hl7v2_appointments, hl7v2_results

Orders, medicines, bills, vaccinations and lists are ignored; anything else is refused as
unsupported.  Which field holds what is the site's profile, not code.
The same message maps to the same event ids, so a resend is the same event.  A message that tells
the hub nothing it could pass on is *ignored*, with a reason, and is answered as taken.

A correction (A08) restates everything and does not say what has changed; so do A28 and A31.  The
events of these say what holds now, `from` is absent, and whoever knows the episode sees whether
it is news.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from hub.core.model import Actor, Event, type_of_body
from hub.edges import hl7v2_appointments as appointments
from hub.edges import hl7v2_documents as documents
from hub.edges.hl7v2_booking import booked, gestation_of, redated, referral_received
from hub.edges.hl7v2_concern import of_nobody_here, says_maternity, says_pregnant
from hub.edges.hl7v2_draft import Draft
from hub.edges.hl7v2_message import FieldMissing, day, instant, read
from hub.edges.hl7v2_people import identifiers
from hub.edges.hl7v2_profile import Profile
from hub.edges.hl7v2_reading import Reading, of_others, reading_of, supported
from hub.edges.hl7v2_results import results
from hub.edges.mapped import Ignored, Mapped
from hub.edges.postcodes import tidied

_DEAD: Final = frozenset({"Y", "YES"})


def events_from(body: bytes, profile: Profile, received_at: datetime) -> Mapped:
    """The events of one HL7 v2 message, as bytes without a frame.

    Raises SenderFault; its `field` is an HL7 place (`PID-3`), never a value.
    """
    message = read(body)
    if of_others(message, profile):
        return Mapped((), Ignored.NO_EVENT_TYPE)
    trigger = supported(message, profile, _TRIGGERS)
    reading = reading_of(message, profile)
    told = of_nobody_here(reading, trigger) or _TRIGGERS[trigger](reading)
    message.require_segments()
    if isinstance(told, Ignored):
        return Mapped((), told)
    drafts = enumerate(told, start=1)
    return Mapped(tuple(_event(reading, draft, n, received_at) for n, draft in drafts))


def _event(reading: Reading, draft: Draft, number: int, received_at: datetime) -> Event:
    event_id = f"hl7:{reading.facility}:{reading.control_id}"
    facts = reading.message.first("EVN")
    operator = facts.value(5) if facts else ""
    organisation = reading.source.partition(":")[0]
    return Event(
        id=draft.event_id or (event_id if number == 1 else f"{event_id}:{number}"),
        type=draft.type,
        source=reading.source,
        occurred_at=draft.occurred_at or reading.occurred_at,
        received_at=received_at,
        recorded_at=reading.recorded_at,
        subject=reading.people.subject,
        actor=Actor(id=operator or None, org=organisation),
        body=draft.body,
    )


# --- one function for each kind of trigger --------------------------------------------------


def _encounter(reading: Reading, kind: str, *, at_field: int | None = None) -> list[Draft]:
    """A stay has changed.  `at_field` is the PV1 field that says when."""
    visit = reading.message.need("PV1")
    encounter_id, place = reading.profile.value(reading.message, "encounter")
    if not encounter_id:
        raise FieldMissing(place)
    destination, _ = reading.profile.value(reading.message, "destination")
    body: type_of_body = {
        "subject": "baby" if reading.people.baby_id else "mother",
        "baby_id": reading.people.baby_id,
        "encounter_id": encounter_id,
        "kind": kind,
        "ward": reading.ward,
        "destination": None,
    }
    if kind == "discharged":
        body["destination"] = reading.profile.destinations.get(destination, destination) or None
    at = instant(visit.value(at_field), f"PV1-{at_field}") if at_field else None
    return [Draft("encounter.updated", body, at)]


def _means_pregnant(reading: Reading, ward: str) -> bool:
    """Whether to attend there means that she is pregnant, by the place or by what else is said."""
    profile = reading.profile
    if ward in profile.maternity_or_medicine:
        return says_maternity(reading)
    return ward in profile.maternity or (ward in profile.emergency and says_pregnant(reading))


def _attended(reading: Reading) -> "list[Draft] | Ignored":
    """Someone came without being expected.

    At a maternity triage place she is pregnant; at an emergency department only if the message
    says so, and at a place whose letters may mean medicine only if something says maternity.
    Elsewhere it is a registration: an admission, unless it is of an outpatient.
    """
    message, profile = reading.message, reading.profile
    visit = message.need("PV1")
    ward = reading.ward.upper()
    if _means_pregnant(reading, ward):
        body: type_of_body = {
            "learnt_on": reading.today,
            "how_known": "clinician",
            "gestation": gestation_of(message, profile),
            "booked_status": "unknown",
            "entry_route": "unscheduled",
            "first_baby": None,
            "age_at_lmp": None,
        }
        return [Draft("pregnancy.notified", body)]
    if ward in profile.emergency:
        return Ignored.NO_PREGNANCY
    if visit.value(2) == "O":
        return Ignored.OUTPATIENT
    return _encounter(reading, "admitted", at_field=44)


def _expected(reading: Reading) -> "list[Draft] | Ignored":
    """A booking or, without a due date, a referral for one; any other operation has an A05 too."""
    message, profile = reading.message, reading.profile
    if not message.all("ZPR") and not says_maternity(reading):
        return Ignored.NO_PREGNANCY
    if profile.value(message, "edd")[0]:
        provider = reading.source.partition(":")[0]
        return [Draft("pregnancy.booked", booked(message, profile, provider))]
    body = referral_received(message, profile, reading.today)
    return [Draft("pregnancy.referral-received", body)]


def _restated(reading: Reading) -> "list[Draft] | Ignored":
    """What the message says of practice, address, due date and death; nothing else is routed.

    Sites send a re-dating as an update of the whole record, so the due date is passed on as one;
    the core knows whether it is another.
    """
    drafts: list[Draft] = []
    practice, _ = reading.profile.value(reading.message, "practice")
    if practice:
        drafts.append(_demographic(reading, "gp", practice))
    postcode, _ = reading.profile.value(reading.message, "postcode")
    if postcode:
        drafts.append(_demographic(reading, "address", f"{tidied(postcode)}|"))
    if reading.profile.value(reading.message, "edd")[0]:
        drafts.append(Draft("pregnancy.dated", redated(reading.message, reading.profile)))
    drafts += _death(reading)
    return drafts or Ignored.NOTHING_TO_ROUTE


def _discharged(reading: Reading) -> list[Draft]:
    """The end of a stay; who died in it is discharged by the same message that says so."""
    return [*_encounter(reading, "discharged", at_field=45), *_death(reading)]


def _death(reading: Reading) -> list[Draft]:
    """A death, by its indicator, or by its day where nobody filled the indicator in."""
    person = reading.message.need("PID")
    died_on, indicator = day(person.value(29), "PID-29"), person.value(30).upper()
    if indicator not in _DEAD and (indicator or died_on is None):
        return []
    return [_demographic(reading, "death", None, effective=died_on or reading.today)]


def _merged(reading: Reading) -> list[Draft]:
    """Two records were one person: NHS numbers where both have one, else the local references."""
    organisation = reading.source.partition(":")[0]
    old = identifiers(reading.message.need("MRG"), 1, reading.profile, organisation)
    new = identifiers(reading.message.need("PID"), 3, reading.profile, organisation)
    if old.nhs_number and new.nhs_number and old.nhs_number != new.nhs_number:
        return [_demographic(reading, "nhs_merge", new.nhs_number, was=old.nhs_number)]
    was, now = (
        each.reference or (each.nhs_number and f"nhs:{each.nhs_number}") for each in (old, new)
    )
    if not was:
        raise FieldMissing("MRG-1")
    if not now:
        raise FieldMissing("PID-3")
    return [_demographic(reading, "nhs_merge", now, was=was)]


def _demographic(
    reading: Reading,
    kind: str,
    now: str | None,
    *,
    was: str | None = None,
    effective: str | None = None,
) -> Draft:
    body: type_of_body = {
        "kind": kind,
        "baby_id": reading.people.baby_id,
        "from": was,
        "to": now,
        "effective": effective or reading.today,
    }
    return Draft("demographics.changed", body)


_TRIGGERS: Final[Mapping[str, Callable[[Reading], list[Draft] | Ignored]]] = {
    "ADT^A01": lambda reading: _encounter(reading, "admitted", at_field=44),
    "ADT^A02": lambda reading: _encounter(reading, "transferred"),
    "ADT^A03": _discharged,
    "ADT^A04": _attended,
    "ADT^A05": _expected,
    "ADT^A08": _restated,
    "ADT^A11": lambda reading: _encounter(reading, "admission_cancelled"),
    "ADT^A12": lambda reading: _encounter(reading, "transfer_cancelled"),
    "ADT^A13": lambda reading: _encounter(reading, "discharge_cancelled"),
    "ADT^A28": _restated,
    "ADT^A31": _restated,
    "ADT^A34": _merged,
    "ADT^A40": _merged,
    "ADT^A47": _merged,
    "MDM^T01": documents.without_content,
    "MDM^T02": documents.document,
    "MDM^T03": documents.without_content,
    "MDM^T04": documents.changed,
    "MDM^T05": documents.without_content,
    "MDM^T06": documents.document,
    "MDM^T07": documents.without_content,
    "MDM^T08": documents.document,
    "MDM^T09": documents.without_content,
    "MDM^T10": documents.document,
    "MDM^T11": documents.cancelled,
    "ORU^R01": results,
    "SIU^S12": appointments.scheduled,
    "SIU^S13": appointments.scheduled,
    "SIU^S14": appointments.scheduled,
    "SIU^S15": appointments.cancelled,
    "SIU^S16": appointments.of_others,
    "SIU^S17": appointments.cancelled,
    **{f"SIU^S{number}": appointments.of_others for number in range(18, 26)},
    "SIU^S26": appointments.not_attended,
}
