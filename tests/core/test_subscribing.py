"""The life of a subscription: every state by every signal, and what the passing of time does."""

from datetime import timedelta

import pytest

from hub.core.subscribing import (
    ENDED,
    NotMoved,
    Standing,
    SubscriptionSignal,
    SubscriptionState,
    falls_due,
    is_expiring,
    moved,
)
from tests.store.records import HOUR, T0

S, G = SubscriptionState, SubscriptionSignal

TABLE = """
            approve   refuse   tested  pause   resume  rotate    revoke   expire
requested   approved  refused  .       .       .       .         revoked  expired
refused     .         .        .       .       .       .         .        .
approved    .         .        active  .       .       approved  revoked  expired
active      .         .        active  paused  .       active    revoked  expired
paused      .         .        paused  .       active  paused    revoked  expired
revoked     .         .        .       .       .       .         .        .
expired     .         .        .       .       .       .         .        .
"""
HEAD, *ROWS = (line.split() for line in TABLE.strip().splitlines())
CASES = [(row[0], signal, then) for row in ROWS for signal, then in zip(HEAD, row[1:], strict=True)]


def test_the_table_has_every_state_and_every_signal() -> None:
    """A new one needs a row or a column here."""
    assert set(HEAD) == set(G)
    assert {row[0] for row in ROWS} == set(S)
    assert len(CASES) == len(S) * len(G)


@pytest.mark.parametrize(("state", "signal", "then"), CASES)
def test_every_state_by_every_signal(state: str, signal: str, then: str) -> None:
    """What is not in the table comes to nothing."""
    standing = Standing(state=S(state), requested_by="ada")
    expected = NotMoved.NOT_FROM_HERE if then == "." else S(then)
    assert expected is moved(standing, G(signal), "bea")


def test_nobody_approves_what_she_asked_for() -> None:
    """Of all signals this one needs another person."""
    standing = Standing(state=S.REQUESTED, requested_by="ada")
    assert NotMoved.SAME_PERSON is moved(standing, G.APPROVE, "ada")
    assert S.REFUSED is moved(standing, G.REFUSE, "ada")


@pytest.mark.parametrize("state", list(S))
def test_what_time_does(state: SubscriptionState) -> None:
    """It ends whatever has not ended, and it ends pauses; an end comes first."""
    before, after = T0 - HOUR, T0 + HOUR
    ends = None if state in ENDED else G.EXPIRE
    resumes = G.RESUME if state is S.PAUSED else None
    assert ends is falls_due(state, T0, expires_at=T0, paused_until=before)
    assert resumes is falls_due(state, T0, expires_at=after, paused_until=T0)
    assert None is falls_due(state, T0, expires_at=after, paused_until=after)
    assert None is falls_due(state, T0, expires_at=after, paused_until=None)


@pytest.mark.parametrize("state", list(S))
def test_who_is_warned_of(state: SubscriptionState) -> None:
    """Only what carries notices, and only before its end."""
    month = timedelta(days=30)
    carries = state in (S.ACTIVE, S.PAUSED)
    assert carries is is_expiring(state, T0, expires_at=T0 + month, warn=month)
    assert not is_expiring(state, T0, expires_at=T0 + month + HOUR, warn=month)
    assert not is_expiring(state, T0, expires_at=T0, warn=month)
