"""Which event an episode can best do without, when it holds more than it may."""

from collections.abc import Iterable, Sequence

from hub.core.episode import Expectation, Obligation, Remembered
from hub.core.policy import Policy

ONLY_NAMES_A_BABY = frozenset({"baby_id"})
"""What many events set and none of them is needed for: the baby is known from the others."""


def least_needed(
    history: Sequence[Remembered],
    obligations: Iterable[Obligation],
    expectations: Iterable[Expectation],
    policy: Policy,
) -> Remembered:
    """The oldest event on which nothing open rests and that sets nothing of the episode.

    What is known of an episode is folded again from what it remembers, so the events that set
    something go last of all.  Nothing rests yet on the one that has just come: it never goes.
    """
    resting_on = {e.trigger for e in expectations if e.met_at is None}
    resting_on |= {o.trigger for o in obligations if any(m.met_at is None for m in o.milestones)}
    rules = policy.events
    setting = {
        r.id for r in history if r.type in rules and rules[r.type].sets.keys() - ONLY_NAMES_A_BABY
    }
    for needed in (resting_on | setting, setting):
        for remembered in history[:-1]:
            if remembered.id not in needed:
                return remembered
    return history[0]
