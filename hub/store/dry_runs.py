"""What a subscription would have had: counts of past notices, and nothing else of them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from hub.core.filter_text import kept_filter
from hub.core.filters import PICKS, Verdict, verdict
from hub.edges.choosing import traits_known
from hub.edges.roads import ANY_ROLE
from hub.store import tables as t
from hub.store.agreement_reads import rules_of, why_unread
from hub.store.agreements import Agreement

OTHERS: Final = "escalations and others"
"""Notices of rules that belong to no event type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What would have taken the road, and what the road beneath."""

    taken: dict[str, int]
    """By event type."""
    left: int
    """Notices of the same recipient that it would not have taken."""
    unknown_taken: int
    """Of those taken: about safeguarding, and something that the filter asks was unknown."""
    unknown_left: int
    """Of those left: something that the filter asks was unknown."""


def dry_run(
    conn: Connection, each: Agreement, since: datetime, rule_events: Mapping[str, str]
) -> DryRun:
    """What it would have had since then, if it alone had carried."""
    only, taken, verdicts = rules_of(each.events, rule_events), Counter[str](), Counter[Verdict]()
    # One that cannot be read hears of everything (`hub.edges.roads.Beside`).
    readable = each.filter and why_unread(each.filter) is None
    part = kept_filter(each.filter) if readable else None
    for row in conn.execute(_asked(each, since, by_notice=part is not None)):
        if only and row.rule not in only:
            said = Verdict.NOT_PICKED
        elif part is None:
            said = Verdict.PICKED
        else:
            traits = traits_known(row.traits, role=row.role, rule=row.rule, purpose=row.purpose)
            said = verdict(part, traits)
        verdicts[said] += row.many
        if said in PICKS:
            taken[rule_events.get(row.rule, OTHERS)] += row.many
    return DryRun(
        taken=dict(sorted(taken.items())),
        left=verdicts[Verdict.NOT_PICKED] + verdicts[Verdict.UNKNOWN_NOT_PICKED],
        unknown_taken=verdicts[Verdict.UNKNOWN_PICKED],
        unknown_left=verdicts[Verdict.UNKNOWN_NOT_PICKED],
    )


def _asked(each: Agreement, since: datetime, *, by_notice: bool) -> sa.Select[Any]:
    """The notices of its recipient since then: one a row, or counted where rules alone decide."""
    n, x = t.notices.c, t.outbox.c
    mine = [n.organisation == each.organisation, n.issued_at >= since]
    if each.role != ANY_ROLE:
        mine.append(n.role == each.role)
    if not by_notice:
        return sa.select(n.rule, sa.func.count().label("many")).where(*mine).group_by(n.rule)
    with_traits = t.notices.outerjoin(t.outbox, x.notice_id == n.notice_id)
    columns = (n.rule, n.role, n.purpose, x.traits, sa.literal(1).label("many"))
    return sa.select(*columns).select_from(with_traits).where(*mine)
