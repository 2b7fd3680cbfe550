"""The decision on the next channel, as a table."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core.model import Level
from hub.edges.channels.failover import (
    ENDS,
    GOES_ON,
    Latest,
    Next,
    Standing,
    next_step,
    time_is_up_at,
)
from tests.store.records import HOUR, T0

TRIED = Standing(
    left=1,
    takes_back=False,
    level=Level.OWED,
    needed=Level.ACCEPTED,
    latest=Latest.TRIED,
    next_at=T0 + HOUR,
)
SECOND = timedelta(seconds=1)
ALMOST, IN_TIME = T0 + HOUR - SECOND, T0 + HOUR

TABLE: tuple[tuple[str, dict[str, Any], dict[Any, Next]], ...] = (
    (
        "it is still tried",
        {},
        {ALMOST: Next.NOT_YET, IN_TIME: Next.TIME_IS_UP},
    ),
    (
        "it got through, and nobody has accepted it",
        {"latest": Latest.THROUGH, "level": Level.DELIVERED},
        {ALMOST: Next.NOT_YET, IN_TIME: Next.TIME_IS_UP},
    ),
    (
        "it got through, which is all that was asked",
        {"latest": Latest.THROUGH, "level": Level.DELIVERED, "needed": Level.DELIVERED},
        {ALMOST: Next.REACHED, IN_TIME: Next.REACHED},
    ),
    (
        "nobody answers there, but it was accepted on the worklist",
        {"latest": Latest.DOWN, "level": Level.ACCEPTED},
        {ALMOST: Next.REACHED, IN_TIME: Next.REACHED},
    ),
    (
        "the destination is down",
        {"latest": Latest.DOWN},
        {T0: Next.DOWN, IN_TIME: Next.DOWN},
    ),
    (
        "it was given up",
        {"latest": Latest.CAME_BACK},
        {T0: Next.CAME_BACK, IN_TIME: Next.CAME_BACK},
    ),
    (
        "it takes back what went out",
        {"takes_back": True, "latest": Latest.THROUGH, "level": Level.ACCEPTED},
        {T0: Next.TAKES_BACK, IN_TIME: Next.TAKES_BACK},
    ),
    (
        "it was given up on the last channel",
        {"latest": Latest.CAME_BACK, "left": 0},
        {T0: Next.NONE_LEFT, IN_TIME: Next.NONE_LEFT},
    ),
    (
        "it takes back, and has gone over every channel",
        {"takes_back": True, "left": 0},
        {T0: Next.NONE_LEFT, IN_TIME: Next.NONE_LEFT},
    ),
)


@pytest.mark.parametrize(
    ("known", "wanted"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_what_is_known_decides_on_the_next_channel(
    known: dict[str, Any], wanted: dict[Any, Next]
) -> None:
    """Each row says what is so, and what follows before and at its time."""
    standing = replace(TRIED, **known)
    assert wanted == {at: next_step(standing, at) for at in wanted}


def test_a_step_goes_on_or_ends_it_or_waits_and_never_two_of_them() -> None:
    """Whoever carries it out needs no rule of its own."""
    assert set(Next) - {Next.NOT_YET} == GOES_ON | ENDS
    assert not GOES_ON & ENDS


@pytest.mark.parametrize(
    ("due_in", "share", "up_in"),
    [
        (24 * HOUR, 0.5, 12 * HOUR),
        (24 * HOUR, 1.0, 24 * HOUR),
        (2 * HOUR, 0.25, HOUR / 2),
        (0 * HOUR, 0.5, 0 * HOUR),
        (-24 * HOUR, 0.5, 0 * HOUR),
    ],
)
def test_a_channel_has_its_share_of_the_time_that_is_left(
    due_in: timedelta, share: float, up_in: timedelta
) -> None:
    """After the deadline there is none left, and the next channel follows at once."""
    assert T0 + up_in == time_is_up_at(T0, T0 + due_in, share)


@given(hours=st.integers(1, 1000), share=st.floats(0.01, 0.99), channels=st.integers(1, 8))
def test_however_many_channels_each_is_tried_before_the_deadline(
    hours: int, share: float, channels: int
) -> None:
    """Each takes its share of what those before it have left."""
    due_at, at = T0 + hours * HOUR, T0
    for _ in range(channels):
        up_at = time_is_up_at(at, due_at, share)
        assert at <= up_at <= due_at
        at = up_at
