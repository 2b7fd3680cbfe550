"""To which family a quarantined event belongs: a safeguarding one is a gap at once."""

from datetime import UTC, datetime

import pytest

from agents.guard import family_of
from hub.core.model import Event, Person
from hub.edges.schemas import default_schemas

AT = datetime(2026, 3, 23, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("event_type", "target", "family"),
    [
        ("concern.raised", None, "safeguarding"),
        ("pregnancy.booked", None, "pregnancy"),
        ("event.corrected", "conference.scheduled", "conference"),
        ("event.retracted", "status.changed", "safeguarding"),
        ("event.retracted", None, None),
        ("event.retracted", "no.such.type", None),
    ],
)
def test_the_family_is_known_wherever_it_is_said(
    event_type: str, target: str | None, family: str | None
) -> None:
    """Whichever agent could not decide it, and also for what is said about another event."""
    event = Event(
        id="e",
        type=event_type,
        source="RXX:PAS",
        occurred_at=AT,
        received_at=AT,
        subject=Person(reference="r"),
        body={"target_type": target},
    )
    assert family == family_of(default_schemas(), event)


def test_without_an_event_nothing_is_known() -> None:
    """A wake that could not be decided has no family."""
    assert family_of(default_schemas(), None) is None
