"""Anything in any order: a family that hears whatever Hypothesis thinks of, and what must hold.

The invariants are those of the independent auditor: every duty is met, ended, or visible as a gap
once its time has come; nothing is sent after a withdrawal; the same inputs in any pattern of
duplication give the same outcomes; a late answer always closes its gap, as late.
"""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hub.core.deadlines import due_after
from hub.core.decide import decide
from hub.core.episode import Episode, Gap
from hub.core.faults import SenderFault
from hub.core.lifecycle import ENDED
from hub.core.model import Event, GapState, Input, InputKind, Receipt, Signal
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
from hub.core.settings import span_in
from tests.core.seen import gaps_of, notices_of
from tests.core.stage import BOOKING, EDD, MOTHER, local, looked_at, policy, team
from tests.effort import cases

START = local("2026-03-23 10:00")
LATE = st.sampled_from((0, 0, 0, 1, 30, 200)).map(lambda hours: timedelta(hours=hours))
TEAMS = st.sampled_from(
    (team(), team(GP_PRACTICE="Y2"), team(GP_PRACTICE=None), team(HV_TEAM=None), ())
)
SIGNALS = st.sampled_from(
    ("sent", "delivered", "opened", "accepted", "bounced", "not_ours", "refused", "stale_recipient")
)
NEVER_CLEARED = {"G49"}
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


class AnyFamily(RuleBasedStateMachine):
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

    # --- what may happen -----------------------------------------------------------------------

    @initialize(holders=TEAMS)
    def booking(self, holders: tuple[Any, ...]) -> None:
        """Every story begins with a booking."""
        self.hear("pregnancy.booked", timedelta(0), holders)

    @rule(hours=st.integers(1, 400))
    def time_passes(self, hours: int) -> None:
        """Nobody looks at the clock: whatever comes next finds the hub late."""
        self.now += timedelta(hours=hours)

    @rule()
    def wake(self) -> None:
        """The clock agent says what time it is.

        Nothing else happens in that same instant: an answer at the very deadline is in time when it
        is heard first, and late when the clock is.
        """
        self.tell(Input(input_id="", kind=InputKind.WAKE, at=self.now, episode_id="ep-1"))
        self.now += timedelta(seconds=1)

    @rule()
    def wake_on_time(self) -> None:
        """The clock agent wakes the episode at the very time that it wanted."""
        if self.episode.next_wake is not None:
            self.now = max(self.now, self.episode.next_wake)
            self.wake()

    @rule(event_type=st.sampled_from(sorted(KINDS)), late=LATE, holders=TEAMS)
    def hear(self, event_type: str, late: timedelta, holders: tuple[Any, ...]) -> None:
        """Something has happened, perhaps a while ago."""
        self.number += 1
        self.event(f"e{self.number}", event_type, late, holders, KINDS[event_type])

    @precondition(lambda self: self.episode.history)
    @rule(choice=st.integers(0, 99), late=LATE)
    def retract(self, choice: int, late: timedelta) -> None:
        """A publisher takes an event back."""
        self.number += 1
        target = self.episode.history[choice % len(self.episode.history)].id
        body = {"target_id": target, "reason": "wrong_person"}
        self.event(f"e{self.number}", "event.retracted", late, (), body)

    @precondition(lambda self: self.episode.history)
    @rule(choice=st.integers(0, 99), edd=st.sampled_from((EDD, "2026-12-01")))
    def correct(self, choice: int, edd: str) -> None:
        """A publisher mends an event."""
        self.number += 1
        target = self.episode.history[choice % len(self.episode.history)]
        body = KINDS.get(target.type, {}) | {"edd": edd}
        whole = make(f"w{self.number}", target.type, target.occurred_at, self.now, body)
        body = {"target_id": target.id}
        event = make(f"e{self.number}", "event.corrected", self.now, self.now, body)
        self.tell(self.input(event, (), whole))

    @rule(
        choice=st.integers(0, 99),
        signal=SIGNALS,
        right=st.booleans(),
        named=st.booleans(),
        late=LATE,
    )
    def answer(
        self,
        choice: int,
        signal: str,
        right: bool,
        named: bool,
        late: timedelta,
    ) -> None:
        """Somebody does something with a notice, and perhaps tells us later."""
        notices = [o for o in self.said if isinstance(o, NoticeIssued)]
        if not notices:
            return
        notice = notices[choice % len(notices)]
        receipt = Receipt(
            notice_id=notice.notice_id,
            signal=Signal(signal),
            organisation=notice.organisation if right else "Y9",
            at=max(self.now - late, START),
            person="somebody" if named else None,
        )
        self.number += 1
        self.tell(
            Input(
                input_id=f"r{self.number}",
                kind=InputKind.RECEIPT,
                at=self.now,
                episode_id="ep-1",
                receipt=receipt,
            )
        )

    @precondition(lambda self: self.inputs)
    @rule(choice=st.integers(0, 99))
    def again(self, choice: int) -> None:
        """An input comes twice: nobody sees any difference."""
        self.wake()
        before, said = self.episode, len(self.said)
        decision = self.decide(self.inputs[choice % len(self.inputs)])
        visible = [o for o in decision.outcomes if not silent(o)] if decision else []
        assert [] == visible
        assert before.obligations == self.episode.obligations
        assert before.expectations == self.episode.expectations
        assert before.gaps == self.episode.gaps
        del self.said[said:]

    # --- how it happens ------------------------------------------------------------------------

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

    # --- what always holds ---------------------------------------------------------------------

    @invariant()
    def every_duty_is_met_or_ended_or_seen(self) -> None:
        """Once its time has come, a duty that is not done stands behind an open gap."""
        at = self.episode.at or START
        seen = {i for g in self.episode.gaps if g.state is GapState.OPEN for i in g.duty_ids}
        for duty in self.episode.obligations:
            overdue = [m for m in duty.milestones if m.met_at is None and m.due_at <= at]
            assert duty.state in ENDED or not overdue or duty.obligation_id in seen, duty
            nobody = not duty.organisation and duty.state not in ENDED
            assert not nobody or duty.obligation_id in seen, duty
        for question in self.episode.expectations:
            running = question.met_at is None and not question.withdrawn
            due = running and question.due_at is not None and question.due_at <= at
            assert not due or question.expectation_id in seen, question

    @invariant()
    def an_open_gap_has_something_to_wait_for(self) -> None:
        """No gap stays open when everything behind it is done."""
        for gap in self.episode.gaps:
            if gap.state is GapState.OPEN and gap.code not in NEVER_CLEARED:
                assert any(self.waits(gap, identity) for identity in gap.duty_ids), gap

    def waits(self, gap: Gap, identity: str) -> bool:
        """Whether a duty behind a gap is still to be done."""
        for duty in self.episode.obligations:
            if duty.obligation_id == identity:
                unmet = any(m.met_at is None for m in duty.milestones)
                return duty.state not in ENDED and (unmet or gap.code == "G60")
        question = next(e for e in self.episode.expectations if e.expectation_id == identity)
        return question.met_at is None and not question.withdrawn

    @invariant()
    def the_next_wake_is_the_earliest_of_what_is_to_come(self) -> None:
        """Always in the future, and worked out here in another way than there."""
        times = list(self.coming())
        wake = self.episode.next_wake
        assert (min(times) if times else None) == wake
        assert wake is None or wake > (self.episode.at or START)

    def coming(self) -> Any:
        """Every time at which something will fall due, of duties, questions and ladders."""
        for duty in self.episode.obligations:
            if duty.state not in ENDED:
                yield from (m.due_at for m in duty.milestones if m.met_at is None and not m.missed)
        yield from looked_at(self.episode)
        for question in self.episode.expectations:
            open_still = question.met_at is None and not question.withdrawn and not question.gap_id
            if open_still and question.due_at is not None:
                yield question.due_at
        for gap in self.episode.gaps:
            if gap.state is GapState.OPEN:
                yield from self.climbing(gap)

    def climbing(self, gap: Gap) -> Any:
        """The time of a gap's next rung, and of its next rise."""
        rungs = policy().ladders.get(gap.ladder, ())
        if gap.rung < len(rungs):
            start = gap.raised_at or gap.opened_at
            yield due_after(rungs[gap.rung].after, start, policy().calendar)
        requirement = policy().requirements.get(gap.rule)
        if requirement is not None:
            question = next(e for e in self.episode.expectations if e.gap_id == gap.gap_id)
            graver = [r for r in requirement.raises if r.severity > gap.severity]
            edd = self.episode.edd and datetime.fromisoformat(self.episode.edd).date()
            if graver:
                at = span_in(self.episode.area, graver[0].at)
                due = due_after(at, question.started_at, policy().calendar, edd=edd or None)
                if due is not None:
                    yield due

    def teardown(self) -> None:
        """Replayed without its duplicates and wakes at other times, the log says the same."""
        episode = Episode(episode_id="ep-1")
        again: list[Outcome] = []
        for given in self.inputs:
            decision = decide(episode, given, policy())
            episode = decision.episode
            again += decision.outcomes
        last = Input(input_id="", kind=InputKind.WAKE, at=self.now, episode_id="ep-1")
        decision = decide(episode, last, policy())
        self.wake()
        assert set() == gaps_of(self.episode) ^ gaps_of(decision.episode)
        assert set() == notices_of(self.said) ^ notices_of([*again, *decision.outcomes])


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


TestAnyFamily = AnyFamily.TestCase
TestAnyFamily.settings = settings(
    max_examples=cases(150), stateful_step_count=30, derandomize=True, deadline=None, database=None
)
