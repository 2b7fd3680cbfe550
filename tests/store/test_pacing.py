"""A limit of notices a minute: kept over any stretch of time, and nobody else waits for it."""

from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from hub.edges.directory import Directory, directory_from
from hub.ops.clock import HeldClock
from hub.roles.pacing import BURST_SECONDS, Pace
from hub.store import tables as t
from hub.store.engine import reading
from tests.channels.tools import SECRET
from tests.servers.webhooks import receiving
from tests.store.records import GP, HV
from tests.store.test_delivery import HUB_TIME, Rig

LIMIT = 240
GAP = 60.0 / LIMIT
AT_ONCE = int(BURST_SECONDS / GAP) + 1


class ByHand:
    """A clock that a test moves."""

    def __init__(self) -> None:
        """At some time."""
        self.at = 100.0

    def __call__(self) -> float:
        """Now."""
        return self.at


@given(
    per_minute=st.integers(1, 6000),
    asked=st.lists(st.tuples(st.floats(0, 30), st.integers(1, 40)), max_size=60),
)
def test_no_stretch_of_time_holds_more_than_it_may(
    per_minute: int, asked: list[tuple[float, int]]
) -> None:
    """From any grant to any later one: an even pace for the time between, and one burst."""
    clock = ByHand()
    pace, grants = Pace(clock), list[tuple[float, int]]()
    for pause, wanted in asked:
        clock.at += pause
        held = "d" in pace.held()
        granted = pace.take("d", per_minute, wanted)
        assert held == (granted == 0)
        grants.append((clock.at, granted))
    for first, (since, _) in enumerate(grants):
        gone = 0
        for until, granted in grants[first:]:
            gone += granted
            assert gone <= (until - since + BURST_SECONDS) * per_minute / 60 + 1 + 1e-6


@given(per_minute=st.integers(1, 600), wanted=st.integers(1, 50))
def test_who_asks_on_gets_all_of_the_pace(per_minute: int, wanted: int) -> None:
    """Asking at every turn of the loop, nothing of what is allowed in ten minutes is lost."""
    clock = ByHand()
    pace, gone = Pace(clock), 0
    for _ in range(2400):
        gone += pace.take("d", per_minute, wanted)
        clock.at += 0.25
    allowed = min(10 * per_minute, 2400 * wanted)
    assert gone >= allowed - 1


def test_without_a_limit_all_goes() -> None:
    """And nothing is remembered of it."""
    pace = Pace(ByHand())
    assert (50, frozenset()) == (pace.take("d", 0, 50), pace.held())


class Limited(Rig):
    """The practice takes so many a minute, the health visitors as many as come."""

    @property
    def directory(self) -> Directory:
        """A webhook each."""
        row = {"channel": "webhook", "secret": SECRET}
        limits = {GP: LIMIT, HV: 0}
        return directory_from(
            {
                "endpoint": [
                    row | {"organisation": ods, "address": url, "per_minute": limits[ods]}
                    for ods, url in self.hooks.items()
                ]
            }
        )

    def sent_at(self, organisation: str) -> list[datetime]:
        """When each attempt there was written down."""
        a = t.attempts.c
        here = a.destination_id == f"webhook:{organisation}"
        with reading(self.engine) as conn:
            return list(conn.scalars(sa.select(a.at).where(here).order_by(a.at)))


def test_a_limited_destination_is_sent_no_more_and_holds_up_nobody(
    lite: Engine, tmp_path: Path
) -> None:
    """A burst, then an even pace, in order; the visitors' notices, which came later, go at once."""
    clock = HeldClock(tmp_path / "clock")
    clock.move(HUB_TIME)
    rig = Limited(lite, clock)
    many = [f"n-{number:02}" for number in range(AT_ONCE + 6)]
    with receiving() as practice, receiving() as visitors:
        rig.hooks |= {GP: practice.url, HV: visitors.url}
        for each in many:
            rig.queue(each)
        for each in ("v-1", "v-2"):
            rig.queue(each, HV)
        rig.run(rig.all_reported)
    assert many == [each.headers["webhook-id"] for each in practice.taken]
    there, elsewhere = rig.sent_at(GP), rig.sent_at(HV)
    # An attempt is written down a moment after it was begun, the first perhaps a longer one.
    late = timedelta(seconds=GAP)
    assert there[-1] - there[0] >= timedelta(seconds=(len(many) - AT_ONCE) * GAP) - late
    assert 2 == len(elsewhere)
    assert max(elsewhere) < there[-1]
