"""Further channels in the outbox: order, evidence, an end, and what the core hears."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from hub.core.model import Signal
from hub.edges.directory import Directory, directory_from
from hub.store import outbox, outbox_attempts, outbox_copies, outbox_reports
from hub.store import tables as t
from hub.store.engine import writing
from hub.store.incidents import held, incidents
from hub.store.outbox_evidence import carrier_says
from hub.store.outbox_queue import Queue
from tests.store.records import GP, HOUR, T0, notice_record

SECOND = timedelta(seconds=1)
THEIRS = {
    "endpoint": [
        {
            "organisation": GP,
            "channel": "webhook",
            "then": [{"channel": "mesh"}, {"channel": "email"}],
        }
    ]
}
HOOK, MESH, MAIL = f"webhook:{GP}", f"mesh:{GP}", f"email:{GP}"


@pytest.fixture
def directory() -> Directory:
    """The practice has a webhook, then MESH, then a mail."""
    return directory_from(THEIRS)


def queue(conn: Connection, directory: Directory, notice_id: str = "n-1", **more: object) -> None:
    """Put a notice in the outbox at T0; its second channel is looked at in twelve hours."""
    batch = Queue(T0)
    endpoint = directory.endpoint(GP, "GP_PRACTICE")
    batch.add(notice_record(notice_id, **more), endpoint, T0 + 12 * HOUR)
    batch.write(conn)


def begin(conn: Connection, directory: Directory, at: datetime) -> list[str]:
    """Put a copy of what waits on its way over the next channel; says of which notices."""
    endpoints = directory.endpoints_of(GP, "GP_PRACTICE")
    begun = []
    for one in outbox_copies.waiting(conn, at, 100):
        is_last = one.place + 2 == len(endpoints)
        next_at = None if is_last else at + 6 * HOUR
        if outbox_copies.begin(conn, one, endpoints[one.place + 1], at, next_at):
            begun.append(one.notice_id)
    return begun


def attempt(
    conn: Connection, destination_id: str, at: datetime, **more: object
) -> outbox.OutboxState:
    """Try what is due first at a destination; nobody answers there unless a signal is given."""
    (due, *_) = outbox.due_notices(conn, destination_id, at, 10)
    values: dict[str, object] = {
        "due": due,
        "at": at,
        "clock_at": at,
        "latency_ms": 12,
        "signal": None,
        "reason": "unreachable",
    }
    return outbox_attempts.record_attempt(conn, outbox.Attempt(**(values | more)), 0.5)


def told(conn: Connection) -> list[tuple[str, Signal, str]]:
    """What the core hears next, which is then marked as told."""
    untold = outbox_reports.unreported(conn, 10)
    outbox_reports.mark_reported(conn, untold)
    return [(each.notice_id, each.signal, each.channel) for each in untold]


def due(conn: Connection, at: datetime) -> list[str]:
    """Destinations at which something is due."""
    return outbox.due_destinations(conn, at)


def test_after_a_dead_week_the_notices_go_out_in_the_order_they_were_made(engine: Engine) -> None:
    """Nobody answers for a week; what is tried first once somebody does is the oldest notice."""
    directory = directory_from({"endpoint": [{"organisation": GP, "channel": "webhook"}]})
    many = [f"n-{number:02}" for number in range(30)]
    sent: list[str] = []
    with writing(engine) as conn:
        endpoint, at = directory.endpoint(GP, "GP_PRACTICE"), T0
        for number, notice_id in enumerate(many):
            made_at = T0 + number * timedelta(hours=5)
            outbox.queue_notice(conn, notice_record(notice_id), endpoint, made_at)
        while at < T0 + timedelta(days=7):
            at += timedelta(minutes=10)
            if HOOK in due(conn, at):
                attempt(conn, HOOK, at)
        at += HOUR
        while HOOK in due(conn, at):
            for one in outbox.due_notices(conn, HOOK, at, 20):
                sent.append(one.notice_id)
                done = outbox.Attempt(
                    due=one, at=at, clock_at=at, latency_ms=1, signal=Signal.DELIVERED
                )
                outbox_attempts.record_attempt(conn, done, 0.5)
    assert many == sent


def test_a_notice_that_is_refused_holds_up_nobody(engine: Engine, directory: Directory) -> None:
    """A fault that may lie in it alone: the next one is tried meanwhile."""
    with writing(engine) as conn:
        queue(conn, directory, "n-1")
        queue(conn, directory, "n-2")
        for reason in ("rejected", "broken_off", "timed_out", "their_error"):
            attempt(conn, HOOK, T0 + HOUR, reason=reason)
            (next_one,) = outbox.due_notices(conn, HOOK, T0 + HOUR + SECOND, 1)
            assert "n-2" == next_one.notice_id
            again = sa.update(t.outbox).values(next_try_at=T0)
            conn.execute(again)


def test_the_second_channel_is_looked_at_in_its_time(engine: Engine, directory: Directory) -> None:
    """Not before; the first is tried on beside it, and each has attempts of its own."""
    at = T0 + 12 * HOUR
    with writing(engine) as conn:
        queue(conn, directory)
        attempt(conn, HOOK, T0)
        assert [] == begin(conn, directory, at - SECOND)
        assert ["n-1"] == begin(conn, directory, at)
        assert [] == begin(conn, directory, at)
        assert [HOOK, MESH] == due(conn, at)
        attempt(conn, MESH, at, signal=Signal.SENT, reason=None)
        attempt(conn, HOOK, at)
        log = conn.execute(sa.select(t.attempts).order_by(t.attempts.c.at, t.attempts.c.n)).all()
    assert [(1, "webhook", "failed"), (2, "webhook", "failed"), (1001, "mesh", "sent")] == [
        (line.n, line.channel, line.result) for line in log
    ]


def test_a_destination_that_is_down_sends_what_waits_there_on_at_once(
    engine: Engine, directory: Directory
) -> None:
    """Also what was never tried there because others wait before it."""
    at = T0
    with writing(engine) as conn:
        queue(conn, directory, "n-1")
        queue(conn, directory, "n-2")
        for _ in range(outbox.PAUSE_AFTER):
            assert [] == begin(conn, directory, at)
            at += HOUR
            attempt(conn, HOOK, at)
        assert ["n-1", "n-2"] == begin(conn, directory, at)
        assert [] == begin(conn, directory, at), "MESH has its own time now"
        for _ in range(outbox.PAUSE_AFTER):
            at += HOUR / 2
            attempt(conn, MESH, at)
        assert ["n-1", "n-2"] == begin(conn, directory, at)
        assert {HOOK, MESH, MAIL} == set(due(conn, at + HOUR))


def test_late_evidence_over_either_channel_is_told(engine: Engine, directory: Directory) -> None:
    """Each with its channel, and as an input of its own."""
    at = T0 + 12 * HOUR
    with writing(engine) as conn:
        queue(conn, directory)
        begin(conn, directory, at)
        attempt(conn, MESH, at, signal=Signal.SENT, reason=None)
        assert [("n-1", Signal.SENT, "mesh")] == told(conn)
        attempt(conn, HOOK, at + HOUR, signal=Signal.DELIVERED, reason=None)
        untold = outbox_reports.unreported(conn, 10)
        assert carrier_says(conn, "n-1", "mesh", Signal.DELIVERED, at + 2 * HOUR)
        both = [*untold, *outbox_reports.unreported(conn, 10)]
        assert [("n-1", Signal.DELIVERED, "webhook"), ("n-1", Signal.DELIVERED, "mesh")] == told(
            conn
        )
        assert [] == told(conn)
    ids = {outbox_reports.receipt_of(each).input_id for each in both}
    assert 2 == len(ids)


def test_a_channel_that_gives_it_back_makes_way_at_once(
    engine: Engine, directory: Directory
) -> None:
    """And the core hears that it bounced only when no channel is left: nothing late would count."""
    at = T0 + HOUR
    with writing(engine) as conn:
        queue(conn, directory)
        attempt(conn, HOOK, at, retry=False, reason="gone")
        assert ["n-1"] == begin(conn, directory, at)
        attempt(conn, MESH, at, signal=Signal.SENT, reason=None)
        assert [("n-1", Signal.SENT, "mesh")] == told(conn)
        assert carrier_says(conn, "n-1", "mesh", Signal.BOUNCED, at, "not_collected")
        assert not carrier_says(conn, "n-1", "mesh", Signal.BOUNCED, at, "not_collected")
        assert ["n-1"] == begin(conn, directory, at)
        assert [] == told(conn)
        attempt(conn, MAIL, at, retry=False, reason="no_such_mailbox")
        assert [("n-1", Signal.BOUNCED, "webhook")] == told(conn)
        assert [] == begin(conn, directory, at + 100 * HOUR)


def test_what_one_channel_has_is_not_said_to_have_come_back(
    engine: Engine, directory: Directory
) -> None:
    """The first is given up after two weeks; the second had it long before."""
    at = T0 + 12 * HOUR
    with writing(engine) as conn:
        queue(conn, directory)
        attempt(conn, HOOK, T0)
        begin(conn, directory, at)
        attempt(conn, MESH, at, signal=Signal.SENT, reason=None)
        carrier_says(conn, "n-1", "mesh", Signal.DELIVERED, at)
        told(conn)
        outbox_copies.look_no_further(conn, "n-1", at)
        assert 1 == outbox_attempts.give_up_old(conn, T0 + outbox.GIVE_UP, T0 + outbox.GIVE_UP)
        assert [] == told(conn)
        (one,) = incidents(conn, T0 + outbox.GIVE_UP)
        assert (HOOK, 1) == (one.destination_id, one.came_back)


def test_an_incident_names_what_it_holds_up_as_a_further_channel(
    engine: Engine, directory: Directory
) -> None:
    """A mailbox that is nobody's first channel can be dead as well."""
    at = T0 + 12 * HOUR
    with writing(engine) as conn:
        queue(conn, directory)
        begin(conn, directory, at)
        attempt(conn, MESH, at)
        (one,) = incidents(conn, at)
        assert (MESH, "mesh", "unreachable", 1) == (
            one.destination_id,
            one.channel,
            one.reason,
            one.waiting,
        )
        assert ["n-1"] == [child.notice_id for child in held(conn, MESH, at, 10)]
