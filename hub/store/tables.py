"""Every table of the hub, the same on SQLite and PostgreSQL.

Five kinds of table must not be mixed up: the *read model* is a fold that can be thrown away and
folded again; the *outbox* remembers what was sent to whom and may not be lost; the *desk* tables
(sessions, takes, absences, delegations) belong to the pages; the log of *accesses* is evidence,
stands nowhere else, and is only ever added to.  What goes back to *senders* is precious like the
outbox.
"""

from hub.store.columns import metadata
from hub.store.tables_access import accesses, withheld
from hub.store.tables_agreements import agreement_changes, agreements
from hub.store.tables_carriers import mesh_book, subscription_events, subscriptions
from hub.store.tables_cover import absences, delegations
from hub.store.tables_desk import attempts, copies, destinations, outbox, sessions, takes
from hub.store.tables_read import (
    causes,
    conflicts,
    decisions,
    episodes,
    escalations,
    events,
    expectations,
    gap_duties,
    gaps,
    levels,
    notices,
    obligations,
    positions,
    quarantine,
)
from hub.store.tables_replay import replay_notices, replays
from hub.store.tables_senders import (
    coverage_due,
    coverage_said,
    returns,
    sender_mails,
    sender_posts,
)

__all__ = [
    "absences",
    "accesses",
    "agreement_changes",
    "agreements",
    "attempts",
    "causes",
    "conflicts",
    "copies",
    "coverage_due",
    "coverage_said",
    "decisions",
    "delegations",
    "destinations",
    "episodes",
    "escalations",
    "events",
    "expectations",
    "gap_duties",
    "gaps",
    "levels",
    "mesh_book",
    "metadata",
    "notices",
    "obligations",
    "outbox",
    "positions",
    "quarantine",
    "replay_notices",
    "replays",
    "returns",
    "sender_mails",
    "sender_posts",
    "sessions",
    "subscription_events",
    "subscriptions",
    "takes",
    "withheld",
]
