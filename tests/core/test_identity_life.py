"""How long an episode lives after the due date."""

from typing import Any

import pytest

from hub.core.faults import SenderFault
from tests.core.test_identity import Woman, event

NEEDS = [
    ("mh.red-flag", {}),
    ("concern.raised", {"code": "MH"}),
    ("screening.mental-health", {"result": "positive"}),
    ("screening.mental-health", {"result": "negative", "history_self_reported": "y"}),
]


@pytest.mark.parametrize(("needs", "body"), NEEDS)
def test_an_episode_lives_for_two_years_where_mental_health_is_of_concern(
    needs: str, body: dict[str, Any]
) -> None:
    """What happens in the second year finds its family; in the third there is none."""
    woman = Woman()
    booked = woman.hears(event("pregnancy.booked", "2026-03-23 10:00", edd="2026-10-20"))
    assert booked == woman.hears(event(needs, "2026-05-01 10:00", **body), opens=False)
    seen = event("contact.completed", "2028-10-15 10:00")
    assert booked == woman.hears(seen, opens=False)
    with pytest.raises(SenderFault):
        woman.hears(event("contact.completed", "2028-10-25 10:00"), opens=False)


@pytest.mark.parametrize("body", [{"code": "DA"}, {"code": "NEGLECT"}])
def test_an_episode_lives_for_one_year_otherwise(body: dict[str, Any]) -> None:
    """Another concern does not make it longer."""
    woman = Woman()
    booked = woman.hears(event("pregnancy.booked", "2026-03-23 10:00", edd="2026-10-20"))
    woman.hears(event("concern.raised", "2026-05-01 10:00", **body), opens=False)
    seen = event("contact.completed", "2027-10-20 10:00")
    assert booked == woman.hears(seen, opens=False)
    with pytest.raises(SenderFault):
        woman.hears(event("contact.completed", "2027-10-22 10:00"), opens=False)


def test_a_pregnancy_in_the_second_year_is_one_of_its_own() -> None:
    """However long the one before lives, a booking after its end is of another."""
    woman = Woman()
    first = woman.hears(event("pregnancy.booked", "2026-03-23 10:00", edd="2026-10-20"))
    woman.hears(event("mh.red-flag", "2026-05-01 10:00"), opens=False)
    woman.hears(event("birth.recorded", "2026-10-20 10:00"), opens=False)
    second = woman.hears(event("pregnancy.booked", "2027-12-01 10:00", edd="2028-07-01"))
    assert first != second
    assert second == woman.hears(event("contact.completed", "2028-01-10 10:00"), opens=False)
