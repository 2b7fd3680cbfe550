"""Decoded values at hand: never stale, never more than so many, and the same as opened ones."""

from typing import Any

import msgspec

from agents.kept import Kept, RecentlyKept, close_kept, open_kept, opener
from agents.outputs import Output
from agents.step import Place, episode_of, open_episode, step
from hub.core.outcomes import NoticeIssued
from tests.core.stage import Family, policy

STATE = msgspec.msgpack.encode({"seq": 3})
SAID = (Output("hub.decisions", b"ep-1", b"one"),)
KEY = b"ep-1"
OPEN = opener(dict)


def closed(offset: int) -> Kept:
    """A value after one input."""
    return Kept().after(offset, STATE, SAID, confirmed=0, value={"seq": 3})


def test_opening_with_the_state_decoded_says_the_same() -> None:
    """One pass over the bytes instead of two; the offset, the outputs and the wake are as ever."""
    stored = close_kept(closed(7))
    plain, decoded = open_kept(stored), OPEN(stored)

    assert msgspec.msgpack.decode(plain.state) == decoded.value
    assert (plain.last_offset, plain.said) == (decoded.last_offset, decoded.said)
    assert plain.next_wake == decoded.next_wake
    assert OPEN(None) == open_kept(None)


def test_what_was_closed_is_at_hand_for_those_very_bytes() -> None:
    """The store gives back what was put: nothing is decoded."""
    recent, kept = RecentlyKept(OPEN, 9), closed(7)
    stored = recent.close(0, KEY, kept)

    assert stored == close_kept(kept)
    assert recent.open(0, KEY, stored) is kept
    assert recent.open(0, KEY, bytes(bytearray(stored))) is kept


def test_other_bytes_are_opened_whatever_is_at_hand() -> None:
    """A store that went back to what the changelog holds, or forward without us, is believed."""
    recent = RecentlyKept(OPEN, 9)
    older = close_kept(closed(5))
    recent.close(0, KEY, closed(7))

    assert recent.open(0, KEY, older).last_offset == 5
    assert recent.open(0, KEY, None) == Kept()
    assert recent.open(1, KEY, older).last_offset == 5


def test_no_more_than_so_many_are_at_hand_and_none_after_clearing() -> None:
    """The one closed longest ago goes first."""
    recent, kept = RecentlyKept(OPEN, 2), closed(7)
    stored = [recent.close(0, key, kept) for key in (b"a", b"b", b"a", b"c")]

    at_hand = [recent.open(0, key, stored[0]) is kept for key in (b"a", b"b", b"c")]
    recent.clear()

    assert [True, False, True] == at_hand
    assert recent.open(0, b"a", stored[0]) is not kept


def test_an_episode_at_hand_is_decided_like_one_that_was_decoded() -> None:
    """A whole story, each step both ways: the same bytes are stored and said."""
    story = Told()
    story.play()

    assert len(story.steps) > 10
    assert [] == [number for number, (warm, cold) in enumerate(story.steps) if warm != cold]


class Told(Family):
    """A family whose every input goes through the agent's step, warm and cold."""

    def __init__(self) -> None:
        super().__init__()
        self.recent = RecentlyKept(open_episode, 1)
        self.stored: bytes | None = None
        self.steps: list[tuple[bytes, bytes]] = []

    def decide(self, given: Any) -> Any:
        """One input; a family's own episode is the decoded one."""
        place = Place(KEY, 0, len(self.steps), 0)
        at_hand = self.recent.open(0, KEY, self.stored)
        warm, _ = step(policy(), at_hand, place, given)
        cold, decision = step(policy(), open_kept(self.stored), place, given)
        self.steps.append((close_kept(warm), close_kept(cold)))
        self.stored = self.recent.close(0, KEY, warm)
        self.episode = episode_of(open_kept(self.stored), KEY)
        self.last = decision.outcomes
        self.outcomes += decision.outcomes
        return decision

    def play(self) -> None:
        """A booking, a concern, a few answers, a booking taken back, and weeks of silence."""
        self.book()
        self.hear("concern.raised", "2026-03-24 10:00", code="DA", severity="medium")
        for notice in self.said(NoticeIssued):
            self.answer(notice, "opened", "2026-03-24 11:00")
        self.wake("2026-04-13 10:00")
        self.retract("booking", "2026-04-14 10:00")
        self.wake("2026-05-20 10:00")
        for hour in range(8):
            self.wake(f"2026-06-01 {10 + hour}:00")
