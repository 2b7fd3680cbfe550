"""What a copy proves, and what it never takes back."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from hub.core.model import Signal
from hub.edges.directory import Directory
from hub.store import outbox_attempts, outbox_reports
from hub.store import tables as t
from hub.store.engine import writing
from tests.store.records import GP, HOUR, T0
from tests.store.replay_stage import LATER, act, deliver, hooked, look, pending, told


@pytest.fixture
def people() -> Directory:
    """Practice and health visitors have webhooks."""
    return hooked()


def test_a_copy_that_fails_takes_nothing_back(engine: Engine, people: Directory) -> None:
    """What was delivered stays proved; the failure shows among what came back."""
    told(engine, people, [1])
    with writing(engine) as conn:
        outbox_reports.mark_reported(conn, outbox_reports.unreported(conn, 10))
    act(engine, people, look(engine, people))
    with writing(engine) as conn:
        deliver(conn, f"webhook:{GP}", None)
        assert [] == outbox_reports.unreported(conn, 10)
        row = conn.execute(sa.select(t.outbox)).one()
    assert ("exhausted", Signal.DELIVERED) == (row.state, row.signal)


def test_a_copy_that_arrives_after_all_is_told(engine: Engine, people: Directory) -> None:
    """Under an input of its own: the core may have heard of an earlier sending already."""
    told(engine, people, [1])
    with writing(engine) as conn:
        conn.execute(sa.update(t.outbox).values(state="exhausted", signal=Signal.BOUNCED))
        outbox_reports.mark_reported(conn, outbox_reports.unreported(conn, 10))
    act(engine, people, look(engine, people))
    with writing(engine) as conn:
        deliver(conn, f"webhook:{GP}", Signal.SENT)
        (news,) = outbox_reports.unreported(conn, 10)
    assert Signal.SENT is news.signal
    first = outbox_reports.receipt_of(replace(news, replay_id=None))
    assert first.input_id != outbox_reports.receipt_of(news).input_id


def test_an_old_notice_has_days_again(engine: Engine, people: Directory) -> None:
    """It is not given up at once because it is old."""
    told(engine, people, [1])
    with writing(engine) as conn:
        conn.execute(sa.update(t.outbox).values(created_at=T0 - timedelta(days=30)))
    act(engine, people, look(engine, people))
    with writing(engine) as conn:
        assert 0 == outbox_attempts.give_up_old(conn, LATER + HOUR, LATER + HOUR)
    assert {"n-1"} == pending(engine)
