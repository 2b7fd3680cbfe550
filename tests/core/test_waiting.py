"""What an episode waits for: the last decision is taken at its word, but only where it may be."""

import pytest
from hypothesis import settings
from msgspec.structs import replace

from hub.core.decide import decide
from hub.core.episode import Episode
from hub.core.model import Input, InputKind, Receipt, Signal
from hub.core.outcomes import Decision, NoticeIssued
from tests.core.stage import Family, local, policy
from tests.core.test_machine import AnyFamily
from tests.effort import cases

LATER = local("2026-04-20 11:00")
OTHER_RECKONING = "0/of another policy"


def in_trouble() -> Family:
    """A family whose notices nobody has answered: duties, gaps and ladders all wait."""
    family = Family()
    family.book()
    family.hear("concern.raised", "2026-03-24 10:00", code="DA", severity="medium")
    family.wake("2026-04-13 10:00")
    return family


def receipts(family: Family) -> list[Input]:
    """Every signal about every notice, in time and late."""
    return [
        Input(
            input_id=f"{notice.notice_id}:{signal}",
            kind=InputKind.RECEIPT,
            at=LATER,
            episode_id="ep-1",
            receipt=Receipt(
                notice_id=notice.notice_id,
                signal=signal,
                organisation=notice.organisation,
                person="p",
                at=LATER,
            ),
        )
        for notice in family.said(NoticeIssued)
        for signal in (Signal.DELIVERED, Signal.OPENED, Signal.ACCEPTED, Signal.BOUNCED)
    ]


def decided(episode: Episode, given: Input) -> Decision:
    """One input, decided under the policy in force."""
    return decide(episode, given, policy())


def test_a_receipt_is_decided_as_if_everything_had_been_looked_at() -> None:
    """The short way and the long way come to the same decision, for every notice and signal."""
    family = in_trouble()
    before, told = family.episode, receipts(family)

    assert len(family.open_gaps()) > 5
    assert len(told) > 50
    for given in told:
        whole = decided(replace(before, reckoned_by=OTHER_RECKONING), given)
        assert whole == decided(before, given)


def test_another_reckoning_or_policy_is_not_taken_at_its_word() -> None:
    """After an upgrade the first input of any kind puts a wake right that would come too late."""
    family = in_trouble()
    wrong = replace(family.episode, next_wake=None)
    given = receipts(family)[0]
    right = decided(family.episode, given).episode.next_wake

    assert right is not None
    assert decided(wrong, given).episode.next_wake is None
    mended = decided(replace(wrong, reckoned_by=OTHER_RECKONING), given)
    assert right == mended.episode.next_wake
    assert mended.episode.reckoned_by == family.episode.reckoned_by


@pytest.mark.parametrize("trusted", [True, False])
def test_a_wake_looks_at_everything(*, trusted: bool) -> None:
    """Whoever looked last: what a wake finds does not rest on what was found before it."""
    family = in_trouble()
    right = family.episode
    wrong = replace(right, next_wake=None)
    wake = Input(input_id="w", kind=InputKind.WAKE, at=right.at or LATER, episode_id="ep-1")

    found = decided(wrong if trusted else replace(wrong, reckoned_by=""), wake)

    assert right.next_wake is not None
    assert right.next_wake == found.episode.next_wake


class BothWays(AnyFamily):
    """Anything in any order, each input decided a second time by looking at everything."""

    def decide(self, given: Input) -> Decision | None:
        """As ever; the long way must come to the same."""
        before = self.episode
        found = super().decide(given)
        assert found is None or found == decided(replace(before, reckoned_by=""), given)
        return found


TestBothWays = BothWays.TestCase
TestBothWays.settings = settings(max_examples=cases(25), stateful_step_count=25, deadline=None)
