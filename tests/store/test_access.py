"""The log of accesses: added to, found again, and proof against a quiet change."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from hub.edges.access import AccessRecord, Ground, What, access_codec
from hub.edges.schemas import default_schemas
from hub.store import tables as t
from hub.store.access import Verdict, accesses, add_access, verify
from hub.store.engine import reading, writing
from tests.store.records import T0

CODEC = access_codec(default_schemas())


def access(n: int, **how: object) -> AccessRecord:
    """The nth access of a test."""
    values: dict[str, object] = {
        "access_id": f"a-{n}",
        "at": T0 + timedelta(minutes=n),
        "person_id": "hv-1",
        "organisation": "RYX",
        "roles": ("HV_TEAM",),
        "what": What.NOTICE,
        "subject_id": f"n-{n}",
        "episode_id": "e-1",
        "ground": Ground.ADDRESSED,
        "purpose": "direct_care",
    }
    return AccessRecord(**(values | how))  # type: ignore[arg-type]  # the callers name its fields


def fill(engine: Engine) -> list[AccessRecord]:
    """Three accesses: two to one episode, two of one person."""
    kept = [access(1), access(2, person_id=None, roles=()), access(3, episode_id="e-2")]
    with writing(engine) as conn:
        assert [1, 2, 3] == [add_access(conn, CODEC, one) for one in kept]
    return kept


def check(engine: Engine, expected: str = "") -> Verdict:
    """What the chain says now."""
    with reading(engine) as conn:
        return verify(conn, CODEC, expected=expected)


def test_accesses_are_found_by_episode_and_by_person(engine: Engine) -> None:
    """Newest first, whole, and a page at a time."""
    first, second, third = fill(engine)
    with reading(engine) as conn:
        assert (third, second, first) == accesses(conn, CODEC)
        assert (second, first) == accesses(conn, CODEC, episode_id="e-1")
        assert (third, first) == accesses(conn, CODEC, person_id="hv-1")
        assert (first,) == accesses(conn, CODEC, episode_id="e-1", person_id="hv-1")
        assert (second,) == accesses(conn, CODEC, limit=1, offset=1)


def test_an_untouched_log_is_whole(engine: Engine) -> None:
    """Empty and filled; its head is the digest of the last row."""
    assert Verdict(0, "") == check(engine)
    fill(engine)
    found = check(engine)
    assert (3, True) == (found.rows, found.whole)
    assert check(engine, expected=found.head).whole


a = t.accesses


@pytest.mark.parametrize(
    ("change", "broken_at"),
    [
        (lambda: sa.update(a).where(a.c.n == 2).values(organisation="RXX"), 2),
        (lambda: sa.update(a).where(a.c.n == 1).values(record=CODEC.encode(access(9))), 1),
        (lambda: sa.update(a).where(a.c.n == 3).values(record=b"\0noise"), 3),
        (lambda: sa.update(a).where(a.c.n == 2).values(digest="0" * 64), 2),
        (lambda: sa.delete(a).where(a.c.n == 2), 2),
        (lambda: sa.delete(a).where(a.c.n == 1), 1),
    ],
    ids=["column", "record", "noise", "digest", "middle-gone", "first-gone"],
)
def test_a_changed_log_says_where(
    engine: Engine, change: Callable[[], sa.Executable], broken_at: int
) -> None:
    """A column, a record, a digest, or a row that is gone."""
    fill(engine)
    with writing(engine) as conn:
        conn.execute(change())
    found = check(engine)
    assert (broken_at, False) == (found.broken_at, found.whole)


def test_rows_cut_off_at_the_end_show_against_a_digest_that_was_kept(engine: Engine) -> None:
    """The chain alone cannot tell; whoever wrote its last digest down can."""
    fill(engine)
    kept = check(engine).head
    with writing(engine) as conn:
        conn.execute(sa.delete(a).where(a.c.n == 3))
    assert check(engine).whole
    assert not check(engine, expected=kept).whole


def test_many_may_add_at_once(engine: Engine) -> None:
    """Requests that come together still make one chain."""

    def add(n: int) -> int:
        with writing(engine) as conn:
            return add_access(conn, CODEC, access(n))

    with ThreadPoolExecutor(4) as askers:
        assert list(range(1, 13)) == sorted(askers.map(add, range(12)))
    assert (12, True) == (check(engine).rows, check(engine).whole)
