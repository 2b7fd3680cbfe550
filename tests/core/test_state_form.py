"""The stored form of an episode only ever grows at its end."""

import pytest
from msgspec import Struct

from hub.core.episode import Episode, Expectation, Gap, Obligation, Remembered, Told

RELEASED: dict[type[Struct], str] = {
    Remembered: "id type occurred_at received_at organisation actor_role subject body retracted",
    Told: "notice_id round organisation person level reason",
    Obligation: (
        "obligation_id rule trigger role organisation person subject state level milestones "
        "raised_at round told gap_id"
    ),
    Expectation: (
        "expectation_id rule trigger role organisation subject started_at raised_at due_at met_at "
        "met_by withdrawn gap_id"
    ),
    Gap: (
        "gap_id code rule severity subject role organisation state opened_at due_at closed_at "
        "cycle late_informed duty_ids evidence ladder rung raised_at"
    ),
    Episode: (
        "episode_id seq at mother provider practice edd booked ended_at outcome babies plans team "
        "history obligations expectations gaps next_wake"
    ),
}


@pytest.mark.parametrize("stored", RELEASED, ids=lambda stored: stored.__name__)
def test_fields_are_only_added_at_the_end(stored: type[Struct]) -> None:
    """A state written by an older hub must open in a newer one, field by field."""
    released = tuple(RELEASED[stored].split())
    assert released == stored.__struct_fields__[: len(released)]
