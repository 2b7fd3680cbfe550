"""The episode while it is being decided: a working copy, and the outcomes said so far.

Only `decide` and the parts it calls touch a draft.  It is made from a frozen episode and gives a
frozen episode back; nothing of it outlives the decision.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from hub.core.apart import held_around
from hub.core.attending import attended
from hub.core.basis import Basis
from hub.core.deadlines import Span, Unit, due_after, local_date
from hub.core.episode import Episode, Expectation, Gap, Obligation, Remembered
from hub.core.forgetting import least_needed
from hub.core.model import Event, Holder
from hub.core.outcomes import type_of_outcome
from hub.core.policy import Policy
from hub.core.settings import AnySpan, span_in
from hub.core.silences import Silence, Silent

HISTORY_LIMIT = 384
"""Events an episode remembers: a pregnancy has forty to sixty, twins under a plan some 300."""

RECKONING = 13
"""One more with each change to what is waited for or closes a gap: stored episodes are reviewed."""

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder().decode


@dataclass(slots=True)
class Waits:
    """What a draft waits for, as far as `hub.core.waiting` has looked at it."""

    by_id: dict[str, tuple[datetime, int, str, str]] = field(default_factory=dict)
    first: tuple[datetime, int, str, str] | None = None
    dates: tuple[object, ...] = ()
    """By which dates all of it was worked out; empty when nothing has been looked at."""
    stale: set[str] = field(default_factory=set)
    """Ids of what has been set since."""
    team: tuple[Holder, ...] | None = None  # As it was looked at.


class Draft:
    """A mutable episode, the policy it is decided under, and what has been said so far."""

    def __init__(self, episode: Episode, policy: Policy, at: datetime):
        """Take up an episode at the hub's time `at`."""
        self.start = episode
        self.policy = policy
        self.at = at
        self.heard_at = at
        """When what is being heard (an event, or what a receipt tells of) really happened."""
        self.moment = at  # The time looked at: `at`, or the due time of what falls due before it.
        self.turned_at = episode.at or at  # Up to when holders who come or go were looked at.
        self.episode_id = episode.episode_id
        self.mother = episode.mother
        self.provider = episode.provider
        self.practice = episode.practice
        self.edd = episode.edd
        self.booked = episode.booked
        self.ended_at = episode.ended_at
        self.outcome = episode.outcome
        self.mother_died_at = episode.mother_died_at
        self.babies = list(episode.babies)
        self.plans = episode.plans
        self.objections = episode.objections
        self.team = episode.team
        self.area = episode.area
        self.left = episode.left
        self.elsewhere, self.former = episode.elsewhere, episode.former
        self.history = list(episode.history)
        self.obligations = {o.obligation_id: o for o in episode.obligations}
        self.expectations = {e.expectation_id: e for e in episode.expectations}
        self.gaps = {g.gap_id: g for g in episode.gaps}
        self.outcomes: list[type_of_outcome] = []
        self.counted: list[Any] = []
        self.reopened: list[Any] = []
        """What matters elsewhere are to count of this decision (`hub.core.matters.Counted`)."""
        self.named: list[Event] = []  # What families that a matter's event names are to hear of.
        self.shared: list[Event] = []  # What another episode of the pregnancy is to hear of.
        self.shared_with = ""
        self.reckoner = f"{RECKONING}/{policy.version}"
        self.reckoned = episode.reckoned_by == self.reckoner
        """Whether the last decision was made by the same rules and policy: then nothing that it
        left undone can be done now unless something has changed."""
        self.changed: set[str] = set()
        """Ids of the obligations, expectations and gaps set in this decision."""
        self.before: dict[str, Obligation | None] = {}  # Obligations set, as they were before.
        self.waits = Waits()
        self.silences: list[Silent] | None = None
        """Where rules that stay silent write why; None while nobody asks."""

    def say(self, outcome: type_of_outcome) -> None:
        """Add an outcome to the decision."""
        self.outcomes.append(outcome)

    def stay_silent(self, basis: Basis, reason: Silence, role: str = "", when: str = "") -> None:
        """Note that a rule says nothing, where somebody asks why."""
        if self.silences is not None:
            self.silences.append(Silent(basis, reason, role, when, basis.set_here(self.area)))

    # --- looking ------------------------------------------------------------------------------

    def remembered(self, event_id: str) -> Remembered | None:
        """The event with an id, if the episode still remembers it."""
        return next((r for r in self.history if r.id == event_id), None)

    def holder(self, role: str, about: str = "") -> Holder | None:
        """Who holds a role at the moment looked at: an accepted assignment, else the directory.

        What is about a baby who is registered or lives elsewhere is for whoever holds it there.
        """
        return held_around(role, about, self.team, self.elsewhere, self.left, self.moment)

    @property
    def due_date(self) -> date | None:
        """The due date in force: a dated one, or one reckoned from the last stated gestation."""
        return date.fromisoformat(self.edd) if self.edd else None

    @property
    def born(self) -> date | None:
        """The day the first baby was born, where it was born (ground rule 1.2: local dates)."""
        days = [b.born_at for b in self.babies if b.born_at is not None]
        return local_date(min(days)) if days else None

    @property
    def ended(self) -> bool:
        """Whether the pregnancy has ended in a loss."""
        return self.ended_at is not None

    @property
    def setting(self) -> Mapping[str, Any]:
        """The settings of the area she lives in."""
        return self.policy.settings.at(self.area)

    def span(self, span: AnySpan) -> Span:
        """A span as it is in the area she lives in."""
        return span_in(self.area, span)

    def due(self, span: AnySpan, start: datetime) -> datetime | None:
        """When a span from `start` falls due for this episode."""
        span = self.span(span)
        edd = self.due_date if span.counts_on(Unit.GESTATION) else None
        born = self.born if span.counts_on(Unit.INFANT_AGE) else None
        return due_after(span, start, self.policy.calendar, edd=edd, born=born)

    # --- changing -----------------------------------------------------------------------------

    def remember(self, event: Event, subject: str, *, followed: bool = False) -> None:
        """Keep an event in the history, dropping the oldest beyond the bound."""
        self.history.append(
            Remembered(
                id=event.id,
                type=event.type,
                occurred_at=event.occurred_at,
                received_at=event.received_at,
                organisation=event.organisation,
                actor_role=event.actor.role if event.actor else None,
                subject=subject,
                body=_pack(event.body),
                labels=self._labels(event),
                followed=followed,
                source=event.source,
            )
        )
        if len(self.history) > HISTORY_LIMIT:
            known = (self.obligations.values(), self.expectations.values())
            self.history.remove(least_needed(self.history, *known, self.policy))

    def _labels(self, event: Event) -> tuple[str, ...]:
        """The labels that its publisher put on an event, and those of what it says, each once."""
        rule = self.policy.events.get(event.type)
        if rule is None or not rule.labels:
            return event.labels
        context = Context(self, event, event.body)
        found = [row.label for row in rule.labels if row.when(context)]
        return tuple(dict.fromkeys((*event.labels, *found)))

    def put_obligation(self, obligation: Obligation) -> None:
        """Set an obligation."""
        identity = obligation.obligation_id
        self.before.setdefault(identity, self.obligations.get(identity))
        self.obligations[identity] = obligation
        self._note(identity)

    def put_expectation(self, expectation: Expectation) -> None:
        """Set an expectation; when its gap becomes graver may depend on it."""
        self.expectations[expectation.expectation_id] = expectation
        self._note(expectation.expectation_id)
        if expectation.gap_id is not None:
            self._note(expectation.gap_id)

    def put_gap(self, gap: Gap) -> None:
        """Set a gap."""
        self.gaps[gap.gap_id] = gap
        self._note(gap.gap_id)

    def _note(self, identity: str) -> None:
        self.changed.add(identity)
        self.waits.stale.add(identity)

    def freeze(self, next_wake: datetime | None) -> Episode:
        """The episode that follows from everything above, one sequence number on."""
        return replace(
            self.start,
            seq=self.start.seq + 1,
            at=self.at,
            mother=self.mother,
            provider=self.provider,
            practice=self.practice,
            edd=self.edd,
            booked=self.booked,
            ended_at=self.ended_at,
            outcome=self.outcome,
            babies=tuple(self.babies),
            plans=self.plans,
            team=self.team,
            history=tuple(self.history),
            obligations=tuple(self.obligations.values()),
            expectations=tuple(self.expectations.values()),
            gaps=tuple(self.gaps.values()),
            next_wake=next_wake,
            reckoned_by=self.reckoner,
            objections=self.objections,
            area=self.area,
            left=self.left,
            elsewhere=self.elsewhere,
            former=self.former,
            mother_died_at=self.mother_died_at,
        )


def pack_body(body: dict[str, Any]) -> bytes:
    """A body as it is kept in the state."""
    return _pack(body)


def unpack_fields(packed: bytes) -> dict[str, Any]:
    """The body behind what `pack_body` made."""
    return _unpack(packed) if packed else {}


def unpack_body(remembered: Remembered) -> dict[str, Any]:
    """The body of a remembered event, as conditions read it."""
    return attended(unpack_fields(remembered.body))


@dataclass(slots=True)
class Duty:
    """The duty a condition is asked about: whose it is and what it concerns."""

    role: str = ""
    organisation: str = ""
    subject: str = ""
    trigger: str = ""
    overdue: bool = False
    due_at: datetime | None = None


class Context:
    """What an expression can see: the event, an awaited event, a duty's trigger, the episode."""

    __slots__ = ("_trigger", "awaited", "awaited_body", "body", "duty", "episode", "event")

    def __init__(
        self,
        episode: Draft | None,
        event: Event | Remembered | None,
        body: dict[str, Any],
        *,
        awaited: Event | Remembered | None = None,
        awaited_body: dict[str, Any] | None = None,
        duty: Duty | None = None,
        trigger: Callable[[], dict[str, Any]] | None = None,
    ):
        """Bind the names; the trigger's body is unpacked only when an expression asks."""
        self.episode: Any = episode
        """The draft; None only where an event is read before it has an episode."""
        self.event = event
        self.body = attended(body)
        self.awaited = awaited
        self.awaited_body = attended(awaited_body or {})
        self.duty = duty or Duty()
        self._trigger = trigger

    @property
    def trigger_body(self) -> dict[str, Any]:
        """The body of the event that raised the duty in question."""
        return self._trigger() if self._trigger else self.body
