"""Two keys of one person: nothing is lost, nothing goes round in circles, and nobody is merged."""

import pytest

from hub.core.faults import FaultReason
from hub.core.model import InputKind
from tests.agents.people_stage import Place, event

MOTHER, OTHER, BABY = "9990000018", "9990000026", "9990000042"
BORN = "2026-10-06"


def kinds(place: Place, event_id: str) -> dict[str, InputKind]:
    """How each episode hears an event."""
    return {i.episode_id: i.kind for i in place.inputs if i.event and i.event.id == event_id}


def baby_seen(day: float, **more: str) -> object:
    """A screening whose publisher knows nobody but the baby."""
    return event("screening.newborn", day, reference=f"nhs:{BABY}", number=BABY, born=BORN, **more)


def booked(place: Place, day: float = 0, number: str | None = MOTHER) -> str:
    """A booking; returns the episode."""
    (given,) = [
        i for i in place.hear(event("pregnancy.booked", day, number=number)) if i.event is not None
    ]
    return given.episode_id


def test_after_the_birth_notification_the_baby_s_number_leads_to_the_mother() -> None:
    """Whose screening it is stands nowhere in it; the birth said whose the number is."""
    place = Place()
    episode = booked(place)
    place.hear(event("birth.recorded", 218, number=MOTHER))
    place.hear(event("birth.notified", 219, number=MOTHER))
    (given,) = place.hear(baby_seen(220))
    assert given.event is not None
    assert (episode, "B-1") == (given.episode_id, given.event.body["baby_id"])
    assert MOTHER == given.event.subject.nhs_number


def test_what_came_before_the_birth_was_known_is_joined_to_it() -> None:
    """The baby had a file of its own; the two tell each other what they know."""
    place = Place()
    (early,) = place.hear(baby_seen(220))
    episode = booked(place)
    place.hear(event("birth.notified", 219, number=MOTHER))
    own = early.episode_id
    assert own != episode
    assert {(own, episode), (episode, own)} == set(place.joined())
    later = baby_seen(224)
    place.hear(later)
    assert {episode: InputKind.EVENT, own: InputKind.FOLLOWED} == kinds(place, later.id)


def test_a_copy_of_what_the_baby_s_own_file_decided_is_decided_nowhere_else() -> None:
    """The mother's file may not have been told of it yet, and would take the copy for news."""
    place = Place()
    seen = baby_seen(220)
    (early,) = place.hear(seen)
    mothers = booked(place)
    place.hear(event("birth.notified", 219, number=MOTHER))
    place.hear(seen)
    heard = [i for i in place.inputs if i.event and i.event.id == seen.id]
    assert {early.episode_id} == {i.episode_id for i in heard if i.kind is InputKind.EVENT}
    assert mothers in {i.episode_id for i in heard if i.kind is InputKind.FOLLOWED}


def test_what_could_not_begin_an_episode_goes_through_by_itself() -> None:
    """It waits in quarantine, visibly, and its gap is told when it comes out."""
    place = Place()
    episode = booked(place)
    visitor = event("assignment.changed", 222, reference=f"nhs:{BABY}", number=BABY, born=BORN)
    assert [] == place.hear(visitor)
    assert [FaultReason.NO_EPISODE] == place.refused
    came = place.hear(event("birth.notified", 219, number=MOTHER))
    assert {episode} == place.files(visitor.id)
    (told,) = [i for i in came if i.kind is InputKind.REDRIVEN]
    assert told.quarantine is not None
    assert told.episode_id == f"q-{told.quarantine.quarantine_id}"


def test_what_waited_for_a_booking_goes_through_with_it() -> None:
    """An event of a woman of whom no pregnancy was known yet."""
    place = Place()
    moved = event("demographics.changed", -1, number=MOTHER, kind="gp", to="Y00002")
    assert [] == place.hear(moved)
    booking = event("pregnancy.booked", 0, number=MOTHER)
    place.hear(booking)
    assert len(place.files(booking.id)) == 1
    assert place.files(booking.id) == place.files(moved.id)


def test_a_number_that_comes_to_light_takes_the_episode_along() -> None:
    """Known by a reference first; what the reference still says goes to the same pregnancy."""
    place = Place()
    (first,) = place.hear(event("pregnancy.notified", 0))
    second = event("pregnancy.booked", 3, number=MOTHER)
    place.hear(second)
    third = event("pregnancy.notified", 5, name="by reference")
    place.hear(third)
    files = place.files(second.id)
    assert place.files(third.id) >= {first.episode_id}
    assert place.files(third.id) >= files


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_a_merge_makes_one_person_whichever_way_it_is_said(swapped: bool, seed: int) -> None:
    """Two numbers, two bookings of one pregnancy: both files go on hearing, one decides."""
    place = Place(seed)
    one, other = booked(place), booked(place, 1, OTHER)
    names = (OTHER, MOTHER) if swapped else (MOTHER, OTHER)
    merge = event("demographics.changed", 5, number=names[1], **{"from": names[0], "to": names[1]})
    place.hear(merge)
    assert {(one, other), (other, one)} == set(place.joined())
    for day, number in ((10, MOTHER), (11, OTHER)):
        late = event("pregnancy.notified", day, number=number, name=f"late {day}")
        place.hear(late)
        heard = kinds(place, late.id)
        assert {one, other} == set(heard)
        assert [InputKind.EVENT, InputKind.FOLLOWED] == sorted(heard.values())


def test_merges_in_a_ring_end() -> None:
    """Three records, each said to be the next one's, told at the same time in any order."""
    third = "9990000034"
    for seed in range(20):
        place = Place(seed)
        for day, number in enumerate((MOTHER, OTHER, third)):
            booked(place, day, number)
        for n, (old, new) in enumerate(((MOTHER, OTHER), (OTHER, third), (third, MOTHER))):
            said = {"from": old, "to": new}
            place.say(event("demographics.changed", 5 + n, number=new, **said))
        place.settle()
        late = event("pregnancy.notified", 20, number=third, name="late")
        place.hear(late)
        assert 3 == len(place.files(late.id))


def test_one_reference_with_two_numbers_makes_nobody_one_person() -> None:
    """A reference used twice, or one slip of the pen: by itself it decides nothing any more."""
    place = Place()
    one, other = booked(place), booked(place, 1, OTHER)
    assert one != other
    assert [] == place.hear(event("pregnancy.notified", 5, name="by reference"))
    assert [FaultReason.TWO_CANDIDATES] == place.refused
    assert [] == place.joined()
    assert {one} == place.files(
        place.hear(event("pregnancy.notified", 6, number=MOTHER))[0].event.id
    )


def test_a_grown_woman_is_nobody_s_baby() -> None:
    """A slip in the baby's number names a woman who is pregnant herself."""
    place = Place()
    booked(place)
    hers = booked(place, 1, BABY)
    place.hear(event("birth.notified", 219, number=MOTHER))
    assert [FaultReason.TWO_CANDIDATES] == place.refused
    own = event("pregnancy.notified", 20, number=BABY, name="her own")
    place.hear(own)
    assert {hers} == place.files(own.id)


def test_where_one_baby_was_born_every_id_means_it() -> None:
    """Each publisher has a number of its own for her."""
    place = Place()
    booked(place)
    place.hear(event("birth.recorded", 218, number=MOTHER))
    (given,) = place.hear(
        event("screening.newborn", 221, number=MOTHER, source="RYV:HV", baby_id="HV-9")
    )[:1]
    assert given.event is not None
    assert "B-1" == given.event.body["baby_id"]


def test_a_twin_is_never_taken_for_her_sister() -> None:
    """With two babies, or when another birth comes, an unknown id stays what it is."""
    for n in (1, 2):
        place = Place()
        booked(place)
        both = {"n": n, "order": 1}
        place.hear(event("birth.recorded", 218, number=MOTHER, plurality=both))
        second = event("birth.recorded", 218.1, number=MOTHER, plurality=both, baby_id="B-2")
        (given, *_) = place.hear(second)
        assert given.event is not None
        assert "B-2" == given.event.body["baby_id"]
        (seen, *_) = place.hear(event("screening.newborn", 221, number=MOTHER, baby_id="HV-9"))
        assert seen.event is not None
        assert "HV-9" == seen.event.body["baby_id"]


def test_a_baby_s_event_goes_to_its_own_pregnancy_though_she_is_pregnant_again() -> None:
    """Nine months later the next one is running."""
    place = Place()
    first = booked(place)
    place.hear(event("birth.recorded", 218, number=MOTHER))
    again = event("pregnancy.booked", 500, number=MOTHER, edd="2028-02-15", name="again")
    place.hear(again)
    seen = event("screening.newborn", 501, number=MOTHER, baby_id="B-1")
    place.hear(seen)
    assert {first} == place.files(seen.id)
    assert {first} != place.files(again.id)


def test_the_same_link_twice_changes_nothing() -> None:
    """A crash may say everything again."""
    place = Place()
    place.hear(baby_seen(220))
    booked(place)
    place.hear(event("birth.notified", 219, number=MOTHER))
    before = dict(place.joined())
    place.hear(event("birth.notified", 219.5, number=MOTHER, name="again"))
    assert before == dict(place.joined())


@pytest.mark.parametrize("by", [MOTHER, OTHER])
def test_a_merge_that_is_taken_back_parts_the_two_again(by: str) -> None:
    """Each has her own file; both are told that what they heard of the other is not theirs."""
    place = Place()
    one, other = booked(place), booked(place, 1, OTHER)
    merge = event("demographics.changed", 5, number=MOTHER, **{"from": OTHER, "to": MOTHER})
    place.hear(merge)
    assert place.joined()
    place.hear(
        event(
            "event.retracted",
            6,
            number=by,
            target_id=merge.id,
            target_type=merge.type,
            reason="wrong_person",
        )
    )
    told = {i.episode_id for i in place.inputs if i.kind is InputKind.PARTED}
    assert {one, other} == told
    for day, number, file in ((10, MOTHER, one), (11, OTHER, other)):
        late = event("pregnancy.notified", day, number=number, name=f"late {day}")
        place.hear(late)
        assert {file} == place.files(late.id)
    again = event("demographics.changed", 20, number=MOTHER, **{"from": OTHER, "to": MOTHER})
    place.hear(again)
    late = event("pregnancy.notified", 21, number=OTHER, name="once more")
    place.hear(late)
    assert {one, other} == place.files(late.id)


def test_whose_pregnancy_came_along_alone_takes_it_back() -> None:
    """The other record had no pregnancy at all, and after the parting it has none again."""
    place = Place()
    keys = sorted((MOTHER, OTHER))
    for pregnant in keys:
        place = Place()
        file = booked(place, 0, pregnant)
        merge = event("demographics.changed", 5, number=pregnant, **{"from": OTHER, "to": MOTHER})
        place.hear(merge)
        place.hear(
            event(
                "event.retracted",
                6,
                number=pregnant,
                target_id=merge.id,
                target_type=merge.type,
                reason="wrong_person",
            )
        )
        late = event("pregnancy.notified", 10, number=pregnant, name="late")
        place.hear(late)
        assert {file} == place.files(late.id)
        strange = event("pregnancy.notified", 11, number=next(k for k in keys if k != pregnant))
        place.hear(strange)
        assert file not in place.files(strange.id)
