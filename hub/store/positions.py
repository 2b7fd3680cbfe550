"""How far each consumer has read: saved in the same transaction as what it made of the records."""

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy import Connection

from hub.store import tables as t
from hub.store.upsert import put

type_of_positions = dict[tuple[str, int], int]


def saved_positions(conn: Connection, consumer: str) -> type_of_positions:
    """The next offset to read, by topic and partition."""
    p = t.positions
    rows = conn.execute(
        sa.select(p.c.topic, p.c.partition, p.c.next_offset).where(p.c.consumer == consumer)
    )
    return {(row.topic, row.partition): row.next_offset for row in rows}


def save_positions(conn: Connection, consumer: str, moved: Mapping[tuple[str, int], int]) -> None:
    """Set the next offsets."""
    for (topic, partition), next_offset in moved.items():
        row = {
            "consumer": consumer,
            "topic": topic,
            "partition": partition,
            "next_offset": next_offset,
        }
        put(conn, t.positions, row)
