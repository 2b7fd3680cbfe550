"""HL7 v2 messages to events: one sentence for each case."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from hub.core.model import Event
from hub.edges import avro
from hub.edges.hl7v2 import events_from
from hub.edges.hl7v2_profile import load_profile
from hub.edges.mapped import Ignored, Mapped
from tests.edges.hl7_messages import message

NOW = datetime(2026, 3, 12, 12, 0, tzinfo=UTC)
PROFILE = load_profile()


def mapped(name: str, *, line_end: str = "\r") -> Mapped:
    """What a message of the folder says."""
    return events_from(message(name, line_end=line_end), PROFILE, NOW)


def only(name: str) -> Event:
    """The one event of a message."""
    (event,) = mapped(name).events
    return event


STAY = {"subject": "mother", "baby_id": None, "encounter_id": "V-77001", "ward": "MATWRD"}

ONE_EVENT: list[tuple[str, str, str, dict[str, Any]]] = [
    ("a01-admitted", "She is admitted.", "encounter.updated", {**STAY, "kind": "admitted"}),
    (
        "a02-transferred",
        "She is moved; the ward is the new one.",
        "encounter.updated",
        {**STAY, "kind": "transferred", "ward": "HDU"},
    ),
    (
        "a03-discharged",
        "She goes home; HL7's 01 is the data dictionary's 19.",
        "encounter.updated",
        {**STAY, "kind": "discharged", "destination": "19"},
    ),
    (
        "a03-discharged-baby",
        "A baby's own record is about the baby, in the mother's episode.",
        "encounter.updated",
        {"subject": "baby", "baby_id": "RXX/100999", "kind": "discharged", "destination": "19"},
    ),
    (
        "a03-baby-without-mother",
        "Nothing says who the mother is: the event is the baby's own.",
        "encounter.updated",
        {"subject": "baby", "baby_id": "RXX/100999", "kind": "discharged"},
    ),
    (
        "a11-admission-cancelled",
        "The admission was a mistake.",
        "encounter.updated",
        {**STAY, "kind": "admission_cancelled"},
    ),
    (
        "a12-transfer-cancelled",
        "The move was a mistake.",
        "encounter.updated",
        {**STAY, "kind": "transfer_cancelled"},
    ),
    (
        "a13-discharge-cancelled",
        "She did not go home after all.",
        "encounter.updated",
        {**STAY, "kind": "discharge_cancelled", "destination": None},
    ),
    (
        "a04-maternity-triage",
        "Who comes unannounced to maternity triage is pregnant, number or no number.",
        "pregnancy.notified",
        {
            "learnt_on": "2026-03-12",
            "how_known": "clinician",
            "booked_status": "unknown",
            "entry_route": "unscheduled",
            "gestation": {"weeks": 31, "days": 2, "basis": "unknown"},
        },
    ),
    (
        "a04-emergency-pregnant",
        "In the emergency department a diagnosis must say that she is pregnant.",
        "pregnancy.notified",
        {"entry_route": "unscheduled", "gestation": None},
    ),
    (
        "a04-ward",
        "A registration on a ward is an admission.",
        "encounter.updated",
        {**STAY, "kind": "admitted"},
    ),
    (
        "a05-booking",
        "A booking in our own ZPR segment.",
        "pregnancy.booked",
        {
            "booked_on": "2026-03-12",
            "edd": "2026-10-20",
            "edd_basis": "scan",
            "parity": 0,
            "planned_contacts": 10,
            "provider": "RXX",
            "named_midwife": {"id": "MW-7", "name": "JUNE OKORO", "phone": "00000 000000"},
            "gp_ods": "Y99001",
            "hv_team_hint": "HV-NORTH",
            "sharing_ref": "SP-1",
            "language": "EN",
            "interpreter": {"needed": "y", "lang": "pl"},
            "vulnerabilities": ["F11", "F14"],
            "late_reason": ["R2"],
        },
    ),
    (
        "a05-booking-observations",
        "Due date and parity may come as observations; the code says how it was dated.",
        "pregnancy.booked",
        {
            "edd": "2026-10-20",
            "edd_basis": "scan",
            "parity": 2,
            "hv_team_hint": "",
            "sharing_ref": "",
            "gp_ods": None,
            "interpreter": None,
        },
    ),
    (
        "a05-referral",
        "Without a due date it is a referral for booking.",
        "pregnancy.referral-received",
        {
            "received_on": "2026-03-12",
            "from": "other",
            "gp_ods": "Y99001",
            "gestation": {"weeks": 8, "days": 2, "basis": "unknown"},
        },
    ),
    (
        "a28-registered",
        "A new address; the postcode is put into its usual form.",
        "demographics.changed",
        {"kind": "address", "from": None, "to": "ZZ99 3WZ|", "effective": "2026-03-12"},
    ),
    (
        "a31-died",
        "A death, effective on its own day.",
        "demographics.changed",
        {"kind": "death", "effective": "2026-03-11"},
    ),
    (
        "a40-merged",
        "Two NHS numbers were one woman.",
        "demographics.changed",
        {"kind": "nhs_merge", "from": "9990000026", "to": "9990000018"},
    ),
    (
        "a40-merged-locally",
        "Two local records were one woman.",
        "demographics.changed",
        {"kind": "nhs_merge", "from": "RXX/100111", "to": "RXX/100234"},
    ),
    (
        "a01-note-first-and-escapes",
        "NTE before EVN, escapes, and identifiers without type codes are read.",
        "encounter.updated",
        {**STAY, "kind": "admitted"},
    ),
]


@pytest.mark.parametrize(
    ("name", "sentence", "event_type", "body"), ONE_EVENT, ids=[row[0] for row in ONE_EVENT]
)
def test_a_message_becomes_one_event(
    name: str, sentence: str, event_type: str, body: dict[str, Any]
) -> None:
    """Type and body as the row says, and the codec takes what the mapping made."""
    assert sentence
    event = only(name)
    assert event.type == event_type
    assert body == {key: event.body[key] for key in body}
    again = avro.decode_event(avro.encode_event(event), NOW)
    assert all(again.body[key] is None for key in again.body.keys() - event.body.keys())
    stated = {key: again.body[key] for key in event.body}
    assert msgspec.structs.replace(again, body=stated) == event


def test_a_restatement_becomes_one_event_for_each_thing_that_is_routed() -> None:
    """A08 with practice and postcode: two events, and the second has its own id."""
    practice, address = mapped("a08-practice-and-address").events
    assert ("gp", "Y99001") == (practice.body["kind"], practice.body["to"])
    assert ("address", "ZZ99 3WZ|") == (address.body["kind"], address.body["to"])
    assert ["hl7:RXX:M-A08", "hl7:RXX:M-A08:2"] == [practice.id, address.id]


IGNORED = [
    ("a04-emergency-not-pregnant", Ignored.NO_PREGNANCY),
    ("a04-outpatient", Ignored.OUTPATIENT),
    ("a08-nothing-to-route", Ignored.NOTHING_TO_ROUTE),
]


@pytest.mark.parametrize(("name", "why"), IGNORED)
def test_a_message_with_nothing_for_the_hub_is_ignored_with_a_reason(
    name: str, why: Ignored
) -> None:
    """Understood, and no event."""
    assert Mapped((), why) == mapped(name)


def test_the_envelope_says_who_and_when() -> None:
    """Source, derived id, actor, and the mother as the hospital knows her."""
    event = only("a01-admitted")
    assert ("RXX:MAT_PAS", "hl7:RXX:M-A01") == (event.source, event.id)
    assert datetime(2026, 3, 12, 9, 50, tzinfo=UTC) == event.occurred_at
    assert datetime(2026, 3, 12, 10, 10, tzinfo=UTC) == event.recorded_at
    assert event.received_at == NOW
    assert event.actor is not None
    assert ("S123", "RXX") == (event.actor.id, event.actor.org)
    mother = event.subject
    assert ("RXX/100234", "9990000018") == (mother.reference, mother.nhs_number)
    assert ("TESTER", "ANNA") == (mother.family_name, mother.given_name)
    assert ("1994-05-17", "ZZ99 3WZ") == (mother.birth_date, mother.postcode)


def test_a_babys_record_carries_the_mother_of_pid_21() -> None:
    """And nothing of the baby's name goes under the mother."""
    mother = only("a03-discharged-baby").subject
    assert ("RXX/100234", "9990000018") == (mother.reference, mother.nhs_number)
    assert (None, None) == (mother.family_name, mother.birth_date)


def test_local_times_are_london_and_offsets_are_obeyed() -> None:
    """20:00 on 28 March is still winter time; the baby's time gives its own offset."""
    assert datetime(2026, 3, 28, 20, 0, tzinfo=UTC) == only("a03-discharged").occurred_at
    assert datetime(2026, 3, 12, 10, 0, tzinfo=UTC) == only("a03-discharged-baby").occurred_at
    summer = message("a03-discharged").replace(b"20260328200000", b"20260329200000")
    (event,) = events_from(summer, PROFILE, NOW).events
    assert datetime(2026, 3, 29, 19, 0, tzinfo=UTC) == event.occurred_at


def test_escapes_are_resolved() -> None:
    r"""`\T\` is an ampersand, and `\X4F\` an O."""
    mother = only("a01-note-first-and-escapes").subject
    assert ("O&MALLEY", "SION") == (mother.family_name, mother.given_name)
    assert ("RXX/100235", "9990000026") == (mother.reference, mother.nhs_number)


@pytest.mark.parametrize("line_end", ["\r", "\n", "\r\n", "\r\r"])
@pytest.mark.parametrize("name", [row[0] for row in ONE_EVENT])
def test_line_ends_make_no_difference(name: str, line_end: str) -> None:
    """CR, LF, CRLF and blank lines."""
    assert mapped(name) == mapped(name, line_end=line_end)


def test_a_resend_is_the_same_event() -> None:
    """Whatever time it arrives at."""
    later = events_from(message("a01-admitted"), PROFILE, datetime(2026, 3, 13, tzinfo=UTC))
    assert [only("a01-admitted").id] == [event.id for event in later.events]
