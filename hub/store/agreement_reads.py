"""Subscriptions laid over the directory, and what operators must know of them.

What the directory says stays the ground.  A subscription that carries lies over the directory's row
for its organisation and role, and takes the notices that it picks; all others, and all when it has
ended, take the row, and where there is none the hub's own worklist, so that nobody is silenced.
"""

from collections.abc import Iterable, Mapping
from copy import copy
from datetime import datetime, timedelta
from typing import Any, Literal, cast

import sqlalchemy as sa
from sqlalchemy import Connection

from hub.core.filter_text import FilterFault, kept_filter
from hub.core.subscribing import CARRIES, PayloadLevel, is_expiring
from hub.edges.directory import Directory, Endpoint
from hub.edges.roads import Beside
from hub.store import tables as t
from hub.store.agreements import WARN_DAYS, Agreement, agreement_from, agreements, row_of

type_of_level = Literal["signal", "summary", "full"]


def endpoints(conn: Connection, rule_events: Mapping[str, str]) -> list[Endpoint]:
    """The endpoints of those that carry, the oldest request first.

    Their secrets are sealed, as they are kept: only whoever signs opens them (`Vault.opened`).
    """
    a = t.agreements
    carrying = sa.select(a).where(a.c.state.in_(sorted(CARRIES))).order_by(a.c.requested_at)
    return [_endpoint(row, rule_events) for row in conn.execute(carrying).mappings()]


def endpoint_of(conn: Connection, agreement_id: str, rule_events: Mapping[str, str]) -> Endpoint:
    """The endpoint that one is or would be, sealed alike.  Raises UnknownSubscriptionError."""
    return _endpoint(row_of(conn, agreement_id), rule_events)


def _endpoint(row: sa.RowMapping, rule_events: Mapping[str, str]) -> Endpoint:
    found = agreement_from(row)
    # How much may travel, as a newer version or a hand wrote it: what is not known is the least.
    level = found.level if found.level in set(PayloadLevel) else PayloadLevel.SIGNAL.value
    named: dict[str, Any] = {
        "organisation": found.organisation,
        "role": found.role,
        "channel": found.channel,
        "address": found.address,
        "payload": found.payload,
        "heartbeat_minutes": found.heartbeat_minutes,
        "secret": row["secret"] or None,
        "secret_before": row["secret_before"],
        "destination_id": found.destination_id,
        "only_rules": rules_of(found.events, rule_events),
    }
    if (unread := why_unread(found.filter)) is not None:
        return Beside(level=PayloadLevel.SIGNAL.value, unread=unread, **named)
    return Endpoint(level=cast("type_of_level", level), filter=found.filter, **named)


def why_unread(kept: str) -> str | None:
    """Why a filter that is stored cannot be read by this version; None for one that can.

    A newer version, or a hand in the database, may have written it.  It must stop nothing.
    """
    try:
        kept_filter(kept) if kept else None
    except FilterFault as fault:
        return str(fault)
    return None


def unreadable(conn: Connection) -> list[Agreement]:
    """Those that carry and whose filter this version cannot read."""
    every = agreements(conn)
    return [each for each in every if each.state in CARRIES and why_unread(each.filter)]


def rules_of(events: Iterable[str], rule_events: Mapping[str, str]) -> tuple[str, ...]:
    """The rules of some event types; none for all.  An event that no rule tells of matches none."""
    wanted = set(events)
    rules = tuple(sorted(rule for rule, event in rule_events.items() if event in wanted))
    return rules or (("",) if wanted else ())


def by_place(subscribed: Iterable[Endpoint]) -> dict[tuple[str, str], tuple[Endpoint, ...]]:
    """Subscriptions by organisation and role, the latest request first.

    So whoever asks for a new one changes what is so, and need not revoke the old one first.
    """
    found: dict[tuple[str, str], tuple[Endpoint, ...]] = {}
    for each in subscribed:
        place = (each.organisation, each.role)
        found[place] = (each, *found.get(place, ()))
    return found


def laid_over(directory: Directory, subscribed: Iterable[Endpoint]) -> Directory:
    """The directory with the subscriptions that carry over its rows."""
    made = copy(directory)
    made.subscribed = by_place(subscribed)
    return made


def expiring(conn: Connection, now: datetime) -> list[Agreement]:
    """Those that end soon, the soonest first."""
    warn = timedelta(days=WARN_DAYS)
    found = [
        each
        for each in agreements(conn)
        if is_expiring(each.state, now, expires_at=each.expires_at, warn=warn)
    ]
    return sorted(found, key=lambda each: each.expires_at)
