"""The outbox: what is due, what a failure does, and what an ended duty cancels."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from hub.core.model import NoticeReason, Signal
from hub.edges.directory import Directory, Endpoint, directory_from
from hub.store import outbox, outbox_attempts, outbox_reports
from hub.store import tables as t
from hub.store.engine import reading, writing
from hub.store.outbox_queue import cancel_duty
from hub.store.readdressing import readdress
from tests.store.records import GP, HOUR, HV, T0, notice_record

TO_GP = Endpoint(organisation=GP, channel="webhook", destination_id="webhook:gp")
TO_HV = Endpoint(organisation=HV, channel="webhook", destination_id="webhook:hv")
MINUTE = timedelta(minutes=1)


def queue(conn: Connection, notice_id: str = "n-1", to: Endpoint = TO_GP, **more: object) -> bool:
    """Put a notice in the outbox at T0."""
    record = notice_record(notice_id, organisation=to.organisation, **more)
    return outbox.queue_notice(conn, record, to, T0)


def attempt(conn: Connection, at: datetime = T0, **more: object) -> outbox.OutboxState:
    """Try the first due notice of the practice; it fails unless a signal is given."""
    (due, *_) = outbox.due_notices(conn, "webhook:gp", at, 10)
    values: dict[str, object] = {
        "due": due,
        "at": at,
        "clock_at": at + HOUR,
        "latency_ms": 12,
        "signal": None,
        "reason": "unreachable",
    }
    return outbox_attempts.record_attempt(conn, outbox.Attempt(**(values | more)), 0.5)


def row(conn: Connection, notice_id: str = "n-1") -> sa.Row[tuple[object, ...]]:
    """A notice in the outbox."""
    return conn.execute(sa.select(t.outbox).where(t.outbox.c.notice_id == notice_id)).one()


def test_a_notice_is_queued_once(engine: Engine) -> None:
    """The same decision read twice sends nothing twice."""
    with writing(engine) as conn:
        assert (True, False) == (queue(conn), queue(conn))
        assert ["webhook:gp"] == outbox.due_destinations(conn, T0)


def test_an_ended_duty_cancels_what_is_pending_but_not_its_withdrawal(engine: Engine) -> None:
    """Nothing is sent after a withdrawal except the notice that says so."""
    with writing(engine) as conn:
        queue(conn)
        queue(conn, "n-2", reason=NoticeReason.WITHDRAWN)
        queue(conn, "n-3", obligation_id="o-3")
        assert 1 == cancel_duty(conn, "o-1", ())
        assert outbox.OutboxState.CANCELLED == row(conn).state
        due = outbox.due_notices(conn, "webhook:gp", T0, 10)
    assert ["n-2", "n-3"] == [each.notice_id for each in due]


def test_what_was_sent_is_not_cancelled(engine: Engine) -> None:
    """It cannot be unsent, and its evidence stays."""
    with writing(engine) as conn:
        queue(conn)
        attempt(conn, signal=Signal.DELIVERED, reason=None, http_status=204)
        assert 0 == cancel_duty(conn, "o-1", ("n-1",))
        assert outbox.OutboxState.DELIVERED == row(conn).state


def test_a_failure_is_logged_and_tried_again_later(engine: Engine) -> None:
    """The attempt stands in the log with its status; the notice is not due before its time."""
    with writing(engine) as conn:
        queue(conn)
        assert outbox.OutboxState.PENDING is attempt(conn, reason="their_error", http_status=503)
        assert [] == outbox.due_notices(conn, "webhook:gp", T0 + timedelta(seconds=3), 10)
        (due,) = outbox.due_notices(conn, "webhook:gp", T0 + timedelta(seconds=4), 10)
        logged = conn.execute(sa.select(t.attempts)).one()
        assert [] == outbox_reports.unreported(conn, 10)
    assert 1 == due.attempts
    assert (1, "failed", "their_error", 503, 12, "HTTP 503") == (
        logged.n,
        logged.result,
        logged.reason,
        logged.http_status,
        logged.latency_ms,
        logged.answer,
    )


def test_the_waits_double_up_to_an_hour_and_are_spread() -> None:
    """Half of a wait is fixed; the other half is chance."""
    assert [5.0, 10.0, 20.0, 3600.0, 3600.0] == [
        outbox.wait_after(n, 1.0).total_seconds() for n in (1, 2, 3, 15, 10_000)
    ]
    assert 2.5 == outbox.wait_after(1, 0.0).total_seconds()


def test_a_destination_is_paused_after_failures_in_a_row(engine: Engine) -> None:
    """The fifth failure pauses it, for all its notices; a success clears the count."""
    at = T0
    with writing(engine) as conn:
        queue(conn)
        for _ in range(outbox.PAUSE_AFTER):
            at += HOUR
            assert ["webhook:gp"] == outbox.due_destinations(conn, at)
            attempt(conn, at)
        queue(conn, "n-2")
        assert [] == outbox.due_destinations(conn, at)
        later = at + 2 * MINUTE
        assert ["webhook:gp"] == outbox.due_destinations(conn, later)
        assert 1 == len(outbox.due_notices(conn, "webhook:gp", later, 10))
        attempt(conn, later, signal=Signal.DELIVERED, reason=None)
        standing = conn.execute(sa.select(t.destinations)).one()
    assert (None, 0) == (standing.paused_until, standing.failures_in_a_row)


def test_a_paused_destination_delays_no_other(engine: Engine) -> None:
    """The health visitors' notice is due while the practice's rests."""
    with writing(engine) as conn:
        queue(conn)
        attempt(conn, wait=HOUR)
        queue(conn, "n-2", TO_HV)
        assert ["webhook:hv"] == outbox.due_destinations(conn, T0 + MINUTE)


def test_after_five_days_it_is_given_up_and_said(engine: Engine) -> None:
    """The core hears that it bounced, at the hub's time."""
    late = T0 + outbox.GIVE_UP
    with writing(engine) as conn:
        queue(conn)
        assert outbox.OutboxState.PENDING is attempt(conn, late - MINUTE)
        late += HOUR
        assert outbox.OutboxState.EXHAUSTED is attempt(conn, late)
        (told,) = outbox_reports.unreported(conn, 10)
    assert (Signal.BOUNCED, late + HOUR, "unreachable") == (
        told.signal,
        told.signal_at,
        told.last_reason,
    )


def test_what_rests_at_a_paused_destination_is_given_up_too(engine: Engine) -> None:
    """But not what was never tried: the hub may have been down itself."""
    with writing(engine) as conn:
        queue(conn)
        attempt(conn)
        queue(conn, "n-2")
        assert 0 == outbox_attempts.give_up_old(conn, T0 + outbox.GIVE_UP - MINUTE, T0)
        assert 1 == outbox_attempts.give_up_old(conn, T0 + outbox.GIVE_UP, T0)
        assert ["n-1"] == [each.notice_id for each in outbox_reports.unreported(conn, 10)]


def test_what_the_core_was_told_is_not_told_again(engine: Engine) -> None:
    """Only the signal that was confirmed is marked."""
    with writing(engine) as conn:
        queue(conn)
        attempt(conn, signal=Signal.SENT, reason=None)
        (told,) = outbox_reports.unreported(conn, 10)
        outbox_reports.mark_reported(conn, [told])
        assert [] == outbox_reports.unreported(conn, 10)


def test_a_notice_cancelled_while_it_was_being_tried_stays_cancelled(engine: Engine) -> None:
    """A failed attempt does not bring it back; a successful one is the truth."""
    with writing(engine) as conn:
        queue(conn)
        (due,) = outbox.due_notices(conn, "webhook:gp", T0, 1)
        cancel_duty(conn, "o-1", ())
        failed = outbox.Attempt(due=due, at=T0, clock_at=T0, latency_ms=1, signal=None)
        outbox_attempts.record_attempt(conn, failed, 0.5)
        assert outbox.OutboxState.CANCELLED == row(conn).state
        sent = outbox.Attempt(due=due, at=T0, clock_at=T0, latency_ms=1, signal=Signal.SENT)
        outbox_attempts.record_attempt(conn, sent, 0.5)
        assert outbox.OutboxState.SENT == row(conn).state


@pytest.fixture
def directory() -> Directory:
    """The practice has moved to Kafka; the health visitors have not moved."""
    return directory_from(
        {
            "endpoint": [
                {"organisation": GP, "channel": "kafka", "destination_id": "kafka:gp"},
                {"organisation": HV, "channel": "webhook", "destination_id": "webhook:hv"},
            ]
        }
    )


def test_a_corrected_address_is_used_for_what_is_pending(
    engine: Engine, directory: Directory
) -> None:
    """After a restart with a new directory, what failed is due at once at the new address."""
    with writing(engine) as conn:
        queue(conn)
        queue(conn, "n-2", TO_HV)
        attempt(conn, wait=HOUR)
        assert 1 == readdress(conn, directory, T0)
        assert ["kafka:gp", "webhook:hv"] == sorted(outbox.due_destinations(conn, T0))
        assert 0 == readdress(conn, directory, T0)


def test_the_payload_is_the_notice(lite: Engine) -> None:
    """What was decided is what is sent, byte for byte."""
    with writing(lite) as conn:
        queue(conn)
    with reading(lite) as conn:
        (due,) = outbox.due_notices(conn, "webhook:gp", T0, 1)
    assert outbox.encode_notice(notice_record()) == due.payload


def test_what_many_destinations_came_to_is_as_if_written_one_by_one(engine: Engine) -> None:
    """Each destination has its own failures, and each notice its own end."""
    with writing(engine) as conn:
        queue(conn, "n-1")
        queue(conn, "n-2", TO_HV)
        queue(conn, "n-3", TO_HV)
        due = outbox.due_at(conn, ["webhook:gp", "webhook:hv", "webhook:none"], T0, 10)
        (got,), failed = due["webhook:gp"], due["webhook:hv"]
        plain = {"at": T0, "clock_at": T0 + HOUR, "latency_ms": 12}
        through = outbox.Attempt(due=got, signal=Signal.DELIVERED, http_status=204, **plain)
        others = [
            outbox.Attempt(due=each, signal=None, reason="unreachable", **plain) for each in failed
        ]
        stands = outbox_attempts.record_many(
            conn, [[(through, 0.5)], [(each, 0.5) for each in others]]
        )
        logged = conn.execute(sa.select(t.attempts).order_by(t.attempts.c.notice_id)).all()
        assert {"webhook:hv": 1} == outbox.failures_at(conn, ["webhook:gp", "webhook:hv"])
        assert {("n-2", 0), ("n-3", 0)} == outbox.still_pending(conn, [got, *failed])
        assert [] == outbox.due_destinations(conn, T0)
        (told,) = outbox_reports.unreported(conn, 10)
    state = outbox.OutboxState
    assert [[state.DELIVERED], [state.PENDING, state.PENDING]] == stands
    assert [("n-1", "delivered"), ("n-2", "failed"), ("n-3", "failed")] == [
        (each.notice_id, each.result) for each in logged
    ]
    assert ("n-1", Signal.DELIVERED, T0 + HOUR) == (told.notice_id, told.signal, told.signal_at)
    assert [] == due["webhook:none"]
