"""Families that an event about a matter names, as a scenario's hub finds them."""

from collections.abc import Callable, Iterator
from datetime import datetime

from hub.core.identity import identify_named
from hub.core.model import Event, Holder, Input, InputKind
from hub.core.outcomes import Decision
from hub.core.person import PersonState, key_of_reference, person_key

type_of_around = Callable[[str, datetime], tuple[tuple[Holder, ...], str]]


class References:
    """Under which key a person is known whom a publisher calls by its own reference."""

    def __init__(self, secret: bytes):
        """Nobody is known yet."""
        self.secret = secret
        self.keys: dict[str, str] = {}

    def key_of(self, event: Event) -> str:
        """The key of whom an event is about, noted under the reference of its publisher."""
        key = person_key(event, self.secret)
        if event.subject.reference:
            self.keys[key_of_reference(event, self.secret)] = key
        return key

    def hear(
        self, decision: Decision, people: dict[str, PersonState], around: type_of_around
    ) -> Iterator[Input]:
        """What families hear that an event about a matter names; nothing where none is known."""
        for event in decision.named:
            heard = self._heard(event, people, around, decision.at)
            if heard is not None:
                yield heard

    def _heard(
        self, event: Event, people: dict[str, PersonState], around: type_of_around, at: datetime
    ) -> Input | None:
        reference = key_of_reference(event, self.secret)
        key = self.keys.get(reference, reference)
        state = people.get(key, PersonState())
        while state.moved is not None:
            key = state.moved.key
            state = people.get(key, PersonState())
        episode_id, people[key] = identify_named(state, event, key=key, secret=self.secret)
        if episode_id is None:
            return None
        team, area = around(episode_id, at)
        return Input(
            input_id=f"{event.id}:followed",
            kind=InputKind.FOLLOWED,
            at=at,
            episode_id=episode_id,
            event=event,
            team=team,
            area=area,
        )
