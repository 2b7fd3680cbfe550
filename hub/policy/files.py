"""The form of the policy files: what each table may hold, and nothing else.

A word that is not listed here is refused with the path at which it stands.
"""

from msgspec import Struct


class _Strict(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table in which an unknown word is an error."""


class Sourced(_Strict, frozen=True, kw_only=True):
    """What every rule says of itself."""

    rule: str
    policy: str
    because: str
    authority: str
    also_on: tuple[str, ...] = ()
    when: str = ""
    each: str = ""
    subject: str | None = None
    counted_from: str = "occurred_at"
    gap: str = "G76"
    ladder: str = ""
    tags: tuple[str, ...] = ()


class LevelTable(_Strict, frozen=True, kw_only=True):
    """A level and the span within which it must be reached."""

    level: str
    within: str
    or_by: str = ""


class RaiseTable(_Strict, frozen=True, kw_only=True):
    """A later time at which an open gap becomes graver."""

    at: str
    severity: int


class TellTable(Sourced, frozen=True, kw_only=True):
    """A rule of the first family: who must know what, to which level, by when."""

    to: tuple[str, ...] = ()
    purpose: str
    title: str = ""
    content: tuple[str, ...]
    levels: tuple[LevelTable, ...]
    acted_by: dict[str, str] = {}
    met_stays: str = ""
    met_stays_when: str = ""
    babys_practice: bool = False
    both_places: bool = False
    raises: tuple[RaiseTable, ...] = ()


class RequirementTable(Sourced, frozen=True, kw_only=True):
    """A rule of one of the other four families."""

    owner: str = ""
    by: str = ""
    awaits: dict[str, str] = {}
    until: str = ""
    withdrawn_by: dict[str, str] = {}
    raises: tuple[RaiseTable, ...] = ()
    latest_only: bool = False
    itself: bool = False
    once: bool = False
    every: str = ""
    times: int = 1
    days: str = ""
    severity: int | None = None


class MatterTable(_Strict, frozen=True, kw_only=True):
    """What an event is about that is no pregnancy."""

    kind: str
    of: str
    families: str = ""


class CountTable(_Strict, frozen=True, kw_only=True):
    """What a matter counts of an event that is decided elsewhere."""

    event: str
    because: str
    when: str = ""
    fields: dict[str, str]
    spread: str = ""


class WithdrawTable(_Strict, frozen=True, kw_only=True):
    """What an event makes pointless."""

    when: str = ""
    tags: tuple[str, ...]
    because: str


class FieldTable(_Strict, frozen=True, kw_only=True):
    """One field that a notice may carry."""

    group: str
    path: str
    label: str
    family: str = ""
    says: dict[str, str] = {}


class LabelledTable(_Strict, frozen=True, kw_only=True):
    """A label that an event carries by what it says."""

    label: str
    when: str


class EventFile(_Strict, frozen=True, kw_only=True):
    """One event type: `hub/policy/events/<type>.toml`."""

    event: str
    code: str
    title: str
    summary: str
    opens_episode: bool = True
    fact_of: str = "family"
    """Whose fact it reports (`hub.core.policy.FactOf`): the family's, a place's, its author's."""
    subject: str = ""
    inner_fields: dict[str, str] = {}
    sets: dict[str, str] = {}
    groups: dict[str, tuple[str, ...]] = {}
    """Fields that no notice shows, by the group they belong to."""
    labelled: tuple[LabelledTable, ...] = ()
    field: tuple[FieldTable, ...] = ()
    tell: tuple[TellTable, ...] = ()
    expect: tuple[RequirementTable, ...] = ()
    content: tuple[RequirementTable, ...] = ()
    relationship: tuple[RequirementTable, ...] = ()
    pattern: tuple[RequirementTable, ...] = ()
    withdraw: tuple[WithdrawTable, ...] = ()
    matter: MatterTable | None = None
    count: tuple[CountTable, ...] = ()


class GapTable(_Strict, frozen=True, kw_only=True):
    """One gap code."""

    code: str
    name: str
    family: str
    severity: int
    severity_flagged: int | None = None
    ground: tuple[str, ...] = ()
    owner: str = ""
    owner_at: str = ""
    owner_at_recipient: bool = False
    owner_reported: bool = False
    ladder: str = ""
    ladder_flagged: str = ""
    explanation: str
    next_action: str
    clears_when: str
    clears: bool = True
    reasons: dict[str, str] = {}
    """Explanation by reason, where a code knows several ways of being so."""
    holder_of: str = ""
    unread: tuple[str, ...] = ()
    """Spans after which a notice has gone unread too long, and then its inbox counts as dead."""


class GapsFile(_Strict, frozen=True, kw_only=True):
    """`hub/policy/gaps.toml`."""

    gap: tuple[GapTable, ...]


class RungTable(_Strict, frozen=True, kw_only=True):
    """One rung of a ladder."""

    after: str
    to: tuple[str, ...]
    """`ROLE` at the owner's organisation, `ROLE@reporter` at the reporting one, or `owner`."""
    acknowledge_within: str
    reminder: bool = False


class LadderTable(_Strict, frozen=True, kw_only=True):
    """One ladder."""

    ladder: str
    purpose: str
    rung: tuple[RungTable, ...]


class LaddersFile(_Strict, frozen=True, kw_only=True):
    """`hub/policy/ladders.toml`."""

    ladder: tuple[LadderTable, ...]


class RoleTable(_Strict, frozen=True, kw_only=True):
    """One role."""

    role: str
    label: str
    audience: str
    hours: str
    objection: str = ""
    accepted_by: tuple[str, ...] = ()
    reveals: str = ""


class RolesFile(_Strict, frozen=True, kw_only=True):
    """`hub/policy/roles.toml`."""

    role: tuple[RoleTable, ...]


class GroupTable(_Strict, frozen=True, kw_only=True):
    """One group of fields and who may have how much of it."""

    group: str
    label: str
    audience: dict[str, str]
    hidden_online: bool = False


class LabelTable(_Strict, frozen=True, kw_only=True):
    """A label, the group that decides who may have what carries it, and what it lowers."""

    label: str
    group: str
    covers: tuple[str, ...]
    exposes: bool = False


class GroupsFile(_Strict, frozen=True, kw_only=True):
    """`hub/policy/fields.toml`."""

    audiences: tuple[str, ...]
    family: tuple[str, ...] = ()
    publishers: dict[str, str] = {}
    envelope: dict[str, tuple[str, ...]] = {}
    group: tuple[GroupTable, ...]
    label: tuple[LabelTable, ...] = ()
    field: tuple[FieldTable, ...] = ()
    """Fields of the mother and the episode that every notice may draw on."""


class CalendarFile(_Strict, frozen=True, kw_only=True):
    """`hub/policy/calendar.toml`: bank holidays as ISO dates."""

    source: str
    holidays: tuple[str, ...]


type_of_written = int | str | tuple[str, ...]
"""What may be written for a setting: a number, a span or gestation, or a list of roles."""


class SettingTable(_Strict, frozen=True, kw_only=True):
    """A number or a time that each area decides for itself."""

    name: str
    label: str
    """What it is, in the words with which an explanation says it."""
    kind: str
    default: type_of_written
    meaning: str
    authority: str


class AreaTable(_Strict, frozen=True, kw_only=True):
    """What one area, or several alike, have decided; all else is as usual."""

    codes: tuple[str, ...]
    name: str
    authority: str
    settings: dict[str, type_of_written]


class AreasFile(_Strict, frozen=True, kw_only=True):
    """`hub/policy/areas.toml`."""

    setting: tuple[SettingTable, ...]
    area: tuple[AreaTable, ...] = ()
