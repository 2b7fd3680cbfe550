"""Families as a hub meets them, input by input: events, the receipts of their notices, and wakes.

Events come late and now and then twice; notices are sent, opened, accepted, given back or left to
lie; every episode is woken when it asked to be.  Whoever runs the core says what it decided, and
that decides what comes next.
"""

import heapq
from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from hub.core.faults import SenderFault
from hub.core.identity import identify
from hub.core.model import Event, Input, InputKind, Receipt, Signal
from hub.core.outcomes import Decision, NoticeIssued
from hub.core.person import PersonState, person_key
from hub.core.policy import Policy
from hub.edges.surroundings import team_for
from tests.simulation.families import Family, directory

SECRET = b"of a benchmark"
SEED = 4
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SPREAD_DAYS = 30
LATE, TWICE, LEFT, GIVEN_BACK = 0.1, 0.05, 0.25, 0.02
"""Shares: of events that come late or twice, and of notices that nobody answers or takes."""


@dataclass(order=True, slots=True)
class Coming:
    """What will happen at an instant; `number` keeps the order of what falls together."""

    at: datetime
    number: int
    what: Event | Input | str = field(compare=False)
    """An event on its way, an input, or the id of an episode that wants waking."""


class Lives:
    """The heap of what is to come, for so many families."""

    def __init__(self, policy: Policy, families: int):
        self.policy = policy
        self.directory = directory()
        self.random = Random(SEED)  # noqa: S311  a reproducible life, not a secret
        self.people: dict[str, PersonState] = {}
        self.wanted: dict[str, datetime] = {}
        self.coming: list[Coming] = []
        self.number = 0
        for number in range(families):
            start = START + timedelta(days=self.random.uniform(0, SPREAD_DAYS))
            for event in Family(number, start, self.random).life():
                self._publish(event)

    def run(self) -> Generator[Input, Decision | None, None]:
        """Inputs in the order in which they arrive; send back what each was decided to."""
        while self.coming:
            given = self._input(heapq.heappop(self.coming))
            if given is not None:
                decision = yield given
                if decision is not None:
                    self._answer(given, decision)

    def _soon(self, at: datetime, what: Event | Input | str) -> None:
        self.number += 1
        heapq.heappush(self.coming, Coming(at, self.number, what))

    def _publish(self, event: Event) -> None:
        late = self.random.random() < LATE
        hours = self.random.uniform(1, 200) if late else self.random.uniform(0, 0.5)
        self._soon(event.occurred_at + timedelta(hours=hours), event)
        if self.random.random() < TWICE:
            self._soon(event.occurred_at + timedelta(hours=hours + 1), event)

    def _input(self, coming: Coming) -> Input | None:
        match coming.what:
            case Event() as event:
                return self._resolved(event, coming.at)
            case str() as episode_id:
                if self.wanted.get(episode_id) != coming.at:
                    return None
                name = f"wake:{episode_id}:{coming.at.isoformat()}"
                return Input(
                    input_id=name, kind=InputKind.WAKE, at=coming.at, episode_id=episode_id
                )
            case given:
                return given

    def _resolved(self, event: Event, at: datetime) -> Input | None:
        """An event with its episode and team, as the identity agent leaves it."""
        key = person_key(event, SECRET)
        opens = self.policy.events[event.type].opens_episode
        known = self.people.get(key, PersonState())
        try:
            episode_id, state = identify(known, event, key=key, secret=SECRET, opens_episode=opens)
        except SenderFault:
            return None
        self.people[key] = state
        return Input(
            input_id=event.id,
            kind=InputKind.EVENT,
            at=at,
            episode_id=episode_id,
            event=event,
            team=team_for(self.directory, at, practice=state.practice, provider=state.provider),
        )

    def _answer(self, given: Input, decision: Decision) -> None:
        """What follows from a decision: receipts of its notices, and the next wake."""
        wake = decision.episode.next_wake
        if wake is not None and self.wanted.get(given.episode_id) != wake:
            self.wanted[given.episode_id] = wake
            self._soon(max(wake, given.at), given.episode_id)
        for outcome in decision.outcomes:
            if isinstance(outcome, NoticeIssued) and outcome.organisation:
                self._receipts(given, outcome)

    def _receipts(self, given: Input, notice: NoticeIssued) -> None:
        after = timedelta(seconds=1)
        self._receipt(given, notice, Signal.SENT, after)
        chance = self.random.random()
        if chance < LEFT:
            return
        after += timedelta(hours=self.random.expovariate(1 / 30))
        if chance < LEFT + GIVEN_BACK:
            self._receipt(given, notice, Signal.NOT_OURS, after)
            return
        self._receipt(given, notice, Signal.OPENED, after)
        after += timedelta(hours=self.random.expovariate(1 / 30))
        self._receipt(given, notice, Signal.ACCEPTED, after)

    def _receipt(
        self, given: Input, notice: NoticeIssued, signal: Signal, after: timedelta
    ) -> None:
        at = given.at + after
        receipt = Receipt(
            notice_id=notice.notice_id,
            signal=signal,
            organisation=notice.organisation,
            person="somebody",
            at=at,
        )
        told = Input(
            input_id=f"{notice.notice_id}:{signal}",
            kind=InputKind.RECEIPT,
            at=at,
            episode_id=given.episode_id,
            receipt=receipt,
        )
        self._soon(at, told)
