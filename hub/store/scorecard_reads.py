"""What the scorecard counts, out of the read model: one fact for each family and rule, no identity.

A year's facts are read in four passes and put together in memory: twenty thousand pregnancies make
some hundred thousand of them, which nobody asks for more than a few times a day.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from hub.core.model import GapState, ObligationState, Severity
from hub.core.scorecard import Fact, Facts, Kind
from hub.core.scored import Row, Standard
from hub.store import tables as t

YEAR = timedelta(days=365)
QUARTER = timedelta(days=91)

NO_LONGER_OWED = (
    ObligationState.WITHDRAWN,
    ObligationState.SUPPRESSED,
    ObligationState.WAIVED,
    ObligationState.RETRACTED,
)
"""Duties that count neither for nor against anybody."""


class Asked:
    """Every rule, event type and gap code that the rows rest on."""

    def __init__(self, rows: Iterable[Row]):
        """Gather the names of all standards and outcomes."""
        rows = list(rows)
        every: list[Standard] = [each for row in rows for each in row.standards]
        every += [row.outcome for row in rows if row.outcome]
        self.duties = {name for each in every for name in each.duties}
        self.expected = {name for each in every for name in each.expected}
        self.events = {name for each in every for name in each.seen}
        self.codes = {name for each in every for name in (*each.without, *each.none_open)}
        self.codes |= {code for row in rows for code in row.codes}


def scorecard_facts(
    conn: Connection, rows: Iterable[Row], areas: Mapping[str, str], until: datetime
) -> Facts:
    """What became of every family in the twelve months up to `until`.

    `areas` has the district of each organisation, by ODS code.  A family stands in the district of
    her maternity provider, else of her practice; a matter in that of the organisation concerned.
    """
    asked = Asked(rows)
    since = until - YEAR
    homes = {
        row.episode_id: (row.provider or "", areas.get(row.provider) or areas.get(row.practice))
        for row in conn.execute(
            sa.select(t.episodes.c.episode_id, t.episodes.c.provider, t.episodes.c.practice)
        )
    }

    def fact(kind: Kind, name: str, family: str, organisation: str, good: bool = True) -> Fact:  # noqa: FBT001, FBT002  inner, and named at every call
        provider, place = homes.get(family, ("", None))
        place = place or areas.get(organisation) or ""
        return Fact(kind=kind, name=name, family=family, provider=provider, place=place, good=good)

    found = [
        *(fact(Kind.DUTY, *row) for row in _duties(conn, asked, since, until)),
        *(fact(Kind.EXPECTED, *row) for row in _expected(conn, asked, since, until)),
        *(fact(Kind.EVENT, *row) for row in _events(conn, asked, since, until)),
        *(fact(kind, *about) for kind, about in _gaps(conn, asked, since, until)),
    ]
    return Facts(found)


def _duties(
    conn: Connection, asked: Asked, since: datetime, until: datetime
) -> Iterator[tuple[str, str, str, bool]]:
    o = t.obligations
    met = sa.and_(o.c.met_at.is_not(None), o.c.met_at <= until, sa.not_(o.c.late))
    rows = conn.execute(
        _in_time(o, met)
        .where(o.c.rule.in_(sorted(asked.duties)), o.c.state.not_in(NO_LONGER_OWED))
        .where(o.c.due_at > since, o.c.due_at <= until)
    )
    return ((row.rule, row.episode_id, row.organisation, bool(row.good)) for row in rows)


def _expected(
    conn: Connection, asked: Asked, since: datetime, until: datetime
) -> Iterator[tuple[str, str, str, bool]]:
    x = t.expectations
    met = sa.and_(x.c.state == "met", x.c.ended_at <= x.c.due_at)
    rows = conn.execute(
        _in_time(x, met)
        .where(x.c.rule.in_(sorted(asked.expected)), x.c.state != "withdrawn")
        .where(x.c.due_at > since, x.c.due_at <= until)
    )
    return ((row.rule, row.episode_id, row.organisation, bool(row.good)) for row in rows)


def _in_time(
    table: sa.Table, met: sa.ColumnElement[bool]
) -> "sa.Select[tuple[str, str, str, int]]":
    """By rule and family, whether everything that fell due came in time."""
    return sa.select(
        table.c.rule,
        table.c.episode_id,
        sa.func.min(table.c.organisation).label("organisation"),
        sa.func.min(sa.case((met, 1), else_=0)).label("good"),
    ).group_by(table.c.rule, table.c.episode_id)


def _events(
    conn: Connection, asked: Asked, since: datetime, until: datetime
) -> Iterator[tuple[str, str, str]]:
    e = t.events
    rows = conn.execute(
        sa.select(e.c.type, e.c.episode_id, sa.func.min(e.c.organisation).label("organisation"))
        .where(e.c.type.in_(sorted(asked.events)), e.c.how == "new")
        .where(e.c.occurred_at > since, e.c.occurred_at <= until)
        .group_by(e.c.type, e.c.episode_id)
    )
    return ((row.type, row.episode_id, row.organisation) for row in rows)


def _gaps(
    conn: Connection, asked: Asked, since: datetime, until: datetime
) -> Iterator[tuple[Kind, tuple[str, str, str]]]:
    """Gaps that opened in the year, those that are open now, and the grave ones of the quarter."""
    g = t.gaps
    rows = conn.execute(
        sa.select(
            g.c.code, g.c.episode_id, g.c.organisation, g.c.severity, g.c.opened_at, g.c.closed_at
        )
        .where(g.c.code.in_(sorted(asked.codes)), g.c.opened_at <= until)
        .where(g.c.state != GapState.WITHDRAWN)
    )
    for row in rows:
        about = row.code, row.episode_id, row.organisation
        if row.opened_at > since:
            yield Kind.GAP, about
        if row.closed_at is None or row.closed_at > until:
            yield Kind.OPEN_GAP, about
        if row.severity >= Severity.SAFEGUARDING and row.opened_at > until - QUARTER:
            yield Kind.GRAVE_GAP, about
