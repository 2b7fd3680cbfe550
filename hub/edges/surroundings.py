"""Who holds which role around a pregnancy at a moment, and the area whose settings hold for it."""

from collections.abc import Mapping
from datetime import datetime

from msgspec.structs import replace

from hub.core.apart import babies_apart, of_baby
from hub.core.caring import struck_off_by
from hub.core.holding import FORMER
from hub.core.model import Holder
from hub.core.person import PersonState
from hub.edges.directory import Directory, RoleHolder


def _found_by(role: RoleHolder, practice: str, provider: str, area: str) -> str | None:
    """How a holder serves this pregnancy: by GP link first, provider next, address last."""
    if practice in role.serves.practice:
        return "gp_link"
    if provider in role.serves.provider:
        return "provider"
    if area in role.serves.area:
        return "address"
    return None


FILLED = ("GP_PRACTICE", "GP_SG_LEAD", "GP_PRACTICE_BABY")
"""Roles that the registered practice fills."""

_ORDER = ("gp_link", "provider", "address")


def surroundings(
    directory: Directory,
    at: datetime,
    *,
    nhs_number: str | None = None,
    practice: str | None = None,
    provider: str | None = None,
    area: str | None = None,
    area_since: datetime | None = None,
    practice_since: datetime | None = None,
    reported_by: str | None = None,
    babies: Mapping[str, tuple[str, str]] | None = None,
    struck_off_by: str | None = None,
    with_former: bool = False,
) -> tuple[tuple[Holder, ...], str]:
    """Who holds each role for one pregnancy at `at`, and the area whose settings hold for it.

    Nobody's team is found by who `reported_by`, but a woman of whom nothing else is known falls
    under the settings of the area in which she was first seen.  `babies` are those with a practice
    or an area of their own: who is another around them than around her follows her team.  The
    registration with the practice that she was `struck_off_by` is over, and she lives where she
    lived.
    """
    known = directory.registration(nhs_number, at) if nhs_number else None
    moved = known and area_since is not None and area_since > known.since
    over = known and practice_since is not None and practice_since > known.since
    if known and over and struck_off_by is not None:
        over = struck_off_by in ("", known.practice)
    registered = None if over else known
    lived = known if struck_off_by is not None else registered
    ods = registered.practice if registered else (practice or "")
    stated = area if moved else ((lived.area if lived else "") or area)
    where = stated or _area(directory, (ods, provider))
    how = "registration" if registered else "event"
    holders = _holders(directory, at, (ods, provider or "", where), how)
    former = _former(directory, at, (ods, provider or "", where)) if with_former else []
    for baby, (its_ods, its_area) in (babies or {}).items():
        place = (its_ods or ods, provider or "", its_area or where)
        holders += _elsewhere(baby, holders, _holders(directory, at, place, "event"))
    return (*holders, *former), where or _area(directory, (reported_by,))


def _holders(
    directory: Directory, at: datetime, place: tuple[str, str, str], how_registered: str
) -> list[Holder]:
    """Who holds each role by practice, maternity provider and area, those of the practice first."""
    ods, provider, where = place
    holders: list[Holder] = []
    if ods and directory.knows(ods):
        holders += [Holder(role=r, organisation=ods, found_by=how_registered) for r in FILLED]
    for how in _ORDER:
        for row in directory.roles:
            if row.in_force(at) and _found_by(row, ods, provider, where) == how:
                holders.append(row.holder(how))
    return holders


def _former(directory: Directory, at: datetime, place: tuple[str, str, str]) -> list[Holder]:
    """Whoever held a post there by name and has left it: what she says counts for nothing."""
    return [
        row.holder(FORMER)
        for row in directory.roles
        if row.person and row.until is not None and row.until <= at and _found_by(row, *place)
    ]


def _elsewhere(baby: str, hers: list[Holder], its: list[Holder]) -> list[Holder]:
    """Who holds a role for a baby and is another than for its mother."""
    first: dict[str, str] = {}
    for holder in hers:
        first.setdefault(holder.role, holder.organisation)
    others: dict[str, Holder] = {}
    for holder in its:
        others.setdefault(holder.role, holder)
    return [
        replace(holder, found_by=of_baby(baby) + holder.found_by)
        for role, holder in others.items()
        if holder.organisation != first.get(role)
    ]


def team_for(
    directory: Directory,
    at: datetime,
    *,
    nhs_number: str | None = None,
    practice: str | None = None,
    provider: str | None = None,
    area: str | None = None,
    area_since: datetime | None = None,
    practice_since: datetime | None = None,
) -> tuple[Holder, ...]:
    """Who holds each role for one pregnancy at `at`.

    The registered practice wins over the `practice` that an event claims, unless a change of
    practice reported since (`practice_since`) is later than the registration, and so does the area
    of the registration over the `area` of an address.  Health visitors are found by GP link first
    and by address second, and both are kept, in that order.
    """
    return surroundings(
        directory,
        at,
        nhs_number=nhs_number,
        practice=practice,
        provider=provider,
        area=area,
        area_since=area_since,
        practice_since=practice_since,
    )[0]


def surroundings_of(
    directory: Directory, state: PersonState, at: datetime
) -> tuple[tuple[Holder, ...], str]:
    """As `surroundings`, by all that is known of a person."""
    return surroundings(
        directory,
        at,
        nhs_number=state.nhs_number,
        practice=state.practice,
        provider=state.provider,
        area=state.area,
        area_since=state.area_since,
        practice_since=state.practice_since,
        reported_by=state.reported_by,
        babies=babies_apart(state),
        struck_off_by=struck_off_by(state),
        with_former=True,
    )


def _area(directory: Directory, organisations: tuple[str | None, ...]) -> str:
    """Where she lives, as far as the organisations around her say: the first that has an area."""
    known = (
        directory.organisation(ods).area for ods in organisations if ods and directory.knows(ods)
    )
    return next(filter(None, known), "")
