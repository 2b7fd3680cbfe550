"""Policy as the core sees it: frozen rules with compiled conditions.

`hub.policy.loader` makes these values of the TOML under `hub/policy/`.  Of the five families the
last four say that something must be so, and share one form, `Requirement`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hub.core.basis import Basis
from hub.core.deadlines import Calendar, Span
from hub.core.expressions import Expression
from hub.core.labels import LabelRule, LabelWhen
from hub.core.model import Level, Purpose, Severity
from hub.core.settings import NO_SETTINGS, AnySpan, Settings


class Family(StrEnum):
    """The five families of rule (and of gap)."""

    TELL = "tell"
    EXPECT = "expect"
    CONTENT = "content"
    RELATIONSHIP = "relationship"
    PATTERN = "pattern"


class Show(StrEnum):
    """How much of a field group one kind of recipient may have."""

    FULL = "F"
    SHORT = "S"
    POINTER = "P"
    NOTHING = "N"
    CONSENT = "C"  # In full with her agreement or a recorded safeguarding decision; else nothing.


@dataclass(frozen=True, slots=True)
class MilestoneRule:
    """A level, and the span within which it must be reached, or by when where that is later."""

    level: Level
    within: AnySpan
    or_by: AnySpan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActedBy:
    """A follow-on event that proves the action a notice asked for (level 5)."""

    where: Mapping[str, Expression | None]
    """Condition by event type; None means that the type alone is proof."""


@dataclass(frozen=True, slots=True)
class RaiseRule:
    """A later time at which an open gap becomes graver."""

    at: AnySpan
    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class TellRule:
    """On an event: these roles must know this, to this level, by then."""

    basis: Basis
    on: str
    when: Expression | None = None
    to: tuple[str, ...] = ()
    each: Expression | None = None
    subject: Expression | None = None
    purpose: Purpose
    title: str
    groups: tuple[str, ...]
    milestones: tuple[MilestoneRule, ...]
    counted_from: str = "occurred_at"
    gap: str = "G76"
    acted_by: ActedBy | None = None
    tags: frozenset[str] = frozenset()
    raises: tuple[RaiseRule, ...] = ()
    met_stays: bool | Expression = False  # Not owed anew to the next organisation that holds it.
    babys_practice: bool = False  # GP_PRACTICE is that of the baby it is about, once it has one.
    both_places: bool = False  # Told also to who holds the post for a baby elsewhere.
    by_post: bool = False  # `each` finds people by the post they hold: the duty follows the post.


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """Something that must come, be so or hold, by then; otherwise a gap."""

    basis: Basis
    family: Family
    on: str
    when: Expression | None = None
    each: Expression | None = None
    subject: Expression | None = None
    awaits: Mapping[str, Expression | None] = field(default_factory=dict)
    until: Expression | None = None
    withdrawn_by: Mapping[str, Expression | None] = field(default_factory=dict)
    by: AnySpan | None = None  # None: at once.
    counted_from: str = "occurred_at"
    gap: str
    owner: str | None = None
    raises: tuple[RaiseRule, ...] = ()
    latest_only: bool = False  # A newer trigger replaces the running clock of an older one.
    itself: bool = False
    """The event itself is what was owed: when it happened too late, the gap opens and is over."""
    follows: bool = True
    """Whether it is owed by whoever holds a post around the family, and passes on with it."""
    once: bool = False
    """Not asked again of the same owner about the same thing while it is asked already."""
    every: Expression | None = None
    """In place of `by`: the deadline is `times` as many minutes after as the event states here."""
    times: int = 1
    days: Expression | None = None  # Reckoned days, to the end of the last; `by` is their limit.
    severity: Severity | None = None  # Where the gap is graver by this rule than by its code.

    @property
    def at_once(self) -> bool:
        """Whether the gap opens the moment its ground is known."""
        return self.by is None and self.every is None and self.days is None

    tags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawRule:
    """An event after which duties with certain tags no longer apply."""

    when: Expression | None
    tags: frozenset[str]
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MatterRule:
    """An event about no pregnancy: of which kind of matter it is, and how it names the one."""

    kind: str
    of: Expression
    families: str = ""  # The field with references of families that hear of the event too.


@dataclass(frozen=True, slots=True, kw_only=True)
class CountRule:
    """What a matter counts of an event that is decided elsewhere."""

    event: str
    """The inner event that is made of it; its own file says which matter it is about."""
    when: Expression | None
    fields: Mapping[str, Expression]
    spread: str = ""  # A field that holds a list: one inner event for each of its values.


class FactOf(StrEnum):
    """Whose fact an event reports: two reports of one fact are one duty (ruling 23)."""

    FAMILY = "family"
    """Whoever reports it, it is the same."""
    PLACE = "place"
    """Within the hour it is the same whoever reports it; after that another place is another."""
    AUTHOR = "author"
    """What its author says, or did, is the fact: two systems of hers may report it, nobody else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRule:
    """Everything the policy says about one event type."""

    type: str
    title: str
    opens_episode: bool
    subject: Expression | None = None
    sets: Mapping[str, Expression] = field(default_factory=dict)
    tells: tuple[TellRule, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    withdraws: tuple[WithdrawRule, ...] = ()
    fields: tuple["FieldRule", ...] = ()
    matter: MatterRule | None = None  # None: the event is about a pregnancy.
    counts: tuple[CountRule, ...] = ()
    groups: Mapping[str, str] = field(default_factory=dict)
    """The group of each of the event's fields, by its path without `event.`"""
    labels: tuple[LabelWhen, ...] = ()
    """Labels that the event carries by what it says, whatever its publisher put on it."""
    fact_of: FactOf = FactOf.FAMILY


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRule:
    """One field that a notice may carry, and the group that decides who may have it."""

    group: str
    path: tuple[str, ...]
    label: str
    family: str = ""
    """What it is called for readers in the family, where that is other words; `-` leaves it out."""
    says: Mapping[str, str] = field(default_factory=dict)
    """How the family reads its codes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRule:
    """A group of fields and how much of it each kind of recipient may have."""

    name: str
    label: str
    audience: Mapping[str, Show]
    hidden_online: bool = False
    """A practice must keep it out of what is read online, by her or over her shoulder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GapRule:
    """What a gap code means and what follows when it opens."""

    code: str
    name: str
    family: Family
    severity: Severity
    severity_flagged: Severity | None = None
    """Severity while the episode carries a risk flag or a plan."""
    ground: tuple[str, ...] = ()
    """Codes of the flags that the gap is about: they make it no graver, another does."""
    owner: str | None = None  # None: the role that the rule says.
    owner_at: str | None = None  # The owner's organisation where it is always the same one.
    owner_at_recipient: bool = False
    """The owner sits where the notice went, not where the role is usually held."""
    owner_reported: bool = False
    """The owner is whoever reported what the gap is about, in her role and place."""
    ladder: str
    ladder_flagged: str | None = None
    explanation: str
    next_action: str
    clears: bool = True  # False: no later event closes it; only a review by people does.
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Explanation by `GapReason`, where the code knows several ways of being so."""
    holder_of: str | None = None
    """The role whose being held is in question, where it is not the owner's."""
    unread: tuple[Span, ...] = ()
    """How long a notice may go unread, and after how long its inbox counts as dead."""


@dataclass(frozen=True, slots=True)
class RungTarget:
    """Whom a rung tells: a role, at the owner's organisation or at the reporting one."""

    role: str
    at: str


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of a ladder.  Waits are counted from the moment the gap opened."""

    after: Span
    to: tuple[RungTarget, ...]
    acknowledge_within: Span
    reminder: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRule:
    """A role: what it is called, what it may read, and when it works."""

    role: str
    label: str
    audience: str
    office: bool
    objection: str = ""
    accepted_by: frozenset[str] = frozenset()
    """Roles that may accept in its place."""
    reveals: str = ""  # The field group of what it says of a family that this role was told.


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The whole of the rules in force."""

    version: str
    events: Mapping[str, EventRule]
    gaps: Mapping[str, GapRule]
    ladders: Mapping[str, tuple[Rung, ...]]
    roles: Mapping[str, RoleRule]
    groups: Mapping[str, GroupRule]
    labels: Mapping[str, LabelRule] = field(default_factory=dict)
    family: frozenset[str] = frozenset()  # They get a version of their own, or nothing at all.
    publishers: Mapping[str, str] = field(default_factory=dict)  # Kind of organisation: audience.
    calendar: Calendar
    tells: Mapping[str, TellRule]
    requirements: Mapping[str, Requirement]
    settings: Settings = NO_SETTINGS

    def label(self, role: str) -> str:
        """A role in words; a role the policy does not name is shown as it is."""
        rule = self.roles.get(role)
        return rule.label if rule else role.replace("_", " ").lower()
