"""When no further copy is wanted, and where a copy goes when the directory changes."""

import pytest
from sqlalchemy import Engine

from hub.core.model import Level, NoticeReason
from hub.edges.directory import Directory, directory_from
from hub.store import outbox, outbox_copies
from hub.store.engine import writing
from hub.store.outbox_queue import Queue
from hub.store.readdressing import readdress
from tests.store.records import GP, HOUR, T0, notice_record
from tests.store.test_copies import HOOK, MAIL, MESH, THEIRS, attempt, begin, due, queue


@pytest.fixture
def directory() -> Directory:
    """The practice has a webhook, then MESH, then a mail."""
    return directory_from(THEIRS)


@pytest.mark.parametrize("end", ["ended", "met", "returned"])
def test_whoever_has_it_or_need_not_have_it_gets_no_further_copy(
    engine: Engine, directory: Directory, end: str
) -> None:
    """A duty that ended or is met, and a notice that was handed back."""
    with writing(engine) as conn:
        queue(conn, directory)
        batch = Queue(T0)
        if end == "ended":
            batch.cancel("o-1", ())
        elif end == "met":
            batch.met("o-1")
        else:
            batch.returned("n-1")
        batch.write(conn)
        assert [] == begin(conn, directory, T0 + 100 * HOUR)


def test_a_copy_on_its_way_is_cancelled_with_its_duty(engine: Engine, directory: Directory) -> None:
    """Nothing is sent after a withdrawal over any channel except the notice that says so."""
    at = T0 + 12 * HOUR
    with writing(engine) as conn:
        queue(conn, directory)
        queue(conn, directory, "n-2", reason=NoticeReason.WITHDRAWN)
        begin(conn, directory, at)
        (copy, *_) = outbox.due_notices(conn, MESH, at, 10)
        batch = Queue(at)
        batch.cancel("o-1", ())
        batch.write(conn)
        assert not outbox.is_pending(conn, copy)
        assert ["n-2"] == [each.notice_id for each in outbox.due_notices(conn, MESH, at, 10)]


def test_the_level_that_counts_is_kept(engine: Engine, directory: Directory) -> None:
    """The highest, in one batch or in several, and never less."""
    with writing(engine) as conn:
        queue(conn, directory)
        for levels in ((Level.SENT,), (Level.OPENED, Level.DELIVERED), (Level.DELIVERED,)):
            batch = Queue(T0)
            for level in levels:
                batch.reached("n-1", level)
            batch.write(conn)
        (one,) = outbox_copies.waiting(conn, T0 + 12 * HOUR, 10)
    assert Level.OPENED == one.level


def test_a_channel_that_a_recipient_is_given_later_takes_what_still_waits(
    engine: Engine, directory: Directory
) -> None:
    """The operator's way out while a destination is dead: write another channel, and restart."""
    only_hook = directory_from({"endpoint": [{"organisation": GP, "channel": "webhook"}]})
    with writing(engine) as conn:
        outbox.queue_notice(conn, notice_record(), only_hook.endpoint(GP, "GP_PRACTICE"), T0)
        attempt(conn, HOOK, T0)
        readdress(conn, only_hook, T0 + HOUR, T0 + HOUR)
        assert [] == begin(conn, directory, T0 + HOUR)
        readdress(conn, directory, T0 + HOUR, T0 + HOUR)
        assert ["n-1"] == begin(conn, directory, T0 + HOUR)


def test_a_copy_follows_the_address_of_its_channel(engine: Engine, directory: Directory) -> None:
    """A corrected directory moves it as it moves what waits on the first channel."""
    moved = directory_from(
        {
            "endpoint": [
                {"organisation": GP, "channel": "webhook", "then": [{"channel": "email"}]},
            ]
        }
    )
    at = T0 + 12 * HOUR
    with writing(engine) as conn:
        queue(conn, directory)
        begin(conn, directory, at)
        assert 1 == readdress(conn, moved, at)
        assert [HOOK, MAIL] == due(conn, at)
