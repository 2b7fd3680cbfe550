"""Who cares for a woman whose two records turn out to be one person's."""

import msgspec
import pytest

from agents.kept import open_kept
from hub.core.model import Event
from hub.core.person import PersonState, key_of_number
from tests.agents.people_stage import SECRET, Place, event
from tests.agents.test_linking import MOTHER


def moved() -> Event:
    """Her care moves to another hospital; she is known by a reference alone."""
    told = {"effective_on": "2026-04-01", "reason": "moved", "records_sent": "y"}
    return event("pregnancy.transferred", 30, from_org="RXA", to_org="RXB", name="move", **told)


def known_by_number(seed: int) -> Place:
    """Booked and moved under a reference; then her number came to light."""
    place = Place(seed)
    for told in (
        event("pregnancy.booked", 0),
        moved(),
        event("pregnancy.notified", 31, number=MOTHER, name="the number"),
    ):
        place.hear(told)
    assert [] == place.refused
    assert "RXB" == provider(place)
    return place


def provider(place: Place) -> str | None:
    """Who cares for her, as her number's key knows it."""
    stored = place.stored[key_of_number(MOTHER, SECRET).encode()]
    return msgspec.msgpack.decode(open_kept(stored).state, type=PersonState).provider


@pytest.mark.parametrize("seed", range(4))
def test_a_move_told_under_another_key_outlives_a_booking_sent_again(seed: int) -> None:
    """The booking happened before the move, under whichever key each came."""
    place = known_by_number(seed)
    place.hear(event("pregnancy.booked", 0, number=MOTHER, name="again"))
    assert "RXB" == provider(place)


@pytest.mark.parametrize("seed", range(4))
def test_a_move_told_under_another_key_can_be_taken_back(seed: int) -> None:
    """What was said of her care travels with the episode, so that its retraction finds it."""
    place = known_by_number(seed)
    told = {"target_id": moved().id, "target_type": moved().type, "reason": "entered_in_error"}
    place.hear(event("event.retracted", 32, number=MOTHER, **told))
    assert "RXA" == provider(place)
