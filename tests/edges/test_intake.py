"""What the door refuses, whichever language an event came in."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.core.faults import FaultReason, SenderFault
from hub.core.model import Event, Person
from hub.edges.intake import CLOCK_TOLERANCE, check_event

NOW = datetime(2026, 3, 12, 12, 0, tzinfo=UTC)
ANNA = Person(reference="RXX/100234", nhs_number="9990000018")


class Known:
    """A directory that knows one hospital."""

    def knows(self, ods: str) -> bool:
        """Only RXX."""
        return ods == "RXX"


def event(**changes: Any) -> Event:
    """A booking that passes, with changes."""
    usual: dict[str, Any] = {
        "id": "e1",
        "type": "pregnancy.booked",
        "source": "RXX:MAT_PAS",
        "occurred_at": NOW - timedelta(hours=1),
        "received_at": NOW,
        "subject": ANNA,
        "body": {"edd": "2026-10-20"},
    }
    return Event(**(usual | changes))


GESTATION = {"weeks": 20, "days": 5, "basis": "scan"}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "a booking as it should be"),
        ({"subject": Person(reference="x")}, "she need not have an NHS number"),
        ({"subject": Person(reference="", nhs_number="9990000026")}, "a number alone will do"),
        ({"occurred_at": NOW + CLOCK_TOLERANCE}, "a clock may be five minutes fast"),
        ({"body": {"edd": "2026-02-26"}}, "two weeks overdue is possible"),
        ({"body": {"edd": "2027-01-07"}}, "301 days ahead is possible"),
        ({"body": {"edd": "2026-10-20", "gestation": GESTATION}}, "20 weeks and 5 days"),
        (
            {"type": "caseload.snapshot", "subject": Person(reference=""), "body": {}},
            "a caseload is about nobody in particular",
        ),
    ],
)
def test_an_event_that_can_be_decided_passes(changes: dict[str, Any], sentence: str) -> None:
    """Each row says why it passes; a refusal raises."""
    assert sentence
    check_event(event(**changes), Known(), NOW)


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"source": "RYY:PAS"}, FaultReason.UNKNOWN_ORGANISATION, "source"),
        ({"source": ""}, FaultReason.UNKNOWN_ORGANISATION, "source"),
        (
            {"subject": Person(reference="x", nhs_number="9990000019")},
            FaultReason.NHS_NUMBER_INVALID,
            "subject.nhs_number",
        ),
        ({"subject": Person(reference=" ")}, FaultReason.MISSING_IDENTITY, "subject.reference"),
        (
            {"occurred_at": NOW + CLOCK_TOLERANCE + timedelta(seconds=1)},
            FaultReason.FROM_THE_FUTURE,
            "time",
        ),
        (
            {"occurred_at": datetime(1, 1, 1, tzinfo=UTC)},
            FaultReason.BEFORE_EPISODE,
            "time",
        ),
        ({"body": {"edd": "2026-02-25"}}, FaultReason.DUE_DATE_OUT_OF_RANGE, "data.edd"),
        ({"body": {"edd": "2027-01-08"}}, FaultReason.DUE_DATE_OUT_OF_RANGE, "data.edd"),
        ({"body": {"edd": "soon"}}, FaultReason.DUE_DATE_OUT_OF_RANGE, "data.edd"),
        ({"body": {}}, FaultReason.DUE_DATE_OUT_OF_RANGE, "data.edd"),
    ],
)
def test_an_event_that_cannot_be_decided_is_refused(
    changes: dict[str, Any], reason: FaultReason, field: str
) -> None:
    """The fault names reason, field and remedy, and repeats no value."""
    with pytest.raises(SenderFault) as refused:
        check_event(event(**changes), Known(), NOW)
    fault = refused.value
    assert (reason, field) == (fault.reason, fault.field)
    assert fault.remedy
    assert "999000" not in f"{fault} {fault.remedy}"


@pytest.mark.parametrize(
    "gestation",
    [
        {"weeks": 20.5, "days": 0},
        {"weeks": 20, "days": 7},
        {"weeks": 20, "days": -1},
        {"weeks": 46, "days": 0},
        {"weeks": True, "days": 0},
    ],
)
def test_a_gestation_is_whole_weeks_and_days(gestation: dict[str, Any]) -> None:
    """20.5 is not 20 weeks and 5 days, nor 20 and 3.5 (domain trap 13)."""
    with pytest.raises(SenderFault) as refused:
        check_event(event(body={"edd": "2026-10-20", "gestation": gestation}), Known(), NOW)
    assert refused.value.field == "data.gestation"


def test_the_due_date_is_measured_from_the_local_day() -> None:
    """At 23:30 UTC in summer it is already tomorrow in London, so one more day is allowed."""
    late = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
    due = (datetime(2026, 7, 1, tzinfo=UTC) + timedelta(days=301)).date().isoformat()
    check_event(event(occurred_at=late, body={"edd": due}), Known(), late)
