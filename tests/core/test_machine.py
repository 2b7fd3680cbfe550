"""Anything in any order: a family that hears whatever Hypothesis thinks of, and what must hold.

The invariants are those of the independent auditor: every duty is met, ended, or visible as a gap
once its time has come; nothing is sent after a withdrawal; the same inputs in any pattern of
duplication give the same outcomes; a late answer always closes its gap, as late.
"""

from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hub.core.decide import decide
from hub.core.episode import Episode
from hub.core.model import Input, InputKind, Receipt, Signal
from hub.core.outcomes import NoticeIssued, Outcome
from tests.core.machine_family import KINDS, START, Family, make, silent
from tests.core.machine_invariants import (
    check_that_each_duty_is_met_ended_or_seen,
    check_that_each_open_gap_waits,
    check_the_next_wake,
)
from tests.core.seen import gaps_of, notices_of
from tests.core.stage import EDD, policy, team
from tests.effort import cases

LATE = st.sampled_from((0, 0, 0, 1, 30, 200)).map(lambda hours: timedelta(hours=hours))
TEAMS = st.sampled_from(
    (team(), team(GP_PRACTICE="Y2"), team(GP_PRACTICE=None), team(HV_TEAM=None), ())
)
SIGNALS = st.sampled_from(
    ("sent", "delivered", "opened", "accepted", "bounced", "not_ours", "refused", "stale_recipient")
)


class AnyFamily(Family, RuleBasedStateMachine):
    """A family that hears anything, in any order."""

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

    # --- what always holds ---------------------------------------------------------------------

    @invariant()
    def every_duty_is_met_or_ended_or_seen(self) -> None:
        """Once its time has come, a duty that is not done stands behind an open gap."""
        check_that_each_duty_is_met_ended_or_seen(self.episode, START)

    @invariant()
    def an_open_gap_has_something_to_wait_for(self) -> None:
        """No gap stays open when everything behind it is done."""
        check_that_each_open_gap_waits(self.episode)

    @invariant()
    def the_next_wake_is_the_earliest_of_what_is_to_come(self) -> None:
        """Always in the future, and worked out in another way than there."""
        check_the_next_wake(self.episode, START)

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


TestAnyFamily = AnyFamily.TestCase
TestAnyFamily.settings = settings(
    max_examples=cases(150), stateful_step_count=30, derandomize=True, deadline=None, database=None
)
