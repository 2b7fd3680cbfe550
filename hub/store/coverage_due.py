"""Which duties a publisher is to be told of: touched by a decision, and not told since.

The delivery role notes them with the notices of the same decision, so that a change is never lost;
the answer is read from the read model once the projector has that decision too.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from hub.core.outcomes import (
    GapOpened,
    LevelReached,
    ObligationEnded,
    ObligationMet,
    ObligationRaised,
)
from hub.edges.records import DecisionRecord
from hub.store import tables as t
from hub.store.episode_lines import CoverageLine
from hub.store.upsert import put


def note_touched(conn: Connection, decisions: Iterable[DecisionRecord]) -> None:
    """Note the duties whose coverage these decisions may have changed."""
    for decision in decisions:
        for obligation_id in sorted(_touched(decision)):
            row = {"obligation_id": obligation_id, "episode_id": decision.episode_id}
            put(conn, t.coverage_due, row | {"seq": decision.seq})


def _touched(decision: DecisionRecord) -> set[str]:
    found: set[str] = set()
    for outcome in decision.outcomes:
        match outcome:
            case ObligationRaised() | LevelReached() | ObligationMet() | ObligationEnded():
                found.add(outcome.obligation_id)
            case GapOpened():
                found.update(outcome.duty_ids)
            case _:
                pass
    return found


def due_duties(conn: Connection, limit: int) -> dict[str, int]:
    """Duties whose decision the read model has folded in, each with the number of that decision."""
    c, d = t.coverage_due, t.decisions
    asked = (
        sa.select(c.c.obligation_id, c.c.seq)
        .select_from(
            c.join(d, sa.and_(d.c.episode_id == c.c.episode_id, d.c.seq == c.c.seq)),
        )
        .order_by(c.c.obligation_id)
        .limit(limit)
    )
    return {row.obligation_id: row.seq for row in conn.execute(asked)}


def events_behind(conn: Connection, obligation_ids: Iterable[str]) -> tuple[str, ...]:
    """The events that raised these duties."""
    c = t.causes
    asked = sa.select(c.c.event_id).where(c.c.obligation_id.in_(list(obligation_ids))).distinct()
    return tuple(sorted(conn.scalars(asked)))


def done(conn: Connection, duties: Mapping[str, int]) -> None:
    """Their publishers are told; what a later decision has touched meanwhile stays."""
    c = t.coverage_due
    for obligation_id, seq in duties.items():
        conn.execute(
            sa.delete(c).where(c.c.obligation_id == obligation_id, c.c.seq == seq),
        )


def changed_since_said(
    conn: Connection,
    organisation: str,
    event_id: str,
    lines: Iterable[CoverageLine],
    digests: Mapping[str, str],
    now: datetime,
) -> tuple[CoverageLine, ...]:
    """The lines of which the publisher was last told something else, noted as told now.

    A duty that is only owed is nothing to tell yet: it is noted, and its first step is told.
    """
    s = t.coverage_said
    rows = conn.execute(
        sa.select(s.c.obligation_id, s.c.digest).where(
            s.c.organisation == organisation, s.c.event_id == event_id
        )
    )
    said = {row.obligation_id: row.digest for row in rows}
    changed = []
    for line in lines:
        digest = digests[line.obligation_id]
        if said.get(line.obligation_id) == digest:
            continue
        row = {"organisation": organisation, "event_id": event_id, "digest": digest}
        put(conn, s, row | {"obligation_id": line.obligation_id, "said_at": now})
        if line.obligation_id in said or line.level or line.ended_reason or line.gaps:
            changed.append(line)
    return tuple(changed)
