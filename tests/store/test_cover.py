"""Absences and delegations in both databases: kept, ended, and never taken away."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import sqlalchemy as sa
from msgspec.structs import replace
from sqlalchemy import Engine

from hub.core.covering import Absence, Delegation, DelegationReason, Roster
from hub.store import cover
from hub.store import tables as t
from hub.store.engine import reading, writing
from tests.store.records import T0

DAY = timedelta(days=1)
HOLDS = {"ada": frozenset({"HV_TEAM"}), "bea": frozenset({"HV_TEAM"})}
AWAY = Absence(
    absence_id="ab-1",
    organisation="RYX",
    person="ada",
    since=T0,
    until=T0 + 7 * DAY,
    cover="bea",
)
GIVEN = Delegation(
    delegation_id="dg-1",
    notice_id="n-1",
    organisation="RYX",
    giver="ada",
    to="bea",
    reason=DelegationReason.WORKLOAD,
    since=T0,
    until=T0 + 2 * DAY,
)


def roster(engine: Engine, days: int = 0, organisation: str = "RYX") -> Roster:
    """What stands some days later."""
    with reading(engine) as conn:
        return cover.roster(conn, organisation, HOLDS, T0 + days * DAY)


def test_what_is_recorded_is_read_until_it_is_over(engine: Engine) -> None:
    """To the instant, at its own organisation, and with its roles."""
    with writing(engine) as conn:
        cover.record_absence(conn, AWAY, "ada", T0)
        cover.delegate(conn, GIVEN, T0)
    assert Roster(absences=(AWAY,), delegations=(GIVEN,), holds=HOLDS) == roster(engine)
    assert ((AWAY,), ()) == (roster(engine, 2).absences, roster(engine, 2).delegations)
    assert () == roster(engine, 7).absences
    assert ((), ()) == (
        roster(engine, 0, "RXX").absences,
        roster(engine, 0, "RXX").delegations,
    )


def test_an_end_keeps_who_ended_it(engine: Engine) -> None:
    """Ending twice ends once; the row stays with both names."""
    with writing(engine) as conn:
        cover.record_absence(conn, AWAY, "lead", T0)
        assert AWAY == cover.absence(conn, "ab-1")
        assert cover.end_absence(conn, "ab-1", "ada", T0 + DAY)
        assert not cover.end_absence(conn, "ab-1", "bea", T0 + 2 * DAY)
        assert None is cover.absence(conn, "ab-1")
        (row,) = cover.history(conn, "RYX", 9)
    assert () == roster(engine, 1).absences
    assert ("lead", "ada", T0 + DAY) == (row["recorded_by"], row["ended_by"], row["ended_at"])


def test_a_notice_that_is_given_again_leaves_the_one_before(engine: Engine) -> None:
    """It is with one colleague; that it was with another can still be read."""
    again = replace(GIVEN, delegation_id="dg-2", giver="bea", to="ada", since=T0 + DAY)
    with writing(engine) as conn:
        cover.delegate(conn, GIVEN, T0)
        cover.delegate(conn, again, T0 + DAY)
    assert (again,) == roster(engine, 1).delegations
    with writing(engine) as conn:
        assert cover.end_delegation(conn, "n-1", "ada", T0 + DAY)
        assert not cover.end_delegation(conn, "n-1", "ada", T0 + DAY)
        assert 2 == conn.scalar(sa.select(sa.func.count()).select_from(t.delegations))
    assert () == roster(engine, 1).delegations


def test_two_who_arrange_at_once_take_turns(engine: Engine) -> None:
    """Each looks before it writes; whoever is second sees what the first has written."""
    both_begun = threading.Barrier(2, timeout=20)

    def arrange(absence_id: str) -> bool:
        both_begun.wait()
        with writing(engine) as conn:
            cover.hold_still(conn, "RYX")
            if cover.roster(conn, "RYX", HOLDS, T0).absences:
                return False
            # Long enough for the other to look as well, if it could.
            time.sleep(0.3)
            cover.record_absence(conn, replace(AWAY, absence_id=absence_id), "ada", T0)
            return True

    with ThreadPoolExecutor(2) as pool:
        assert [False, True] == sorted(pool.map(arrange, ["ab-1", "ab-2"]))
    assert 1 == len(roster(engine).absences)
