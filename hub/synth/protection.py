"""Child protection before the birth: strategy, conference, plan, core groups and review."""

from datetime import date, datetime, timedelta
from typing import Any

from hub.synth.calendar import at, day_of, visit, working_day
from hub.synth.family import Family
from hub.synth.risk import concern, refer, to_social_care

SEATS = (
    ("GP_PRACTICE", "practice"), ("NAMED_MW", "provider"), ("NAMED_HV", "health_visiting"),
    ("SOCIAL_WORKER", "social_care"), ("SUBSTANCE_SVC", "helpers"),
)  # fmt: skip
FAMILY_NURSE = ("FNP", "health_visiting")
CORE_GROUP_EVERY = timedelta(days=28)
"""Core groups meet every four weeks (Newcastle and Blackpool), before a holiday sooner."""


def protection(family: Family) -> None:
    """The whole path of an unborn child's plan, as it should go."""
    if not family.has("unborn_child_plan"):
        return
    seen = family.find("held-contact-16")
    if seen is None:
        return
    concern(family, "plan", seen.at, "substance", "medium", "refer")
    to_social_care(family, "plan", seen.at + timedelta(minutes=30), "s47", ["substance"])
    refer(family, "plan-help", seen.at + timedelta(minutes=40), "SUBST")
    held = _strategy(family, day_of(seen.at))
    met = conference(family, "initial", working_day(day_of(held), 12), "pre_birth_ICPC", held)
    _core_groups(family, day_of(met))


def _strategy(family: Family, from_day: date) -> datetime:
    held = at(working_day(from_day, 2), 10)
    family.by_social_care(
        "strategy",
        "strategy.discussion",
        held,
        requested_by="CSC_FRONT_DOOR",
        held="y",
        outcome="s47",
        participants=[
            {"role": "SOCIAL_WORKER", "org": family.place.social_care},
            {"role": "NAMED_MW", "org": family.place.provider},
        ],
        health_present="y",
    )
    family.by_social_care("enquiries", "s47.concluded", at(working_day(from_day, 3), 11),
                          outcome="ICPC")  # fmt: skip
    return held


def seat_org(family: Family, place: str) -> str:
    """The organisation of a seat at the table."""
    return family.place.body("D") if place == "helpers" else str(getattr(family.place, place))


def seats(family: Family, **extra: Any) -> list[dict[str, Any]]:
    """Everybody who belongs at the table."""
    return [
        {"role": role, "org": seat_org(family, where)} | extra for role, where in _table(family)
    ]


def _table(family: Family) -> tuple[tuple[str, str], ...]:
    """Who sits at the table: the family nurse too, where there is one."""
    return (*SEATS, FAMILY_NURSE) if family.has("under_twenty_first_baby") else SEATS


def conference(
    family: Family, key: str, day: date, kind: str, strategy_at: datetime | None
) -> datetime:
    """A conference called in time, reported to by all, attended by all, and its outcome known."""
    identity = f"{family.reference()}/conference-{key}"
    moment = at(day, 10)
    called = at(working_day(day, -11), 10)
    if strategy_at is not None:
        called = max(called, strategy_at + timedelta(days=1, hours=3))
    family.by_social_care(
        f"called-{key}",
        "conference.scheduled",
        called,
        conference_id=identity,
        kind=kind,
        conference_at=moment,
        place="council offices",
        strategy_at=strategy_at,
        invitees=seats(family, required="y"),
    )
    for number, (role, place) in enumerate(_table(family)):
        org = seat_org(family, place)
        _reply(family, key, identity, role, org, called, moment, number)
    family.by_social_care(
        f"attended-{key}", "conference.attendance", moment + timedelta(hours=1),
        conference_id=identity, attendance=seats(family, state="present_in_person", knows_case="y"),
        quorate="y", presented_by=[],
    )  # fmt: skip
    _outcome(family, key, identity, moment, "CPP")
    return moment


def _reply(
    family: Family,
    key: str,
    identity: str,
    role: str,
    org: str,
    called: datetime,
    moment: datetime,
    number: int,
) -> None:
    """Each of those invited answers, and writes a report of her own in time."""
    answered = at(working_day(day_of(called), 1), 11, 5 * number)
    family.add(
        f"reply-{key}-{role}", "conference.response", answered, org, role,
        conference_id=identity, role=role, reply="attending",
    )  # fmt: skip
    written = at(working_day(day_of(moment), -5), 12, 5 * number)
    family.add(
        f"report-{key}-{role}", "conference.report", written, org, role,
        conference_id=identity, author=f"{role.lower()}-{org}", role=role, first_hand="y",
        submitted_at=written, shared_with_parents_at=written,
    )  # fmt: skip


def _outcome(family: Family, key: str, identity: str, moment: datetime, decision: str) -> None:
    decided = moment + timedelta(hours=2)
    family.by_social_care(
        f"outcome-{key}",
        "conference.outcome",
        decided,
        conference_id=identity,
        decision=decision,
        category="neglect" if decision == "CPP" else None,
        core_group=seats(family),
        lead_sw="sw-1",
        next_by=day_of(moment) + timedelta(days=85),
        plan_sent_at=decided,
        minutes="sent",
        record_sent_to=[role for role, _ in _table(family)],
    )
    family.by_social_care(
        f"plan-{key}",
        "status.changed",
        decided + timedelta(minutes=30),
        kind="CPP_unborn",
        **{"from": "none", "to": "CPP_unborn"},
    )


def _core_groups(family: Family, conference_day: date) -> None:
    """The first within ten working days, then every four weeks; a review within three months."""
    day, number = working_day(conference_day, 8), 1
    review = working_day(conference_day + timedelta(days=70), 0)
    while at(day, 14) < family.until:
        family.by_social_care(
            f"core-group-{number}", "core-group.held", at(day, 14),
            conference_id=f"{family.reference()}/conference-initial",
            attendance=seats(family, state="present_in_person", knows_case="y"), lead_sw="sw-1",
        )  # fmt: skip
        day, number = working_day(day + CORE_GROUP_EVERY + timedelta(days=1), -1), number + 1
    reviews = 0
    while at(review, 10) < family.until:
        reviews += 1
        conference(family, f"review-{reviews}", review, "RCPC", None)
        review = working_day(review + timedelta(days=150), 0)
    if family.born_at is not None:
        _after_birth(family, family.born_at)


def _after_birth(family: Family, born_at: datetime) -> None:
    """At the birth the unborn child's plan becomes the baby's; the group meets within ten days."""
    family.by_social_care(
        "plan-born", "status.changed", visit(family.chance, working_day(day_of(born_at), 1)),
        kind="CPP", baby_id=family.babies[0], **{"from": "CPP_unborn", "to": "CPP"},
    )  # fmt: skip
    family.by_social_care(
        "core-group-born", "core-group.held", at(working_day(day_of(born_at), 6), 14),
        conference_id=f"{family.reference()}/conference-initial",
        attendance=seats(family, state="present_in_person", knows_case="y"), lead_sw="sw-1",
    )  # fmt: skip
