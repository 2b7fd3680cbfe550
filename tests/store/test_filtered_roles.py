"""A filter at work in the delivery role: a process on a real Kafka, killed and started again."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub.core.circumstances import Circumstances
from hub.core.subscribing import SubscriptionSignal
from hub.edges.records import DecisionRecord
from hub.ops.kafka_embedded import EmbeddedKafka
from hub.store import agreements
from hub.store import tables as t
from hub.store.engine import make_engine, migrate, reading, writing
from tests.channels.tools import SECRET
from tests.patience import wait_until
from tests.servers.webhooks import receiving
from tests.store.records import GP, decision, issued
from tests.store.test_filtered import FITS, FLAGGED, MISFITS
from tests.store.test_roles import (
    Role,
    broker,
    in_kafka,
    publish,
    running,
    settings_for,
)

__all__ = ["broker"]

pytestmark = pytest.mark.stack

EACH = 25


def agreed(address: str) -> agreements.Wanted:
    """What the practice's system asked for."""
    now = datetime.now(UTC)
    return agreements.Wanted(
        agreement_id="sub-1",
        organisation=GP,
        role="GP_PRACTICE",
        channel="webhook",
        address=address,
        level="full",
        events=(),
        filter=FLAGGED,
        basis="safeguarding",
        secret=SECRET,
        expires_at=now + timedelta(days=90),
        requested_by="ada",
        requested_at=now,
    )


def fitting_and_not() -> list[DecisionRecord]:
    """Of each four notices the first fits the filter."""
    return [
        decision(
            1,
            issued(f"n-{kind}-{n}", f"o-{kind}-{n}", circumstances=Circumstances(**known)),
            episode_id=f"ep-{kind}-{n}",
        )
        for n in range(EACH)
        for kind, known in enumerate((FITS, *MISFITS))
    ]


def test_a_killed_role_sends_what_is_picked_and_leaves_the_rest(
    broker: EmbeddedKafka, tmp_path: Path
) -> None:
    """By real bytes of decisions: what fits over the webhook, all others on the worklist."""
    url = f"sqlite:///{tmp_path / 'hub.db'}"
    (tmp_path / "directory.toml").write_text("")
    settings = settings_for(broker, url, tmp_path)
    records = fitting_and_not()
    asyncio.run(publish(settings.kafka, in_kafka(records)))
    migrate(url)
    engine = make_engine(url)

    def out() -> dict[str, str]:
        x = t.outbox.c
        with reading(engine) as conn:
            asked = sa.select(x.notice_id, x.channel).where(x.reported)
            return {row.notice_id: row.channel for row in conn.execute(asked)}

    with receiving() as receiver:
        with writing(engine) as conn:
            agreements.request(conn, agreed(receiver.url))
            for each in (SubscriptionSignal.APPROVE, SubscriptionSignal.TESTED):
                agreements.move(conn, "sub-1", each, "bea", datetime.now(UTC))
        role = Role("deliver", settings)
        role.killed_once(lambda: len(out()) > len(records) // 3)
        with running(role):
            wait_until(lambda: len(out()) == len(records))
        arrived = {taken.headers["webhook-id"] for taken in receiver.taken}
    found = out()
    engine.dispose()
    assert {f"n-0-{n}" for n in range(EACH)} == arrived
    assert {"webhook": EACH, "worklist": 3 * EACH} == {
        channel: [*found.values()].count(channel) for channel in set(found.values())
    }
