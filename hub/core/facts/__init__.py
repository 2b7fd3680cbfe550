"""Facts: the vocabulary of conditions.  Each is a named pure function of event and episode.

A new rule is data; a new fact is Python and looks like it.  Every fact takes the context first
and says in its docstring what it means and where the meaning comes from.
"""

from hub.core.facts import (
    active,
    agreement,
    cases,
    contacts,
    diary,
    families,
    flags,
    growth,
    living,
    losses,
    matters,
    moves,
    needs,
    people,
    planned,
    pregnancy,
    recipients,
    record,
    referrals,
    safeguarding,
    unanswered,
    variation,
    workforce,
)
from hub.core.facts.flags import is_flagged
from hub.core.facts.register import DUTY, EPISODE, FACTS, HOLDERS, INVITED, Recipient, same_post

__all__ = [
    "DUTY",
    "EPISODE",
    "FACTS",
    "HOLDERS",
    "INVITED",
    "Recipient",
    "active",
    "agreement",
    "cases",
    "contacts",
    "diary",
    "families",
    "flags",
    "growth",
    "is_flagged",
    "living",
    "losses",
    "matters",
    "moves",
    "needs",
    "people",
    "planned",
    "pregnancy",
    "recipients",
    "record",
    "referrals",
    "safeguarding",
    "same_post",
    "unanswered",
    "variation",
    "workforce",
]
