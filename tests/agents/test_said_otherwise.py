"""What is corrected or taken back: as if the right word had been said at first."""

import json
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from agents.kept import open_kept
from hub.core.faults import FaultReason
from hub.core.model import Event
from hub.core.person import PersonState, key_of_number
from hub.edges.doors import event_to_json
from tests.agents.people_stage import SECRET, Place, event

MOTHER, STRANGER = "9990000018", "9990000026"


def corrected(target: Event, day: float, *, name: str = "", **body: Any) -> Event:
    """The publisher says that an event was wrong, and what is right."""
    right = replace(target, body={**target.body, **body})
    return saying(target, right, day, name=name)


def saying(target: Event, right: Event, day: float, *, name: str = "") -> Event:
    """The correction that holds a whole right event."""
    told = {
        "target_id": target.id,
        "target_type": target.type,
        "reason": "wrong_content",
        "replacement": json.dumps(event_to_json(right)),
    }
    fresh = event("event.corrected", day, name=name or f"corrected-{target.id}-{day}", **told)
    return replace(fresh, subject=target.subject)


def retracted(target: Event, day: float) -> Event:
    """The publisher takes an event back."""
    told = {"target_id": target.id, "target_type": target.type, "reason": "entered_in_error"}
    fresh = event("event.retracted", day, name=f"retracted-{target.id}", **told)
    return replace(fresh, subject=target.subject)


def moved(day: float, to: str) -> Event:
    """Her care moves to another hospital."""
    told = {"effective_on": "2026-04-01", "reason": "moved", "records_sent": "y"}
    return event(
        "pregnancy.transferred", day, number=MOTHER, from_org="RXA", to_org=to,
        name=f"move-{day}", **told,
    )  # fmt: skip


def changed(day: float, kind: str, to: str) -> Event:
    """Her practice, or where she lives."""
    return event("demographics.changed", day, number=MOTHER, kind=kind, to=to, name=f"{kind}-{day}")


def known(place: Place, number: str = MOTHER) -> PersonState:
    """What is known of a woman by her number."""
    stored = place.stored[key_of_number(number, SECRET).encode()]
    return msgspec.msgpack.decode(open_kept(stored).state, type=PersonState)


def around(place: Place) -> tuple[str | None, str | None, str | None]:
    """Who cares for her, where she is registered, and where she lives."""
    state = known(place)
    return state.provider, state.practice, state.area


def after(*told: Event) -> Place:
    """Everything is said and read, one after the other."""
    place = Place()
    for one in told:
        place.hear(one)
    return place


BOOKED = event("pregnancy.booked", 0, number=MOTHER, name="booked")
MOVE, GP, HOME = moved(30, "RXB"), changed(30, "gp", "Y00002"), changed(30, "address", "ZZ99|E06")


@pytest.mark.parametrize(
    ("wrong", "body", "then"),
    [
        (MOVE, {"to_org": "RXC"}, ("RXC", "Y00001", None)),
        (GP, {"to": "Y00003"}, ("RXA", "Y00003", None)),
        (HOME, {"to": "ZZ99|E07"}, ("RXA", "Y00001", "E07")),
        (BOOKED, {"provider": "RXC", "gp_ods": "Y00003"}, ("RXC", "Y00003", None)),
    ],
)
@pytest.mark.parametrize("early", [False, True])
def test_a_corrected_move_moves_her(
    wrong: Event,
    body: dict[str, Any],
    then: tuple[str | None, ...],
    *,
    early: bool,
) -> None:
    """To the provider, practice or area that the replacement names, even if that comes first."""
    if wrong is BOOKED:
        told = [BOOKED, corrected(BOOKED, 31, **body), BOOKED]
    else:
        told = [wrong, corrected(wrong, 31, **body), wrong]
        told = [BOOKED, *(told[1:] if early else told)]
    assert then == around(after(*told))


def test_a_move_corrected_to_have_been_earlier_gives_way_to_the_one_after_it() -> None:
    """A correction may change when it happened, too."""
    late = moved(30, "RXB")
    right = replace(late, occurred_at=moved(10, "RXB").occurred_at)
    assert "RXC" == around(after(BOOKED, moved(20, "RXC"), late, saying(late, right, 31)))[0]


def test_what_is_taken_back_is_not_brought_back_by_its_correction() -> None:
    """A retraction is final, whichever comes first."""
    told = [retracted(MOVE, 33), corrected(MOVE, 32, to_org="RXC")]
    for order in (told, told[::-1]):
        assert "RXA" == around(after(BOOKED, MOVE, *order))[0]
        assert "RXA" == around(after(BOOKED, *order, MOVE))[0]


def test_a_correction_goes_to_the_pregnancy_of_its_target() -> None:
    """She is pregnant again when somebody corrects what was said of the first pregnancy."""
    born = event("birth.recorded", 218, number=MOTHER, name="born")
    again = event("pregnancy.booked", 500, number=MOTHER, edd="2028-02-15", name="again")
    place = after(BOOKED, born, again)
    for change in (corrected(BOOKED, 510, parity=1), retracted(born, 511)):
        place.hear(change)
        assert place.files("booked") == place.files(change.id)
    assert place.files("booked") != place.files("again")


def test_a_corrected_due_date_is_the_one_that_later_events_are_matched_with() -> None:
    """A slip of the pen in the booking is no second pregnancy."""
    right = corrected(BOOKED, 1, edd="2026-12-06")
    place = after(BOOKED, right)
    later = event("pregnancy.booked", 20, number=MOTHER, edd="2026-12-01", name="by another")
    place.hear(later)
    assert place.files("booked") == place.files(later.id)


def test_a_due_date_that_turns_out_to_be_of_a_known_pregnancy_joins_the_two() -> None:
    """A slip of the pen had made a second pregnancy of the booking; both files go on hearing."""
    gestation = {"weeks": 8, "days": 2}
    first = event("pregnancy.notified", 0, number=MOTHER, gestation=gestation, name="first")
    wrong = event("pregnancy.booked", 5, number=MOTHER, edd="2027-01-10", name="booked")
    place = after(first, wrong)
    assert place.files("first") != place.files("booked")
    place.hear(corrected(wrong, 6, edd="2026-10-12"))
    both = place.files("first") | place.files("booked")
    assert both == {one for pair in place.joined() for one in pair}
    place.hear(event("pregnancy.notified", 20, number=MOTHER, name="later"))
    assert both == place.files("later")


@pytest.mark.parametrize("late", [False, True])
def test_a_birth_that_was_no_birth_leaves_her_pregnant(*, late: bool) -> None:
    """News of a pregnancy after a birth is of another one, and after no birth it is of this one."""
    born = event("birth.recorded", 100, number=MOTHER, name="born")
    gone = retracted(born, 101)
    place = after(BOOKED, *([gone, born] if late else [born, gone]))
    news = event("pregnancy.notified", 120, number=MOTHER, name="news")
    place.hear(news)
    assert place.files("booked") == place.files(news.id)


def test_a_correction_that_names_another_woman_is_a_retraction_here_and_news_there() -> None:
    """What was said under a stranger's number is hers to whom the right one belongs."""
    wrong = event("pregnancy.booked", 0, number=STRANGER, name="booked")
    right = replace(wrong, subject=replace(wrong.subject, nhs_number=MOTHER))
    place = after(wrong)
    (taken, told) = place.hear(saying(wrong, right, 1, name="fix"))
    assert taken.event is not None
    assert told.event is not None
    assert ("event.retracted", wrong.id) == (taken.event.type, taken.event.body["target_id"])
    assert ("pregnancy.booked", wrong.id, MOTHER) == (
        told.event.type, told.event.id, told.event.subject.nhs_number,
    )  # fmt: skip
    assert taken.episode_id != told.episode_id
    assert "RXA" == known(place).provider


def test_a_corrected_birth_keeps_the_baby_that_every_id_means() -> None:
    """The correction of a publisher with an id of its own for the baby is about the same baby."""
    born = event("birth.recorded", 218, number=MOTHER, name="born")
    seen = event("screening.newborn", 221, number=MOTHER, source="RYV:HV", baby_id="HV-9")
    place = after(BOOKED, born, seen)
    right = corrected(seen, 222, outcome="declined")
    (given, *_) = place.hear(right)
    assert given.event is not None
    assert "B-1" == json.loads(given.event.body["replacement"])["data"]["baby_id"]


# --- any order -------------------------------------------------------------------------------

PLACES = {
    "move": ("RXB", "RXC", "RXD"),
    "gp": ("Y00002", "Y00003", "Y00004"),
    "address": ("ZZ99|E06", "ZZ99|E07", "ZZ99|E08"),
}
KINDS = st.sampled_from(tuple(PLACES))
WORDS = st.lists(st.tuples(KINDS, st.integers(0, 2)), min_size=1, max_size=4)
CHANGES = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 2), st.sampled_from(("correct", "retract"))),
    max_size=4,
)


def said(kind: str, day: float, to: int) -> Event:
    """One word about where she is cared for, registered or living."""
    where = PLACES[kind][to]
    return moved(day, where) if kind == "move" else changed(day, kind, where)


@given(words=WORDS, changes=CHANGES, seed=st.integers(0, 999))
@settings(max_examples=80, deadline=None, derandomize=True, database=None)
def test_in_any_order_it_is_as_if_the_right_words_had_been_said_at_first(
    words: list[tuple[str, int]], changes: list[tuple[int, int, str]], seed: int
) -> None:
    """Words, corrections and retractions, shuffled and some of them twice."""
    told = [said(kind, 10 + n, to) for n, (kind, to) in enumerate(words)]
    right: dict[str, Event] = {one.id: one for one in told}
    follow = []
    for n, (target, to, how) in enumerate(changes):
        one = told[target % len(told)]
        kind = words[target % len(told)][0]
        field = "to_org" if kind == "move" else "to"
        if how == "retract":
            follow.append(retracted(one, 40))
            right.pop(one.id, None)
        else:
            fresh = corrected(one, 30 + n, **{field: PLACES[kind][to]})
            follow.append(fresh)
            if one.id in right:
                right[one.id] = replace(one, body={**one.body, field: PLACES[kind][to]})
    random = Random(seed)  # noqa: S311  an order that can be had again, no secret
    every = [BOOKED, *told, *follow]
    every += random.sample(every, k=len(every) // 2)
    random.shuffle(every)
    place = after(*every)
    assert around(after(BOOKED, *right.values())) == around(place)
    assert not [why for why in place.refused if why is not FaultReason.NO_EPISODE]
