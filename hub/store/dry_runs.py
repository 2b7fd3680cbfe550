"""What a subscription would have had: counts of past notices, and nothing else of them."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Protocol

import sqlalchemy as sa
from sqlalchemy import Connection

from hub.core.filter_text import kept_filter
from hub.core.filters import PICKS, Verdict, verdict
from hub.core.foreseen import Count, Foreseen, shown
from hub.edges.choosing import traits_known
from hub.edges.roads import ANY_ROLE, Roads
from hub.store import tables as t
from hub.store.agreement_reads import rules_of, why_unread

OTHERS: Final = "escalations and others"
"""Notices of rules that belong to no event type."""


class Chooses(Protocol):
    """What is asked for, or was agreed: as far as it says which notices."""

    @property
    def organisation(self) -> str:
        """Whose notices."""
        ...

    @property
    def role(self) -> str:
        """Which of its roles; `*` for all of them."""
        ...

    @property
    def events(self) -> tuple[str, ...]:
        """Event types; none narrows nothing."""
        ...

    @property
    def filter(self) -> str:
        """Which of them; empty narrows nothing."""
        ...


def dry_run(
    conn: Connection,
    each: Chooses,
    since: datetime,
    rule_events: Mapping[str, str],
    roads: Roads,
) -> Foreseen:
    """What it would have had since then, if it alone had carried."""
    only = rules_of(each.events, rule_events)
    # One that cannot be read hears of everything (`hub.edges.roads.Beside`).
    readable = each.filter and why_unread(each.filter) is None
    part = kept_filter(each.filter) if readable else None
    taken: dict[str, Count] = defaultdict(Count)
    verdicts: dict[Verdict, Count] = defaultdict(Count)
    left = Count()
    for row in conn.execute(_asked(each, since)):
        if only and row.rule not in only:
            said = Verdict.NOT_PICKED
        elif part is None:
            said = Verdict.PICKED
        else:
            traits = traits_known(row.traits, role=row.role, rule=row.rule, purpose=row.purpose)
            said = verdict(part, roads.placed(traits))
        verdicts[said].add(row.episode_id)
        where = taken[rule_events.get(row.rule, OTHERS)] if said in PICKS else left
        where.add(row.episode_id)
    unknown = (verdicts[Verdict.UNKNOWN_PICKED], verdicts[Verdict.UNKNOWN_NOT_PICKED])
    return shown(taken, left, *unknown)


def _asked(each: Chooses, since: datetime) -> sa.Select[Any]:
    """The notices of its recipient since then."""
    n, x = t.notices.c, t.outbox.c
    mine = [n.organisation == each.organisation, n.issued_at >= since]
    if each.role != ANY_ROLE:
        mine.append(n.role == each.role)
    with_traits = t.notices.outerjoin(t.outbox, x.notice_id == n.notice_id)
    columns = (n.rule, n.role, n.purpose, n.episode_id, x.traits)
    return sa.select(*columns).select_from(with_traits).where(*mine)
