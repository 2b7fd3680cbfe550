"""The door for events: what is let in, and what the sender is told when it is not."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from hub.core.faults import FaultReason, SenderFault
from hub.core.model import Actor, Event, Person, Purpose
from hub.edges import avro
from hub.edges.schemas import default_schemas
from tests.schemas.examples import REPLACEMENT

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CANARY = "Zebedee Quux"
BOOKED: dict[str, Any] = {
    "specversion": "1.0",
    "id": "booking-1",
    "type": "pregnancy.booked",
    "source": "RXX:MAT_PAS",
    "time": "2026-03-01T10:30:00+01:00",
    "subject": {"reference": "mother-1", "nhs_number": "9990000018"},
    "actor": {"role": "MIDWIFE"},
    "labels": ["DA"],
    "data": {
        "booked_on": "2026-03-01",
        "edd": "2026-10-20",
        "edd_basis": "scan",
        "parity": 1,
        "planned_contacts": 7,
        "provider": "RXX",
        "named_midwife": {"id": "mw-1"},
        "hv_team_hint": "",
        "sharing_ref": "",
    },
}
CORRECTION: dict[str, Any] = {
    **{key: BOOKED[key] for key in ("specversion", "id", "source", "time", "subject")},
    "type": "event.corrected",
    "data": {"target_id": "old-1", "reason": "wrong_content", "replacement": "{}"},
}
RETRACTION: dict[str, Any] = {
    **CORRECTION,
    "type": "event.retracted",
    "data": {"target_id": "old-1", "reason": "unsafe"},
}


def test_an_event_enters_whole() -> None:
    """Instants become UTC, dates stay text, and what was not said is there as None."""
    expected = Event(
        id="booking-1",
        type="pregnancy.booked",
        source="RXX:MAT_PAS",
        occurred_at=datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
        received_at=NOW,
        subject=Person(reference="mother-1", nhs_number="9990000018"),
        actor=Actor(role="MIDWIFE"),
        purpose=Purpose.DIRECT_CARE,
        labels=("DA",),
        body={
            **BOOKED["data"],
            "named_midwife": {"id": "mw-1", "name": None, "phone": None},
            "gp_ods": None,
            "language": None,
            "interpreter": None,
            "vulnerabilities": [],
            "late_reason": [],
            "late_reason_revisit_on": None,
        },
    )

    assert expected == avro.event_from_json(json.dumps(BOOKED).encode(), NOW)


@pytest.mark.parametrize(
    ("sentence", "path", "value", "field"),
    [
        ("a date that is none", "data.edd", f"{CANARY}", "data.edd"),
        ("a day outside the calendar", "data.edd", "2026-02-30", "data.edd"),
        ("a date with a time of day", "data.edd", "2026-10-20T00:00:00Z", "data.edd"),
        ("a date without hyphens", "data.edd", "20261020", "data.edd"),
        ("an instant without offset", "time", "2026-03-01T10:30:00", "time"),
        ("an instant with a second too many", "time", "2026-03-01T10:30:61Z", "time"),
        ("an instant before the calendar", "time", "0001-01-01T00:00:00+14:00", "time"),
        ("a number as text", "data.parity", "1", "data.parity"),
        ("a truth value as number", "data.parity", True, "data.parity"),
        ("a number out of range", "data.parity", 31, "data.parity"),
        ("a code that is not on the list", "data.edd_basis", CANARY, "data.edd_basis"),
        ("a text where a record belongs", "data.named_midwife", CANARY, "data.named_midwife"),
        (
            "a record without its id",
            "data.named_midwife",
            {"name": CANARY},
            "data.named_midwife.id",
        ),
        ("a wrong item in a list", "labels", ["DA", 7], "labels.1"),
        ("a required field left empty", "id", "", "id"),
        ("a required field null", "data.edd", None, "data.edd"),
        ("an id too long", "id", "x" * 201, "id"),
        ("a NUL in a name", "subject.family_name", f"{CANARY}\0", "subject.family_name"),
        ("half a surrogate pair", "subject.family_name", "\ud800", "subject.family_name"),
        ("a field that the schema lacks", "data.colour", CANARY, "data.colour"),
        ("an unknown field of the subject", "subject.shoe_size", 7, "subject.shoe_size"),
        ("our own stamp", "receivedat", "2026-03-01T10:30:00Z", "receivedat"),
        ("another version of CloudEvents", "specversion", "0.3", "specversion"),
        ("a correction in disguise", "status", "corrected", "status"),
        ("a replacement in disguise", "supersedes", "old-1", "supersedes"),
        ("no type at all", "type", None, "type"),
        ("an identity as name of a field", f"data.{CANARY}", 1, "data.(unreadable name)"),
    ],
)
def test_a_wrong_field_is_named_and_its_value_is_not_repeated(
    sentence: str, path: str, value: object, field: str
) -> None:
    """Each is refused with the path of the field and a remedy that holds nothing of what came."""
    fault = _refused(_with(BOOKED, path, value))

    assert (FaultReason.SCHEMA_VIOLATION, field) == (fault.reason, fault.field), sentence
    said = f"{fault} {fault.message} {fault.remedy} {fault.field}"
    assert fault.remedy
    assert CANARY not in said
    assert fault.__cause__ is None
    assert fault.__suppress_context__ or fault.__context__ is None


@pytest.mark.parametrize("field", ["edd", "provider", "named_midwife"])
def test_a_missing_field_is_named(field: str) -> None:
    """Required fields of the body, one at a time."""
    body = {key: value for key, value in BOOKED["data"].items() if key != field}

    fault = _refused({**BOOKED, "data": body})

    assert f"data.{field}" == fault.field
    assert fault.remedy == "give this field: it is required"


def test_all_wrong_fields_are_named_at_once() -> None:
    """A sender who has three things to mend learns of all three."""
    fault = _refused(_with(_with(_with(BOOKED, "data.edd", 1), "data.parity", "x"), "id", ""))

    assert all(one in fault.message for one in ("data.edd", "data.parity", "id"))


def test_allowed_codes_are_listed() -> None:
    """The remedy says what would be right."""
    fault = _refused(_with(BOOKED, "data.edd_basis", "guess"))

    assert all(one in fault.remedy for one in ("LMP", "scan", "fundal", "stated", "unknown"))


def test_an_unknown_type_is_answered_with_the_types_there_are() -> None:
    """The types are public; nothing of what came is repeated."""
    fault = _refused({**BOOKED, "type": CANARY})

    assert fault.reason is FaultReason.UNKNOWN_EVENT_TYPE
    assert fault.field == "type"
    assert "pregnancy.booked" in fault.remedy
    assert CANARY not in f"{fault.message} {fault.remedy}"


def test_what_cloudevents_libraries_add_is_let_in() -> None:
    """They write the content type unasked."""
    sent = {**BOOKED, "datacontenttype": "application/json"}

    assert avro.event_from_json(BOOKED, NOW) == avro.event_from_json(sent, NOW)


def test_the_sender_is_left_its_own_dict() -> None:
    """The door changes nothing of what it is given."""
    sent = {**BOOKED, "datacontenttype": "application/json"}

    avro.event_from_json(sent, NOW)

    assert {**BOOKED, "datacontenttype": "application/json"} == sent


def test_every_door_is_as_narrow_as_the_first() -> None:
    """An event built by a mapping of ours, or written to Kafka by a stranger, is checked alike."""
    event = avro.event_from_json(BOOKED, NOW)
    wrong = msgspec.structs.replace(event, body={**event.body, "colour": CANARY})

    with pytest.raises(SenderFault) as caught:
        avro.encode_event(wrong)

    assert caught.value.field == "data.colour"
    assert CANARY not in str(caught.value)


def test_a_stranger_on_kafka_meets_the_same_limits() -> None:
    """Avro itself would let a NUL and a parity of minus one through."""
    for field, value in (("hv_team_hint", "a\0b"), ("parity", -1)):
        event = avro.event_from_json(BOOKED, NOW)
        # An input's event is written unchecked, which is how a stranger's library would write it.
        written = avro._codec()._event_inside(
            msgspec.structs.replace(event, body={**event.body, field: value})
        )
        with pytest.raises(SenderFault) as caught:
            avro.decode_event(written, NOW)
        assert f"data.{field}" == caught.value.field


def test_a_correction_carries_a_whole_right_event() -> None:
    """The replacement passes the same door, at every way in."""
    sent = _with(CORRECTION, "data.replacement", json.dumps(REPLACEMENT))

    event = avro.event_from_json(sent, NOW)

    assert event == avro.decode_event(avro.encode_event(event), NOW)


@pytest.mark.parametrize(
    ("replacement", "field"),
    [
        ("no json", "data.replacement"),
        (json.dumps({**REPLACEMENT, "data": {}}), "data.replacement.data.edd"),
        (json.dumps({**REPLACEMENT, "type": "nothing.known"}), "data.replacement.type"),
        (json.dumps({**CORRECTION}), "data.replacement.data.replacement.type"),
        (json.dumps(RETRACTION), "data.replacement.type"),
    ],
)
def test_a_correction_with_a_wrong_event_is_refused(replacement: str, field: str) -> None:
    """The path leads into the replacement."""
    fault = _refused(_with(CORRECTION, "data.replacement", replacement))

    assert field == fault.field


def test_a_wrong_replacement_is_refused_at_every_door() -> None:
    """A mapping of ours and a stranger on Kafka are held to it like a sender of JSON."""
    right = avro.event_from_json(
        _with(CORRECTION, "data.replacement", json.dumps(REPLACEMENT)), NOW
    )
    wrong = msgspec.structs.replace(right, body={**right.body, "replacement": "{}"})
    written = avro._codec()._event_inside(wrong)

    for act in (lambda: avro.encode_event(wrong), lambda: avro.decode_event(written, NOW)):
        with pytest.raises(SenderFault) as caught:
            act()
        assert caught.value.field == "data.replacement.type"


def test_sections_left_out_of_a_discharge_summary_count_as_not_completed() -> None:
    """A summary without the part that matters must arrive and be a gap, not be turned away."""
    sent = {
        **BOOKED,
        "type": "discharge.summary",
        "data": {
            "subject": "mother",
            "discharged_at": "2026-03-01T10:30:00Z",
            "issued_at": "2026-03-01T10:30:00Z",
            "sections": {},
        },
    }

    sections = avro.event_from_json(sent, NOW).body["sections"]

    nobody_looked = {"state": "not_completed", "checked_by": None, "text": None}
    assert nobody_looked == sections["safeguarding_concerns"]
    assert nobody_looked == sections["social_circumstances"]
    assert sections["mental_health_history"] is None


def test_every_event_type_is_described_for_openapi() -> None:
    """The gateway shows the same rules that the door applies, under the names of the wire."""
    described = avro.openapi_schemas()

    assert set(default_schemas().event_types()) == set(described)
    booked = described["pregnancy.booked"]
    assert {"id", "type", "source", "time", "subject", "data"} == set(booked["required"])
    assert booked["additionalProperties"] is False
    body = booked["$defs"]["PregnancyBookedBody"]["properties"]
    assert ("date", "Estimated date of delivery.") == (
        body["edd"]["format"],
        body["edd"]["description"],
    )


def _with(event: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    head, _, rest = path.partition(".")
    if rest:
        return {**event, head: _with(event[head], rest, value)}
    return {**event, head: value}


def _refused(sent: dict[str, Any]) -> SenderFault:
    with pytest.raises(SenderFault) as caught:
        avro.event_from_json(sent, NOW)
    return caught.value
