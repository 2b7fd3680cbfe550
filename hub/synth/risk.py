"""Mood and safety: a positive screen, a red flag, abuse disclosed, help that a family needs."""

from datetime import datetime, timedelta

from hub.synth.calendar import day_of, midnight, visit, working_day
from hub.synth.family import Family, Happening

PLAN_BEFORE = timedelta(hours=1)


def risk(family: Family) -> None:
    """Whatever of this the family was drawn with."""
    if family.has("mental_health_positive"):
        _positive(family)
    if family.has("mental_health_red_flag"):
        _red_flag(family)
    if family.has("domestic_abuse"):
        _abuse(family)
    if family.has("early_help_need"):
        _need(family)
    booking = family.find("booking")
    if family.has("under_twenty_first_baby") and booking is not None:
        refer(family, "family-nurse", booking.at + timedelta(hours=1), "FNP")
        if booking.at >= midnight(family.on(24)):
            # Booked past the day by which a family nurse is offered: too late whatever is done.
            family.allowed.add("G53")
    if family.has("social_care_referral"):
        _referred_to_social_care(family)


def refer(
    family: Family,
    key: str,
    moment: datetime,
    to: str,
    *,
    urgency: str = "routine",
    org: str = "",
    role: str = "COMM_MIDWIFE",
) -> str:
    """A referral that the service takes, sees and starts in time; gives its id."""
    identity = f"{family.reference()}/{key}"
    family.add(
        f"referral-{key}", "referral.made", moment, org or family.place.provider, role,
        referral_id=identity, service=to, urgency=urgency, minimum_set_complete="y",
    )  # fmt: skip
    urgent = urgency != "routine"
    day = day_of(moment)
    steps: list[tuple[str, datetime]] = [
        ("accepted", moment + timedelta(hours=1))
        if urgent
        else ("accepted", visit(family.chance, working_day(day, 2))),
        ("assessed", moment + timedelta(hours=2))
        if urgent
        else ("assessed", visit(family.chance, working_day(day + timedelta(days=8), 0))),
        ("started", visit(family.chance, working_day(day + timedelta(days=25), 0))),
    ]
    for state, when in steps:
        family.add(
            f"{key}-{state}", "referral.updated", when, answering(family, to), SEAT.get(to, to),
            referral_id=identity, service=to, state=state,
        )  # fmt: skip
    return identity


SEAT = {"PMH": "PMH_TEAM", "TT": "TALKING_THERAPIES", "DA": "DA_SERVICE", "SUBST": "SUBSTANCE_SVC"}


def answering(family: Family, to: str) -> str:
    """The organisation that runs a kind of service."""
    if to == "EARLY_HELP":
        return family.place.social_care
    if to in ("DA", "SUBST"):
        return family.place.body("D")
    if to in ("FNP", "INFANT_FEEDING", "HV_follow_up"):
        return family.place.health_visiting
    return family.place.mental_health


def _positive(family: Family) -> None:
    """A positive screen at sixteen weeks, and a referral the same day."""
    screen = family.find("Whooley-contact-16")
    if screen is None:
        return
    screen.body["result"] = "positive"
    refer(family, "mood", screen.at + timedelta(minutes=30), "TT")
    _spoken_of(family, screen, "MH")
    for days in (8, 34, 60):
        moment = visit(family.chance, day_of(screen.at) + timedelta(days=days))
        if family.born_at is None or moment < family.born_at - timedelta(days=2):
            family.by_midwife(
                f"told-PMH-{days}", "information.given", moment,
                topic="PMH", to="mother", format="spoken", language="en",
            )  # fmt: skip


def _spoken_of(family: Family, first: Happening, code: str) -> None:
    """Who leads is agreed when more than one agency knows of a need."""
    lead(family, f"lead-{code}", first.at + timedelta(hours=1), scope="health")


def lead(family: Family, key: str, moment: datetime, *, scope: str) -> None:
    """A lead professional who has accepted."""
    social = scope in ("CPP", "CIN", "multi")
    org = family.place.social_care if social else family.place.provider
    role = "SOCIAL_WORKER" if social else "COMM_MIDWIFE"
    family.add(
        key, "lead.assigned", moment, org, role,
        lead=f"lead-{org}", org=org, role=role, scope=scope, accepted="y",
    )  # fmt: skip


def _red_flag(family: Family) -> None:
    """A sudden change in the second week, taken and seen within the hour."""
    if family.born_at is None:
        return
    moment = family.born_at + timedelta(days=family.chance.randint(8, 9), hours=2)
    family.add(
        "red-flag", "mh.red-flag", moment, family.place.provider, "COMM_MIDWIFE",
        flags=["recent_change"], baby_safe_with="father", callback="own telephone",
    )  # fmt: skip
    refer(family, "crisis", moment + timedelta(minutes=5), "PMH", urgency="immediate")
    lead(family, "lead-red-flag", moment + timedelta(minutes=50), scope="health")


def _abuse(family: Family) -> None:
    """She tells of abuse when asked alone at sixteen weeks; it is acted on that day."""
    enquiry = family.find("safety-contact-16")
    if enquiry is None:
        return
    enquiry.body |= {
        "answer": "disclosed", "coercive_control": "y", "risk_level": "high",
        "children_in_home": "n", "safe_contact": "at work", "marac": "n",
    }  # fmt: skip
    enquiry.labels = ("DA",)
    soon = enquiry.at + timedelta(minutes=40)
    to_social_care(family, "abuse", soon, "s17", ["DA"])
    refer(family, "abuse-help", soon, "DA", urgency="urgent_24h")


def to_social_care(
    family: Family, key: str, moment: datetime, threshold: str, codes: list[str]
) -> str:
    """A referral to social care, decided the next working day, with a lead and the answer sent."""
    identity = f"{family.reference()}/csc-{key}"
    family.by_midwife(
        f"csc-{key}",
        "csc.referral-made",
        moment,
        referral_id=identity,
        for_whom="unborn",
        threshold=threshold,
        urgent="n",
        reason_codes=codes,
        consent="y",
    )
    decided = visit(family.chance, working_day(day_of(moment), 1))
    family.add(
        f"decision-{key}",
        "csc.decision",
        decided,
        family.place.social_care,
        "CSC_FRONT_DOOR",
        referral_id=identity,
        outcome="strategy" if threshold == "s47" else threshold,
        threshold_view=threshold,
        feedback_sent_to=["COMM_MIDWIFE"],
        reason="criteria met",
    )
    lead(family, f"lead-{key}", moment + timedelta(minutes=50), scope="multi")
    return identity


def _need(family: Family) -> None:
    """Housing or money: a need that is noted, referred and taken up."""
    held = family.find("held-contact-16")
    if held is None:
        return
    concern(
        family, "need", held.at, family.chance.choice(("housing", "money")), "low", "early_help"
    )
    refer(family, "need-help", held.at + timedelta(minutes=30), "EARLY_HELP")
    lead(family, "lead-need", held.at + timedelta(hours=1), scope="early_help")


def concern(
    family: Family, key: str, moment: datetime, code: str, severity: str, action: str
) -> Happening:
    """A concern that the midwife raises."""
    return family.by_midwife(
        f"concern-{key}", "concern.raised", moment,
        code=code, severity=severity, about="household", basis_text="as seen", action=action,
    )  # fmt: skip


def _referred_to_social_care(family: Family) -> None:
    """A concern of medium weight, referred under section 17 the same hour."""
    held = family.find("held-contact-16")
    if held is None:
        return
    concern(family, "substance", held.at, "substance", "medium", "refer")
    to_social_care(family, "substance", held.at + timedelta(minutes=30), "s17", ["substance"])
    refer(family, "substance-help", held.at + timedelta(minutes=40), "SUBST")
