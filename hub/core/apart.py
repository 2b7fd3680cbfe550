"""Where a baby is registered or lives, where that is not with the mother.

A baby has a practice of its own as soon as it is registered, and may live with others than she: a
change that names the baby moves nothing of hers (domain section 5).  What is not said of the baby
follows her, as the practice does until the baby is registered (trap 9).
"""

from collections.abc import Iterable
from datetime import datetime

from hub.core.holding import HER_PRACTICE, holder_of
from hub.core.model import Holder
from hub.core.person import PersonState, Said

BABY = "baby:"
"""How it is told of a holder that she is one around a baby, and not around the mother."""


def of_baby(baby: str) -> str:
    """What stands before how a holder around a baby was found."""
    return f"{BABY}{baby}/"


def apart(team: Iterable[Holder]) -> tuple[tuple[Holder, ...], tuple[Holder, ...]]:
    """The holders around the mother, and those around a baby elsewhere."""
    every = tuple(team)
    elsewhere = tuple(h for h in every if h.found_by.startswith(BABY))
    return tuple(h for h in every if not h.found_by.startswith(BABY)), elsewhere


def around(elsewhere: Iterable[Holder], subject: str) -> tuple[Holder, ...]:
    """Those around the baby that something is about, where they are others than around her."""
    about = tuple(of_baby(part) for part in subject.split("/") if part)
    return tuple(h for h in elsewhere if h.found_by.startswith(about))


def held_around(
    role: str,
    about: str,
    team: Iterable[Holder],
    elsewhere: Iterable[Holder],
    left: tuple[Holder, ...],
    at: datetime,
) -> Holder | None:
    """Who holds a role at an instant; of a baby elsewhere, whoever holds it there."""
    its = holder_of(role, around(elsewhere, about), (), at) if role != HER_PRACTICE else None
    return its or holder_of(role, team, left, at)


def babies_apart(state: PersonState) -> dict[str, tuple[str, str]]:
    """By the id under which its pregnancy knows it: a baby's own practice and its own area, each
    empty where nothing was said of it.
    """
    places: dict[str, tuple[str, str]] = {}
    for place, said in enumerate((state.practices, state.areas)):
        for baby, value in _last_words(state, said).items():
            known = list(places.get(baby, ("", "")))
            known[place] = value
            places[baby] = (known[0], known[1])
    return places


def _last_words(state: PersonState, said: Iterable[Said]) -> dict[str, str]:
    """What was said last of each baby; a practice that closes hands its babies on too."""
    found: dict[str, str] = {}
    for one in said:
        if one.baby:
            baby = _as_known(state, one.baby)
            if not one.instead_of or found.get(baby, "") in ("", one.instead_of):
                found[baby] = one.value
        elif one.instead_of and not one.struck_off:
            followed = {b: one.value for b, value in found.items() if value == one.instead_of}
            found |= followed
    return found


def _as_known(state: PersonState, baby: str) -> str:
    """The id by which its pregnancy knows a baby; where one was born, no other can be meant."""
    if any(baby in each.babies for each in state.episodes) or not state.episodes:
        return baby
    latest = state.episodes[-1]
    return latest.babies[0] if latest.one_baby and latest.babies else baby
