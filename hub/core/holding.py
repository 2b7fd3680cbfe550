"""Who holds a role: an assignment to a person, else what the directory says; and when the family
has left the person behind.
"""

from collections.abc import Iterable
from datetime import datetime

from hub.core.model import Holder

TEAM_OF = {"NAMED_MW": "COMM_MIDWIFE", "NAMED_HV": "HV_TEAM"}
"""The team of a post, which holds it while nobody is named."""

HER_PRACTICE = "GP_PRACTICE"
"""The role that is her own practice's, whatever is said of a baby."""

PRACTICE_ROLES = ("GP_PRACTICE", "GP_SG_LEAD", "GP_PRACTICE_BABY")
"""Roles that follow the registered practice."""

ASSIGNMENT = "assignment"
FORMER = "former"
"""How whoever held a post by name, and holds it no longer, is told of beside those who hold it."""
LEFT_MOST = 8
"""Former teams that are remembered; a family that moves more often has had none of them long."""


def in_force(holder: Holder, at: datetime) -> bool:
    """Whether a holder's period holds an instant."""
    begun = holder.since is None or holder.since <= at
    return begun and (holder.until is None or holder.until > at)


def had_ended(holder: Holder, at: datetime) -> bool:
    """Whether a period was over at an instant.  One that the directory has yet to begin is not:
    whoever is to take a post over may stand in for it before.
    """
    over = holder.until is not None and holder.until <= at
    return over or (holder.found_by == ASSIGNMENT and not in_force(holder, at))


def holder_of(
    role: str, team: Iterable[Holder], left: tuple[Holder, ...], at: datetime
) -> Holder | None:
    """Who holds a role at an instant; None when nobody does.  `left` are the teams she has left.

    Whoever was named by a team that the family has left since holds it no longer, also where
    nobody says so: what is told to her would be told to nobody.
    """
    best: Holder | None = None
    for holder in team:
        if holder.role != role or not in_force(holder, at):
            continue
        if holder.found_by != ASSIGNMENT:
            best = best or holder
        elif not left or not _left_behind(holder, team, left, at):
            return holder
    return best


def role_now(role: str, holder: Holder | None) -> str:
    """The role that is told for a post: hers who is named and has accepted, else her team's."""
    named = holder is not None and holder.person is not None and holder.accepted
    return role if named else TEAM_OF.get(role, role)


def one_post(role: str, other: str) -> bool:
    """Whether two roles are one post: a team stands for whoever is named of it, and she for it."""
    return TEAM_OF.get(role, role) == TEAM_OF.get(other, other)


def left_after(
    left: tuple[Holder, ...], before: Iterable[Holder], now: Iterable[Holder], at: datetime
) -> tuple[Holder, ...]:
    """The teams left, once the directory answers `now` where it answered `before`."""
    for role in TEAM_OF.values():
        there, here = _of_directory(role, before, at), _of_directory(role, now, at)
        if there and here and there != here:
            others = tuple(h for h in left if (h.role, h.organisation) != (role, there))
            left = (*others, Holder(role=role, organisation=there, until=at))[-LEFT_MOST:]
    return left


def _left_behind(
    named: Holder, team: Iterable[Holder], left: Iterable[Holder], at: datetime
) -> bool:
    """Whether the family has left her team since she was named, and has not come back to it.

    One named by an organisation that the directory never expected was named by who knew better.
    """
    post = TEAM_OF.get(named.role)
    gone = (
        h.role == post
        and h.organisation == named.organisation
        and h.until is not None
        and (named.since is None or named.since <= h.until)
        for h in left
    )
    if post is None or not any(gone):
        return False
    return _of_directory(post, team, at) not in ("", named.organisation)


def _of_directory(role: str, team: Iterable[Holder], at: datetime) -> str:
    """Where the directory has a role; empty where it has it nowhere."""
    found = (
        h.organisation
        for h in team
        if h.role == role and h.found_by != ASSIGNMENT and in_force(h, at)
    )
    return next(found, "")
