"""Facts: the vocabulary of conditions.  Each is a named pure function of event and episode.

A new rule is data; a new fact is Python and looks like it.  Every fact takes the context first
and says in its docstring what it means and where the meaning comes from.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hub.core.deadlines import gestation_days as days_between
from hub.core.deadlines import local_date
from hub.core.draft import Context, Draft, estimated_due_date, unpack_body
from hub.core.expressions import (
    DATE,
    INSTANT,
    LIST,
    NUMBER,
    RECIPIENTS,
    TEXT,
    TRUTH,
    Fact,
    Kind,
    Record,
)
from hub.core.model import Level, Remembered

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

FACTS: dict[str, Fact] = {}


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody a rule names: a role at an organisation, and what of the subject is hers."""

    role: str
    organisation: str = ""
    person: str | None = None
    part: str = ""


def fact(gives: Kind, **takes: Kind) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a fact under its own name, with what it takes and gives."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        FACTS[function.__name__] = Fact(function=function, takes=takes, gives=gives)
        return function

    return register


def same_post(role: str) -> str:
    """The post behind a role name, so that a team and its named person count as one."""
    return SAME_POST.get(role, role)


def _moment(c: Context) -> datetime:
    return c.event.occurred_at if c.event is not None else c.episode.at


def _of_type(draft: Draft, event_type: str) -> list[Remembered]:
    return [r for r in draft.history if r.type == event_type and not r.retracted]


# --- the pregnancy ------------------------------------------------------------------------


@fact(NUMBER)
def gestation_days(c: Context) -> int | None:
    """Days of pregnancy at the event, by the due date in force (domain 1.2, unit g)."""
    due = c.episode.due_date
    return days_between(due, local_date(_moment(c))) if due else None


@fact(NUMBER, weeks=NUMBER, days=NUMBER)
def weeks(c: Context, weeks: int, days: int = 0) -> int:
    """Weeks and days of pregnancy as days, so that a rule can say `weeks(20)`."""
    return weeks * 7 + days


@fact(TEXT)
def due_date_from_gestation(c: Context) -> str | None:
    """The due date reckoned from a gestation that the event states; none when a date is known.

    Due date = date of the event + 280 days less the days of pregnancy (S8).
    """
    if c.episode.edd:
        return c.episode.edd
    return estimated_due_date(c.body.get("gestation"), _moment(c))


@fact(TRUTH)
def born(c: Context) -> bool:
    """Whether a baby of this episode has been born."""
    return c.episode.born is not None


@fact(NUMBER)
def infant_age_days(c: Context) -> int | None:
    """Age of the first baby in days at the event; the day of birth is day 0."""
    day = c.episode.born
    return (local_date(_moment(c)) - day).days if day else None


@fact(TRUTH, role=TEXT, other=TEXT)
def is_same_post(c: Context, role: str, other: str) -> bool:
    """Whether two role names mean one post: a team stands in for its named person."""
    return role is not None and same_post(role) == same_post(other)


@fact(INSTANT)
def occurred_at(c: Context) -> datetime:
    """When the event happened."""
    return _moment(c)


@fact(INSTANT)
def pregnancy_loss_at(c: Context) -> datetime | None:
    """When the whole pregnancy was lost; none when one baby of several was, or for a birth."""
    if c.body.get("baby_id") or c.body.get("outcome") == "live_birth_see_E08":
        return None
    return _moment(c)


@fact(INSTANT)
def baby_loss_at(c: Context) -> datetime | None:
    """When the baby that the event names was lost; none when it was born alive."""
    return None if c.body.get("outcome") == "live_birth_see_E08" else _moment(c)


@fact(TEXT, condition=TRUTH, value=TEXT)
def only_if(c: Context, condition: bool, value: str | None) -> str | None:  # noqa: FBT001  a fact's arguments are written by name in policy
    """A value, where a condition holds."""
    return value if condition else None


@fact(TEXT)
def subject_of_care(c: Context) -> str:
    """Whom a hospital document is about: the baby's id, or the mother."""
    return str(c.body.get("baby_id") or "mother")


# --- people and organisations ----------------------------------------------------------------


@fact(TRUTH, role=TEXT)
def held(c: Context, role: str) -> bool:
    """Whether a role is held now by a named person who has accepted it (G17)."""
    found = c.episode.holder(role)
    return found is not None and found.accepted and found.person is not None


@fact(TEXT)
def reporter_role(c: Context) -> str | None:
    """The role of whoever reported the event."""
    if c.event is None:
        return None
    return (
        c.event.actor_role
        if isinstance(c.event, Remembered)
        else (c.event.actor.role if c.event.actor else None)
    )


@fact(TEXT)
def reporting_organisation(c: Context) -> str | None:
    """The organisation that reported the event."""
    return c.event.organisation if c.event is not None else None


@fact(TRUTH)
def reported_by_midwifery(c: Context) -> bool:
    """Whether a midwifery role or the maternity provider itself reported the event."""
    role = reporter_role(c)
    return role in ("COMM_MIDWIFE", "NAMED_MW", "SG_MIDWIFE")


@fact(NUMBER)
def organisations_informed(c: Context) -> int:
    """Organisations that know: those that reported, and those where a notice was opened (G05).

    A superior who acknowledges an escalation reads of a gap, not of a pregnancy.
    """
    draft = c.episode
    knowing = {r.organisation for r in draft.history if not r.retracted}
    for obligation in draft.obligations.values():
        if obligation.rule in draft.policy.tells:
            knowing |= {t.organisation for t in obligation.told if t.level >= Level.OPENED}
    return len(knowing)


@fact(NUMBER, rule=TEXT, role=TEXT)
def level_reached(c: Context, rule: str, role: str) -> int:
    """The highest level a rule's notices reached for a role, 0 to 5."""
    levels = [o.level for o in c.episode.obligations.values() if o.rule == rule and o.role == role]
    return int(max(levels, default=Level.OWED))


# --- risk ------------------------------------------------------------------------------------


@fact(TRUTH)
def plan_in_force(c: Context) -> bool:
    """Whether a child-protection plan, for the baby or the unborn, is in force."""
    return any(code.startswith("CPP") for code in c.episode.plans)


@fact(NUMBER, days=NUMBER)
def concern_flags(c: Context, days: int) -> int:
    """Distinct codes of concern in the days up to the event (G35 counts over 84 days)."""
    since = _moment(c) - timedelta(days=days)
    return len(
        {
            unpack_body(r).get("code")
            for r in _of_type(c.episode, "concern.raised")
            if r.occurred_at >= since
        }
    )


@fact(NUMBER, days=NUMBER)
def concern_organisations(c: Context, days: int) -> int:
    """Organisations that raised a concern in the days up to the event."""
    since = _moment(c) - timedelta(days=days)
    return len(
        {r.organisation for r in _of_type(c.episode, "concern.raised") if r.occurred_at >= since}
    )


@fact(TRUTH)
def open_flag(c: Context) -> bool:
    """Whether the hub holds a plan in force or a concern of medium or high severity (G13)."""
    return is_flagged(c.episode)


def is_flagged(draft: Draft) -> bool:
    """As `open_flag`, of a draft: what raises a gap with two severities (ruling 28)."""
    if any(code.startswith("CPP") for code in draft.plans):
        return True
    return any(
        unpack_body(r).get("severity") in ("medium", "high")
        for r in _of_type(draft, "concern.raised")
    )


# --- the record ------------------------------------------------------------------------------


@fact(TRUTH, type=TEXT)
def happened(c: Context, type: str) -> bool:  # noqa: A002  the word a policy author would write
    """Whether an event of a type is on the episode and was not retracted."""
    return any(_of_type(c.episode, type))


@fact(TRUTH, type=TEXT, subject=TEXT)
def happened_for(c: Context, type: str, subject: str) -> bool:  # noqa: A002  as above
    """Whether an earlier event of a type about the same thing is on the episode."""
    own = c.event.id if c.event is not None else ""
    return any(r.subject == subject and r.id != own for r in _of_type(c.episode, type))


@fact(TRUTH)
def awaited_after_trigger(c: Context) -> bool:
    """Whether the awaited event happened no earlier than the one that raised the duty."""
    if c.awaited is None or c.event is None:
        return False
    return c.awaited.occurred_at >= c.event.occurred_at


@fact(TRUTH)
def anybody_absent(c: Context) -> bool:
    """Whether anybody was absent from the conference, or sent somebody who knows nothing of it."""
    return bool(absent_roles(c))


@fact(TRUTH)
def evidence_changed(c: Context) -> bool:
    """Whether an absent author has corrected the record of her evidence."""
    return any(row["state"] == "changed" for row in c.body.get("author_confirmations") or ())


@fact(TRUTH, conference=TEXT, role=TEXT)
def report_received(c: Context, conference: str, role: str) -> bool:
    """Whether a role's first-hand report for a conference has come (F25: first-hand only)."""
    return any(
        body.get("conference_id") == conference
        and same_post(str(body.get("role"))) == same_post(role)
        and body.get("first_hand") == "y"
        for body in map(unpack_body, _of_type(c.episode, "conference.report"))
    )


@fact(TRUTH, conference=TEXT, role=TEXT)
def evidence_confirmed(c: Context, conference: str, role: str) -> bool:
    """Whether an absent author sent a first-hand report and confirmed the record of it (G26)."""
    if not report_received(c, conference, role):
        return False
    for body in map(unpack_body, _of_type(c.episode, "conference.outcome")):
        if body.get("conference_id") != conference:
            continue
        for row in body.get("author_confirmations") or ():
            if same_post(row["role"]) == same_post(role) and row["state"] != "pending":
                return True
    return False


# --- whom a rule names -------------------------------------------------------------------------


@fact(RECIPIENTS)
def invited_health_roles(c: Context) -> tuple[Recipient, ...]:
    """The required health professionals invited to a conference (P34)."""
    return tuple(
        Recipient(row["role"], row["org"], row.get("person"))
        for row in c.body.get("invitees") or ()
        if row["required"] == "y" and same_post(row["role"]) in HEALTH_ROLES
    )


def _required_roles(c: Context) -> list[str]:
    """Posts that a conference must invite (P34): GP, midwife until 28 days, health visitor, and
    the paediatrician where a child was seen or injured.
    """
    age = infant_age_days(c)
    wanted = ["GP_PRACTICE", "NAMED_HV"]
    if age is None or age <= MIDWIFERY_DAYS:
        wanted.append("NAMED_MW")
    seen = any(
        row["role"] == "PAEDIATRICIAN"
        for body in map(unpack_body, _of_type(c.episode, "strategy.discussion"))
        for row in body.get("participants") or ()
    )
    injured = any(
        unpack_body(r).get("code") == "physical" for r in _of_type(c.episode, "concern.raised")
    )
    return [*wanted, "PAEDIATRICIAN"] if seen or injured else wanted


@fact(RECIPIENTS)
def uninvited_health_roles(c: Context) -> tuple[Recipient, ...]:
    """Required health posts that are missing from the list of invitees (G25)."""
    invited = {same_post(row["role"]) for row in c.body.get("invitees") or ()}
    return tuple(Recipient(r, part=r) for r in _required_roles(c) if r not in invited)


@fact(RECIPIENTS)
def absent_roles(c: Context) -> tuple[Recipient, ...]:
    """Those absent without anybody, or represented by a deputy who does not know the case (G26)."""
    return tuple(
        Recipient(row["role"], row["org"], row.get("person"), part=row["role"])
        for row in c.body.get("attendance") or ()
        if row["state"] == "absent_none"
        or (row["state"] == "deputy" and row.get("knows_case") != "y")
    )


@fact(RECIPIENTS)
def managers_of_absent(c: Context) -> tuple[Recipient, ...]:
    """The service manager of each organisation whose professional was absent."""
    places = dict.fromkeys(r.organisation for r in absent_roles(c))
    return tuple(Recipient("SERVICE_MANAGER", place, part=place) for place in places)


@fact(RECIPIENTS)
def absent_authors(c: Context) -> tuple[Recipient, ...]:
    """Absent professionals whose evidence somebody else gave: the record goes back to them (F25)."""
    told_by_others = {
        same_post(row["evidence_of"])
        for row in c.body.get("presented_by") or ()
        if row["second_hand"] == "y"
    }
    return tuple(r for r in absent_roles(c) if same_post(r.role) in told_by_others)


@fact(RECIPIENTS)
def active_health_roles(c: Context) -> tuple[Recipient, ...]:
    """Every health role now active around the episode (P37): one per post, the named one first."""
    chosen: dict[str, Recipient] = {}
    for role in ("NAMED_MW", "COMM_MIDWIFE", "NAMED_HV", "HV_TEAM", "GP_SG_LEAD", "PMH_TEAM"):
        holder = c.episode.holder(role)
        if holder is not None and same_post(role) not in chosen:
            found = Recipient(role, holder.organisation, holder.person)
            chosen[same_post(role)] = found
    return tuple(chosen.values())


@fact(RECIPIENTS)
def earlier_recipients(c: Context) -> tuple[Recipient, ...]:
    """Everybody to whom a notice of the retracted event was sent (P48)."""
    target = c.body.get("target_id")
    seen: dict[tuple[str, str], Recipient] = {}
    for obligation in c.episode.obligations.values():
        if obligation.trigger == target:
            for told in obligation.told:
                if told.level >= Level.SENT:
                    key = (obligation.role, told.organisation)
                    seen[key] = Recipient(obligation.role, told.organisation, told.person)
    return tuple(seen.values())


@fact(TRUTH)
def is_news(c: Context) -> bool:
    """Whether a change of practice or address says something the episode did not know.

    Hospital systems restate both with every message; only a difference is a change.
    """
    before, said = c.episode.start, str(c.body.get("to") or "")
    match c.body.get("kind"):
        case "gp":
            return said != (before.practice or "")
        case "address":
            known = before.mother.postcode if before.mother else None
            return said.partition("|")[0] != (known or "")
        case _:
            return True


@fact(RECIPIENTS)
def reporter(c: Context) -> tuple[Recipient, ...]:
    """Whoever reported the event, in her role; maternity where the role is not said (G05)."""
    if c.event is None:
        return ()
    return (Recipient(reporter_role(c) or "COMM_MIDWIFE", c.event.organisation),)


@fact(RECIPIENTS)
def former_practice(c: Context) -> tuple[Recipient, ...]:
    """The practice a woman has left, so that it is told so (P45): as stated, or as last known."""
    left = c.body.get("from") or c.episode.start.practice
    if not left or left == c.body.get("to"):
        return ()
    return (Recipient("GP_PRACTICE", left, part="left"),)


@fact(RECIPIENTS)
def former_health_visiting(c: Context) -> tuple[Recipient, ...]:
    """The health visiting team that was told of her and holds her no longer (P45)."""
    now = c.episode.holder("HV_TEAM")
    last: dict[str, str] = {}
    for obligation in c.episode.obligations.values():
        if same_post(obligation.role) == "NAMED_HV" and obligation.rule in c.episode.policy.tells:
            last |= dict.fromkeys((t.organisation for t in obligation.told), obligation.rule)
    left = [o for o, rule in last.items() if now and o != now.organisation and rule[-5:] != ".left"]
    return tuple(Recipient("HV_TEAM", organisation, part="left") for organisation in left)


@fact(RECIPIENTS)
def former_holder(c: Context) -> tuple[Recipient, ...]:
    """The professional who hands an episode over (P43)."""
    left = c.body.get("handover_from")
    organisation = c.body.get("organisation") or ""
    return (Recipient(str(c.body.get("role")), organisation, left, part="left"),) if left else ()


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

DUTY = Record({"role": TEXT, "organisation": TEXT, "subject": TEXT, "trigger": TEXT})
"""The fields of the duty in question that a condition may name."""
