"""Questions that only the pages ask; the rest are in `hub.store.read_model`.

Every query about notices names the organisation and the roles of whoever asks, so that a page
cannot show by mistake what was addressed to somebody else.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from hub.core.model import Level, ObligationState
from hub.store import tables as t
from hub.store.read_lines import WorklistLine
from hub.store.worklist import Listed, with_words
from hub.web.words import LONDON

PAGE = 50
"""Lines on one page of a worklist or board."""

RETURNED = (ObligationState.NOT_OURS.value, ObligationState.REFUSED.value)


class Shown(StrEnum):
    """Which part of a worklist is shown: the tiles of the home page, and two more."""

    OPEN = "open"
    OVERDUE = "overdue"
    TODAY = "today"
    NEW = "new"
    MINE = "mine"
    COVERING = "covering"
    RETURNED = "returned"
    DONE = "done"


class Whose(Struct, frozen=True, kw_only=True):
    """Whose worklist: an organisation, the roles of whoever looks, and that person."""

    organisation: str
    roles: tuple[str, ...]
    person_id: str
    covers: tuple[tuple[str, str], ...] = ()
    """Whom that person covers now, in which role: pairs of role and colleague."""
    given: tuple[str, ...] = ()
    """Notices that were delegated to her."""
    covered_given: tuple[str, ...] = ()
    """Notices that were delegated to somebody whom she covers."""


_NOTICE = (
    "notice_id",
    "obligation_id",
    "episode_id",
    "reason",
    "role",
    "organisation",
    "person",
    "round",
    "purpose",
    "title",
    "level_needed",
    "level",
    "state",
    "due_at",
    "issued_at",
    "severity",
    "accepted_by",
)


def worklist(
    conn: Connection, whose: Whose, shown: Shown, now: datetime, *, role: str = "", offset: int = 0
) -> tuple[WorklistLine, ...]:
    """One page of notices, gravest first, then by due time, plus one line more if there are more.

    One walk along the worklist index for each role, then merged: a single walk over several roles
    would have to sort all that an organisation ever had.
    """
    n = t.notices
    most = offset + PAGE + 1
    walks = [
        sa.select(
            sa.select(n.c.notice_id, n.c.rank, n.c.due_at)
            .where(
                n.c.organisation == whose.organisation, n.c.role == each, *_where(shown, whose, now)
            )
            .order_by(n.c.rank, n.c.due_at, n.c.notice_id)
            .limit(most)
            .subquery()
        )
        for each in sorted(set(whose.roles))
        if not role or role == each
    ]
    if not walks:
        return ()
    found = sa.union_all(*walks).subquery()
    page = (
        sa.select(found.c.notice_id)
        .order_by(found.c.rank, found.c.due_at, found.c.notice_id)
        .limit(PAGE + 1)
        .offset(offset)
        .subquery()
    )
    rows = conn.execute(
        sa.select(
            *(n.c[name] for name in _NOTICE),
            t.takes.c.person_id.label("taken_by"),
            t.takes.c.expires_at.label("taken_until"),
            *(t.episodes.c[name] for name in ("family_name", "given_name", "nhs_number", "edd")),
        )
        .select_from(
            page.join(n, n.c.notice_id == page.c.notice_id)
            .outerjoin(t.episodes, t.episodes.c.episode_id == n.c.episode_id)
            .outerjoin(t.takes, _taken(now))
        )
        .order_by(n.c.rank, n.c.due_at, n.c.notice_id)
    ).mappings()
    return tuple(WorklistLine(**with_words(row), overdue=row["due_at"] < now) for row in rows)


def _taken(now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(t.takes.c.notice_id == t.notices.c.notice_id, t.takes.c.expires_at > now)


def _where(shown: Shown, whose: Whose, now: datetime) -> list[sa.ColumnElement[bool]]:
    n = t.notices
    match shown:
        case Shown.DONE:
            return [n.c.listed == Listed.DONE]
        case Shown.RETURNED:
            return [n.c.state.in_(RETURNED)]
        case _:
            return [n.c.listed == Listed.OPEN, *_pressing(shown, whose, now)]


def _pressing(shown: Shown, whose: Whose, now: datetime) -> list[sa.ColumnElement[bool]]:
    n = t.notices
    if shown is Shown.OVERDUE:
        return [n.c.due_at < now]
    if shown is Shown.TODAY:
        return [n.c.due_at >= now, n.c.due_at < end_of_day(now)]
    if shown is Shown.NEW:
        return [n.c.level < Level.OPENED]
    if shown is Shown.MINE:
        return [sa.or_(_hers(whose.person_id, now), n.c.notice_id.in_(whose.given))]
    if shown is Shown.COVERING:
        covered = (sa.and_(n.c.role == role, _hers(person, now)) for role, person in whose.covers)
        return [sa.or_(n.c.notice_id.in_(whose.covered_given), *covered)]
    return []


def _hers(person_id: str, now: datetime) -> sa.ColumnElement[bool]:
    taken = sa.exists().where(_taken(now), t.takes.c.person_id == person_id)
    return sa.or_(t.notices.c.person == person_id, taken)


def end_of_day(now: datetime) -> datetime:
    """The next midnight in London, where 'due today' ends."""
    local = now.astimezone(LONDON)
    return (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


def tiles(conn: Connection, whose: Whose, now: datetime) -> dict[Shown, int]:
    """The counts of the home page."""
    n = t.notices
    ours = (n.c.organisation == whose.organisation, n.c.role.in_(sorted(set(whose.roles))))
    shown = tuple(each for each in Shown if each not in (Shown.OPEN, Shown.DONE))
    counts = sa.select(
        *(
            sa.select(sa.func.count())
            .select_from(n)
            .where(*ours, *_where(each, whose, now))
            .scalar_subquery()
            .label(each.value)
            for each in shown
        )
    )
    row = conn.execute(counts).mappings().one()
    return {each: int(row[each.value]) for each in shown}


def last_issued(conn: Connection, whose: Whose) -> datetime | None:
    """When anything last came for them: proof that the feed lives when nothing waits."""
    n = t.notices
    ours = (n.c.organisation == whose.organisation, n.c.role.in_(sorted(set(whose.roles))))
    found: datetime | None = conn.scalar(sa.select(sa.func.max(n.c.issued_at)).where(*ours))
    return found


class Reply(Struct, frozen=True, kw_only=True):
    """A later notice that corrects, reminds of or withdraws an earlier one."""

    notice_id: str
    reason: str
    issued_at: datetime
    organisation: str
    role: str


def replies(conn: Connection, notice_id: str) -> tuple[Reply, ...]:
    """What was said later about one notice, oldest first."""
    n = t.notices
    rows = conn.execute(
        sa.select(*(n.c[name] for name in Reply.__struct_fields__))
        .where(n.c.obligation_id == _duty_of(notice_id), n.c.in_reply_to == notice_id)
        .order_by(n.c.issued_at)
    ).mappings()
    return tuple(Reply(**dict(row)) for row in rows)


def _duty_of(notice_id: str) -> Any:
    return (
        sa.select(t.notices.c.obligation_id)
        .where(t.notices.c.notice_id == notice_id)
        .scalar_subquery()
    )


class Duty(Struct, frozen=True, kw_only=True):
    """One obligation behind an event, and whether whoever asks is its recipient."""

    obligation_id: str
    event_id: str
    ours: bool
    purpose: str


def duties_of_events(conn: Connection, episode_id: str, whose: Whose) -> tuple[Duty, ...]:
    """Which obligations each event of an episode raised, and which of them are ours."""
    o, c = t.obligations, t.causes
    rows = conn.execute(
        sa.select(c.c.event_id, o.c.obligation_id, o.c.organisation, o.c.role, o.c.purpose)
        .select_from(o.join(c, c.c.obligation_id == o.c.obligation_id))
        .where(o.c.episode_id == episode_id)
    )
    return tuple(
        Duty(
            obligation_id=row.obligation_id,
            event_id=row.event_id,
            ours=row.organisation == whose.organisation and row.role in whose.roles,
            purpose=row.purpose,
        )
        for row in rows
    )


def holds_notice(conn: Connection, episode_id: str, whose: Whose) -> bool:
    """Whether a role of whoever asks was ever addressed about an episode."""
    n = t.notices
    return bool(
        conn.scalar(
            sa.select(
                sa.exists().where(
                    n.c.episode_id == episode_id,
                    n.c.organisation == whose.organisation,
                    n.c.role.in_(sorted(set(whose.roles))),
                )
            )
        )
    )


def has_to_do_with(conn: Connection, episode_id: str, organisation: str) -> bool:
    """Whether an organisation has published of a family, or was ever addressed about it."""
    n, e = t.notices, t.events
    told = sa.exists().where(n.c.episode_id == episode_id, n.c.organisation == organisation)
    published = sa.exists().where(e.c.episode_id == episode_id, e.c.organisation == organisation)
    return bool(conn.scalar(sa.select(sa.or_(told, published))))


def published(conn: Connection, event_id: str) -> frozenset[tuple[str, str]]:
    """Who published an event under this id, and its type: one, unless ids collide."""
    e = t.events
    rows = conn.execute(sa.select(e.c.organisation, e.c.type).where(e.c.event_id == event_id))
    return frozenset((row.organisation, row.type) for row in rows)


def episode_of(conn: Connection, event_id: str) -> str | None:
    """The episode that an event was decided in; the last one, when it has moved."""
    e = t.events
    asked = sa.select(e.c.episode_id).where(e.c.event_id == event_id)
    found: str | None = conn.scalar(asked.order_by(e.c.decided_at.desc(), e.c.seq.desc()).limit(1))
    return found


def obligations_named(conn: Connection, ids: Sequence[str]) -> tuple[Any, ...]:
    """The state of some obligations, for the page of one gap."""
    o = t.obligations
    return tuple(
        conn.execute(
            sa.select(o).where(o.c.obligation_id.in_(list(ids))).order_by(o.c.due_at)
        ).mappings()
    )
