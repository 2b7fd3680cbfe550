"""The worklist: what the people of an organisation have in front of them."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from hub.core.model import Level, NoticeReason, ObligationState, Purpose, Severity
from hub.store import tables as t
from hub.store.read_lines import WorklistCounts, WorklistLine
from hub.store.upsert import insert_for, was_new

PAGE = 50
"""Lines on a page when the caller does not say."""


class Listed(StrEnum):
    """Where the worklist shows a notice."""

    OPEN = "open"
    DONE = "done"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


_LINE = (
    *(
        t.notices.c[name]
        for name in (
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
    ),
    t.takes.c.person_id.label("taken_by"),
    t.takes.c.expires_at.label("taken_until"),
    t.episodes.c.family_name,
    t.episodes.c.given_name,
    t.episodes.c.nhs_number,
    t.episodes.c.edd,
)


def worklist(
    conn: Connection,
    *,
    organisation: str,
    roles: Sequence[str],
    person: str | None,
    now: datetime,
    state: str = "open",
    limit: int = PAGE,
    offset: int = 0,
) -> tuple[WorklistLine, ...]:
    """Notices for an organisation's roles: gravest first, then by due time.

    `state` is `open`, `done`, `superseded`, `withdrawn`, or `mine`: open notices addressed to
    `person` or taken by them.  A notice stays open until its needed level is reached and, at the
    least, somebody has opened it: one that needs only delivery must still be seen by somebody.
    """
    chosen = _listed(
        organisation=organisation,
        roles=roles,
        person=person,
        now=now,
        state=state,
        most=limit + offset,
    ).subquery()
    order = (chosen.c.rank, chosen.c.due_at, chosen.c.notice_id)
    page = sa.select(chosen.c.notice_id).order_by(*order).limit(limit).offset(offset).subquery()
    n = t.notices
    rows = conn.execute(
        sa.select(*_LINE)
        .select_from(
            page.join(n, n.c.notice_id == page.c.notice_id)
            .outerjoin(t.episodes, t.episodes.c.episode_id == n.c.episode_id)
            .outerjoin(t.takes, _taken_now(now))
        )
        .order_by(n.c.rank, n.c.due_at, n.c.notice_id)
    ).mappings()
    return tuple(_worklist_line(row, now) for row in rows)


def _listed(
    *,
    organisation: str,
    roles: Sequence[str],
    person: str | None,
    now: datetime,
    state: str,
    most: int,
) -> Any:
    """Ids in worklist order: one walk along the index for each role, then merged.

    A single walk with `role IN (...)` would have to sort everything an organisation ever had.
    """
    walks = []
    for role in sorted(set(roles)):
        n = t.notices
        walk = sa.select(n.c.notice_id, n.c.rank, n.c.due_at).where(
            n.c.organisation == organisation,
            n.c.role == role,
            n.c.listed == (Listed.OPEN if state == "mine" else Listed(state)),
        )
        if state == "mine":
            walk = walk.where(_is_mine(person, now))
        walk = walk.order_by(n.c.rank, n.c.due_at, n.c.notice_id).limit(most)
        walks.append(sa.select(walk.subquery()))
    if not walks:
        nothing = sa.select(t.notices.c.notice_id, t.notices.c.rank, t.notices.c.due_at)
        return nothing.where(sa.false())
    return sa.union_all(*walks)


def _taken_now(now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(t.takes.c.notice_id == t.notices.c.notice_id, t.takes.c.expires_at > now)


def _is_mine(person: str | None, now: datetime) -> sa.ColumnElement[bool]:
    taken = sa.exists().where(_taken_now(now), t.takes.c.person_id == person)
    return sa.or_(t.notices.c.person == person, taken)


def worklist_counts(
    conn: Connection,
    *,
    organisation: str,
    roles: Sequence[str],
    person: str | None,
    now: datetime,
) -> WorklistCounts:
    """How many notices stand where, and how many of the open ones are overdue or mine."""
    n = t.notices
    ours = (n.c.organisation == organisation, n.c.role.in_(sorted(set(roles))))
    by_place: dict[str, int] = {
        row.listed: row.many
        for row in conn.execute(
            sa.select(n.c.listed, sa.func.count().label("many")).where(*ours).group_by(n.c.listed)
        )
    }
    still_open = (*ours, n.c.listed == Listed.OPEN)
    overdue = conn.scalar(
        sa.select(sa.func.count()).select_from(n).where(*still_open, n.c.due_at < now)
    )
    mine = conn.scalar(
        sa.select(sa.func.count()).select_from(n).where(*still_open, _is_mine(person, now))
    )
    return WorklistCounts(
        open=by_place.get(Listed.OPEN, 0),
        overdue=overdue or 0,
        mine=mine or 0,
        done=by_place.get(Listed.DONE, 0),
        withdrawn=by_place.get(Listed.WITHDRAWN, 0),
    )


def _worklist_line(row: RowMapping, now: datetime) -> WorklistLine:
    values = with_words(row)
    return WorklistLine(**values, overdue=values["due_at"] < now)


def with_words(row: RowMapping) -> dict[str, Any]:
    """A row of notices with its codes as the core's own words."""
    values = dict(row)
    values["reason"] = NoticeReason(values["reason"])
    values["purpose"] = Purpose(values["purpose"])
    values["state"] = ObligationState(values["state"])
    values["level"] = Level(values["level"])
    values["level_needed"] = Level(values["level_needed"])
    values["severity"] = Severity(values["severity"]) if values["severity"] else None
    return values


def take(conn: Connection, *, notice_id: str, person: str, now: datetime, until: datetime) -> bool:
    """Say 'I am on it' until `until`.  False when somebody else has said so and it still holds."""
    insert = insert_for(conn, t.takes)
    free = sa.or_(
        t.takes.c.expires_at <= insert.excluded.taken_at,
        t.takes.c.person_id == insert.excluded.person_id,
    )
    claim = insert.on_conflict_do_update(
        index_elements=["notice_id"],
        set_={name: insert.excluded[name] for name in ("person_id", "taken_at", "expires_at")},
        where=free,
    )
    row = {"notice_id": notice_id, "person_id": person, "taken_at": now, "expires_at": until}
    return was_new(conn.execute(claim, row))


def untake(conn: Connection, *, notice_id: str, person: str) -> bool:
    """Give a notice back to the team.  False when `person` did not hold it."""
    held = sa.and_(t.takes.c.notice_id == notice_id, t.takes.c.person_id == person)
    return conn.execute(sa.delete(t.takes).where(held)).rowcount == 1
