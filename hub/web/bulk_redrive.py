"""Sending all of one kind through again: first what would come of it, with counts, then the deed.

A kind is a reason and, if it is given, a source.  After a mended rule or a directory that lacked an
organisation hundreds of originals wait for the same thing.  They go oldest first, so that what one
source said of one person keeps its order, and a number at a time.
"""

from collections import Counter
from datetime import datetime
from typing import Final

from msgspec import Struct
from starlette.concurrency import run_in_threadpool

from hub.ops import limits_documents as limits
from hub.store import read_model
from hub.store.read_lines import QuarantineLine
from hub.web.desk import Desk
from hub.web.quarantine import Redriven, redrive, trial

AT_ONCE: Final = limits.BULK_REDRIVE.value


class Kind(Struct, frozen=True, kw_only=True):
    """Which originals: those of one reason, and of one source where one is named."""

    reason: str
    source: str = ""


class Still(Struct, frozen=True, kw_only=True):
    """Why some of them would not go through, or did not, and how many."""

    message: str
    remedy: str
    count: int


class Counted(Struct, frozen=True, kw_only=True):
    """What would come, or has come, of a number of originals; the counts add up."""

    tried: int
    through: int
    still: tuple[Still, ...]
    more: bool
    """Whether there are more of the kind than go at once."""


async def preview(desk: Desk, kind: Kind) -> Counted:
    """What would come of sending them through now.  Changes nothing."""
    lines, more = await _selected(desk, kind)
    now = desk.clock.now()
    outcomes = []
    for line in lines:
        item = await desk.read(read_model.quarantine_item, line.quarantine_id)
        if item is not None:
            outcomes.append(await run_in_threadpool(trial, desk, item, now))
    return _counted(outcomes, more=more)


async def redrive_all(desk: Desk, kind: Kind, person_id: str, now: datetime) -> Counted:
    """Send them through, oldest first.  Raises Unavailable; those before it have gone through."""
    lines, more = await _selected(desk, kind)
    outcomes = [await redrive(desk, line.quarantine_id, person_id, now) for line in lines]
    return _counted(outcomes, more=more)


async def _selected(desk: Desk, kind: Kind) -> tuple[tuple[QuarantineLine, ...], bool]:
    lines = await desk.read(
        read_model.quarantine_list,
        reason=kind.reason,
        source=kind.source or None,
        limit=AT_ONCE + 1,
    )
    return lines[:AT_ONCE], len(lines) > AT_ONCE


def _counted(outcomes: list[Redriven], *, more: bool) -> Counted:
    faults = Counter((each.message, each.remedy) for each in outcomes if not each.done)
    return Counted(
        tried=len(outcomes),
        through=sum(each.done for each in outcomes),
        still=tuple(
            Still(message=message, remedy=remedy, count=count)
            for (message, remedy), count in faults.most_common()
        ),
        more=more,
    )
