"""The episode: what the hub remembers of one pregnancy, and every duty that it holds.

These values are stored as arrays, which makes a state four tenths smaller and quicker to open than
with the names of its fields.  So a new field goes last and has a default, and none is ever taken
away or moved: a test holds the order against the one that was released.
"""

from datetime import datetime

from msgspec import Struct

from hub.core.model import (
    GapState,
    Holder,
    Level,
    NoticeReason,
    ObligationState,
    Person,
    Receipt,
    Severity,
)


class Remembered(Struct, frozen=True, kw_only=True, array_like=True):
    """An event the episode has absorbed.  `body` is packed until a rule asks for it."""

    id: str
    type: str
    occurred_at: datetime
    received_at: datetime
    organisation: str
    actor_role: str | None = None
    subject: str = ""
    """Which baby, conference or document it concerns; empty for the mother and the pregnancy."""
    body: bytes = b""
    retracted: bool = False
    labels: tuple[str, ...] = ()
    """What restricts who may have how much of it: by its publisher, and by what it says."""
    followed: bool = False
    """Whether another episode of the same pregnancy decided what it asks for."""
    source: str = ""
    """The system that reported it; unknown in states of before it was kept."""


class Baby(Struct, frozen=True, kw_only=True):
    """A baby of this pregnancy."""

    baby_id: str
    born_at: datetime | None = None
    ended_at: datetime | None = None


class Milestone(Struct, frozen=True, kw_only=True):
    """A level that must be reached by a time.  An obligation has one or more."""

    level: Level
    due_at: datetime
    met_at: datetime | None = None
    missed: bool = False


class Told(Struct, frozen=True, kw_only=True, array_like=True):
    """One notice of an obligation: who it went to and how far it got."""

    notice_id: str
    round: int
    organisation: str
    person: str | None
    level: Level = Level.OWED
    reason: NoticeReason = NoticeReason.FIRST
    since: datetime | None = None
    """For safeguarding: since when it could be read (issued, delivered, opened)."""
    spoken: tuple[Receipt, ...] = ()
    """What only one side has recorded of words said aloud (`hub.core.spoken`)."""


class Obligation(Struct, frozen=True, kw_only=True, array_like=True):
    """The duty to make one role know one thing by a due time."""

    obligation_id: str
    rule: str
    trigger: str
    """Id of the event (or gap, for an escalation) that raised it."""
    role: str
    organisation: str
    person: str | None = None
    subject: str = ""
    state: ObligationState = ObligationState.OWED
    level: Level = Level.OWED
    milestones: tuple[Milestone, ...]
    raised_at: datetime
    round: int = 1
    told: tuple[Told, ...] = ()
    gap_id: str | None = None
    ended_by: str = ""
    """Id of the event that withdrew it, so that its retraction makes it owed again."""
    acted_by: str = ""
    """Id of the event that proved the action, so that its retraction takes the proof away."""
    unread: tuple[datetime, ...] = ()
    """When it will have gone unread too long, and then when its inbox counts as dead (G60)."""
    doubt: str = ""
    """Why its recipient is in doubt although there is one: a `GapReason`, or that a notice to it
    would expose her (`exposing.UNSAFE`)."""
    named: bool = False
    """Whether its event named its organisation, and the directory another or none for the role."""


class Expectation(Struct, frozen=True, kw_only=True, array_like=True):
    """Something that must follow, or become true, by a due time."""

    expectation_id: str
    rule: str
    trigger: str
    role: str
    """Who owes it; owner of the gap if it does not come."""
    organisation: str
    subject: str = ""
    started_at: datetime
    """From when the clock runs (clinical time)."""
    raised_at: datetime
    due_at: datetime | None
    """None while the clock has nothing to measure on (a gestation deadline without a due date)."""
    met_at: datetime | None = None
    met_by: str = ""
    """Id of the event that met or withdrew it, so that its retraction opens the question again."""
    withdrawn: bool = False
    gap_id: str | None = None


class Gap(Struct, frozen=True, kw_only=True, array_like=True):
    """Something the policy requires that is not so."""

    gap_id: str
    code: str
    rule: str
    severity: Severity
    subject: str
    role: str
    organisation: str
    """Owner: the role whose action clears it, and its organisation."""
    state: GapState = GapState.OPEN
    opened_at: datetime
    due_at: datetime
    closed_at: datetime | None = None
    cycle: int = 1
    late_informed: bool = False
    duty_ids: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    ladder: str
    rung: int = 0
    """How many rungs of the ladder have been climbed."""
    raised_at: datetime | None = None
    """When it moved to a graver ladder: the waits of that one count from here."""
    reason: str = ""
    """Why it is so, where its code knows more than one way; a `GapReason`."""


class Episode(Struct, frozen=True, kw_only=True, array_like=True):
    """One pregnancy and the babies it produces: the unit of state, of order and of partitioning."""

    episode_id: str
    seq: int = 0
    at: datetime | None = None
    """The hub's time of the last input; it never runs backwards."""
    mother: Person | None = None
    provider: str | None = None
    practice: str | None = None
    edd: str | None = None
    booked: bool = False
    ended_at: datetime | None = None
    outcome: str | None = None
    babies: tuple[Baby, ...] = ()
    plans: tuple[str, ...] = ()
    """Child-protection and similar statuses now in force, by code."""
    team: tuple[Holder, ...] = ()
    history: tuple[Remembered, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    gaps: tuple[Gap, ...] = ()
    next_wake: datetime | None = None
    reckoned_by: str = ""
    """The reckoning and the policy of the last decision; any other looks at everything again."""
    objections: tuple[str, ...] = ()
    """Scopes in which she objects to routine sharing, as the roles of the policy name them."""
    area: str = ""
    """The area whose settings hold, by the code of the local authority; it came with an input."""
    left: tuple[Holder, ...] = ()
    """Teams that the family has left, with the time: whom they had named holds nothing more."""
    mother_died_at: datetime | None = None
    """When the mother died: what is for her alone is asked no more."""
    elsewhere: tuple[Holder, ...] = ()
    """Who holds a role for a baby and is another than for her, as the directory knew it."""
    former: tuple[Holder, ...] = ()
    """Whoever held a post by name and has left it, as the directory dates it: what they say counts
    for nothing."""
