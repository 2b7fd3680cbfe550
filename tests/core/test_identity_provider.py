"""Which hospital cares for her: what happened last and still stands."""

import pytest
from msgspec.structs import replace

from hub.core.caring import PROVIDERS_LIMIT
from hub.core.model import Event
from tests.core.test_identity import Woman, event


def test_a_transfer_moves_her_to_the_provider_that_takes_her_on() -> None:
    """Whoever looks for her midwife from then on looks at the new hospital (E06)."""
    woman = Woman()
    woman.hears(event("pregnancy.booked", "2026-03-23 10:00", edd="2026-10-20", provider="RXA"))
    moved = event("pregnancy.transferred", "2026-08-05 10:00", from_org="RXA", to_org="RXB")
    woman.hears(moved, opens=False)
    assert "RXB" == woman.state.provider


def transferred(at: str, to: str) -> Event:
    """Her care moves."""
    return event("pregnancy.transferred", at, from_org="RXA", to_org=to)


def test_a_booking_sent_again_after_the_move_does_not_move_her_back() -> None:
    """It happened before the move, whenever it comes; a booking made after it is another thing."""
    woman = Woman()
    booked = event("pregnancy.booked", "2026-03-23 10:00", edd="2026-10-20", provider="RXA")
    woman.hears(booked)
    woman.hears(transferred("2026-08-05 10:00", "RXB"), opens=False)
    for number in range(PROVIDERS_LIMIT + 1):
        woman.hears(replace(booked, id=f"again-{number}"))
        assert "RXB" == woman.state.provider
    assert PROVIDERS_LIMIT == len(woman.state.providers)
    woman.hears(event("pregnancy.booked", "2026-08-20 10:00", edd="2026-10-20", provider="RXC"))
    assert "RXC" == woman.state.provider


def test_a_move_that_is_taken_back_restores_the_provider_before_it() -> None:
    """Of two moves the one that stands counts, in whichever order they are taken back."""
    woman = Woman()
    woman.hears(event("pregnancy.booked", "2026-03-23 10:00", edd="2026-10-20", provider="RXA"))
    moves = [transferred("2026-08-05 10:00", "RXB"), transferred("2026-08-06 10:00", "RXC")]
    for move in moves:
        woman.hears(move, opens=False)
    for move, then in zip(moves, ("RXC", "RXA"), strict=True):
        taken_back = event("event.retracted", "2026-08-07 10:00", target_id=move.id)
        woman.hears(replace(taken_back, id=f"back-{move.id}"), opens=False)
        assert then == woman.state.provider


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (event("pregnancy.booked", "2026-03-23 10:00", edd="2026-10-20", provider="RXB"), "RXB"),
        (event("pregnancy.transferred", "2026-03-23 10:00", from_org="RXA", to_org="RXB"), "RXA"),
    ],
)
def test_what_was_the_only_word_and_is_taken_back(first: Event, then: str) -> None:
    """A move names where she came from; of a booking alone whoever was known is kept."""
    woman = Woman()
    woman.hears(first)
    woman.hears(event("event.retracted", "2026-03-24 10:00", target_id=first.id), opens=False)
    assert then == woman.state.provider


def test_what_was_known_before_such_words_were_kept_comes_first() -> None:
    """A state of an older hub knows a provider and not since when."""
    woman = Woman()
    woman.hears(event("pregnancy.booked", "2026-03-23 10:00", edd="2026-10-20"))
    woman.state = replace(woman.state, provider="RXA")
    move = transferred("2026-08-05 10:00", "RXB")
    woman.hears(move, opens=False)
    assert "RXB" == woman.state.provider
    woman.hears(event("event.retracted", "2026-08-07 10:00", target_id=move.id), opens=False)
    assert "RXA" == woman.state.provider
