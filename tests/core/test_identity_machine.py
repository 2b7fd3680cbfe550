"""Any woman's events in any order: to which pregnancy each belongs, and what must hold of it.

What is known of a person goes through the bytes of its store after every event, as in the agent.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hub.core.faults import FaultReason, SenderFault
from hub.core.identity import identify
from hub.core.model import Event, Person
from hub.core.person import PersonState, person_key
from hub.edges.intake import LATEST_DUE, OVERDUE
from tests.core.stage import local, policy
from tests.effort import cases

SECRET = b"a secret"
START = local("2026-03-02 10:00")
NUMBERS = ("9990000018", "9990000026", None)
SOURCES = ("RXA:MAT_PAS", "RXB:EPR", "Y1:GP")
REFUSALS = (FaultReason.NO_EPISODE, FaultReason.BEFORE_EPISODE)

WINDOW = timedelta(days=21)
"""The rule of the leading maternity record, said here once more."""

PREGNANT_NOW = ("pregnancy.notified", "pregnancy.booked")

WOMEN = st.sampled_from((NUMBERS[0], *NUMBERS))
WHO_SENDS = st.sampled_from(SOURCES)
DAYS = st.sampled_from((0, 10, 60, 150, 200, 260, 400))
DUE = st.sampled_from((None, 180, 190, 201, 202, 240, 560))
"""Days after the start: within 21 days of each other, just beyond, and of the next pregnancy."""

pack = msgspec.msgpack.Encoder().encode
unpack = msgspec.msgpack.Decoder(PersonState).decode


@dataclass(frozen=True)
class Heard:
    """An event, and where it went."""

    event: Event
    episode: str


class AnyWoman(RuleBasedStateMachine):
    """Some women, and what the identity agent knows of each."""

    def __init__(self) -> None:
        """Nobody is known."""
        super().__init__()
        self.stored: dict[str, bytes] = {}
        self.heard: list[Heard] = []
        self.owner: dict[str, str] = {}
        self.number = 0

    # --- what may happen -----------------------------------------------------------------------

    @rule(number=WOMEN, source=WHO_SENDS, day=DAYS, due=DUE)
    def booking(self, number: str | None, source: str, day: int, due: int | None) -> None:
        """A booking, with or without a due date; the door refuses one that cannot be."""
        if due is not None and not -OVERDUE <= timedelta(days=due - day) <= LATEST_DUE:
            return
        edd = None if due is None else (START + timedelta(days=due)).date().isoformat()
        self.hear(number, source, "pregnancy.booked", day, {"edd": edd, "gp_ods": "Y1"})

    @rule(number=WOMEN, source=WHO_SENDS, day=DAYS, weeks=st.none() | st.integers(5, 30))
    def notified(self, number: str | None, source: str, day: int, weeks: int | None) -> None:
        """Somebody learns that she is pregnant, perhaps how far."""
        gestation = None if weeks is None else {"weeks": weeks, "days": 0}
        self.hear(number, source, "pregnancy.notified", day, {"gestation": gestation})

    @rule(number=WOMEN, source=WHO_SENDS, day=DAYS, due=st.integers(150, 260))
    def dated(self, number: str | None, source: str, day: int, due: int) -> None:
        """A scan moves the due date; the door refuses one that cannot be."""
        if not -OVERDUE <= timedelta(days=due - day) <= LATEST_DUE:
            return
        edd = (START + timedelta(days=due)).date().isoformat()
        self.hear(number, source, "pregnancy.dated", day, {"edd": edd})

    @rule(number=WOMEN, source=WHO_SENDS, day=DAYS, lost=st.booleans())
    def over(self, number: str | None, source: str, day: int, *, lost: bool) -> None:
        """The pregnancy ends in a birth or in a loss."""
        body = {"outcome": "miscarriage"} if lost else {"baby_id": f"b{self.number}"}
        self.hear(number, source, "pregnancy.ended" if lost else "birth.recorded", day, body)

    @rule(number=WOMEN, source=WHO_SENDS, day=DAYS, to=st.sampled_from(("Y1", "Y2")))
    def moved(self, number: str | None, source: str, day: int, to: str) -> None:
        """She changes her practice."""
        self.hear(number, source, "demographics.changed", day, {"kind": "gp", "to": to})

    @rule(number=WOMEN, source=WHO_SENDS, day=DAYS)
    def discharged(self, number: str | None, source: str, day: int) -> None:
        """Something that says nothing of any due date."""
        self.hear(number, source, "encounter.updated", day, {"kind": "discharged"})

    @precondition(lambda self: self.heard)
    @rule(choice=st.integers(0, 99))
    def again(self, choice: int) -> None:
        """An event comes again, at once or long after: it is where it was, and nothing changes."""
        one = self.heard[choice % len(self.heard)]
        key = person_key(one.event, SECRET)
        before = self.state(key)
        found, after = self.identify(key, one.event)
        assert one.episode == found
        assert before == after

    # --- how it happens ------------------------------------------------------------------------

    def state(self, key: str) -> PersonState:
        """What is known of a person, read back from its bytes."""
        stored = self.stored.get(key)
        return PersonState() if stored is None else unpack(stored)

    def identify(self, key: str, event: Event) -> tuple[str, PersonState]:
        """The agent's question to the core."""
        opens = policy().events[event.type].opens_episode
        return identify(self.state(key), event, key=key, secret=SECRET, opens_episode=opens)

    def hear(
        self, number: str | None, source: str, kind: str, day: int, body: dict[str, Any]
    ) -> None:
        """An event of one woman; what is refused teaches nothing."""
        self.number += 1
        at = START + timedelta(days=day)
        event = make(f"e{self.number}", kind, at, source, number, body)
        key = person_key(event, SECRET)
        before = self.state(key)
        try:
            found, after = self.identify(key, event)
        except SenderFault as refused:
            wrong = refused.reason not in REFUSALS or before != self.state(key)
            if wrong:
                raise
            return
        self.stored[key] = pack(after)
        self.heard.append(Heard(event, found))
        self.check(before, after, found, event)

    def check(self, before: PersonState, after: PersonState, found: str, event: Event) -> None:
        """What one event may do to what is known."""
        known = [one.episode_id for one in before.episodes]
        fresh = [one.episode_id for one in after.episodes if one.episode_id not in known]
        assert ([] if found in known else [found]) == fresh
        assert known == [one.episode_id for one in after.episodes if one.episode_id in known]
        assert found in known or policy().events[event.type].opens_episode
        assert after.nhs_number == (event.subject.nhs_number or before.nhs_number)
        self.check_due_dates(before, found, event)
        same = {one.episode_id: one for one in before.episodes}
        for one in after.episodes:
            others = one.episode_id != found
            assert not others or same[one.episode_id] == one, "another pregnancy was touched"
            if one.episode_id in same and same[one.episode_id].ended_at is not None:
                moved = one.ended_at is None or one.ended_at > same[one.episode_id].ended_at
                assert not moved, "an end was moved to later"

    def check_due_dates(self, before: PersonState, found: str, event: Event) -> None:
        """A booking with a due date, of a woman with one running pregnancy that has one too."""
        edd = event.body.get("edd")
        running = [one for one in before.episodes if one.edd and not one.ended_at]
        if event.type == "pregnancy.booked" and edd and len(running) == len(before.episodes) == 1:
            near = abs(day_of(edd) - day_of(running[0].edd)) <= WINDOW
            assert near == (found == running[0].episode_id)
        if event.type in PREGNANT_NOW:
            ended = {e.ended_at for e in before.episodes if e.episode_id == found and e.ended_at}
            assert all(event.occurred_at <= at for at in ended), "pregnant again, and not seen"

    # --- what always holds ---------------------------------------------------------------------

    @invariant()
    def an_episode_has_one_woman(self) -> None:
        """No two people ever share a pregnancy, and whoever is merged by her number is one."""
        for one in self.heard:
            number = one.event.subject.nhs_number
            who = number or f"{one.event.source}:{one.event.subject.reference}"
            assert who == self.owner.setdefault(one.episode, who)

    @invariant()
    def whatever_sends_one_number_speaks_of_one_person(self) -> None:
        """References differ from publisher to publisher; the number joins them."""
        keys = {
            (h.event.subject.nhs_number, person_key(h.event, SECRET))
            for h in self.heard
            if h.event.subject.nhs_number
        }
        assert len(keys) == len({number for number, _ in keys})

    @invariant()
    def running_pregnancies_are_told_apart_by_their_due_dates(self) -> None:
        """Two bookings within 21 days of each other are of one pregnancy, unless it was over."""
        for stored in self.stored.values():
            dated = [e for e in unpack(stored).episodes if e.edd is not None and not e.ended_at]
            opened = [e for e in dated if self.booked_as(e.episode_id) == e.edd]
            for n, one in enumerate(opened):
                for other in opened[n + 1 :]:
                    apart = abs(day_of(one.edd) - day_of(other.edd))
                    assert apart > WINDOW or self.moved_since(one.episode_id)

    def booked_as(self, episode: str) -> str | None:
        """The due date of the event that opened an episode."""
        first = next(h.event for h in self.heard if h.episode == episode)
        return first.body.get("edd") if first.type == "pregnancy.booked" else None

    def moved_since(self, episode: str) -> bool:
        """Whether anything but its first event ever gave this episode a due date."""
        return 1 < sum(h.episode == episode and bool(h.event.body.get("edd")) for h in self.heard)


def day_of(edd: str | None) -> datetime:
    """A due date as a time that can be subtracted."""
    assert edd is not None
    return local(f"{edd} 12:00")


def make(
    identity: str, kind: str, at: datetime, source: str, number: str | None, body: dict[str, Any]
) -> Event:
    """An event as a publisher sends it, under its own reference."""
    return Event(
        id=identity,
        type=kind,
        source=source,
        occurred_at=at,
        received_at=at,
        subject=Person(reference=f"{source}-{number or 'nobody'}", nhs_number=number),
        body=body,
    )


TestAnyWoman = AnyWoman.TestCase
TestAnyWoman.settings = settings(
    max_examples=cases(120), stateful_step_count=20, derandomize=True, deadline=None, database=None
)


def test_a_dating_that_comes_again_stays_where_it_was() -> None:
    """Found with a rule that repeats any old event: two events and a late copy of the first."""
    machine = AnyWoman()
    machine.dated(number=NUMBERS[0], source=SOURCES[0], day=0, due=150)
    machine.booking(number=NUMBERS[0], source=SOURCES[0], day=0, due=180)
    first = machine.heard[0]
    found, _ = machine.identify(person_key(first.event, SECRET), first.event)
    assert first.episode == found
