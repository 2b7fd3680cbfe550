"""A family that is told things, one after the other, and what must hold of every decision on it.

The machine of `test_machine.py` thinks of what it is told.
"""

from datetime import datetime, timedelta
from typing import Any

from hub.core.decide import decide
from hub.core.episode import Episode
from hub.core.faults import SenderFault
from hub.core.model import Event, GapState, Input, InputKind
from hub.core.outcomes import (
    Decision,
    EventRecorded,
    GapClosed,
    LevelReached,
    NoticeIssued,
    ObligationEnded,
    Outcome,
    WakeWanted,
)
from tests.core.stage import BOOKING, MOTHER, local, policy

START = local("2026-03-23 10:00")
KINDS: dict[str, dict[str, Any]] = {
    "pregnancy.notified": {"booked_status": "not_booked", "gestation": {"weeks": 9, "days": 1}},
    "pregnancy.booked": BOOKING,
    "pregnancy.dated": {"edd": "2026-11-12", "basis": "scan"},
    "pregnancy.ended": {"outcome": "miscarriage", "baby_id": None, "ended_on": "2026-05-01"},
    "birth.recorded": {"baby_id": "b1", "born_at": local("2026-06-01 04:00"), "alive": "y"},
    "concern.raised": {"code": "DA", "severity": "high"},
    "status.changed": {"kind": "CPP_unborn"},
    "encounter.updated": {
        "kind": "discharged",
        "subject": "mother",
        "baby_id": None,
        "encounter_id": "e1",
        "destination": None,
    },
    "discharge.summary": {
        "subject": "mother",
        "baby_id": None,
        "discharged_at": local("2026-05-01 12:00"),
        "sections": {
            name: {"state": "not_completed", "text": None, "checked_by": None}
            for name in (
                "safeguarding_concerns",
                "social_circumstances",
                "mental_health_history",
            )
        },
    },
    "assignment.changed": {
        "role": "NAMED_HV",
        "organisation": "RYV",
        "practitioner": "hv-1",
        "accepted": "y",
        "from": START,
    },
    "demographics.changed": {"kind": "gp", "from": "Y1", "to": "Y2", "effective": "2026-05-01"},
}


class Family:
    """One episode, its inputs so far, and everything that was said."""

    def __init__(self) -> None:
        """Nothing has happened."""
        super().__init__()
        self.episode = Episode(episode_id="ep-1")
        self.now = START
        self.inputs: list[Input] = []
        self.said: list[Outcome] = []
        self.ended: set[str] = set()
        self.number = 0

    def event(
        self, identity: str, event_type: str, late: timedelta, holders: tuple[Any, ...], body: Any
    ) -> None:
        """Tell of an event."""
        occurred_at = max(self.now - late, START - timedelta(days=7))
        self.tell(self.input(make(identity, event_type, occurred_at, self.now, body), holders))

    def input(
        self, event: Event, holders: tuple[Any, ...], replacement: Event | None = None
    ) -> Input:
        """An event as the identity agent sends it on."""
        return Input(
            input_id=event.id,
            kind=InputKind.EVENT,
            at=self.now,
            episode_id="ep-1",
            event=event,
            team=holders,
            replacement=replacement,
        )

    def tell(self, given: Input) -> None:
        """Decide an input that was not told before."""
        if self.decide(given) is not None and given.kind is not InputKind.WAKE:
            self.inputs.append(given)

    def decide(self, given: Input) -> Decision | None:
        """Decide one input; what is refused changes nothing."""
        before = self.episode
        try:
            decision = decide(before, given, policy())
        except SenderFault:
            assert before is self.episode
            return None
        self.episode = decision.episode
        self.look_at(before, decision)
        self.said += decision.outcomes
        return decision

    def look_at(self, before: Episode, decision: Decision) -> None:
        """What must hold of every single decision."""
        assert before.seq + 1 == decision.seq
        assert before.at is None or before.at <= decision.at
        known = {o.notice_id for o in self.said if isinstance(o, NoticeIssued)}
        rounds = {(o.obligation_id, o.round) for o in self.said if isinstance(o, NoticeIssued)}
        for outcome in decision.outcomes:
            if isinstance(outcome, NoticeIssued):
                assert outcome.organisation, "a notice to nobody"
                assert outcome.notice_id not in known
                assert (outcome.obligation_id, outcome.round) not in rounds
                assert outcome.obligation_id not in self.ended, "sent after its end"
                known.add(outcome.notice_id)
                rounds.add((outcome.obligation_id, outcome.round))
            if isinstance(outcome, ObligationEnded):
                assert outcome.obligation_id not in self.ended or outcome.state == "retracted"
                self.ended.add(outcome.obligation_id)
            if isinstance(outcome, GapClosed) and outcome.reason == "duty_met":
                self.check_blame(outcome)

    def check_blame(self, closed: GapClosed) -> None:
        """A gap whose duty was done after its time has cleared late."""
        gap = next(g for g in self.episode.gaps if g.gap_id == closed.gap_id)
        done = [
            m.met_at
            for o in self.episode.obligations
            if o.obligation_id in gap.duty_ids
            for m in o.milestones
            if m.met_at is not None and m.met_at > m.due_at
        ]
        done += [
            e.met_at
            for e in self.episode.expectations
            if e.expectation_id in gap.duty_ids and e.met_at and e.due_at and e.met_at > e.due_at
        ]
        if done and gap.code != "G60":
            assert GapState.CLEARED_LATE is closed.state


def make(identity: str, event_type: str, at: datetime, now: datetime, body: Any) -> Event:
    """An event."""
    return Event(
        id=identity,
        type=event_type,
        source="RXA:MAT_PAS",
        occurred_at=at,
        received_at=now,
        subject=MOTHER,
        body=body,
    )


def silent(outcome: Outcome) -> bool:
    """What may be said of an input that comes twice: that it did, or that it does not count."""
    return (
        isinstance(outcome, WakeWanted)
        or (isinstance(outcome, EventRecorded) and outcome.how == "duplicate")
        or (isinstance(outcome, LevelReached) and not outcome.counts)
    )
