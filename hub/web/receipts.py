"""Evidence that people give by reading and pressing, on its way to the core.

Listing a notice to somebody of the role it is for is *delivered*, opening it is *opened*; only a
button makes *accepted*.  The read model says what was told already, and a short memory bridges the
moment until it has caught up, so that reloading a page does not fill the log.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from hub.core.ids import derive
from hub.core.model import Input, InputKind, Level, ObligationState, Receipt, Signal
from hub.edges.publish import Unavailable
from hub.ops import limits
from hub.store.read_lines import NoticeView, WorklistLine
from hub.web.auth import Viewer
from hub.web.desk import Desk

MEMORY = limits.TOLD.value

TAKE_LIFE = timedelta(hours=8)
"""One shift: a notice that somebody took and then left comes back to the team."""

STILL_TELLING = frozenset(
    {ObligationState.OWED, ObligationState.SENT, ObligationState.DELIVERED, ObligationState.OPENED}
)
"""States in which seeing a notice still says something new."""


class Outcome(StrEnum):
    """What somebody says when accepting a notice; coded, because free text may identify."""

    WILL_ACT = "will_act"
    ACTED = "acted"
    NOTED = "noted"


class ReturnReason(StrEnum):
    """Why a notice is returned to whoever published the event."""

    DUPLICATE = "duplicate"
    WRONG_PERSON = "wrong_person"
    UNSAFE_CONTENT = "unsafe_content"
    INCOMPLETE = "incomplete"
    NO_LONGER_INVOLVED = "no_longer_involved"


class RecentlyTold:
    """Which receipts were published lately: a bounded memory, lost on restart without harm."""

    def __init__(self) -> None:
        self._told: OrderedDict[tuple[str, Signal], None] = OrderedDict()

    def seen(self, notice_id: str, signal: Signal) -> bool:
        """Whether this was published lately."""
        return (notice_id, signal) in self._told

    def note(self, notice_id: str, signal: Signal) -> None:
        """Remember it, and forget the oldest."""
        self._told[notice_id, signal] = None
        while len(self._told) > MEMORY:
            self._told.popitem(last=False)


def receipt_input(
    notice: WorklistLine | NoticeView,
    signal: Signal,
    *,
    now: datetime,
    organisation: str,
    person: str | None,
    role: str | None = None,
    channel: str = "worklist",
    detail: str | None = None,
    happened_at: datetime | None = None,
) -> Input:
    """A receipt as the core is told it.  The id is derived: a repeated request repeats the id."""
    at = happened_at or now
    witness = (notice.notice_id, signal.value, organisation, role, person, channel, detail, at)
    return Input(
        input_id=derive("i", "receipt", *witness),
        kind=InputKind.RECEIPT,
        at=now,
        episode_id=notice.episode_id,
        receipt=Receipt(
            notice_id=notice.notice_id,
            signal=signal,
            organisation=organisation,
            at=at,
            role=role or notice.role,
            person=person,
            channel=channel,
            detail=detail,
        ),
    )


async def by_reading(
    desk: Desk,
    told: RecentlyTold,
    viewer: Viewer,
    lines: Iterable[WorklistLine | NoticeView],
    signal: Signal,
) -> bool:
    """Publish what reading proves, once per notice.  False when Kafka would not take it.

    The page is still shown then, with a word about it; the next reading tries again.
    """
    needed = Level.DELIVERED if signal is Signal.DELIVERED else Level.OPENED
    fresh = [
        line
        for line in lines
        if line.level < needed
        and line.state in STILL_TELLING
        and not told.seen(line.notice_id, signal)
    ]
    inputs = [
        receipt_input(
            line,
            signal,
            now=desk.clock.now(),
            organisation=viewer.organisation,
            person=viewer.person_id,
        )
        for line in fresh
    ]
    try:
        await asyncio.gather(*(desk.publisher.publish_input(each) for each in inputs))
    except Unavailable:
        return False
    for line in fresh:
        told.note(line.notice_id, signal)
    return True
