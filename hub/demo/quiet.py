"""Is the hub at rest?  Everything sent is decided, shown and delivered, and nothing is due.

Looks at what any operator can see: the ends of two topics, and the tables.  It is asked again and
again while something is under way, so it is cheap.
"""

import asyncio
import time
from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from aiokafka import AIOKafkaConsumer, TopicPartition
from sqlalchemy import Connection, Engine

from hub.core.matters import PREFIX as MATTER
from hub.ops.topics import DECISIONS, INPUTS, MATTERS, QUARANTINE
from hub.store import tables as t
from hub.store.engine import reading
from hub.store.read_model import lag

LOOK_SECONDS = 0.02
PATIENCE_SECONDS = 180.0
"""A killed worker comes back within its session of 8 s, and state is read back in a few more;
three minutes is far beyond anything but a real standstill."""


class NotQuiet(Exception):  # noqa: N818  it names a state
    """The hub did not come to rest.  Operator action: read what is named, and its role's log."""


class Watcher:
    """Waits for rest."""

    def __init__(self, bootstrap: str, engine: Engine, partitions: int):
        """Watch one hub."""
        self._bootstrap = bootstrap
        self._engine = engine
        self._partitions = partitions
        self._consumer: AIOKafkaConsumer | None = None

    async def start(self) -> None:
        """Connect."""
        self._consumer = AIOKafkaConsumer(bootstrap_servers=self._bootstrap)
        await self._consumer.start()

    async def stop(self) -> None:
        """Disconnect."""
        if self._consumer is not None:
            await self._consumer.stop()

    async def _ends(self) -> dict[tuple[str, int], int]:
        assert self._consumer is not None
        wanted = [
            TopicPartition(topic, partition)
            for topic in (INPUTS, MATTERS, DECISIONS, QUARANTINE)
            for partition in range(self._partitions)
        ]
        found = await self._consumer.end_offsets(wanted)
        return {(tp.topic, tp.partition): end for tp, end in found.items()}

    async def rest(self, now: datetime, events: Iterable[str]) -> None:
        """Return when the hub is at rest at `now` and has decided `events`.  Raises NotQuiet."""
        sent = list(events)
        deadline = time.monotonic() + PATIENCE_SECONDS
        before: dict[tuple[str, int], int] = {}
        words = "it was never looked at"
        while time.monotonic() < deadline:
            ends = await self._ends()
            words = await asyncio.to_thread(self._unrest, ends, now, sent)
            if not words and ends == before:
                return
            before = ends if not words else {}
            if words:
                await asyncio.sleep(LOOK_SECONDS)
        raise NotQuiet(f"after {PATIENCE_SECONDS:.0f} s {words}")

    def _unrest(self, ends: dict[tuple[str, int], int], now: datetime, sent: list[str]) -> str:
        """What is still under way, in words; an empty string when nothing is."""
        with reading(self._engine) as conn:
            decided = _decided(conn)
            shown, told = lag(conn, "project"), lag(conn, "deliver")
            for (topic, partition), end in ends.items():
                if topic in (INPUTS, MATTERS) and decided.get((topic, partition), 0) < end:
                    return f"{topic} of partition {partition} wait for their decision"
                if topic not in (INPUTS, MATTERS) and shown.get((topic, partition), 0) < end:
                    return f"{topic} of partition {partition} is not yet shown"
                if topic == DECISIONS and told.get((topic, partition), 0) < end:
                    return f"{topic} of partition {partition} is not yet handed to delivery"
            known = _known(conn, sent)
            if known < len(set(sent)):
                return f"{len(set(sent)) - known} of {len(set(sent))} events are not yet decided"
            if _outgoing(conn):
                return "notices wait to go out"
            wake = conn.scalar(sa.select(sa.func.min(t.episodes.c.next_wake_at)))
            if wake is not None and wake <= now:
                return "a wake is due"
        return ""


def _decided(conn: Connection) -> dict[tuple[str, int], int]:
    """The offset after the last decided input, by topic and partition."""
    d = t.decisions
    of_matter = d.c.episode_id.startswith(MATTER)
    rows = conn.execute(
        sa.select(of_matter, d.c.input_partition, sa.func.max(d.c.input_offset)).group_by(
            of_matter, d.c.input_partition
        )
    )
    return {
        (MATTERS if matter else INPUTS, partition): offset + 1 for matter, partition, offset in rows
    }


def _known(conn: Connection, sent: list[str]) -> int:
    """How many of these events are on an episode or in quarantine."""
    e = t.events
    found = conn.scalar(
        sa.select(sa.func.count(sa.distinct(e.c.event_id))).where(e.c.event_id.in_(sent))
    )
    return found or 0


def _outgoing(conn: Connection) -> bool:
    """Whether a notice waits to be sent or its delivery to be reported."""
    return any(
        bool(conn.scalar(sa.select(sa.exists().where(_is_under_way(table)))))
        for table in (t.outbox, t.copies)
    )


def _is_under_way(table: sa.Table) -> sa.ColumnElement[bool]:
    of = table.c
    return sa.or_(of.state == "pending", sa.and_(of.signal.is_not(None), of.reported.is_(False)))
