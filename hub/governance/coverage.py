"""`hub policy coverage`: what of the policy no scenario shows.

Every gap code is to be opened and cleared, every rule to raise a duty, every rung to be climbed,
every suppression to be exercised and every condition to be seen not met.  What is on none of these
lists of absences has been seen to happen in some scenario, on the same core that decides.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from hub.core.faults import HubFault, SenderFault
from hub.core.model import GapState
from hub.core.policy import Policy
from hub.core.silences import Silence
from hub.governance.faults import CannotAnswerError
from hub.governance.stories import SCENARIOS, Story, stories_below
from hub.governance.watched import Used, add, use_of
from hub.ops.settings import Settings
from hub.policy.loader import load_policy

CLEARED = (GapState.CLEARED.value, GapState.CLEARED_LATE.value)

SECTIONS = {
    "never_opened": "gaps that no scenario opens",
    "never_cleared": "gaps that no scenario clears",
    "never_raised": "rules that raise no duty in any scenario",
    "never_climbed": "rungs that no scenario climbs",
    "never_suppressed": "suppressions that no scenario exercises",
    "never_silent": "conditions that are met in every scenario",
}
"""The lists of a report, in their order, each with what stands on it."""


class Coverage:
    """What some scenarios show of a policy, and what they do not."""

    def __init__(self, policy: Policy, stories: Iterable[Story]):
        """Play every scenario.  Raises CannotAnswerError for one that cannot be played."""
        self.policy = policy
        self.total = Used()
        self.opened_by: dict[str, list[str]] = {code: [] for code in policy.gaps}
        self.cleared_by: dict[str, list[str]] = {code: [] for code in policy.gaps}
        self.played = 0
        for story in stories:
            self._play(story)

    def _play(self, story: Story) -> None:
        try:
            used = use_of(story.scenario, self.policy)
        except (ValueError, LookupError, SenderFault, HubFault) as error:
            words = f"{story.path} cannot be played: {error}; try `hub simulate {story.path}`"
            raise CannotAnswerError(words) from None
        self.played += 1
        add(self.total, used)
        for code in sorted(used.opened):
            self.opened_by[code].append(story.path.name)
        for code in sorted({code for code, state in used.closed if state in CLEARED}):
            self.cleared_by[code].append(story.path.name)

    def absences(self) -> dict[str, tuple[str, ...]]:
        """Everything that no scenario shows, by section."""
        total, gaps = self.total, self.policy.gaps
        rules = (*self.policy.tells, *self.policy.requirements)
        silent = {rule for rule, _ in total.silent}
        found = {
            "never_opened": (code for code in gaps if not self.opened_by[code]),
            "never_cleared": (c for c in gaps if gaps[c].clears and not self.cleared_by[c]),
            "never_raised": (rule for rule in rules if rule not in total.rules),
            "never_climbed": (rung for rung in rungs_of(self.policy) if rung not in total.rungs),
            "never_suppressed": (
                words for words, exercised in suppressions(self.policy, total) if not exercised
            ),
            "never_silent": (rule for rule in conditional(self.policy) if rule not in silent),
        }
        return {section: tuple(sorted(found[section])) for section in SECTIONS}

    def plain(self) -> dict[str, Any]:
        """The report as it is printed with `--json`."""
        codes = {
            code: {"opened_by": self.opened_by[code], "cleared_by": self.cleared_by[code]}
            for code in sorted(self.policy.gaps)
        }
        absences = self.absences()
        return {
            "scenarios": self.played,
            "complete": not any(absences.values()),
            **absences,
            "gaps": codes,
        }


def rungs_of(policy: Policy) -> Iterator[str]:
    """Every rung of the ladders that some gap climbs."""
    used = {rule.ladder for rule in policy.gaps.values()}
    used |= {rule.ladder_flagged for rule in policy.gaps.values() if rule.ladder_flagged}
    for ladder in sorted(used & set(policy.ladders)):
        yield from (f"{ladder}.{number}" for number in range(len(policy.ladders[ladder])))


def conditional(policy: Policy) -> Iterator[str]:
    """Every rule that speaks only under a condition."""
    for rules in (policy.tells, policy.requirements):
        yield from (name for name, rule in rules.items() if rule.when is not None)


def suppressions(policy: Policy, used: Used) -> Iterator[tuple[str, bool]]:
    """Everything that keeps a duty from being raised or from going on, and whether it was seen."""
    for type_heard, rule in policy.events.items():
        for number, row in enumerate(rule.withdraws, 1):
            tagged = {n for n, t in policy.tells.items() if t.tags & row.tags}
            tagged |= {n for n, r in policy.requirements.items() if r.tags & row.tags}
            seen = any((name, type_heard) in used.withdrawn for name in tagged)
            yield f"{type_heard} withdraws {'/'.join(sorted(row.tags))} ({number})", seen
    for name, asked in policy.requirements.items():
        for type_heard in asked.withdrawn_by:
            yield f"{name} withdrawn by {type_heard}", (name, type_heard) in used.withdrawn
        if asked.latest_only:
            yield f"{name} restarted by a newer event", (name, "restarted") in used.ended
    reasons = {reason for _, reason in used.silent}
    for silence in Silence:
        yield f"some rule silent: {silence.value}", silence.value in reasons
    ends = {reason for _, reason in used.ended}
    for reason in ("recomputed", "corrected"):
        yield f"some question ended: {reason}", reason in ends
    for how in ("duplicate", "corrected", "retracted", "after_end"):
        yield f"some event recorded as {how}", how in used.recorded


def main(
    settings: Settings, scenarios: Iterable[Path] = (SCENARIOS,), *, as_json: bool = False
) -> int:
    """Print what no scenario shows; the exit code is 1 when there is anything."""
    policy = load_policy(settings.policy_dir, [settings.schemas_dir / "events"])
    found = Coverage(policy, stories_below(scenarios))
    absences = found.absences()
    code = 1 if any(absences.values()) else 0
    if as_json:
        sys.stdout.write(json.dumps(found.plain()) + "\n")
        return code
    for section, words in SECTIONS.items():
        sys.stdout.write(f"{words}: {len(absences[section])}\n")
        for name in absences[section]:
            sys.stdout.write(f"  {name}\n")
    sys.stdout.write(f"{found.played} scenarios, {len(policy.gaps)} gaps\n")
    return code
