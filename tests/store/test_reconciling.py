"""After an outage: everybody who is not told yet, once, the gravest first."""

from datetime import timedelta

from msgspec.structs import replace
from sqlalchemy import Engine

from hub.core.model import NoticeReason, Purpose, Severity, Signal
from hub.core.outcomes import EventRecorded, Why
from hub.edges.untold_rows import as_csv
from hub.store.engine import reading, writing
from hub.store.projector import apply_decision
from hub.store.reconciling import untold
from tests.store.records import (
    HOUR,
    T0,
    WHY,
    decision,
    ended,
    gap_opened,
    issued,
    raised,
    reached,
    recorded,
)

BEGIN, END = T0, T0 + 4 * HOUR
MINUTE = timedelta(minutes=1)


def listed(engine: Engine) -> list[str]:
    """The notices that the list has, in its order."""
    with reading(engine) as conn:
        return [each.notice_id for each in untold(conn, BEGIN, END)]


def play(engine: Engine, *decisions: object) -> None:
    """Fold decisions."""
    with writing(engine) as conn:
        for each in decisions:
            apply_decision(conn, each)  # type: ignore[arg-type]  # the callers pass decisions


def test_the_gravest_come_first_then_by_deadline(engine: Engine) -> None:
    """A gap outranks safeguarding without one only when it is grave; then the due time."""
    at = T0 + HOUR
    safe = {"purpose": Purpose.SAFEGUARDING}
    play(
        engine,
        decision(1, raised("o-1"), issued("n-later", "o-1", due_at=T0 + 9 * HOUR), at=at),
        decision(2, raised("o-2"), issued("n-sooner", "o-2", due_at=T0 + 5 * HOUR), at=at),
        decision(3, raised("o-3"), issued("n-safe", "o-3", **safe), at=at),
        decision(4, raised("o-4"), issued("n-grave", "o-4"), at=at),
        decision(5, gap_opened(severity=Severity.IMMEDIATE, duty_ids=("o-4",)), at=at),
    )
    assert ["n-grave", "n-safe", "n-sooner", "n-later"] == listed(engine)


def test_whoever_was_told_is_not_listed(engine: Engine) -> None:
    """Accepted, taken back, replaced; nor what has nothing to do with the outage."""
    at = T0 + HOUR
    play(
        engine,
        *(decision(n, raised(f"o-{n}"), issued(f"n-{n}", f"o-{n}"), at=at) for n in (1, 2, 3)),
        decision(4, reached(Signal.ACCEPTED, "n-1")),
        decision(5, ended("o-2", notice_ids=("n-2",))),
        decision(
            6,
            issued("n-6", "o-3", reason=NoticeReason.CORRECTED, round=2, in_reply_to="n-3"),
            at=at,
        ),
        decision(7, raised("o-7"), issued("n-after", "o-7"), at=END + MINUTE),
        decision(8, raised("o-8"), issued("n-before", "o-8"), at=BEGIN - HOUR),
        decision(
            9,
            reached(Signal.DELIVERED, "n-before", obligation_id="o-8", reached_at=BEGIN - MINUTE),
        ),
    )
    assert ["n-6"] == listed(engine)


def test_what_waited_and_what_came_late_are_of_the_outage(engine: Engine) -> None:
    """One had not arrived when it began; one is made afterwards of what happened in it."""
    late = happened("e-late")
    play(
        engine,
        decision(1, raised("o-1"), issued("n-waited", "o-1"), at=BEGIN - HOUR),
        decision(2, late, raised("o-2", why=why_of("e-late")), issued("n-late", "o-2"), at=END),
    )
    assert {"n-waited", "n-late"} == set(listed(engine))


def happened(event_id: str) -> EventRecorded:
    """An event of the outage."""
    return replace(recorded(event_id), occurred_at=T0 + HOUR)


def why_of(event_id: str) -> Why:
    """The reason with that event as its evidence."""
    return replace(WHY, evidence=(event_id,))


def test_the_list_is_cut_and_says_nothing_of_the_family(engine: Engine) -> None:
    """As CSV: a header, a row for each, no formula."""
    at = T0 + HOUR
    play(
        engine,
        *(
            decision(n, raised(f"o-{n}"), issued(f"n-{n}", f"o-{n}", title="=1+1"), at=at)
            for n in (1, 2, 3)
        ),
    )
    with reading(engine) as conn:
        found = untold(conn, BEGIN, END, 2)
    head, *rows = as_csv(found).splitlines()
    assert ("notice_id,organisation,role", 2) == (head[:27], len(rows))
    assert all(",'=1+1," in row and "2027-05-01" not in row for row in rows)
