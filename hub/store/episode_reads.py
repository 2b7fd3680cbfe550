"""One pregnancy as it happened."""

from collections.abc import Iterator
from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from hub.core.episode import Baby
from hub.core.model import Holder, Level, ObligationState, Purpose
from hub.store import tables as t
from hub.store.episode_lines import (
    EpisodeTimeline,
    EpisodeView,
    GapView,
    ObligationLine,
    TimelineEntry,
)
from hub.store.gap_reads import gap_board

# --- episodes -------------------------------------------------------------------------------


def _episode_view(row: RowMapping) -> EpisodeView:
    values = dict(row)
    values["babies"] = msgspec.convert(values["babies"], tuple[Baby, ...])
    values["team"] = msgspec.convert(values["team"], tuple[Holder, ...])
    return EpisodeView(**values)


def episode(conn: Connection, episode_id: str) -> EpisodeView | None:
    """One episode, or None."""
    row = conn.execute(sa.select(t.episodes).where(t.episodes.c.episode_id == episode_id))
    found = row.mappings().first()
    return None if found is None else _episode_view(found)


def episodes(
    conn: Connection,
    *,
    provider: str | None = None,
    nhs_number: str | None = None,
    reference: str | None = None,
    limit: int = 100,
) -> tuple[EpisodeView, ...]:
    """Episodes, latest change first; each condition given must hold."""
    e = t.episodes
    asked = sa.select(e).order_by(e.c.updated_at.desc(), e.c.episode_id).limit(limit)
    for column, value in ((e.c.provider, provider), (e.c.nhs_number, nhs_number)):
        if value is not None:
            asked = asked.where(column == value)
    if reference is not None:
        asked = asked.where(e.c.reference == reference)
    return tuple(_episode_view(row) for row in conn.execute(asked).mappings())


def episode_timeline(conn: Connection, episode_id: str) -> EpisodeTimeline | None:
    """An episode and all that happened in it, oldest first, or None when it is unknown."""
    shown = episode(conn, episode_id)
    if shown is None:
        return None
    duties = _obligations(conn, episode_id)
    open_or_closed = gap_board(conn, state=None, episode_id=episode_id, limit=1000)
    entries = [
        *_event_entries(conn, episode_id),
        *_notice_entries(conn, episode_id),
        *_level_entries(conn, episode_id),
        *_obligation_entries(duties),
        *_gap_entries(open_or_closed),
        *_escalation_entries(conn, episode_id),
        *_expectation_entries(conn, episode_id),
    ]
    entries.sort(key=lambda entry: (entry.at, _KIND_ORDER.index(entry.kind), entry.ref))
    return EpisodeTimeline(
        episode=shown, entries=tuple(entries), obligations=duties, gaps=open_or_closed
    )


_KIND_ORDER = (
    "event",
    "notice",
    "level",
    "met",
    "ended",
    "expectation_ended",
    "gap",
    "escalated",
    "gap_closed",
)
"""Cause before effect, for things that happened at the same instant."""


def _obligations(conn: Connection, episode_id: str) -> tuple[ObligationLine, ...]:
    o = t.obligations
    columns = (o.c[name] for name in ObligationLine.__dataclass_fields__)
    rows = conn.execute(
        sa.select(*columns).where(o.c.episode_id == episode_id).order_by(o.c.seq, o.c.obligation_id)
    ).mappings()
    lines = []
    for row in rows:
        values = dict(row)
        values["purpose"] = Purpose(values["purpose"])
        values["state"] = ObligationState(values["state"])
        values["level"] = Level(values["level"])
        values["level_needed"] = Level(values["level_needed"])
        lines.append(ObligationLine(**values))
    return tuple(lines)


def _event_entries(conn: Connection, episode_id: str) -> Iterator[TimelineEntry]:
    e = t.events
    for row in conn.execute(sa.select(e).where(e.c.episode_id == episode_id)):
        yield TimelineEntry(
            at=row.occurred_at,
            kind="event",
            ref=row.event_id,
            title=row.type,
            organisation=row.organisation,
            detail=row.how,
        )


def _notice_entries(conn: Connection, episode_id: str) -> Iterator[TimelineEntry]:
    n = t.notices
    asked = sa.select(
        n.c.notice_id, n.c.issued_at, n.c.title, n.c.role, n.c.organisation, n.c.person, n.c.reason
    ).where(n.c.episode_id == episode_id)
    for row in conn.execute(asked):
        yield TimelineEntry(
            at=row.issued_at,
            kind="notice",
            ref=row.notice_id,
            title=row.title,
            role=row.role,
            organisation=row.organisation,
            person=row.person,
            detail=row.reason,
        )


def _level_entries(conn: Connection, episode_id: str) -> Iterator[TimelineEntry]:
    lv, n = t.levels, t.notices
    asked = (
        sa.select(lv, n.c.title, n.c.role)
        .select_from(lv.outerjoin(n, n.c.notice_id == lv.c.notice_id))
        .where(lv.c.episode_id == episode_id)
    )
    for row in conn.execute(asked):
        yield TimelineEntry(
            at=row.reached_at,
            kind="level",
            ref=row.notice_id,
            title=row.title or "",
            role=row.role,
            organisation=row.organisation,
            person=row.person,
            detail=row.signal,
            level=Level(row.level) if row.counts else None,
        )


def _obligation_entries(duties: tuple[ObligationLine, ...]) -> Iterator[TimelineEntry]:
    for duty in duties:
        if duty.met_at is not None:
            yield _of_duty(duty, "met", duty.met_at, "late" if duty.late else None)
        if duty.ended_at is not None:
            yield _of_duty(duty, "ended", duty.ended_at, duty.ended_reason)


def _of_duty(duty: ObligationLine, kind: str, at: datetime, detail: str | None) -> TimelineEntry:
    return TimelineEntry(
        at=at,
        kind=kind,
        ref=duty.obligation_id,
        title=duty.rule,
        role=duty.role,
        organisation=duty.organisation,
        person=duty.person,
        detail=detail,
        level=duty.level,
    )


def _gap_entries(shown: tuple[GapView, ...]) -> Iterator[TimelineEntry]:
    for each in shown:
        yield _of_gap(each, "gap", each.opened_at, each.explanation)
        if each.closed_at is not None:
            yield _of_gap(each, "gap_closed", each.closed_at, each.close_reason)


def _of_gap(each: GapView, kind: str, at: datetime, detail: str | None) -> TimelineEntry:
    return TimelineEntry(
        at=at,
        kind=kind,
        ref=each.gap_id,
        title=f"{each.code} {each.name}",
        role=each.role,
        organisation=each.organisation,
        detail=detail,
        severity=each.severity,
    )


def _escalation_entries(conn: Connection, episode_id: str) -> Iterator[TimelineEntry]:
    for row in conn.execute(
        sa.select(t.escalations).where(t.escalations.c.episode_id == episode_id)
    ):
        yield TimelineEntry(
            at=row.at,
            kind="escalated",
            ref=row.gap_id,
            title=f"rung {row.rung}",
            role=row.role,
            organisation=row.organisation,
            detail=row.obligation_id,
        )


def _expectation_entries(conn: Connection, episode_id: str) -> Iterator[TimelineEntry]:
    x = t.expectations
    asked = sa.select(x).where(x.c.episode_id == episode_id, x.c.ended_at.is_not(None))
    for row in conn.execute(asked):
        yield TimelineEntry(
            at=row.ended_at,
            kind="expectation_ended",
            ref=row.expectation_id,
            title=row.rule,
            role=row.role,
            organisation=row.organisation,
            detail=row.state,
        )
