"""The register of facts: named pure functions of event and episode, for conditions to use."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.core.draft import Context, Draft
from hub.core.episode import Remembered
from hub.core.kinds import DATE, INSTANT, LIST, TEXT, TRUTH, Fact, Kind, Record

HEALTH_ROLES = (
    "GP_PRACTICE",
    "NAMED_MW",
    "NAMED_HV",
    "PAEDIATRICIAN",
    "PMH_TEAM",
    "AMHS",
    "SUBSTANCE_SVC",
    "FNP",
)
MIDWIFERY_DAYS = 28  # A baby stays with midwifery up to 28 days (domain P34, P26).
SAME_POST = {
    "GP": "GP_PRACTICE",
    "GP_SG_LEAD": "GP_PRACTICE",
    "HV": "NAMED_HV",
    "HV_TEAM": "NAMED_HV",
    "MW": "NAMED_MW",
    "COMM_MIDWIFE": "NAMED_MW",
}
"""A team stands in for a named person until one is named (domain section 6, short forms)."""

HOLDERS = frozenset({"active_health_roles", "active_roles", "named_or_team", "safeguarding_lead"})
"""Facts that name whoever holds a post around the family, and not somebody of the event itself."""

INVITED = frozenset({"absent_roles", "invited_health_roles", "uninvited_health_roles"})
"""Facts that name posts around the family as a conference knows them: another holds them after a
move."""

FACTS: dict[str, Fact] = {}


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody a rule names: a role at an organisation, and what of the subject is hers."""

    role: str
    organisation: str = ""
    person: str | None = None
    part: str = ""

    def elsewhere(self, role: str, organisation: str) -> bool:
        """Whether it is somebody of that role whom a rule names at another organisation."""
        return self.role == role and self.organisation not in ("", organisation)


def fact(gives: Kind, **takes: Kind) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a fact under its own name, with what it takes and gives."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        FACTS[function.__name__] = Fact(function=function, takes=takes, gives=gives)
        return function

    return register


def same_post(role: str) -> str:
    """The post behind a role name, so that a team and its named person count as one."""
    return SAME_POST.get(role, role)


def audience(draft: Draft, role: str) -> str:
    """As whom a role reads; empty for a role that the policy does not know."""
    found = draft.policy.roles.get(role)
    return found.audience if found is not None else ""


def moment(c: Context) -> datetime:
    """When the event happened; the hub's time where there is none."""
    return c.event.occurred_at if c.event is not None else c.episode.at


def of_type(draft: Draft, event_type: str) -> list[Remembered]:
    """The events of a type that the episode remembers and that still stand."""
    return [r for r in draft.history if r.type == event_type and not r.retracted]


EPISODE = Record(
    {
        "booked": TRUTH,
        "edd": DATE,
        "provider": TEXT,
        "practice": TEXT,
        "outcome": TEXT,
        "ended": TRUTH,
        "plans": LIST,
        "at": INSTANT,
    }
)
"""The fields of the episode that a condition may name."""

DUTY = Record(
    {"role": TEXT, "organisation": TEXT, "subject": TEXT, "trigger": TEXT, "overdue": TRUTH}
)
"""The fields of the duty in question that a condition may name."""
