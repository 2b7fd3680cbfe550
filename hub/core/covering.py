"""Who stands in for a colleague who is away, and when nobody does.

An absence takes nothing from anybody: every notice stays on the worklist of the role that it is
for, so the team inbox owns whatever no present person holds.  What is worked out here only says
who looks after it by name.  A cover holds the same role at the same organisation; so her
acceptance counts as any other of that role (domain 1.1), in her own name.  Nobody covers for a
cover: a chain of stand-ins is how a notice comes to lie with somebody who never heard of it.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct


class HeldBy(StrEnum):
    """Who looks after what somebody absent left, or gave to a colleague."""

    COVER = "cover"
    """A colleague who is there, in the role that the notice is for."""
    DELEGATE = "delegate"
    """A colleague to whom this one notice was given."""
    NOBODY_NAMED = "nobody_named"
    """The team inbox: no cover was arranged."""
    COVER_AWAY = "cover_away"
    """The team inbox: the cover is away herself."""
    NOT_IN_ROLE = "not_in_role"
    """The team inbox: the cover does not hold this role here, or does so no longer."""


IN_TEAM_INBOX = frozenset({HeldBy.NOBODY_NAMED, HeldBy.COVER_AWAY, HeldBy.NOT_IN_ROLE})


class DelegationReason(StrEnum):
    """Why one notice goes to a colleague; coded, because free text may identify."""

    OFF_DUTY = "off_duty"
    WORKLOAD = "workload"
    KNOWS_THE_FAMILY = "knows_the_family"
    MORE_EXPERIENCED = "more_experienced"
    CONFLICT_OF_INTEREST = "conflict_of_interest"


class NotArranged(StrEnum):
    """Why an absence or a delegation cannot be recorded."""

    ENDS_FIRST = "ends_first"
    OVER_ALREADY = "over_already"
    TOO_LONG = "too_long"
    OVERLAPS = "overlaps"
    HERSELF = "herself"
    NO_COLLEAGUE = "no_colleague"
    OTHER_ROLE = "other_role"
    NOT_HER_ROLE = "not_her_role"
    IS_AWAY = "is_away"


class Absence(Struct, frozen=True, kw_only=True):
    """Somebody is away from one instant to another, and who covers."""

    absence_id: str
    organisation: str
    person: str
    since: datetime
    until: datetime
    cover: str | None = None
    """None: the team inbox, and nobody by name."""


class Delegation(Struct, frozen=True, kw_only=True):
    """One notice, given to a colleague until a date."""

    delegation_id: str
    notice_id: str
    organisation: str
    giver: str
    to: str
    reason: DelegationReason
    since: datetime
    until: datetime


class Roster(Struct, frozen=True, kw_only=True):
    """What is arranged at one organisation, and who holds which role there today."""

    absences: tuple[Absence, ...] = ()
    delegations: tuple[Delegation, ...] = ()
    holds: Mapping[str, Collection[str]] = {}
    """The roles of each member of staff."""


class StandIn(Struct, frozen=True, kw_only=True):
    """Whose a notice would be, and who looks after it meanwhile."""

    for_whom: str
    by: str | None
    """None: the team inbox."""
    held_by: HeldBy
    until: datetime
    reason: DelegationReason | None = None


def in_force(period: Absence | Delegation, at: datetime) -> bool:
    """Whether an instant lies within a period."""
    return period.since <= at < period.until


def away(roster: Roster, person: str | None, at: datetime) -> Absence | None:
    """The absence of somebody at an instant; of several the one that lasts longest."""
    found = [each for each in roster.absences if each.person == person and in_force(each, at)]
    return max(found, key=lambda each: each.until, default=None)


def held_by(roster: Roster, absence: Absence, role: str, at: datetime) -> HeldBy:
    """Who looks after the notices for one role of somebody absent."""
    if absence.cover is None:
        return HeldBy.NOBODY_NAMED
    if role not in roster.holds.get(absence.cover, ()):
        return HeldBy.NOT_IN_ROLE
    return HeldBy.COVER if away(roster, absence.cover, at) is None else HeldBy.COVER_AWAY


def delegated(roster: Roster, notice_id: str, role: str, at: datetime) -> Delegation | None:
    """The delegation of a notice that holds: within its dates, to somebody of the role."""
    found = [
        each
        for each in roster.delegations
        if each.notice_id == notice_id
        and in_force(each, at)
        and role in roster.holds.get(each.to, ())
    ]
    return max(found, key=lambda each: each.since, default=None)


def stand_in(
    roster: Roster, notice_id: str, role: str, owners: Iterable[str | None], at: datetime
) -> StandIn | None:
    """Who looks after a notice for somebody else; None where nobody needs to.

    `owners` are whoever it is addressed to by name and whoever took it.
    """
    given = delegated(roster, notice_id, role, at)
    for owner in (given.to,) if given else owners:
        absence = away(roster, owner, at)
        if absence is not None:
            how = held_by(roster, absence, role, at)
            by = absence.cover if how is HeldBy.COVER else None
            return StandIn(for_whom=absence.person, by=by, held_by=how, until=absence.until)
    if given is None:
        return None
    return StandIn(
        for_whom=given.giver,
        by=given.to,
        held_by=HeldBy.DELEGATE,
        until=given.until,
        reason=given.reason,
    )


def covers(roster: Roster, person: str, at: datetime) -> tuple[tuple[str, str], ...]:
    """Whom somebody covers now, in which role: pairs of role and colleague."""
    return tuple(
        (role, each.person)
        for each in roster.absences
        if each.cover == person and in_force(each, at)
        for role in sorted(roster.holds.get(each.person, ()))
        if held_by(roster, each, role, at) is HeldBy.COVER
    )


def given_to(roster: Roster, person: str, at: datetime) -> tuple[str, ...]:
    """The notices that were delegated to somebody and are with her now."""
    newest: dict[str, Delegation] = {}
    for each in sorted(roster.delegations, key=lambda each: each.since):
        if in_force(each, at):
            newest[each.notice_id] = each
    return tuple(sorted(each.notice_id for each in newest.values() if each.to == person))


def present(roster: Roster, role: str, at: datetime) -> tuple[str, ...]:
    """Everybody who holds a role here and is not away."""
    gone = {each.person for each in roster.absences if in_force(each, at)}
    return tuple(sorted(p for p, roles in roster.holds.items() if role in roles and p not in gone))


# --- what may be recorded -------------------------------------------------------------------


def absence_refused(
    roster: Roster, asked: Absence, now: datetime, longest: timedelta
) -> NotArranged | None:
    """Why an absence cannot be recorded; None where it can.

    A cover who is away for part of it is allowed: for those days it shows as not covered.
    """
    own = roster.holds.get(asked.person, ())
    if wrong := _dates_wrong(asked, now, longest):
        return wrong
    if any(
        each.person == asked.person and each.since < asked.until and asked.since < each.until
        for each in roster.absences
    ):
        return NotArranged.OVERLAPS
    if asked.person not in roster.holds:
        return NotArranged.NO_COLLEAGUE
    return _stand_in_wrong(roster, asked.person, asked.cover, own) if asked.cover else None


def delegation_refused(
    roster: Roster, asked: Delegation, role: str, now: datetime, longest: timedelta
) -> NotArranged | None:
    """Why a notice for a role cannot be given to a colleague; None where it can."""
    wrong = _dates_wrong(asked, now, longest)
    wrong = wrong or _stand_in_wrong(roster, asked.giver, asked.to, (role,))
    if wrong is None and away(roster, asked.to, now) is not None:
        return NotArranged.IS_AWAY
    return wrong


def _dates_wrong(
    asked: Absence | Delegation, now: datetime, longest: timedelta
) -> NotArranged | None:
    if asked.until <= asked.since:
        return NotArranged.ENDS_FIRST
    if asked.until <= now:
        return NotArranged.OVER_ALREADY
    return NotArranged.TOO_LONG if asked.until - asked.since > longest else None


def _stand_in_wrong(
    roster: Roster, person: str, other: str, roles: Collection[str]
) -> NotArranged | None:
    if other == person:
        return NotArranged.HERSELF
    if other not in roster.holds:
        return NotArranged.NO_COLLEAGUE
    shared = set(roles) & set(roster.holds[other])
    return None if shared else NotArranged.OTHER_ROLE


def weakest(roster: Roster, absence: Absence, role: str, now: datetime) -> HeldBy:
    """How a role is held at the worst moment of what is left of an absence.

    It is held otherwise only from an instant at which the cover's own absence begins.
    """
    begins = max(now, absence.since)
    others = (each.since for each in roster.absences if each.person == absence.cover)
    moments = (begins, *(at for at in others if begins <= at < absence.until))
    found = [held_by(roster, absence, role, at) for at in moments]
    return next((each for each in found if each in IN_TEAM_INBOX), HeldBy.COVER)
