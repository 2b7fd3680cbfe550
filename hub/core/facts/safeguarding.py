"""Facts about concerns, thresholds and who leads: what several agencies know between them."""

from datetime import datetime, timedelta
from typing import Any

from hub.core.draft import Context, Draft, unpack_body
from hub.core.episode import Remembered
from hub.core.facts.active import ENDED, active_roles
from hub.core.facts.flags import ABUSE, PRIOR_REMOVAL, Flag, flags_of
from hub.core.facts.people import reporter_role
from hub.core.facts.recipients import reporter
from hub.core.facts.register import Recipient, audience, fact, moment, of_type, same_post
from hub.core.kinds import LIST, NUMBER, RECIPIENTS, TEXT, TRUTH
from hub.core.model import Level

CUMULATIVE_DAYS = 84
CUMULATIVE_CODES, CUMULATIVE_ORGANISATIONS, TOXIC_CODES = 3, 2, 2
"""When small concerns together are a great one (domain G35; N18, N26 and N35 of the briefing)."""

TOXIC = frozenset({"substance", "DA", "MH"})

THRESHOLDS = dict.fromkeys(("NFA", "info"), 0) | {"early_help": 1, "s17": 2}
THRESHOLDS |= dict.fromkeys(("strategy", "s47", "emergency"), 3)
"""Levels of need of Working Together, by the words of referrals and of decisions."""

OVER = ("completed", "withdrawn", "rejected")

SAYS_ITSELF = ("enquiry.domestic-abuse", "information.given")
"""Events whose label proves no abuse: an enquiry says what was found, and any woman may be given
the leaflet."""


def _flags(draft: Draft) -> list[Flag]:
    return [f for r in draft.history if not r.retracted for f in flags_of(r)]


def _reaches(flags: list[Flag], since: datetime) -> bool:
    """Whether concerns together reach the threshold of G35."""
    codes = {flag.code for flag in flags}
    small = [flag for flag in flags if flag.at >= since and not flag.is_high]
    return (
        (
            len({flag.code for flag in small}) >= CUMULATIVE_CODES
            and len({flag.organisation for flag in small}) >= CUMULATIVE_ORGANISATIONS
        )
        or len(codes & TOXIC) >= TOXIC_CODES
        or (PRIOR_REMOVAL in codes and len(codes) > 1)
    )


def _tells_of_abuse(event: Remembered) -> bool:
    """Whether one event holds domestic abuse, by what it found or by its label."""
    if any(flag.code == ABUSE for flag in flags_of(event)):
        return True
    if event.type not in SAYS_ITSELF:
        return ABUSE in event.labels
    body = unpack_body(event)
    return "y" in (body.get("marac"), body.get("coercive_control"))


@fact(TRUTH)
def abuse_on_record(c: Context) -> bool:
    """Whether domestic abuse is on the episode and stands: disclosed, suspected, a concern, a
    MARAC, or whatever carries its label (G13).  A summary may not pass it over.
    """
    return any(_tells_of_abuse(r) for r in c.episode.history if not r.retracted)


@fact(TRUTH)
def concerns_accumulate(c: Context) -> bool:
    """Whether the event adds a concern by which all of them together need a second look (G35).

    Three different ones from two organisations within 84 days, two of substance, abuse and mental
    health, or a new one after a child was removed before.
    """
    flags = _flags(c.episode)
    own = [flag for flag in flags if c.event is not None and flag.event_id == c.event.id]
    others = [flag for flag in flags if flag not in own]
    since = moment(c) - timedelta(days=CUMULATIVE_DAYS)
    known = {flag.code for flag in others}
    is_new = any(flag.code not in known for flag in own) or not _reaches(others, since)
    return bool(own) and is_new and _reaches(flags, since)


def _needs(draft: Draft) -> list[Remembered]:
    """The events that record a need which is still open (F18): concerns, referrals, disclosures."""
    found: list[Remembered] = []
    ended = {
        str(body.get("referral_id"))
        for body in map(unpack_body, of_type(draft, "referral.updated"))
        if body.get("state") in ENDED
    }
    for event in draft.history:
        if event.retracted:
            continue
        if event.type in ("csc.referral-made", "pregnancy.concealment"):
            found.append(event)
        elif event.type == "referral.made":
            if str(unpack_body(event).get("referral_id")) not in ended:
                found.append(event)
        elif event.type != "pregnancy.booked" and any(flags_of(event)):
            found.append(event)
    return sorted(found, key=lambda r: r.occurred_at)


@fact(NUMBER)
def agencies_with_need(c: Context) -> int:
    """Organisations that have recorded a need of the family which is still open (G31)."""
    return len({event.organisation for event in _needs(c.episode)})


@fact(RECIPIENTS)
def answerable_for_first_need(c: Context) -> tuple[Recipient, ...]:
    """The service manager of the agency that recorded the family's first need (G31)."""
    needs = _needs(c.episode)
    if needs:
        return (Recipient("SERVICE_MANAGER", needs[0].organisation),)
    return (Recipient("SERVICE_MANAGER", c.event.organisation),) if c.event is not None else ()


@fact(TRUTH)
def lead_accepted(c: Context) -> bool:
    """Whether a lead professional has accepted (G31)."""
    return any(
        unpack_body(event).get("accepted") == "y" for event in of_type(c.episode, "lead.assigned")
    )


@fact(RECIPIENTS)
def safeguarding_lead(c: Context) -> tuple[Recipient, ...]:
    """The safeguarding midwife, and after the birth the named nurse (G35)."""
    return (Recipient("NAMED_NURSE_SG" if c.episode.born else "SG_MIDWIFE"),)


def _referral_of(c: Context, event_type: str) -> Remembered | None:
    """The referral that the event speaks of."""
    wanted = c.body.get("referral_id")
    for event in of_type(c.episode, event_type):
        if wanted is not None and unpack_body(event).get("referral_id") == wanted:
            return event
    return None


@fact(RECIPIENTS)
def safeguarding_lead_of_referrer(c: Context) -> tuple[Recipient, ...]:
    """The safeguarding lead of whoever referred, or would have had to refer (G33)."""
    event = _referral_of(c, "csc.referral-made")
    found = reporter(c) if event is None else (_author(event),)
    return tuple(
        Recipient(
            "SG_MIDWIFE" if audience(c.episode, who.role) == "midwife" else "NAMED_NURSE_SG",
            who.organisation,
        )
        for who in found
    )


def _author(event: Remembered) -> Recipient:
    return Recipient(event.actor_role or "COMM_MIDWIFE", event.organisation)


@fact(RECIPIENTS)
def referrer(c: Context) -> tuple[Recipient, ...]:
    """Whoever made the referral that the event speaks of (G45); the reporter, of a new one."""
    event = _referral_of(c, "referral.made")
    return (_author(event),) if event is not None else reporter(c)


@fact(RECIPIENTS, roles=LIST)
def referrer_beside(c: Context, roles: list[str]) -> tuple[Recipient, ...]:
    """Whoever made the referral that the event speaks of, where they hold none of some roles."""
    event = _referral_of(c, "referral.made")
    made = _author(event) if event is not None else None
    if made is None or made.role not in c.episode.policy.roles:
        return ()
    return () if same_post(made.role) in map(same_post, roles) else (made,)


@fact(RECIPIENTS)
def who_hears_decision(c: Context) -> tuple[Recipient, ...]:
    """Whoever made the referral that a decision is about, and everybody active (P33)."""
    event = _referral_of(c, "csc.referral-made")
    if "referral_id" not in c.body:  # How enquiries ended names none: the latest led to them.
        made_all = of_type(c.episode, "csc.referral-made")
        event = max(made_all, key=lambda r: r.occurred_at, default=None)
    active: tuple[Recipient, ...] = active_roles(c)
    made = _author(event) if event is not None else None
    if made is None or made.role not in c.episode.policy.roles:
        return active
    posts = {(same_post(r.role), r.organisation) for r in active}
    return active if (same_post(made.role), made.organisation) in posts else (made, *active)


@fact(LIST)
def referral_reasons(c: Context) -> list[str]:
    """What the referral to social care that a decision is about was about, as codes (G40)."""
    event = _referral_of(c, "csc.referral-made")
    return list(unpack_body(event).get("reason_codes") or ()) if event is not None else []


@fact(TRUTH)
def plan_decided_before(c: Context) -> bool:
    """Whether the conference before this one decided for a plan too: this one reviewed it (G29)."""
    wanted, at = c.body.get("conference_id"), moment(c)
    earlier = [
        (r.occurred_at, unpack_body(r).get("decision"))
        for r in of_type(c.episode, "conference.outcome")
        if unpack_body(r).get("conference_id") != wanted and r.occurred_at < at
    ]
    return bool(earlier) and max(earlier, key=lambda said: said[0])[1] in ("CPP", "deferred")


@fact(NUMBER)
def threshold_apart(c: Context) -> int:
    """Levels between the threshold a referrer saw and what social care decided (G33)."""
    event = _referral_of(c, "csc.referral-made")
    if event is None:
        return 0
    seen = THRESHOLDS.get(str(unpack_body(event).get("threshold")), 0)
    return abs(seen - THRESHOLDS.get(_decided(c.body), seen))


def _decided(body: dict[str, Any]) -> str:
    """The threshold of a decision: as stated where nothing was done, else by what was done."""
    return str(body.get("threshold_view") or body.get("outcome"))


@fact(TRUTH, rule=TEXT)
def taken_up(c: Context, rule: str) -> bool:
    """Whether somebody accepted a notice of a rule that the same event had raised (G35)."""
    return any(
        o.rule == rule and o.trigger == c.duty.trigger and o.level >= Level.ACCEPTED
        for o in c.episode.obligations.values()
    )


@fact(TRUTH)
def risk_appears(c: Context) -> bool:
    """Whether the event itself speaks of a risk: what it found, and not that it was looked for."""
    found = c.body
    if "risks" in found:
        return bool(found["risks"])
    if "answer" in found:
        return found["answer"] in ("disclosed", "suspected")
    return not ("order_ref" in found and found.get("kind") == "ended")


@fact(TRUTH)
def decision_known_to_referrer(c: Context) -> bool:
    """Whether a decision on the referral was made, and whoever referred knows of it (G32).

    Social care says to whom it sent word; without that only an opened notice proves it.
    """
    if c.event is None:
        return False
    referrer, wanted = c.event.organisation, c.trigger_body.get("referral_id")
    decisions = {
        r.id: unpack_body(r)
        for r in of_type(c.episode, "csc.decision")
        if unpack_body(r).get("referral_id") == wanted
    }
    role = reporter_role(c)
    if any({referrer, role} & set(b.get("feedback_sent_to") or ()) for b in decisions.values()):
        return True
    return any(
        o.trigger in decisions and o.organisation == referrer and o.level >= Level.OPENED
        for o in c.episode.obligations.values()
    )
