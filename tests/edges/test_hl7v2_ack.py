"""What a sender is answered; read with somebody else's parser."""

from datetime import UTC, datetime

import hl7
import pytest

from hub.core.faults import FaultReason, SenderFault
from hub.edges import hl7v2_ack
from hub.edges.hl7v2 import events_from
from hub.edges.hl7v2_profile import load_profile
from tests.edges.hl7_messages import message

NOW = datetime(2026, 3, 12, 12, 0, tzinfo=UTC)
PROFILE = load_profile()


def refusal(body: bytes) -> hl7.Message:
    """The answer to a message that cannot be mapped."""
    with pytest.raises(SenderFault) as refused:
        events_from(body, PROFILE, NOW)
    header = hl7v2_ack.header_of(body)
    return hl7.parse(hl7v2_ack.not_taken(header, NOW, refused.value, "q-abc").decode())


def test_a_taken_message_is_answered_aa() -> None:
    """To whom it came from, with its own control id and trigger, and no ERR."""
    answer = hl7.parse(hl7v2_ack.taken(hl7v2_ack.header_of(message("a01-admitted")), NOW).decode())
    header = answer.segment("MSH")
    assert ["PERINATAL_HUB", "MAT_PAS", "RXX"] == [str(header(n)) for n in (3, 5, 6)]
    assert ["20260312120000+0000", "ACK^A01^ACK", "P", "2.4"] == [
        str(header(n)) for n in (7, 9, 11, 12)
    ]
    assert ["AA", "M-A01"] == [str(answer.segment("MSA")(n)) for n in (1, 2)]
    assert ["MSH", "MSA"] == [str(segment[0]) for segment in answer]


def test_a_fault_is_answered_with_place_reason_remedy_and_quarantine_id() -> None:
    """The wrong number: AE, PID-3, and never the number itself."""
    answer = refusal(message("bad-number-no-visit-stray-line"))
    assert ["AE", "B-GB"] == [str(answer.segment("MSA")(n)) for n in (1, 2)]
    error = answer.segment("ERR")
    assert str(error(2)) == "PID^1^3^1"
    assert str(error(3)) == "102^Data type error^HL70357"
    assert ["E", "nhs_number_invalid"] == [str(error(4)), str(error(5))]
    assert "q-abc" in str(error(7))
    assert "trace the number" in str(error(8))
    assert "1234567" not in str(answer)
    assert "EMMA" not in str(answer)


@pytest.mark.parametrize(
    ("name", "code", "condition", "location"),
    [
        ("bad-training", "AR", "202", "MSH^1^11^1"),
        ("bad-version", "AR", "203", "MSH^1^12^1"),
        ("bad-type", "AR", "200", "MSH^1^9^1^1"),
        ("bad-trigger", "AR", "201", "MSH^1^9^1^2"),
        ("bad-no-visit", "AE", "100", "PV1^1^^1"),
        ("bad-no-visit-number", "AE", "101", "PV1^1^19^1^1"),
        ("bad-nobody", "AE", "101", "PID^1^3^1"),
        ("bad-gestation-fraction", "AE", "102", "OBX^1^5^1"),
        ("bad-stray-line", "AE", "100", ""),
    ],
)
def test_the_codes_are_those_of_hl7(name: str, code: str, condition: str, location: str) -> None:
    """AR for what we do not take at all, AE for what is wrong inside; table 0357 says which."""
    answer = refusal(message(name))
    assert code == str(answer.segment("MSA")(1))
    assert condition == str(answer.segment("ERR")(3)).partition("^")[0]
    assert location == str(answer.segment("ERR")(2))


def test_kafka_away_is_answered_try_again() -> None:
    """AE with 207, and the text says that nothing was kept."""
    header = hl7v2_ack.header_of(message("a01-admitted"))
    answer = hl7.parse(hl7v2_ack.try_again(header, NOW).decode())
    assert ["AE", "M-A01"] == [str(answer.segment("MSA")(n)) for n in (1, 2)]
    assert str(answer.segment("ERR")(3)).startswith("207^")
    assert "Try again later" in str(answer.segment("ERR")(8))
    assert "Nothing was kept" in str(answer.segment("ERR")(8))


def test_a_message_without_a_header_is_answered_all_the_same() -> None:
    """There is no control id to echo."""
    answer = refusal(b"hello")
    assert ["AE", ""] == [str(answer.segment("MSA")(n)) for n in (1, 2)]


def test_what_is_echoed_cannot_break_the_answer() -> None:
    """A control id with our separators in it, from a sender who uses others, is escaped."""
    body = b"MSH#*+!%#A|B#RXX#####ADT*A01#x|y^z#P#2.4"
    header = hl7v2_ack.header_of(body)
    answer = hl7v2_ack.taken(header, NOW).decode()
    assert "MSA|AA|x\\F\\y\\S\\z\r" in answer
    assert "A\\F\\B" in answer


@pytest.mark.parametrize("reason", list(FaultReason))
def test_every_reason_has_a_condition(reason: FaultReason) -> None:
    """A new reason without one would end the connection instead of answering."""
    assert 100 <= hl7v2_ack.condition(SenderFault(reason, "x")) <= 207


@pytest.mark.parametrize(
    ("field", "place"),
    [("source", "MSH"), ("subject.nhs_number", "PID"), ("time", "EVN"), ("data.edd", "")],
)
def test_the_doors_own_paths_are_translated(field: str, place: str) -> None:
    """The check behind the mapping speaks of JSON paths; the sender wrote HL7."""
    fault = SenderFault(FaultReason.SCHEMA_VIOLATION, "x", field=field)
    answer = hl7.parse(hl7v2_ack.not_taken(None, NOW, fault, "q-1").decode())
    assert place == str(answer.segment("ERR")(2)).partition("^")[0]
