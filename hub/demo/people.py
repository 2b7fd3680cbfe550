"""The people of a scenario: under which key each is known, and what a merge of two keys brings.

The identity agent does the same over Kafka, from key to key; here nothing is on its way.  Two keys
are tied by a merge (`nhs_merge`), or by an event that holds both a reference and a number; a baby's
own record is not followed here.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from hub.core.faults import SenderFault
from hub.core.identity import identify
from hub.core.ids import derive
from hub.core.linking import as_known_there, take_link, two_candidates
from hub.core.model import Event, Input, InputKind
from hub.core.outcomes import Decision
from hub.core.parting import Taken, part
from hub.core.person import PersonState, files_of
from hub.core.policy import Policy
from hub.core.ties import Link, Tie, claims, with_names_settled
from hub.demo.named import References, type_of_around

FOLLOWED: Final = (Tie.REFERENCE, Tie.MERGE, Tie.HANDED_OVER, Tie.PARTED)
"""What one key tells another, as far as it is followed."""

type_of_links = Iterable[tuple[str, Link]]


class People:
    """Everybody of a scenario, each known under a key."""

    def __init__(self, policy: Policy, secret: bytes, around: type_of_around):
        """Nobody is known yet; `around` tells who holds which role around an episode."""
        self.policy = policy
        self.secret = secret
        self.around = around
        self.states: dict[str, PersonState] = {}
        self.person_of: dict[str, str] = {}
        self.references = References(secret)
        self.waiting: dict[str, list[str]] = {}
        """By key the ids of events whose pregnancy was not known when they came."""

    def of(self, episode_id: str) -> PersonState:
        """What is known of whom an episode is about."""
        return self.states[self.person_of[episode_id]]

    def knows(self, episode_id: str) -> bool:
        """Whether an episode is a family's."""
        return episode_id in self.person_of

    def hear(self, event: Event, replacement: Event | None, at: datetime) -> Iterator[Input]:
        """What the episodes of a person hear of an event.  Raises SenderFault."""
        event = with_names_settled(event)
        key = self.references.key_of(event)
        while (moved := self._state(key).moved) is not None:
            key, event = moved.key, as_known_there(moved, event)
        state = self._state(key)
        if state.contested:
            raise two_candidates()
        try:
            episode_id, state = self._identified(key, event, replacement)
        except SenderFault:
            # What it ties is known all the same: a number in a merge that nobody knows yet.
            self.waiting.setdefault(key, []).append(event.id)
            yield from self._tied(key, state, event, at)
            raise
        self._keep(key, state)
        yield self._input(event.id, InputKind.EVENT, episode_id, at, event, replacement)
        for other in self._others(key, episode_id):
            yield self._input(
                f"{event.id}:followed", InputKind.FOLLOWED, other, at, event, replacement
            )
        yield from self._tied(key, state, event, at)

    def let_go(self) -> list[str]:
        """The events that waited for whoever is known under another key now."""
        moved = [key for key in self.waiting if self._state(key).moved is not None]
        return [event_id for key in moved for event_id in self.waiting.pop(key)]

    def named(self, decision: Decision) -> Iterator[Input]:
        """What families hear that an event about a matter names."""
        return self.references.hear(decision, self.states, self.around)

    def shared(self, decision: Decision) -> Iterator[Input]:
        """What another episode of the pregnancy hears of what is remembered in this one."""
        for event in decision.shared:
            there = decision.shared_with
            yield self._input(
                f"{event.id}:followed", InputKind.FOLLOWED, there, decision.at, event, None
            )

    def _identified(
        self, key: str, event: Event, replacement: Event | None
    ) -> tuple[str, PersonState]:
        return identify(
            self._state(key),
            event,
            key=key,
            secret=self.secret,
            opens_episode=self.policy.events[event.type].opens_episode,
            replacement=replacement,
        )

    def _tied(self, key: str, state: PersonState, event: Event, at: datetime) -> Iterator[Input]:
        """What follows where an event says that two keys are one person's, or takes that back."""
        sends, state = claims(state, event, key, self.secret)
        taken = Taken(state=state)
        if event.type == "event.retracted":
            taken = part(state, key, event)
        self._keep(key, taken.state)
        told = deque((to, one) for to, one in (*sends, *taken.sends) if one.tie in FOLLOWED)
        yield from self._following(taken, event.id, at)
        while told:
            to, link = told.popleft()
            taken = take_link(self._state(to), to, link)
            self._keep(to, taken.state)
            told += taken.sends
            yield from self._following(taken, f"{link.merge}:{link.key}", at)

    def _following(self, taken: Taken, because: str, at: datetime) -> Iterator[Input]:
        """What episodes are told that are of one pregnancy, or of two women's after all."""
        for one in taken.parted:
            yield self._input(derive("i", "parted", because, one), InputKind.PARTED, one, at)
        for pair in taken.joined:
            for one, other in (pair, pair[::-1]):
                told = derive("i", "joined", one, other, because)
                yield self._input(told, InputKind.JOINED, one, at, other=other)

    def _input(
        self,
        input_id: str,
        kind: InputKind,
        episode_id: str,
        at: datetime,
        event: Event | None = None,
        replacement: Event | None = None,
        other: str = "",
    ) -> Input:
        team, area = self.around(episode_id, at)
        return Input(
            input_id=input_id,
            kind=kind,
            at=at,
            episode_id=episode_id,
            event=event,
            team=team,
            area=area,
            replacement=replacement,
            other=other,
        )

    def _state(self, key: str) -> PersonState:
        return self.states.get(key, PersonState())

    def _keep(self, key: str, state: PersonState) -> None:
        self.states[key] = state
        for known in state.episodes:
            self.person_of |= dict.fromkeys(files_of(known), key)

    def _others(self, key: str, episode_id: str) -> Iterator[str]:
        for known in self._state(key).episodes:
            if episode_id in files_of(known):
                yield from (one for one in files_of(known) if one != episode_id)
