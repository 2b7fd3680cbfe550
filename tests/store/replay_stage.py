"""Notices that were delivered, and people who want them sent again."""

from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from hub.core.model import Signal
from hub.core.replaying import Actor, Refused, ReplayState
from hub.edges.directory import Directory, directory_from
from hub.store import outbox, outbox_attempts, replays
from hub.store import tables as t
from hub.store.engine import reading, writing
from hub.store.projector import apply_decision
from hub.store.replay_rows import Chosen
from tests.store.records import GP, HOUR, HV, T0, decision, issued, notice_record, raised, reached

ADA, BEA = Actor("ada", signed_in=True), Actor("bea", signed_in=True)
LATER = T0 + 2 * HOUR
TO_GP = Chosen(organisation=GP)


def hooked() -> Directory:
    """Practice and health visitors have webhooks."""
    return directory_from(
        {
            "endpoint": [
                {"organisation": ods, "channel": "webhook", "destination_id": f"webhook:{ods}"}
                for ods in (GP, HV)
            ]
        }
    )


def told(engine: Engine, people: Directory, numbers: Sequence[int], organisation: str = GP) -> None:
    """Notices that were decided, folded and delivered."""
    endpoint = people.endpoint(organisation, "GP_PRACTICE")
    with writing(engine) as conn:
        for n in numbers:
            at = T0 + timedelta(minutes=n)
            duty, notice = f"o-{n}", f"n-{n}"
            first = issued(notice, duty, organisation=organisation)
            apply_decision(conn, decision(n, raised(duty, organisation=organisation), first, at=at))
            record = notice_record(notice, obligation_id=duty, organisation=organisation)
            outbox.queue_notice(conn, record, endpoint, at)
        deliver(conn, endpoint.destination_id)


def deliver(conn: Connection, destination: str, signal: Signal | None = Signal.DELIVERED) -> int:
    """Try everything that is due; returns how many."""
    due = outbox.due_notices(conn, destination, LATER + 100 * HOUR, 10_000)
    for each in due:
        tried = outbox.Attempt(
            due=each,
            at=LATER,
            clock_at=LATER,
            latency_ms=1,
            signal=signal,
            reason=None if signal else "gone",
            retry=False,
        )
        outbox_attempts.record_attempt(conn, tried, 0.5)
    return len(due)


def look(
    engine: Engine, people: Directory, chosen: Chosen = TO_GP, replay_id: str = "rp-1"
) -> replays.Seen:
    """Ada makes a preview."""
    asked = replays.Asked(replay_id=replay_id, reason="lost", person_id="ada", now=LATER)
    with writing(engine) as conn:
        return replays.preview(conn, people, chosen, asked)


def act(
    engine: Engine, people: Directory, seen: replays.Seen, who: Actor = ADA
) -> ReplayState | Refused:
    """Somebody goes on with it."""
    return replays.act(engine, people, seen.replay_id, seen.token, who, LATER + HOUR)


def accept(engine: Engine, *numbers: int, level: Signal = Signal.ACCEPTED) -> None:
    """The practice accepts, and the projector has folded it."""
    with writing(engine) as conn:
        for n in numbers:
            said = reached(level, f"n-{n}", obligation_id=f"o-{n}")
            apply_decision(conn, decision(1000 + n, said))


def pending(engine: Engine) -> set[str]:
    """What is on its way."""
    x = t.outbox.c
    with reading(engine) as conn:
        return set(conn.scalars(sa.select(x.notice_id).where(x.state == "pending")))


def again(engine: Engine, replay_id: str = "rp-1") -> replays.Seen:
    """The replay as it stands."""
    with reading(engine) as conn:
        return replays.seen(conn, replay_id)
