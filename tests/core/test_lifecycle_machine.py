"""A duty's whole life through the episode agent's own step, with its state as bytes.

`test_machine.py` asks what the core decides.  Here the same families live in stored values: what
is published comes twice and in any order, the process is killed between a decision and its
confirmation, and reads its log again.  The auditor of the simulation judges what was said.
"""

from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from agents.kept import Kept, close_kept, next_wake_of, open_kept
from agents.step import Place, episode_of, step, step_undecided
from hub.core.faults import SenderFault
from hub.core.lifecycle import ENDED, EVIDENCE_LEVEL
from hub.core.model import Input, InputKind, ObligationState, Receipt, Signal
from hub.core.outcomes import LevelReached, NoticeIssued
from hub.edges.avro import decode_decision
from tests.core.stage import policy
from tests.core.test_machine import KINDS, LATE, SIGNALS, START, TEAMS, make
from tests.effort import cases
from tests.simulation.family_audit import FamilyAudit

KEY = b"ep-1"
WAKES_MAX = 400
"""More than all deadlines and rungs of a story of thirty steps; without a bound, a policy that
always wants another wake would never end."""

type_of_said = tuple[Any, ...]


class StoredFamily(RuleBasedStateMachine):
    """One key of one partition: its log, its stored value, and what was confirmed of it."""

    def __init__(self) -> None:
        """Nothing has happened."""
        super().__init__()
        self.now = START
        self.on_their_way: list[Input] = []
        self.log: list[Input] = []
        self.stored: list[bytes | None] = [None]
        """The value before the first input, and after each."""
        self.said: list[type_of_said] = []
        self.committed = 0
        self.notices: list[NoticeIssued] = []
        self.states: dict[str, ObligationState] = {}
        self.audit = FamilyAudit(KEY.decode())
        self.number = 0

    # --- what may happen -----------------------------------------------------------------------

    @initialize(holders=TEAMS)
    def booking(self, holders: tuple[Any, ...]) -> None:
        """Every story begins with a booking."""
        self.publish("pregnancy.booked", timedelta(0), holders, twice=False)
        self.arrive(0)

    @rule(event_type=st.sampled_from(sorted(KINDS)), late=LATE, holders=TEAMS, twice=st.booleans())
    def publish(
        self, event_type: str, late: timedelta, holders: tuple[Any, ...], *, twice: bool
    ) -> None:
        """An event is on its way, perhaps in two copies."""
        event = make(self.name("e"), event_type, self.now - late, self.now, KINDS[event_type])
        given = Input(
            input_id=event.id,
            kind=InputKind.EVENT,
            at=self.now,
            episode_id=KEY.decode(),
            event=event,
            team=holders,
        )
        self.on_their_way += [given] * (2 if twice else 1)

    @precondition(lambda self: self.on_their_way)
    @rule(choice=st.integers(0, 99))
    def arrive(self, choice: int) -> None:
        """Whatever is on its way arrives in any order."""
        self.append(self.on_their_way.pop(choice % len(self.on_their_way)))

    @precondition(lambda self: self.notices)
    @rule(choice=st.integers(0, 99), signal=SIGNALS, right=st.booleans(), late=LATE)
    def answer(self, choice: int, signal: str, late: timedelta, *, right: bool) -> None:
        """Somebody accepts, refuses, hands back; or the channel does."""
        notice = self.notices[choice % len(self.notices)]
        receipt = Receipt(
            notice_id=notice.notice_id,
            signal=Signal(signal),
            organisation=notice.organisation if right else "Y9",
            at=max(self.now - late, START),
            person="somebody",
        )
        self.append(self.input(InputKind.RECEIPT, receipt=receipt))

    @precondition(lambda self: any(given.event for given in self.log))
    @rule(choice=st.integers(0, 99), mend=st.booleans())
    def take_back(self, choice: int, *, mend: bool) -> None:
        """A publisher retracts an event, or corrects it."""
        known = [given.event for given in self.log if given.event is not None]
        target = known[choice % len(known)]
        body = {"target_id": target.id, "reason": "wrong_person"}
        kind = "event.corrected" if mend else "event.retracted"
        event = make(self.name("e"), kind, self.now, self.now, body)
        whole = None
        if mend:
            whole = make(self.name("w"), target.type, target.occurred_at, self.now, target.body)
        self.append(self.input(InputKind.EVENT, event=event, replacement=whole))

    @rule(hours=st.integers(1, 400))
    def time_passes(self, hours: int) -> None:
        """Nobody looks at the clock."""
        self.now += timedelta(hours=hours)

    @rule()
    def wake(self) -> None:
        """The clock agent reads the header of the stored value, and wakes when it is time."""
        wanted = next_wake_of(self.stored[-1] or b"")
        if wanted is not None:
            self.now = max(self.now, wanted)
            self.append(self.input(InputKind.WAKE))

    @precondition(lambda self: self.log)
    @rule(share=st.integers(0, 100))
    def commit(self, share: int) -> None:
        """The group learns how far this partition is done."""
        self.committed = max(self.committed, len(self.log) * share // 100)

    @precondition(lambda self: self.log)
    @rule(share=st.integers(0, 100))
    def crash(self, share: int) -> None:
        """Some changes since the commit were confirmed, the rest is gone; the log is read again.

        Whatever was confirmed, every input leads to the same bytes as before.
        """
        confirmed = self.committed + (len(self.log) - self.committed) * share // 100
        stored = self.stored[confirmed]
        for offset in range(self.committed, len(self.log)):
            kept = open_kept(stored)
            outputs = kept.again(offset)
            assert (outputs is None) == (offset >= confirmed)
            if outputs is None:
                fresh = self.absorb(kept, offset)
                outputs, stored = fresh.again(offset), close_kept(fresh)
            assert self.said[offset] == outputs, "a redelivered input said something else"
        last = open_kept(self.stored[-1])
        assert episode_of(last, KEY) == episode_of(open_kept(stored), KEY)
        self.stored[-1] = stored

    # --- how it happens ------------------------------------------------------------------------

    def name(self, kind: str) -> str:
        """An id that was not used before."""
        self.number += 1
        return f"{kind}{self.number}"

    def input(self, kind: InputKind, **more: Any) -> Input:
        """An input of this family at this moment."""
        identity = self.name("i")
        return Input(input_id=identity, kind=kind, at=self.now, episode_id=KEY.decode(), **more)

    def append(self, given: Input) -> None:
        """An input reaches the log, and is decided."""
        self.log.append(given)
        offset = len(self.log) - 1
        fresh = self.absorb(open_kept(self.stored[-1]), offset)
        outputs = fresh.again(offset) or ()
        self.stored.append(close_kept(fresh))
        self.said.append(outputs)
        for output in outputs:
            self.hear(output.value)

    def absorb(self, kept: Kept, offset: int) -> Kept:
        """The agent's step; what cannot be decided is a decision that says nothing."""
        place = Place(KEY, 0, offset, self.committed)
        try:
            return step(policy(), kept, place, self.log[offset])[0]
        except SenderFault:
            return step_undecided(policy(), kept, place, self.log[offset].at)

    def hear(self, value: bytes) -> None:
        """What the consumers of decisions are told: the auditor finds nothing wrong with it."""
        record = decode_decision(value)
        assert [] == list(self.audit.hear(record, None))
        for outcome in record.outcomes:
            if isinstance(outcome, NoticeIssued):
                self.notices.append(outcome)
            elif isinstance(outcome, LevelReached):
                self.check_level(outcome)

    def check_level(self, reached: LevelReached) -> None:
        """Evidence never makes less of what was known, and never revives what has ended."""
        before = self.states.get(reached.obligation_id)
        if before in ENDED:
            assert before is reached.state
        if before is not None and reached.signal in EVIDENCE_LEVEL and reached.counts:
            assert reached.level >= EVIDENCE_LEVEL[reached.signal]
        self.states[reached.obligation_id] = reached.state

    # --- what always holds ---------------------------------------------------------------------

    @invariant()
    def the_header_says_when_the_episode_wants_waking(self) -> None:
        """The agenda is rebuilt from headers alone."""
        stored = self.stored[-1]
        if stored is not None:
            assert episode_of(open_kept(stored), KEY).next_wake == next_wake_of(stored)

    @invariant()
    def every_input_is_one_step(self) -> None:
        """No input is without its decision, and none has two."""
        stored = self.stored[-1]
        assert len(self.log) == self.audit.seq
        assert stored is None or episode_of(open_kept(stored), KEY).seq == len(self.log)

    def teardown(self) -> None:
        """Left alone with its clock, the family comes to rest with nothing overlooked."""
        while self.on_their_way:
            self.append(self.on_their_way.pop())
        for _ in range(WAKES_MAX):
            wanted = next_wake_of(self.stored[-1] or b"") if self.log else None
            if wanted is None:
                break
            self.now = max(self.now, wanted)
            self.append(self.input(InputKind.WAKE))
        else:
            raise AssertionError("the clock never came to rest")
        assert [] == list(self.audit.close(self.now))


TestStoredFamily = StoredFamily.TestCase
TestStoredFamily.settings = settings(
    max_examples=cases(40), stateful_step_count=25, derandomize=True, deadline=None, database=None
)
