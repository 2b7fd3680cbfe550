"""A small family, heard in any order: after an outage a baby may be heard of before her mother."""

from itertools import permutations

from hub.core.model import Event
from tests.agents.people_stage import Place, event
from tests.agents.test_said_otherwise import MOTHER, known, moved

BABY, BORN = "9990000042", "2026-10-06"


def of_the_baby(kind: str, day: float, **body: str) -> Event:
    """Something whose publisher knows nobody but the baby."""
    return event(kind, day, reference=f"nhs:{BABY}", number=BABY, born=BORN, **body)


FAMILY = (
    event("pregnancy.booked", 0, number=MOTHER, name="booked"),
    moved(100, "RXB"),
    event("birth.recorded", 218, number=MOTHER, name="born"),
    event("birth.notified", 219, number=MOTHER, name="notified"),
    of_the_baby("screening.newborn", 220),
    of_the_baby("assignment.changed", 222),
)


def test_in_any_order_it_is_one_pregnancy_and_everything_is_heard_of_it() -> None:
    """The baby's file that was opened first is one with the mother's, and both hear the same."""
    for number, order in enumerate(permutations(FAMILY)):
        place = Place(number)
        for one in order:
            place.hear(one)
        for late in (
            event("pregnancy.notified", 10, number=MOTHER, name="of the mother"),
            of_the_baby("screening.newborn", 224),
        ):
            place.hear(late)
        (pregnancy,) = known(place).episodes
        files = {pregnancy.episode_id, *(one.episode_id for one in pregnancy.also)}
        assert files == place.files("of the mother")
        assert files == place.files("screening.newborn-224")
        pairs = {(one, other) for one in files for other in files if one != other}
        assert pairs == set(place.joined())
        assert ("RXB", ("B-1",)) == (known(place).provider, pregnancy.babies)
        for one in FAMILY:
            assert place.files(one.id), f"{one.id} is nowhere"
