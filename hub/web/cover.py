"""What the pages know of absences: whom a person covers, who covers for her, and where nobody does.

The roles of staff are those of the directory as it is now, so that a cover who has left the team
stands in for nobody from that moment.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from hub.core import covering
from hub.core.covering import Absence, DelegationReason, HeldBy, NotArranged, Roster, StandIn
from hub.edges.directory import Directory
from hub.store import cover
from hub.store.read_lines import NoticeView, WorklistLine
from hub.web.auth import Viewer
from hub.web.desk import Desk
from hub.web.queries import Whose
from hub.web.words import choice

NOT_ARRANGED_WORDS: Final[Mapping[NotArranged, str]] = {
    NotArranged.ENDS_FIRST: "The last day is before the first one",
    NotArranged.OVER_ALREADY: "The last day has passed already",
    NotArranged.TOO_LONG: f"An absence is at most {cover.LONGEST_ABSENCE_DAYS} days long, and a "
    f"notice is with a colleague for at most {cover.LONGEST_DELEGATION_DAYS}",
    NotArranged.OVERLAPS: "An absence is recorded for some of these days. End that one first",
    NotArranged.HERSELF: "Nobody stands in for herself. Choose a colleague",
    NotArranged.NO_COLLEAGUE: "There is no such colleague at your organisation",
    NotArranged.OTHER_ROLE: "The colleague has none of the roles in question. Choose one who has",
    NotArranged.NOT_HER_ROLE: "Whoever is away does not have this role",
    NotArranged.IS_AWAY: "The colleague is away. Choose one who is there",
}

DELEGATION_WORDS: Final[Mapping[DelegationReason, str]] = {
    DelegationReason.OFF_DUTY: "I am not on duty when it must be done",
    DelegationReason.WORKLOAD: "I cannot do it in time",
    DelegationReason.KNOWS_THE_FAMILY: "The colleague knows the family",
    DelegationReason.MORE_EXPERIENCED: "The colleague has more experience of this",
    DelegationReason.CONFLICT_OF_INTEREST: "I know the family privately",
}

DELEGATION_FAULTS: Final[Mapping[str, str]] = {
    "delegate-day": "Enter the day until which the colleague has it, for example 24 3 2026",
    "delegate-why": "Say why you give the notice to a colleague",
    **{f"delegate-{each.value}": words for each, words in NOT_ARRANGED_WORDS.items()},
}
"""What can be wrong with a delegation, by the word in the address of the page."""


class RoleHeld(Struct, frozen=True, kw_only=True):
    """One role of somebody absent, and who looks after it."""

    role: str
    held_by: HeldBy

    @property
    def covered(self) -> bool:
        """Whether it is held by somebody by name, all the time."""
        return self.held_by is HeldBy.COVER


class AbsenceLine(Struct, frozen=True, kw_only=True):
    """An absence as the pages show it."""

    absence: Absence
    begun: bool
    roles: tuple[RoleHeld, ...]
    mine: bool
    """Whether whoever looks may end it."""

    @property
    def covered(self) -> bool:
        """Whether every role of hers is held by name."""
        return all(each.covered for each in self.roles)

    @property
    def last_day(self) -> datetime:
        """An instant on her last day away."""
        return self.absence.until - timedelta(seconds=1)


class Banner(Struct, frozen=True, kw_only=True):
    """What somebody is told of cover above her worklist."""

    away: AbsenceLine | None
    covering: tuple[Absence, ...]
    uncovered: tuple[AbsenceLine, ...]
    """Colleagues of one of her roles who are away, and for whom nobody stands in."""


@lru_cache(maxsize=128)
def holds_of(directory: Directory, organisation: str) -> Mapping[str, frozenset[str]]:
    """The roles of everybody at an organisation who may sign in.

    Kept, because each page asks and a trust has thousands.  A directory is read once.
    """
    found: dict[str, frozenset[str]] = {}
    for member in directory.staff_members.values():
        if member.organisation == organisation:
            before = found.get(member.person_id, frozenset())
            found[member.person_id] = before | frozenset(member.roles)
    return found


async def roster_of(desk: Desk, organisation: str) -> Roster:
    """What is arranged at an organisation, and not over."""
    holds = holds_of(desk.directory, organisation)
    return await desk.read(cover.roster, organisation, holds, desk.clock.now())


def with_cover(hers: Whose, roster: Roster, now: datetime) -> Whose:
    """Whose worklist it is, with whom she covers."""
    pairs = covering.covers(roster, hers.person_id, now)
    return replace(
        hers,
        covers=pairs,
        given=covering.given_to(roster, hers.person_id, now),
        covered_given=tuple(
            notice_id
            for person in sorted({person for _, person in pairs})
            for notice_id in covering.given_to(roster, person, now)
        ),
    )


def stand_ins(
    roster: Roster, lines: Iterable[WorklistLine | NoticeView], now: datetime
) -> dict[str, StandIn]:
    """Who looks after each notice for somebody else, where anybody needs to."""
    found = {}
    for line in lines:
        taken = line.taken_by if line.taken_until is not None and line.taken_until > now else None
        owners = (taken, line.person)
        each = covering.stand_in(roster, line.notice_id, line.role, owners, now)
        if each is not None:
            found[line.notice_id] = each
    return found


def colleagues(roster: Roster, viewer: Viewer, role: str, now: datetime) -> tuple[str, ...]:
    """To whom a viewer can give a notice for a role: those who hold it and are there."""
    there = covering.present(roster, role, now)
    return tuple(each for each in there if each != viewer.person_id)


async def others(desk: Desk, viewer: Viewer, notice: NoticeView) -> dict[str, Any]:
    """Who stands in for whom with a notice, and to whom it can be given, for its page."""
    roster, now = await roster_of(desk, viewer.organisation), desk.clock.now()
    there = {each: desk.staff_name(each) for each in colleagues(roster, viewer, notice.role, now)}
    return {
        "stand_in": stand_ins(roster, [notice], now).get(notice.notice_id),
        "colleague_items": choice("Choose a colleague", there),
        "why_items": choice("Choose a reason", DELEGATION_WORDS),
    }


def absence_line(roster: Roster, absence: Absence, viewer: Viewer, now: datetime) -> AbsenceLine:
    """An absence with who holds each role meanwhile."""
    roles = tuple(
        RoleHeld(
            role=role,
            held_by=covering.weakest(roster, absence, role, now),
        )
        for role in sorted(roster.holds.get(absence.person, ()))
    )
    return AbsenceLine(
        absence=absence,
        begun=absence.since <= now,
        roles=roles,
        mine=viewer.leads or viewer.person_id == absence.person,
    )


def seen_by(roster: Roster, viewer: Viewer, now: datetime) -> tuple[AbsenceLine, ...]:
    """The absences that concern somebody: of her organisation if she leads, else of her roles."""
    return tuple(
        absence_line(roster, each, viewer, now)
        for each in roster.absences
        if viewer.leads or not set(viewer.roles).isdisjoint(roster.holds.get(each.person, ()))
    )


def there_for(
    roster: Roster, lines: Iterable[AbsenceLine], now: datetime
) -> dict[tuple[str, str], int]:
    """How many who are there read the team inbox for somebody absent: by absence and role."""
    return {
        (line.absence.absence_id, held.role): len(
            covering.present(roster, held.role, max(now, line.absence.since))
        )
        for line in lines
        for held in line.roles
        if not held.covered
    }


def banner_of(roster: Roster, viewer: Viewer, now: datetime) -> Banner:
    """What stands above a worklist."""
    own = covering.away(roster, viewer.person_id, now)
    covered = {person for _, person in covering.covers(roster, viewer.person_id, now)}
    begun = [each for each in seen_by(roster, viewer, now) if each.begun]
    return Banner(
        away=absence_line(roster, own, viewer, now) if own else None,
        covering=tuple(each.absence for each in begun if each.absence.person in covered),
        uncovered=tuple(each for each in begun if not each.covered),
    )
