"""Any bytes become events, a reason for none, or a fault; and each piece is accounted for."""

from datetime import UTC, datetime

import pytest

from hub.core.faults import SenderFault
from hub.edges.anything import LARGEST, Outcome, Part, Reader, read_anything
from hub.edges.avro import encode_event
from hub.edges.formats import Format, pieces_of
from hub.edges.hl7v2_profile import load_profile
from hub.edges.mapped import HUBS_OWN_FAULT, IN_WORDS, Ignored, safely
from tests.edges.hl7_messages import message
from tests.house.tree import ROOT

NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
READER = Reader(received_at=NOW, profile=load_profile())
BOOKING = (ROOT / "docs/publish/examples/booking.json").read_bytes()
ADMITTED, DISCHARGED = message("a01-admitted"), message("a03-discharged")


def parts(body: bytes) -> tuple[Part, ...]:
    """The outcome of each piece."""
    return read_anything(body, READER)


def outcomes(body: bytes) -> list[tuple[str, str]]:
    """Format and outcome of each piece."""
    return [(part.format.value, part.outcome.value) for part in parts(body)]


def framed(*messages: bytes) -> bytes:
    """Messages in MLLP frames."""
    return b"".join(b"\x0b" + each + b"\x1c\r" for each in messages)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (ADMITTED, [("hl7v2", "events")]),
        (b"\xef\xbb\xbf" + ADMITTED, [("hl7v2", "events")]),
        (ADMITTED.replace(b"\r", b"\n"), [("hl7v2", "events")]),
        (ADMITTED.decode().encode("utf-16"), [("hl7v2", "events")]),
        (framed(ADMITTED, DISCHARGED), [("hl7v2", "events")] * 2),
        (ADMITTED + DISCHARGED, [("hl7v2", "events")] * 2),
        (
            b"FHS|^~\\&|A\rBHS|^~\\&|A\r" + ADMITTED + DISCHARGED + b"BTS|2\rFTS|1\r",
            [("hl7v2", "events")] * 2,
        ),
        (BOOKING, [("hub-json", "events")]),
        (b"\xef\xbb\xbf" + BOOKING, [("hub-json", "events")]),
    ],
    ids=["plain", "marked", "lines", "wide", "frames", "file", "batch", "json", "json-marked"],
)
def test_a_format_is_found_without_being_told(body: bytes, expected: list[object]) -> None:
    """Whatever a sender's system wraps around a message."""
    assert expected == outcomes(body)


def test_a_record_of_a_topic_is_read_too() -> None:
    """Avro as it lies on Kafka."""
    (event,) = parts(BOOKING)[0].events
    (part,) = parts(encode_event(event))
    assert (Format.HUB_AVRO, (event,)) == (part.format, part.events)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "nothing in it"),
        (b" \r\n", "nothing in it"),
        (b"%PDF-1.7 ...", "a PDF document"),
        (b"PK\x03\x04...", "a ZIP or Office file"),
        (b"<html><body/></html>", "XML, but not FHIR"),
        (b'<ClinicalDocument xmlns="urn:hl7-org:v3"/>', "not a discharge summary"),
        (b'<PRPA_IN1 xmlns="urn:hl7-org:v3"/>', "an HL7 v3 message"),
        (b"name,born\nA,B", "no format"),
        (b'{"a": 1}', "neither FHIR"),
        (b'{"a": ', "not complete JSON"),
        (b"[]", "no format"),
        (b"FHS|^~\\&|A\r", "no MSH segment"),
        (b"\x00\x00\x00\x00\x07abc", ""),
    ],
)
def test_what_is_not_understood_says_what_it_is_and_what_to_send(body: bytes, told: str) -> None:
    """A reason that its sender can act on, never a shrug."""
    (part,) = parts(body)
    assert (Outcome.QUARANTINED, True) == (part.outcome, told in part.explanation)
    assert part.reason
    assert part.remedy


@pytest.mark.parametrize(
    ("body", "count"),
    [
        (framed(ADMITTED) + b"\x0b" + DISCHARGED, 2),
        (b"\x0b" + ADMITTED, 1),
        (framed(ADMITTED) + b"rest", 2),
        (b"BHS|^~\\&|A\r" + ADMITTED + b"BTS|2\r", 2),
        (b"MSH|bad\r" + ADMITTED, 2),
    ],
    ids=["no-end", "only-start", "rest", "one-lost", "one-bad"],
)
def test_of_several_messages_none_is_passed_over(body: bytes, count: int) -> None:
    """What is broken has its own outcome, and takes nothing with it."""
    found = parts(body)
    assert (count, 1) == (
        len(found),
        sum(part.outcome is Outcome.QUARANTINED for part in found),
    )


def test_what_is_too_large_is_not_read() -> None:
    """The bound of the door is the bound here."""
    (part,) = parts(b"M" * (LARGEST + 1))
    assert (Outcome.QUARANTINED, "oversize") == (part.outcome, part.reason)


def test_every_reason_to_ignore_has_its_sentence() -> None:
    """Whoever is told that nothing was passed on is told why."""
    assert set(Ignored) == set(IN_WORDS)


def test_lines_of_json_are_pieces() -> None:
    """Bulk exports write one resource in each line."""
    one = BOOKING.replace(b"\n", b"")
    assert [Format.HUB_JSON] * 2 == [piece.format for piece in pieces_of(one + b"\n" + one + b"\n")]


def test_a_defect_of_ours_keeps_the_message() -> None:
    """Whatever goes wrong while reading, the sender gets a fault and the original is kept."""

    def fails() -> None:
        raise ZeroDivisionError("Ada Quillfeather")

    with pytest.raises(SenderFault) as raised:
        safely(fails)
    assert raised.value.message.startswith(HUBS_OWN_FAULT)
    assert "Quillfeather" not in raised.value.message + raised.value.remedy
