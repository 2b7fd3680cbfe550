"""Facts that name recipients: whom a rule means by 'the invited', 'the absent', 'the former'."""

from hub.core.draft import Context, unpack_body
from hub.core.facts.active import with_her
from hub.core.facts.people import reporter_role
from hub.core.facts.pregnancy import infant_age_days
from hub.core.facts.register import (
    HEALTH_ROLES,
    MIDWIFERY_DAYS,
    Recipient,
    fact,
    of_type,
    same_post,
)
from hub.core.kinds import NUMBER, RECIPIENTS, TRUTH
from hub.core.model import Level

THERE = ("present_in_person", "present_remote", "deputy", "joined_late_left_early")
"""States of attendance in which somebody of an agency was there."""
CALLED_WHEN_OPEN = ("PMH_TEAM", "AMHS", "SUBSTANCE_SVC", "FNP")
"""Services whose evidence a conference needs while they have the family (domain P34)."""


@fact(RECIPIENTS)
def invited_health_roles(c: Context) -> tuple[Recipient, ...]:
    """The required health professionals invited to a conference (P34)."""
    return tuple(
        Recipient(row["role"], row["org"], row.get("person"))
        for row in c.body.get("invitees") or ()
        if row["required"] == "y" and same_post(row["role"]) in HEALTH_ROLES
    )


@fact(TRUTH)
def said_by_invited(c: Context) -> bool:
    """Whether the awaited word is of the post in question, and of no other place invited (P34).

    Where two practices are invited, the reply of the one is not that of the other.
    """
    if same_post(str(c.awaited_body.get("role"))) != same_post(c.duty.role):
        return False
    others = {
        row["org"]
        for row in c.trigger_body.get("invitees") or ()
        if same_post(row["role"]) == same_post(c.duty.role) and row["org"] != c.duty.organisation
    }
    return c.awaited is None or c.awaited.organisation not in others


def _required_roles(c: Context) -> list[str]:
    """Posts that a conference must invite (P34): GP, midwife until 28 days, health visitor, the
    services that have the family now, and the paediatrician where a child was seen or injured.
    """
    age = infant_age_days(c)
    wanted = ["GP_PRACTICE", "NAMED_HV"]
    if age is None or age <= MIDWIFERY_DAYS:
        wanted.append("NAMED_MW")
    have = with_her(c.episode)
    wanted += [role for role in CALLED_WHEN_OPEN if role in have]
    seen = any(
        row["role"] == "PAEDIATRICIAN"
        for body in map(unpack_body, of_type(c.episode, "strategy.discussion"))
        for row in body.get("participants") or ()
    )
    injured = any(of_type(c.episode, "injury.non-mobile")) or any(
        unpack_body(r).get("code") == "physical" for r in of_type(c.episode, "concern.raised")
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
    return _away(c, ("absent_none",))


def _any_absent(c: Context) -> tuple[Recipient, ...]:
    """Those of `absent_roles`, and who sent a report only: she was not there either (P36)."""
    return _away(c, ("absent_none", "absent_report"))


def _away(c: Context, states: tuple[str, ...]) -> tuple[Recipient, ...]:
    return tuple(
        Recipient(row["role"], row["org"], row.get("person"), part=row["role"])
        for row in c.body.get("attendance") or ()
        if row["state"] in states or (row["state"] == "deputy" and row.get("knows_case") != "y")
    )


@fact(RECIPIENTS)
def present_roles(c: Context) -> tuple[Recipient, ...]:
    """Those who came, or sent somebody who knows the case (P38)."""
    absent = {r.part for r in absent_roles(c)}
    return tuple(
        Recipient(row["role"], row["org"], row.get("person"), part=row["role"])
        for row in c.body.get("attendance") or ()
        if row["state"] in THERE and row["role"] not in absent
    )


@fact(NUMBER)
def agencies_present(c: Context) -> int:
    """How many agencies were there, each counted once; a report alone is not being there (S46)."""
    there = (row for row in c.body.get("attendance") or () if row["state"] in THERE)
    return len({row["org"] for row in there})


@fact(RECIPIENTS)
def managers_of_absent(c: Context) -> tuple[Recipient, ...]:
    """The service manager of each organisation whose professional was absent, report or none."""
    places = dict.fromkeys(r.organisation for r in _any_absent(c))
    return tuple(Recipient("SERVICE_MANAGER", place, part=place) for place in places)


@fact(RECIPIENTS)
def absent_authors(c: Context) -> tuple[Recipient, ...]:
    """Absent professionals for whom somebody else spoke: the record goes back to them (F25)."""
    told_by_others = {
        same_post(row["evidence_of"])
        for row in c.body.get("presented_by") or ()
        if row["second_hand"] == "y"
    }
    return tuple(r for r in _any_absent(c) if same_post(r.role) in told_by_others)


@fact(RECIPIENTS)
def heard_at_second_hand(c: Context) -> tuple[Recipient, ...]:
    """As absent_authors, for the one gap of each post whose own report has not come (G27)."""
    return tuple(Recipient(r.role, r.organisation, r.person) for r in absent_authors(c))


@fact(RECIPIENTS)
def absent_unheard(c: Context) -> tuple[Recipient, ...]:
    """Absent professionals for whom nobody spoke: no record of theirs can go back (P36)."""
    heard = absent_authors(c)
    return tuple(r for r in _any_absent(c) if r not in heard)


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


@fact(RECIPIENTS)
def reporter(c: Context) -> tuple[Recipient, ...]:
    """Whoever reported the event, in her role; maternity where the role is not said (G05)."""
    if c.event is None:
        return ()
    return (Recipient(reporter_role(c) or "COMM_MIDWIFE", c.event.organisation),)


@fact(RECIPIENTS)
def new_holder(c: Context) -> tuple[Recipient, ...]:
    """The professional to whom the event gives a role around the family (P43)."""
    named = c.body.get("practitioner")
    organisation = c.body.get("organisation") or ""
    return (Recipient(str(c.body.get("role")), organisation, named, part="new"),) if named else ()


@fact(RECIPIENTS)
def lead_named(c: Context) -> tuple[Recipient, ...]:
    """The professional whom the event names as lead of a family (P40)."""
    role, place = str(c.body.get("role")), str(c.body.get("org") or "")
    known = role in c.episode.policy.roles
    return (Recipient(role, place, c.body.get("lead"), part="lead"),) if known else ()


@fact(TRUTH)
def anybody_absent(c: Context) -> bool:
    """Whether anybody was absent from the conference, with a report or without, or sent somebody
    who knows nothing of it.
    """
    return bool(_any_absent(c))
