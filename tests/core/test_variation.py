"""Who is far from all others (G66): what a review ends, and what it does not."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from hub.core.decide import decide
from hub.core.draft import pack_body
from hub.core.episode import Episode
from hub.core.matters import matter_id
from hub.core.model import CountedNote, GapState, Input, InputKind
from hub.core.outcomes import GapOpened
from tests.core.stage import policy

START = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
ID = matter_id("variation", "asked/RYV", b"secret")


def counted(episode: Episode, number: int, unit: str, hit: str | None) -> tuple[Episode, list[str]]:
    """One more case of a unit; the units for which G66 opened with it."""
    at = START + timedelta(hours=number)
    fields = {"peers": "asked/RYV", "unit": unit} | ({"hit": hit} if hit else {})
    note = CountedNote(
        event_id=f"c-{number}",
        event_type="rate.counted",
        source="RYV",
        occurred_at=at,
        fields=pack_body(fields),
    )
    given = Input(
        input_id=f"c-{number}", kind=InputKind.COUNTED, at=at, episode_id=ID, counted=note
    )
    decision = decide(episode, given, policy())
    opened = [each.subject for each in decision.outcomes if isinstance(each, GapOpened)]
    return decision.episode, [each for each in opened if each.startswith("hv-")]


def ten_each(*units: tuple[str, str | None], start: int = 0, before: Episode) -> Episode:
    """Ten cases of each unit, by turns."""
    episode = before
    for turn in range(10):
        for place, (unit, hit) in enumerate(units):
            episode, _ = counted(episode, start + turn * len(units) + place, unit, hit)
    return episode


def closed(episode: Episode, state: GapState) -> Episode:
    """The same, with every gap closed an hour after the last case."""
    at = episode.at
    assert at is not None
    gaps = tuple(
        replace(gap, state=state, closed_at=at + timedelta(hours=1)) for gap in episode.gaps
    )
    expectations = tuple(replace(each, met_at=at) for each in episode.expectations)
    return replace(episode, gaps=gaps, expectations=expectations)


@pytest.mark.parametrize(
    ("reviewed", "looked_at"), [("hv-10", "hv-1"), ("hv-1", "hv-10")], ids=["longer", "shorter"]
)
def test_the_review_of_one_is_no_review_of_another(reviewed: str, looked_at: str) -> None:
    """Two professionals whose ids begin alike are two."""
    episode = ten_each(("hv-2", "y"), (reviewed, None), before=Episode(episode_id=ID))
    for number in range(9):
        episode, _ = counted(episode, 100 + number, looked_at, None)
    episode = closed(episode, GapState.CLEARED_LATE)
    _, opened = counted(episode, 200, looked_at, None)
    assert opened == [looked_at]


def test_a_gap_that_was_withdrawn_was_no_review() -> None:
    """The case that opened it was taken back: the others still count."""
    episode = ten_each(("hv-2", "y"), ("hv-1", None), before=Episode(episode_id=ID))
    _, opened = counted(closed(episode, GapState.WITHDRAWN), 200, "hv-1", None)
    assert opened == ["hv-1"]


def test_what_was_counted_before_a_review_counts_no_more() -> None:
    """A manager has looked: the next case begins anew."""
    episode = ten_each(("hv-2", "y"), ("hv-1", None), before=Episode(episode_id=ID))
    _, opened = counted(closed(episode, GapState.CLEARED_LATE), 200, "hv-1", None)
    assert not opened
