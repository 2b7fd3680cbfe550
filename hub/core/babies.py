"""Which baby of a pregnancy an event is about, whatever its publisher calls it."""

from typing import Any

from hub.core.model import Event
from hub.core.person import KnownEpisode, PersonState

BIRTH = "birth.recorded"
BABIES_LIMIT = 8
"""Babies of one pregnancy, several ids of one baby among them where nobody could join them."""


def baby_named(event: Event) -> str | None:
    """The id of the baby that an event is about, as its publisher calls it."""
    baby = event.body.get("baby_id")
    return baby if isinstance(baby, str) and baby else None


def baby_meant(state: PersonState, episode_id: str, event: Event) -> str | None:
    """The id by which an episode knows the baby of an event; its publisher's for an unknown one.

    Where one baby was born, no publisher's own id can mean another.
    """
    baby = baby_named(event)
    known = next((e for e in state.episodes if e.episode_id == episode_id), None)
    if baby is None or known is None or baby in known.babies or event.type == BIRTH:
        return baby
    return known.babies[0] if known.one_baby and known.babies else baby


def babies_told(known: KnownEpisode, event: Event) -> dict[str, Any]:
    """What an event tells of the babies of a pregnancy.

    Whatever may mean that there is another one ends the belief in a single baby: to take a twin
    for her sister would silence everything about one of them.
    """
    baby = baby_named(event)
    doubted = event.body.get("target_type") == BIRTH
    if event.type == BIRTH:
        plurality = event.body.get("plurality")
        alone = isinstance(plurality, dict) and plurality.get("n") == 1
        one_baby = alone and set(known.babies) <= {baby}
    else:
        one_baby = known.one_baby and not doubted
    if baby is None or baby in known.babies or (one_baby and known.babies):
        return {"one_baby": one_baby}
    return {"babies": (*known.babies, baby)[:BABIES_LIMIT], "one_baby": one_baby}
