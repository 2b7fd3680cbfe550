"""Letting go what was blocked: nothing of it would expose her any more (G40)."""

from msgspec.structs import replace

from hub.core import exposing, reaching, tell
from hub.core.draft import Draft
from hub.core.lifecycle import ENDED
from hub.core.model import NoticeReason


def release(draft: Draft) -> None:
    """Send every notice that was blocked, and need be no more.

    A safe route was chosen, or what said that it was unsafe was taken back.
    """
    for obligation in list(draft.obligations.values()):
        blocked = obligation.doubt == exposing.UNSAFE and obligation.state not in ENDED
        if blocked and not exposing.exposes(draft, obligation):
            free = replace(obligation, doubt="")
            reason = NoticeReason.REROUTED if obligation.told else NoticeReason.FIRST
            tell.issue(draft, reaching.watched(draft, free), reason)
