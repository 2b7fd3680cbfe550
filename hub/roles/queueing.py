"""From decisions into the outbox: what is to be sent, and what need not be sent any more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Engine

from hub.core.model import Level, Signal
from hub.core.outcomes import (
    LevelReached,
    NoticeIssued,
    ObligationEnded,
    ObligationMet,
    type_of_outcome,
)
from hub.edges.avro import DecisionRecord, NoticeRecord
from hub.edges.channels.failover import time_is_up_at
from hub.edges.choosing import kept
from hub.edges.directory import Directory, Endpoint
from hub.roles.channels import now
from hub.roles.roads_taken import RoadsTaken
from hub.store.coverage_due import note_touched
from hub.store.engine import writing
from hub.store.outbox import TAKES_BACK
from hub.store.outbox_queue import Queue
from hub.store.positions import save_positions, type_of_positions

CONSUMER: Final = "deliver"
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
HANDED_BACK: Final = (Signal.NOT_OURS, Signal.REFUSED, Signal.STALE_RECIPIENT)


@dataclass(frozen=True, slots=True)
class Times:
    """The two clocks of the outbox, read at one moment."""

    now: datetime
    """Real time, for attempts."""
    clock_at: datetime
    """The hub's time, for deadlines."""


def take_in(
    engine: Engine,
    directory: Directory,
    decisions: Sequence[DecisionRecord],
    after: type_of_positions,
    times: Times | None = None,
) -> int:
    """Put the notices of decisions into the outbox; returns how many were new.

    Rows and positions share a transaction, and a notice is known by its id, so that a decision
    read twice queues nothing twice.
    """
    times = times or Times(now(), now())
    queue = Queue(times.now)
    further = directory.has_further_channels()
    roads = RoadsTaken(engine, decisions)
    for decision in decisions:
        for outcome in decision.outcomes:
            if isinstance(outcome, NoticeIssued):
                traits = roads.traits_of(outcome)
                endpoints = directory.endpoints_of(outcome.organisation, outcome.role, traits)
                look_at = _look_at(endpoints, outcome, times.clock_at)
                queue.add(notice_of(decision, outcome), endpoints[0], look_at, kept(traits))
            elif isinstance(outcome, ObligationEnded):
                queue.cancel(outcome.obligation_id, outcome.notice_ids)
            else:
                _note_acceptance(queue, outcome)
                if further:
                    _note_evidence(queue, outcome)
    with writing(engine) as conn:
        new = queue.write(conn)
        if directory.tells_coverage():
            note_touched(conn, decisions)
        save_positions(conn, CONSUMER, after)
    return new


def _look_at(
    endpoints: Sequence[Endpoint], issued: NoticeIssued, clock_at: datetime
) -> datetime | None:
    """When the second channel of a notice is looked at, by the hub's clock; None without one."""
    if len(endpoints) == 1:
        return None
    if issued.reason in TAKES_BACK:
        return clock_at
    return time_is_up_at(clock_at, issued.due_at, endpoints[0].next_after)


def _note_acceptance(queue: Queue, outcome: type_of_outcome) -> None:
    """What has been accepted need not be sent again."""
    if not isinstance(outcome, LevelReached):
        return
    if outcome.counts and outcome.level >= Level.ACCEPTED:
        queue.accepted(outcome.notice_id)


def _note_evidence(queue: Queue, outcome: type_of_outcome) -> None:
    """Whoever has been reached, or has handed a notice back, needs no further channel."""
    if isinstance(outcome, ObligationMet):
        queue.met(outcome.obligation_id)
    elif isinstance(outcome, LevelReached):
        if outcome.counts:
            queue.reached(outcome.notice_id, outcome.level)
        elif outcome.signal in HANDED_BACK:
            queue.returned(outcome.notice_id)


def notice_of(decision: DecisionRecord, issued: NoticeIssued) -> NoticeRecord:
    """A notice as it travels, from the decision that issued it.

    What the decision says was withheld stays behind, and so does its number: a recipient who could
    count decisions would see that something happened of which she was not told.
    """
    return NoticeRecord(
        notice_id=issued.notice_id,
        episode_id=decision.episode_id,
        seq=_rising(decision.at),
        obligation_id=issued.obligation_id,
        reason=issued.reason,
        role=issued.role,
        organisation=issued.organisation,
        person=issued.person,
        round=issued.round,
        purpose=issued.purpose,
        title=issued.title,
        level_needed=issued.level_needed,
        due_at=issued.due_at,
        content=issued.content,
        in_reply_to=issued.in_reply_to,
        rule=issued.why.rule,
        policy=issued.why.policy,
        because=issued.why.because,
        authority=issued.why.authority,
        issued_at=decision.at,
    )


def _rising(at: datetime) -> int:
    """Microseconds of the decision's time, which never runs backwards within an episode."""
    return (at - EPOCH) // timedelta(microseconds=1)
