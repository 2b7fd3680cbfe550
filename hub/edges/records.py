"""The hub's own records on topics: what a decision, a notice and a quarantined input look like.

They are written and read by `hub.edges.avro` only, so that whatever is stored or published
passes through one place.
"""

from datetime import datetime
from typing import get_args

from msgspec import Struct

from hub.core.circumstances import Circumstances
from hub.core.episode import Baby, Milestone
from hub.core.faults import FaultReason
from hub.core.model import (
    CountedNote,
    Holder,
    InputKind,
    Level,
    NoticeReason,
    Person,
    Purpose,
    QuarantineNote,
    Receipt,
)
from hub.core.outcomes import ContentLine, Why, type_of_outcome
from hub.core.withholding import Withheld


class InputRecord(Struct, frozen=True, kw_only=True):
    """An input of the core as it travels: its event is a record of its own, with its own schema."""

    input_id: str
    kind: InputKind
    at: datetime
    episode_id: str
    event: bytes | None
    team: tuple[Holder, ...]
    receipt: Receipt | None
    quarantine: QuarantineNote | None
    counted: CountedNote | None = None
    area: str = ""
    other: str = ""


class DecisionRecord(Struct, frozen=True, kw_only=True):
    """All that follows from one input: one record of `hub.decisions`.

    `(episode_id, seq)` names it; the same pair with other content is a split brain.
    """

    episode_id: str
    seq: int
    input_id: str
    input_partition: int
    input_offset: int
    at: datetime
    policy_version: str
    outcomes: tuple[type_of_outcome, ...]


class NoticeRecord(Struct, frozen=True, kw_only=True):
    """A notice as it travels to one recipient."""

    notice_id: str
    episode_id: str
    seq: int
    obligation_id: str
    reason: NoticeReason
    role: str
    organisation: str
    person: str | None = None
    round: int
    purpose: Purpose
    title: str
    level_needed: Level
    due_at: datetime
    content: tuple[ContentLine, ...]
    in_reply_to: str | None = None
    rule: str
    policy: str
    because: str
    authority: str
    issued_at: datetime


class QuarantineRecord(Struct, frozen=True, kw_only=True):
    """An input that could not be decided, with its original bytes whole."""

    quarantine_id: str
    reason: FaultReason
    explanation: str
    """What is wrong, without any value that was sent."""
    field: str = ""
    remedy: str = ""
    door: str
    """mllp, https, kafka or worker."""
    source: str
    event_type: str | None = None
    family: str | None = None
    content_type: str
    original: bytes
    received_at: datetime
    owner: str
    episode_id: str | None = None


STRUCTS = {
    one.__name__: one
    for one in (
        *get_args(type_of_outcome),
        *(
            Baby,
            Circumstances,
            ContentLine,
            CountedNote,
            Holder,
            Milestone,
            Person,
            QuarantineNote,
            Receipt,
        ),
        *(Why, Withheld),
    )
} | {"Input": InputRecord, "Decision": DecisionRecord}
"""The Structs of the hub's own records, by the names that their schemas give them."""
