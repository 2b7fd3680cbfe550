"""Plays a scenario and notes what of the policy it used: rules, gaps, rungs, suppressions."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from hub.core.episode import Expectation, Obligation
from hub.core.model import Input
from hub.core.outcomes import (
    Decision,
    Escalated,
    EventRecorded,
    ExpectationEnded,
    ExpectationRaised,
    GapClosed,
    GapOpened,
    ObligationEnded,
    ObligationRaised,
)
from hub.core.policy import Policy
from hub.core.silences import Silent
from hub.demo.rig import CoreRig
from hub.demo.scenario import Scenario


@dataclass
class Used:
    """What of the policy one scenario, or many, made use of."""

    rules: set[str] = field(default_factory=set)
    """Rules that raised a duty."""
    silent: set[tuple[str, str]] = field(default_factory=set)
    """Rules that stayed silent, each with its reason."""
    opened: set[str] = field(default_factory=set)
    closed: set[tuple[str, str]] = field(default_factory=set)
    """Codes of gaps, each with the state in which it ended."""
    rungs: set[str] = field(default_factory=set)
    withdrawn: set[tuple[str, str]] = field(default_factory=set)
    """Rules whose duty ended, each with the type of the event that ended it."""
    ended: set[tuple[str, str]] = field(default_factory=set)
    """Rules whose question ended, each with the reason: restarted, recomputed, corrected."""
    heard: set[str] = field(default_factory=set)
    """Types of the events that reached an episode."""
    recorded: set[str] = field(default_factory=set)
    """How events entered an episode: new, duplicate, corrected, retracted, after the end."""


class WatchedRig(CoreRig):
    """The rig of every scenario, with somebody who takes notes."""

    def __init__(self, scenario: Scenario, policy: Policy):
        """Set the stage, and ask every rule that says nothing why."""
        super().__init__(scenario, policy)
        self.used = Used()
        self.silences: list[Silent] = []

    def decide(self, given: Input) -> Decision:
        """Decide as ever, and note what was used."""
        decision = super().decide(given)
        for outcome in decision.outcomes:
            match outcome:
                case ObligationRaised() | ExpectationRaised():
                    self.used.rules.add(outcome.why.rule)
                case GapOpened():
                    self.used.opened.add(outcome.code)
                case GapClosed():
                    self.used.closed.add((outcome.code, outcome.state.value))
                case Escalated():
                    self.used.rungs.add(f"{outcome.ladder}.{outcome.rung}")
                case EventRecorded():
                    self.used.recorded.add(outcome.how)
                    self.used.heard.add(outcome.event_type)
                case ObligationEnded() | ExpectationEnded():
                    self.note_end(decision, outcome)
                case _:
                    pass
        self.used.silent |= {(s.basis.rule, s.reason.value) for s in self.silences}
        self.silences.clear()
        return decision

    def note_end(self, decision: Decision, outcome: ObligationEnded | ExpectationEnded) -> None:
        """Note which rule's duty ended, and by what."""
        duty = next(ended_duties(decision, outcome), None)
        if duty is None:
            return
        by = duty.ended_by if isinstance(duty, Obligation) else duty.met_by
        kinds = {event.id: event.type for event in decision.episode.history}
        if isinstance(outcome, ExpectationEnded) and outcome.reason != "met":
            self.used.ended.add((duty.rule, outcome.reason))
        if by in kinds and not (isinstance(duty, Expectation) and not duty.withdrawn):
            self.used.withdrawn.add((duty.rule, kinds[by]))


def ended_duties(
    decision: Decision, outcome: ObligationEnded | ExpectationEnded
) -> Iterator[Obligation | Expectation]:
    """The duty that an outcome says has ended, as it stands after the decision."""
    if isinstance(outcome, ObligationEnded):
        wanted = outcome.obligation_id
        yield from (o for o in decision.episode.obligations if o.obligation_id == wanted)
    else:
        wanted = outcome.expectation_id
        yield from (e for e in decision.episode.expectations if e.expectation_id == wanted)


def use_of(scenario: Scenario, policy: Policy) -> Used:
    """What a scenario uses of a policy.  Raises what playing it raises."""
    rig = WatchedRig(scenario, policy)
    rig.run()
    return rig.used


def add(total: Used, more: Used) -> None:
    """Add the use of one scenario to that of others."""
    for name, found in vars(more).items():
        getattr(total, name).update(found)
