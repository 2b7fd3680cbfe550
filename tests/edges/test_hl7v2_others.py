"""What a whole hospital's HL7 v2 feed holds besides: other kinds of message, other units, DNAs."""

from datetime import UTC, datetime

import pytest

from hub.core.faults import SenderFault
from hub.edges.hl7v2 import events_from
from hub.edges.mapped import Ignored, Mapped
from tests.edges.test_hl7v2_habits import NOW, PROFILE, RECORD, mapped, only, person, visit


@pytest.mark.parametrize(
    "trigger",
    [
        "ORM^O01",
        "OMG^O19",
        "OML^O21",
        "RDE^O11",
        "RDS^O13",
        "DFT^P03",
        "BAR^P01",
        "VXU^V04",
        "MFN^M02",
    ],
)
def test_orders_medicines_bills_and_lists_are_for_others(trigger: str) -> None:
    """A whole hospital's feed has them, some about no person; nothing is to come of them."""
    assert Mapped((), Ignored.NO_EVENT_TYPE) == mapped(trigger, ["ORC", "NW", "1"])


def test_a_training_message_is_refused_of_whatever_kind_it_is() -> None:
    """And a question that wants an answer is one that nobody here gives."""
    for trigger, processing in (("ORM^O01", "T"), ("QRY^A19", "P")):
        lines = [
            f"MSH|^~\\&|PAS|RXX|HUB|HUB|20260312101500||{trigger}|H-1|{processing}|2.4",
            "ORC|NW|1",
        ]
        with pytest.raises(SenderFault) as refused:
            events_from("\r".join(lines).encode(), PROFILE, NOW)
        assert "unsupported_message" == refused.value.reason.value


@pytest.mark.parametrize("trigger", ["ADT^A04", "ADT^A05"])
def test_a_medical_assessment_unit_is_no_place_of_maternity(trigger: str) -> None:
    """The letters of two units: something else must say which."""
    found = mapped(trigger, person(), visit("MAU"))
    assert [] == [each.type for each in found.events if each.type.startswith("pregnancy.")]


@pytest.mark.parametrize(
    "more", [visit("MAU", f10="501"), visit("MAU", f3="MAU^Maternity Assessment Unit")]
)
def test_a_maternity_assessment_unit_is_one_where_something_says_so(more: list[str]) -> None:
    """The service of the stay, or a word."""
    assert "pregnancy.notified" == only("ADT^A04", person(), more).type


@pytest.mark.parametrize("trigger", ["SIU^S15", "SIU^S17", "SIU^S26"])
@pytest.mark.parametrize(
    "why",
    [
        "DNA",
        "DNA^Did not attend",
        "04^Patient did not attend",
        "^No show",
        "X^^^DNA",
        "^Failed to attend",
    ],
)
def test_an_appointment_cancelled_because_she_did_not_come_was_missed(
    trigger: str, why: str
) -> None:
    """Some systems close it so; whoever cancels nothing is looked for, and not written off."""
    schedule = ["SCH", "P-1", "F-1", "", "", "", why, "ANC^Antenatal clinic", "", "", ""]
    schedule += ["^^^20260312093000"]
    event = only(trigger, schedule, person())
    assert ("contact.missed", "DNA") == (event.type, event.body["outcome"])
    assert datetime(2026, 3, 12, 9, 30, tzinfo=UTC) == event.occurred_at
    theirs = person("100999^^^RXX^MR", "20260310", f21=RECORD)
    assert "WNB" == only(trigger, schedule, theirs).body["outcome"]


def test_a_missed_appointment_without_its_time_was_missed_all_the_same() -> None:
    """The message is the last word of it."""
    schedule = ["SCH", "P-1", "F-1", "", "", "", "DNA", "ANC^Antenatal clinic"]
    assert "DNA" == only("SIU^S15", schedule, person()).body["outcome"]


@pytest.mark.parametrize("why", ["^Patient unable to attend, cancelled by patient", "PAT^Patient"])
def test_whoever_said_so_before_has_cancelled(why: str) -> None:
    """Not to be able to come is not to stay away."""
    schedule = ["SCH", "P-1", "F-1", "", "", "", why, "ANC^Antenatal clinic"]
    assert "cancelled_by_person" == only("SIU^S15", schedule, person()).body["outcome"]
