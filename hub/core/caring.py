"""Who cares for a woman, where she is registered and where she lives: what happened last.

Whatever came last, what happened last decides.  A word that is taken back was never said, and one
that is corrected was said at first as its correction says it: so it does not matter in which order
these come, nor how often.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from hub.core.babies import baby_named
from hub.core.facts.people import CLOSES
from hub.core.handing import Handed
from hub.core.ids import fingerprint
from hub.core.model import Event
from hub.core.person import PersonState, Replaced, Said

PROVIDERS_LIMIT = 12
"""Words about who cares for her, and as many about each other thing, that are kept for one person;
the oldest goes first."""
REPLACED_LIMIT = 32
"""Events of one person that are remembered as corrected or taken back."""
CORRECTED, RETRACTED = "event.corrected", "event.retracted"

type_of_words = dict[str, tuple[Said, ...]]
"""For each list of a person what one event adds to it."""
LISTS = ("providers", "practices", "areas")
LONG_AGO = datetime.min.replace(tzinfo=UTC)


# --- what an event says ----------------------------------------------------------------------


def told_by(state: PersonState, event: Event, replacement: Event | None) -> Event | None:
    """The event whose words count from now on: the event itself, or what a correction holds.

    None where nothing is added: a retraction, a correction that came after a later one, an event
    that has been corrected or taken back before it came.
    """
    known = _replaced(state, target_of(event) or fingerprint(event.id))
    if event.type == RETRACTED:
        return None
    if event.type != CORRECTED:
        return event if known is None else None
    meant = event.body.get("target_type")
    if replacement is None or (meant and meant != replacement.type):
        # The episode refuses it: another kind of event is no correction.
        return None
    if known is not None and (known.at is None or _when(known) > _when(_replacing(event))):
        return None
    return replace(replacement, id=str(event.body.get("target_id")))


def target_of(event: Event) -> int | None:
    """Fingerprint of the event that a correction or a retraction is about; None for any other."""
    if event.type not in (CORRECTED, RETRACTED):
        return None
    return fingerprint(str(event.body.get("target_id")))


def _replacing(event: Event) -> Replaced:
    corrected = event.type == CORRECTED
    return Replaced(
        event=target_of(event) or 0,
        at=event.occurred_at if corrected else None,
        by=fingerprint(event.id) if corrected else 0,
    )


def _all_replaced(event: Event) -> tuple[Replaced, ...]:
    """The words that an event puts otherwise; whence she came, no retraction takes back."""
    one = _replacing(event)
    if event.type == RETRACTED:
        return (one,)
    return one, replace(one, event=_whence(str(event.body.get("target_id"))))


def _when(one: Replaced) -> tuple[datetime, int]:
    return one.at or LONG_AGO, one.by


def _replaced(state: PersonState, event: int) -> Replaced | None:
    return next((one for one in state.replaced if one.event == event), None)


def takes_words_away(event: Event, told: Event | None) -> bool:
    """Whether what an earlier event said counts no longer."""
    return event.type == RETRACTED or (event.type == CORRECTED and told is not None)


def _words(event: Event) -> type_of_words:
    return {
        "providers": tuple(_of_provider(event)),
        "practices": tuple(_of_practice(event)),
        "areas": tuple(_of_area(event)),
    }


def _said(event: Event, value: Any, **more: Any) -> Said:
    return Said(
        value=str(value or ""), since=event.occurred_at, event=fingerprint(event.id), **more
    )


def _of_provider(event: Event) -> Iterable[Said]:
    """Who cares for the pregnancy from this event on, where it says so, and who did before."""
    moves = event.type == "pregnancy.transferred"
    if moves and event.body.get("from_org"):
        # It stands when the move itself is taken back: who she came from is known all the same.
        said = _said(event, event.body["from_org"], weak=True)
        yield replace(said, event=_whence(event.id))
    if named := event.body.get("to_org" if moves else "provider"):
        yield _said(event, named)


def _whence(event_id: str) -> int:
    return fingerprint(f"{event_id}:from")


def _of_practice(event: Event) -> Iterable[Said]:
    body = event.body
    if body.get("gp_ods"):
        yield _said(event, body["gp_ods"], weak=True)
    if event.type == "organisation.changed" and body.get("kind") in CLOSES:
        yield _said(event, body.get("successor_ods"), instead_of=str(body.get("ods") or ""))
    if event.type == "demographics.changed" and body.get("kind") == "gp" and body.get("to"):
        yield _said(event, body["to"], baby=baby_named(event) or "")
    if event.type == "demographics.changed" and body.get("kind") == "gp_deducted":
        # Only the one that struck her off has her no longer: another may have taken her on before.
        left, baby = str(body.get("from") or ""), baby_named(event) or ""
        yield _said(event, "", instead_of=left, baby=baby, struck_off=True)


def _of_area(event: Event) -> Iterable[Said]:
    if event.type == "demographics.changed" and event.body.get("kind") == "address":
        area = str(event.body.get("to") or "").partition("|")[2]
        if area:
            yield _said(event, area, baby=baby_named(event) or "")


# --- what is known afterwards ----------------------------------------------------------------


def cared_for(state: PersonState, event: Event, told: Event | None) -> PersonState:
    """Who cares for her and where, after an event of which `told` counts (see `told_by`)."""
    if takes_words_away(event, told):
        state = with_replaced(state, _all_replaced(event))
    words = _words(told) if told is not None else {}
    by = fingerprint(event.id) if told is not event else 0
    for name in LISTS:
        fresh = tuple(replace(one, by=by) for one in words.get(name, ()))
        state = _with_words(state, name, (*_known(state, name), *fresh))
    return state


def with_replaced(state: PersonState, more: tuple[Replaced, ...]) -> PersonState:
    """A person of whom it is known that these were corrected or taken back."""
    return replace(state, replaced=_with_replaced(state.replaced, more))


def with_words_of(state: PersonState, handed: Handed, key: str) -> PersonState:
    """What was said of one person under two keys, of which the other one has given way."""
    state = with_replaced(state, handed.replaced)
    for name in LISTS:
        came = (replace(one, came_from=one.came_from or key) for one in _known(handed, name))
        state = _with_words(state, name, (*came, *_known(state, name)))
    return state


def without_words_from(state: PersonState, keys: frozenset[str]) -> PersonState:
    """What was said under keys that are another woman's after all is not about her."""
    for name in LISTS:
        stands = (one for one in _known(state, name) if one.came_from not in keys)
        state = _with_words(state, name, stands)
    return state


def _with_replaced(known: tuple[Replaced, ...], more: tuple[Replaced, ...]) -> tuple[Replaced, ...]:
    """What was taken back or corrected; of several corrections the latest, and a retraction is
    final.
    """
    fresh = {one.event: one for one in known}
    for one in more:
        before = fresh.pop(one.event, one)
        final = before.at is None or (one.at is not None and _when(before) > _when(one))
        fresh[one.event] = before if final else one
    return tuple(fresh.values())[-REPLACED_LIMIT:]


def _stands(state: PersonState, said: Said) -> bool:
    """Whether a word has been neither taken back nor put in other words."""
    known = _replaced(state, said.event)
    return said.by == (0 if known is None else known.by) and (known is None or bool(known.at))


def _known(state: PersonState | Handed, name: str) -> tuple[Said, ...]:
    """What was said so far; of a state that is older than such words, what it came to."""
    said: tuple[Said, ...] = getattr(state, name)
    if said:
        return said
    if name == "providers":
        value, since, weak = state.provider, None, True
    elif name == "practices":
        # One that was known in passing stands before any other such, for it was the first.
        value, weak = state.practice, state.practice_since is None
        since = state.practice_since or LONG_AGO
    else:
        value, since, weak = state.area, state.area_since, False
    return (Said(value=value, since=since, weak=weak),) if value else ()


def _with_words(state: PersonState, name: str, said: Iterable[Said]) -> PersonState:
    """A person with what stands of one of the lists; the latest of it decides."""
    kept = in_turn(one for one in said if _stands(state, one))[-PROVIDERS_LIMIT:]
    if kept == getattr(state, name):
        return state
    value, since = _in_force(kept)
    if name == "areas":
        return replace(state, areas=kept, area=value, area_since=since)
    if name == "practices":
        return replace(state, practices=kept, practice=value, practice_since=since)
    # Where nothing stands any more, whoever cared for her last is better than nobody.
    return replace(state, providers=kept, provider=value if kept else state.provider)


def in_turn(said: Iterable[Said]) -> tuple[Said, ...]:
    """Words in the order in which each stands before those ahead of it: the last one decides."""
    # Of two that happened at one time the one that was heard later stands.
    unlike = tuple(dict.fromkeys(said))
    before = (one for one in unlike if one.since is None)
    weak = sorted((one for one in unlike if one.weak and one.since), key=_since, reverse=True)
    strong = sorted((one for one in unlike if one.since and not one.weak), key=_since)
    return (*before, *weak, *strong)


def _since(said: Said) -> datetime:
    return said.since or LONG_AGO


def _in_force(said: Iterable[Said]) -> tuple[str | None, datetime | None]:
    """What holds after all these words, and since when it was said for its own sake."""
    last = _last(said)
    if last is None:
        return None, None
    return last.value or None, None if last.weak else last.since


def _last(said: Iterable[Said]) -> Said | None:
    """The word that decides for the mother, of words in their order."""
    last: Said | None = None
    for one in said:
        before = last.value if last is not None else ""
        if not one.baby and (not one.instead_of or before in ("", one.instead_of)):
            last = one
    return last


def struck_off_by(state: PersonState) -> str | None:
    """The practice that struck her off last, empty where it was not said which; None where she
    was not struck off, or another practice has taken her on since.
    """
    last = _last(state.practices)
    return last.instead_of if last is not None and last.struck_off else None
