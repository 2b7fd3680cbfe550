"""Which maternity provider cares for a woman: what happened last and still stands."""

from collections.abc import Iterable
from datetime import UTC, datetime

from msgspec.structs import replace

from hub.core.ids import fingerprint
from hub.core.model import Event
from hub.core.person import CaredFor, PersonState

PROVIDERS_LIMIT = 12
"""Words about who cares for her that are kept for one person; the oldest goes first."""
RETRACTED = "event.retracted"


def _provider(event: Event) -> str | None:
    """Who cares for the pregnancy from this event on, where it says so."""
    moves = event.type == "pregnancy.transferred"
    return event.body.get("to_org" if moves else "provider")


def cared_for(state: PersonState, event: Event) -> PersonState:
    """Who cares for her, by what happened last and still stands, whatever came last.

    A booking that is sent again after she moved does not move her back, and a move that is taken
    back never happened.
    """
    if event.type == RETRACTED:
        gone = fingerprint(str(event.body.get("target_id")))
        said = tuple(one for one in state.providers if one.event != gone)
        if len(said) == len(state.providers):
            return state
    elif named := _provider(event):
        before = state.providers
        formerly = state.provider or event.body.get("from_org")
        if not before and formerly:
            before = (CaredFor(provider=formerly),)
        now = CaredFor(provider=named, since=event.occurred_at, event=fingerprint(event.id))
        said = (*before, now)
    else:
        return state
    return with_providers(state, said)


def with_providers(state: PersonState, said: Iterable[CaredFor]) -> PersonState:
    """A person with all that stands of who cares for her; the latest of it decides."""
    # Of two that happened at one time the one that was heard later stands.
    kept = tuple(sorted(dict.fromkeys(said), key=_since))[-PROVIDERS_LIMIT:]
    # Where nothing stands any more, whoever was known last is better than nobody.
    return replace(state, providers=kept, provider=kept[-1].provider if kept else state.provider)


def _since(said: CaredFor) -> tuple[bool, datetime]:
    """The order of words about her care: what was known before there were any comes first."""
    return said.since is not None, said.since or datetime.max.replace(tzinfo=UTC)
