"""Sending again acts on exactly what was previewed, once, and never on what was accepted."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Thread

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from hub.core.model import Signal
from hub.core.replaying import Actor, LeftOut, Refused, ReplayState
from hub.edges.directory import Directory
from hub.roles.queueing import take_in
from hub.store import replays
from hub.store import tables as t
from hub.store.engine import reading, writing
from hub.store.projector import apply_decision
from hub.store.replay_rows import Chosen
from tests.store.records import GP, HV, T0, decision, ended, reached
from tests.store.replay_stage import (
    ADA,
    BEA,
    LATER,
    accept,
    act,
    again,
    deliver,
    hooked,
    look,
    pending,
    told,
)


@pytest.fixture
def people() -> Directory:
    """Practice and health visitors have webhooks."""
    return hooked()


def test_what_is_previewed_is_what_is_sent(engine: Engine, people: Directory) -> None:
    """Count, recipients, oldest and newest; nothing goes before the deed, nothing more with it."""
    told(engine, people, range(1, 6))
    told(engine, people, range(6, 9), HV)
    accept(engine, 2)
    seen = look(engine, people, Chosen(channel="webhook"))
    assert (7, {"accepted": 1}) == (seen.notices, seen.left_out)
    assert [(GP, 4), (HV, 3)] == [(r.organisation, r.notices) for r in seen.recipients]
    assert (T0 + timedelta(minutes=1), T0 + timedelta(minutes=8)) == (seen.oldest, seen.newest)
    assert set() == pending(engine)
    told(engine, people, [9])
    assert ReplayState.DONE is act(engine, people, seen)
    assert {f"n-{n}" for n in (1, 3, 4, 5, 6, 7, 8)} == pending(engine)
    assert {replays.SENT_AGAIN: 7} == again(engine).came_of


def test_what_was_accepted_since_the_preview_is_left_out(engine: Engine, people: Directory) -> None:
    """And counted; so is what was taken back or tried again meanwhile."""
    told(engine, people, range(1, 6))
    seen = look(engine, people)
    accept(engine, 1, 2)
    with writing(engine) as conn:
        gone = ended("o-3", notice_ids=("n-3",))
        apply_decision(conn, decision(2000, gone))
    assert ReplayState.DONE is act(engine, people, seen)
    assert {"n-4", "n-5"} == pending(engine)
    counted = {LeftOut.ACCEPTED: 2, LeftOut.TAKEN_BACK: 1, replays.SENT_AGAIN: 2}
    assert counted == again(engine).came_of


def test_an_acceptance_stops_what_waits_to_be_sent_again(engine: Engine, people: Directory) -> None:
    """The delivery role reads it before the notice went out: it stands as it stood."""
    told(engine, people, [1, 2])
    act(engine, people, look(engine, people))
    said = reached(Signal.ACCEPTED, "n-1")
    take_in(engine, people, [decision(3, said)], {("hub.decisions", 0): 4})
    assert {"n-2"} == pending(engine)
    assert {LeftOut.ACCEPTED: 1, replays.SENT_AGAIN: 1} == again(engine).came_of
    with reading(engine) as conn:
        state = conn.scalar(sa.select(t.outbox.c.state).where(t.outbox.c.notice_id == "n-1"))
    assert "delivered" == state


def test_acceptances_while_it_acts_neither_stop_it_nor_lose_a_notice(
    engine: Engine, people: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two writers at once: every notice comes to one end, and what is counted as sent waits."""
    monkeypatch.setattr(replays, "PIECE", 2)
    monkeypatch.setattr(replays, "ALONE", 1000)
    told(engine, people, range(1, 41))
    seen = look(engine, people)
    others = Thread(target=lambda: [accept(engine, n) for n in range(40, 0, -1)])
    others.start()
    stands = act(engine, people, seen)
    others.join()
    assert ReplayState.DONE is stands
    m = t.replay_notices.c
    with reading(engine) as conn:
        sent = set(conn.scalars(sa.select(m.notice_id).where(m.came_of == replays.SENT_AGAIN)))
    assert sent == pending(engine)
    came = again(engine).came_of
    assert 40 == sum(came.values())
    assert {LeftOut.ACCEPTED, replays.SENT_AGAIN} >= set(came)


def test_acting_twice_sends_nothing_twice(engine: Engine, people: Directory) -> None:
    """Neither at once nor after it has gone out."""
    told(engine, people, range(1, 4))
    seen = look(engine, people)
    act(engine, people, seen)
    act(engine, people, seen)
    with writing(engine) as conn:
        assert 3 == deliver(conn, f"webhook:{GP}")
    assert ReplayState.DONE is act(engine, people, seen, BEA)
    assert set() == pending(engine)
    with reading(engine) as conn:
        counted = conn.execute(
            sa.select(t.attempts.c.notice_id, sa.func.count()).group_by(t.attempts.c.notice_id)
        )
        assert {("n-1", 2), ("n-2", 2), ("n-3", 2)} == {tuple(row) for row in counted}
    assert {"delivered": 3} == again(engine).results


def test_each_piece_looks_again(
    engine: Engine, people: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is accepted between two pieces is left out by the second, though both were previewed."""
    monkeypatch.setattr(replays, "PIECE", 2)
    told(engine, people, range(1, 7))
    seen, real = look(engine, people), replays.writing
    begun: list[int] = []

    @contextmanager
    def between(of: Engine) -> Iterator[Connection]:
        """The transactions are: begin, first piece, second piece, third, and one that ends it."""
        begun.append(1)
        if len(begun) == 3:
            accept(engine, 4, 5)
        with real(of) as conn:
            yield conn

    monkeypatch.setattr(replays, "writing", between)
    assert ReplayState.DONE is act(engine, people, seen)
    assert {"n-1", "n-2", "n-3", "n-6"} == pending(engine)
    assert {LeftOut.ACCEPTED: 2, replays.SENT_AGAIN: 4} == again(engine).came_of


def test_one_that_was_killed_goes_on(
    engine: Engine, people: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it stopped; what went before is not touched again."""
    monkeypatch.setattr(replays, "PIECE", 1)
    told(engine, people, range(1, 4))
    seen = look(engine, people)
    real, left = replays._send_piece, [1]

    def killed(*args: object) -> int:
        if not left:
            raise KeyboardInterrupt
        left.pop()
        return real(*args)  # type: ignore[arg-type]  # handed on as it came

    monkeypatch.setattr(replays, "_send_piece", killed)
    with pytest.raises(KeyboardInterrupt):
        act(engine, people, seen)
    assert ({"n-1"}, ReplayState.ACTING) == (pending(engine), again(engine).state)
    monkeypatch.setattr(replays, "_send_piece", real)
    with writing(engine) as conn:
        assert 1 == deliver(conn, f"webhook:{GP}")
    assert ReplayState.DONE is act(engine, people, seen)
    assert {"n-2", "n-3"} == pending(engine)


def test_two_previews_of_one_set_send_it_once(engine: Engine, people: Directory) -> None:
    """Enter pressed twice makes two previews; the second finds that they were tried since."""
    told(engine, people, [1, 2])
    first, second = look(engine, people), look(engine, people, replay_id="rp-2")
    act(engine, people, first)
    act(engine, people, second)
    assert {LeftOut.UNDER_WAY: 2} == again(engine, "rp-2").came_of
    third = look(engine, people, Chosen(notice_id="n-1"), "rp-3")
    assert (0, {"under_way": 1}) == (third.notices, third.left_out)
    assert Refused.NOTHING is act(engine, people, third)


def test_a_large_one_needs_a_second_person(
    engine: Engine, people: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who looked or asked cannot agree; nothing is sent before."""
    monkeypatch.setattr(replays, "ALONE", 2)
    told(engine, people, range(1, 4))
    seen = look(engine, people)
    assert Refused.NOT_SIGNED_IN is act(engine, people, seen, Actor("bea", signed_in=False))
    assert ReplayState.ASKED is act(engine, people, seen)
    assert Refused.SECOND_PERSON is act(engine, people, seen)
    assert set() == pending(engine)
    assert ReplayState.DONE is act(engine, people, seen, BEA)
    assert 3 == len(pending(engine))
    assert ("ada", "bea") == (again(engine).asked_by, again(engine).acted_by)


def test_a_token_is_of_one_set(engine: Engine, people: Directory) -> None:
    """Another preview's does nothing, and neither does a set that was changed under it."""
    told(engine, people, [1, 2])
    first, second = look(engine, people), look(engine, people, replay_id="rp-2")
    given = replays.act(engine, people, "rp-1", second.token, ADA, LATER)
    assert Refused.OTHER_SET is given
    with writing(engine) as conn:
        conn.execute(sa.delete(t.replay_notices).where(t.replay_notices.c.notice_id == "n-1"))
    assert Refused.OTHER_SET is act(engine, people, first)
    assert set() == pending(engine)


def test_more_than_fits_is_refused_and_kept_nowhere(
    engine: Engine, people: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The filter must be narrowed."""
    monkeypatch.setattr(replays, "MOST", 2)
    told(engine, people, range(1, 4))
    with pytest.raises(replays.TooManyError, match="narrow"):
        look(engine, people)
    with reading(engine) as conn:
        assert [] == replays.latest(conn, 10)


@pytest.mark.parametrize(
    ("chosen", "many"),
    [
        (Chosen(notice_id="n-2"), 1),
        (Chosen(organisation=HV), 2),
        (Chosen(channel="kafka"), 0),
        (Chosen(state="delivered"), 5),
        (Chosen(state="exhausted"), 0),
        (Chosen(since=T0 + timedelta(minutes=2), until=T0 + timedelta(minutes=4)), 2),
        (Chosen(organisation=GP, since=T0 + timedelta(minutes=3)), 1),
    ],
)
def test_a_filter_finds_what_it_says(
    engine: Engine, people: Directory, chosen: Chosen, many: int
) -> None:
    """One notice, one recipient, one channel, one state, a time from and before."""
    told(engine, people, [1, 2, 3])
    told(engine, people, [4, 5], HV)
    assert many == look(engine, people, chosen).notices
