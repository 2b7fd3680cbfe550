"""The parents' card: where to start, what else there is, and nothing between professionals."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from hub.core.card import ASK, REFERRED, Entry, card, latest

NOW = datetime(2026, 11, 28, 10, tzinfo=UTC)
OPEN = Entry(
    entry_id="s1",
    name="Bereavement line",
    areas=("north",),
    needs=("bereavement",),
    access="self",
    capacity="open",
    how="Call 01223 000000",
    said_at=NOW,
)
WORDS = {"bereavement": "When a baby has died"}


def changed(**more: object) -> Entry:
    """The entry with something else in it."""
    return msgspec.structs.replace(OPEN, **more)


def test_the_one_first_step_is_where_to_start() -> None:
    """And charities stand apart from the rest."""
    first = changed(entry_id="s2", name="Midwife", first_for=("bereavement",))
    charity = changed(entry_id="s3", name="Charity", voluntary=True)
    (section,) = card([OPEN, first, charity], "north", WORDS).sections
    assert section.start is not None
    assert ("When a baby has died", "Midwife") == (section.need, section.start.name)
    assert ["Bereavement line"] == [place.name for place in section.more]
    assert ["Charity"] == [place.name for place in section.charities]


def test_two_first_steps_are_none() -> None:
    """A parent is not sent to and fro; both are still there to turn to."""
    two = [changed(entry_id=f"s{n}", first_for=("bereavement",)) for n in range(2)]
    (section,) = card(two, "north", WORDS).sections
    assert (None, 2) == (section.start, len(section.more))


@pytest.mark.parametrize("capacity", ["closed", "removed"])
def test_what_is_closed_is_not_on_the_card(capacity: str) -> None:
    """A need that must be met stays on it all the same, with nothing under it."""
    (section,) = card([changed(capacity=capacity)], "north", WORDS, ["bereavement"]).sections
    assert (None, (), ()) == (section.start, section.more, section.charities)


def test_what_was_said_last_holds() -> None:
    """Whatever the order in which the entries come."""
    newer = changed(name="New name", said_at=NOW + timedelta(days=1))
    gone = changed(capacity="removed", said_at=NOW + timedelta(days=2))
    assert (newer,) == latest([newer, OPEN])
    assert () == latest([gone, newer, OPEN])


def test_another_area_is_not_on_the_card() -> None:
    """A card is of one area."""
    assert () == card([OPEN], "south", WORDS).sections


def test_a_way_that_is_only_for_professionals_is_not_told_to_parents() -> None:
    """She learns that it is there and who can refer her, not the referrers' number."""
    entry = changed(access="professional", how="Bleep 1234", capacity="waiting", wait_days=21)
    (section,) = card([entry], "north", WORDS).sections
    (place,) = section.more
    assert ("", (REFERRED, "The wait is about 21 days now.")) == (place.how, place.notes)


def test_a_card_says_what_helps_to_choose() -> None:
    """Evenings, partners, and whom to ask where the entry does not say how."""
    entry = changed(how="", out_of_hours=True, partner=True)
    (place,) = card([entry], "north", WORDS).sections[0].more
    assert ASK == place.how
    assert {"Also in the evening or at the weekend.", "For fathers and partners too."} < set(
        place.notes
    )


def test_a_need_without_words_is_readable() -> None:
    """A code that nobody has put into words yet."""
    (section,) = card([changed(needs=("sleep_support",))], "north", WORDS).sections
    assert "Sleep support" == section.need
