"""Decisions and notices made up for the tests of the store."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hub.core.episode import Baby, Milestone
from hub.core.faults import FaultReason
from hub.core.model import (
    GapState,
    Holder,
    Level,
    NoticeReason,
    ObligationState,
    Person,
    Purpose,
    Severity,
    Signal,
)
from hub.core.outcomes import (
    ContentLine,
    EpisodeChanged,
    Escalated,
    EventRecorded,
    ExpectationEnded,
    ExpectationRaised,
    GapClosed,
    GapOpened,
    GapRaised,
    LevelReached,
    NoticeIssued,
    ObligationEnded,
    ObligationMet,
    ObligationRaised,
    WakeWanted,
    Why,
    type_of_outcome,
)
from hub.edges.records import DecisionRecord, NoticeRecord, QuarantineRecord

T0 = datetime(2026, 10, 20, 9, 30, 0, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
EPISODE = "ep-1"
GP, HV = "A81001", "RHV"

WHY = Why(
    rule="booking.gp",
    policy="2026.1",
    because="The practice must know of every pregnancy.",
    authority="NG201 1.1.7",
    evidence=("e-1",),
)


def decision(
    seq: int, *outcomes: type_of_outcome, at: datetime = T0, **more: Any
) -> DecisionRecord:
    """A decision of the test episode."""
    values: dict[str, Any] = {
        "episode_id": EPISODE,
        "seq": seq,
        "input_id": f"i-{seq}",
        "input_partition": 0,
        "input_offset": seq,
        "at": at,
        "policy_version": "2026.1",
        "outcomes": outcomes,
    }
    return DecisionRecord(**(values | more))


def recorded(event_id: str = "e-1", how: str = "new") -> EventRecorded:
    """The booking entered the episode."""
    return EventRecorded(
        event_id=event_id,
        event_type="pregnancy.booked",
        occurred_at=T0 - HOUR,
        organisation="RXX",
        how=how,
    )


def raised(obligation_id: str = "o-1", **more: Any) -> ObligationRaised:
    """The practice must have accepted it within a day."""
    values: dict[str, Any] = {
        "obligation_id": obligation_id,
        "role": "GP_PRACTICE",
        "organisation": GP,
        "purpose": Purpose.DIRECT_CARE,
        "milestones": (
            Milestone(level=Level.DELIVERED, due_at=T0 + HOUR),
            Milestone(level=Level.ACCEPTED, due_at=T0 + 24 * HOUR),
        ),
        "why": WHY,
    }
    return ObligationRaised(**(values | more))


def issued(notice_id: str = "n-1", obligation_id: str = "o-1", **more: Any) -> NoticeIssued:
    """The practice is told."""
    values: dict[str, Any] = {
        "notice_id": notice_id,
        "obligation_id": obligation_id,
        "reason": NoticeReason.FIRST,
        "role": "GP_PRACTICE",
        "organisation": GP,
        "round": 1,
        "purpose": Purpose.DIRECT_CARE,
        "title": "Pregnancy booked",
        "level_needed": Level.ACCEPTED,
        "due_at": T0 + 24 * HOUR,
        "content": (ContentLine(group="who", field="edd", label="Due date", value="2027-05-01"),),
        "why": WHY,
    }
    return NoticeIssued(**(values | more))


_STATE_OF = {
    Signal.SENT: (Level.SENT, ObligationState.SENT),
    Signal.DELIVERED: (Level.DELIVERED, ObligationState.DELIVERED),
    Signal.OPENED: (Level.OPENED, ObligationState.OPENED),
    Signal.ACCEPTED: (Level.ACCEPTED, ObligationState.ACCEPTED),
    Signal.ACTED: (Level.ACTED, ObligationState.ACTED),
    Signal.BOUNCED: (Level.OWED, ObligationState.BOUNCED),
    Signal.NOT_OURS: (Level.OWED, ObligationState.NOT_OURS),
    Signal.REISSUE: (Level.OWED, ObligationState.OWED),
}


def reached(signal: Signal, notice_id: str = "n-1", **more: Any) -> LevelReached:
    """Evidence about a notice."""
    level, state = _STATE_OF[signal]
    values: dict[str, Any] = {
        "obligation_id": "o-1",
        "notice_id": notice_id,
        "signal": signal,
        "level": level,
        "state": state,
        "counts": True,
        "organisation": GP,
        "channel": "worklist",
        "reached_at": T0 + HOUR,
    }
    return LevelReached(**(values | more))


def ended(obligation_id: str = "o-1", **more: Any) -> ObligationEnded:
    """The duty applies no longer."""
    values: dict[str, Any] = {
        "obligation_id": obligation_id,
        "state": ObligationState.WITHDRAWN,
        "role": "GP_PRACTICE",
        "organisation": GP,
        "notice_ids": ("n-1",),
        "reason": "moved away",
        "why": WHY,
    }
    return ObligationEnded(**(values | more))


def gap_opened(gap_id: str = "g-1", **more: Any) -> GapOpened:
    """Nobody accepted in time."""
    values: dict[str, Any] = {
        "gap_id": gap_id,
        "code": "G12",
        "name": "not acknowledged",
        "severity": Severity.ATTENTION,
        "role": "GP_PRACTICE",
        "organisation": GP,
        "opened_at": T0 + 24 * HOUR,
        "due_at": T0 + 24 * HOUR,
        "late_informed": False,
        "explanation": "The practice has not accepted the booking.",
        "next_action": "Telephone the practice.",
        "ladder": "standard",
        "duty_ids": ("o-1",),
        "why": WHY,
    }
    return GapOpened(**(values | more))


def met(obligation_id: str = "o-1", level: Level = Level.ACCEPTED) -> ObligationMet:
    """The duty is met."""
    return ObligationMet(obligation_id=obligation_id, level=level, met_at=T0 + HOUR, late=False)


def every_outcome() -> tuple[type_of_outcome, ...]:
    """One of each kind, in an order that a decision could have."""
    return (
        recorded(),
        EpisodeChanged(
            mother=Person(reference="M-1", nhs_number="9990000018", family_name="Testwoman"),
            edd="2027-05-01",
            provider="RXX",
            practice=GP,
            babies=(Baby(baby_id="B-1", born_at=T0),),
            team=(Holder(role="GP_PRACTICE", organisation=GP, since=T0),),
        ),
        raised(),
        issued(),
        reached(Signal.ACCEPTED, person="P-7"),
        met(),
        ended(state=ObligationState.DECLINED),
        ExpectationRaised(
            expectation_id="x-1",
            role="HEALTH_VISITOR",
            organisation=HV,
            due_at=T0 + 48 * HOUR,
            why=WHY,
        ),
        ExpectationEnded(expectation_id="x-1", reason="met", ended_at=T0 + 2 * HOUR),
        gap_opened(),
        GapRaised(
            gap_id="g-1", code="G12", severity=Severity.SAFEGUARDING, at=T0, reason="missed twice"
        ),
        Escalated(
            gap_id="g-1",
            code="G12",
            ladder="standard",
            rung=1,
            role="GP_SG_LEAD",
            organisation=GP,
            obligation_id="o-2",
            at=T0 + 25 * HOUR,
        ),
        GapClosed(
            gap_id="g-1",
            code="G12",
            role="GP_PRACTICE",
            state=GapState.CLEARED_LATE,
            closed_at=T0 + 26 * HOUR,
            evidence=("r-9",),
            reason="accepted late",
        ),
        WakeWanted(at=T0 + 24 * HOUR),
    )


def notice_record(notice_id: str = "n-1", **more: Any) -> NoticeRecord:
    """A notice as it travels."""
    values: dict[str, Any] = {
        "notice_id": notice_id,
        "episode_id": EPISODE,
        "seq": 1,
        "obligation_id": "o-1",
        "reason": NoticeReason.FIRST,
        "role": "GP_PRACTICE",
        "organisation": GP,
        "round": 1,
        "purpose": Purpose.DIRECT_CARE,
        "title": "Pregnancy booked",
        "level_needed": Level.ACCEPTED,
        "due_at": T0 + 24 * HOUR,
        "content": (ContentLine(group="who", field="edd", label="Due date", value="2027-05-01"),),
        "rule": "booking.gp",
        "policy": "2026.1",
        "because": "The practice must know of every pregnancy.",
        "authority": "NG201 1.1.7",
        "issued_at": T0,
    }
    return NoticeRecord(**(values | more))


def quarantined(quarantine_id: str = "q-1", **more: Any) -> QuarantineRecord:
    """An input that could not be decided."""
    values: dict[str, Any] = {
        "quarantine_id": quarantine_id,
        "reason": FaultReason.MISSING_SEGMENT,
        "explanation": "The message has no PID segment.",
        "field": "PID",
        "remedy": "Send the message with its PID segment.",
        "door": "mllp",
        "source": "RXX:MAT_PAS",
        "content_type": "x-application/hl7-v2+er7",
        "original": b"MSH|^~\\&|\r\xff",
        "received_at": T0,
        "owner": "HUB_OPERATOR",
    }
    return QuarantineRecord(**(values | more))
