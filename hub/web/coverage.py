"""`GET /events/{id}/coverage`: the publisher's answer, and what of it a publisher may know.

That a role was told can say something of a family: that there is a social worker, a mental health
team.  A publisher sees the rows that its kind of organisation may know of (`reveals` in roles.toml,
`[publishers]` in fields.toml, domain section 8); of the others there is no trace.  What is kept
back at a place that is linked with whoever harms her (G40) never shows there.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

from hub.core.exposing import UNSAFE_DISCLOSURE
from hub.core.policy import Policy, Show
from hub.store.episode_lines import HandedBack
from hub.store.read_lines import CoverageLine
from hub.web import words


def coverage_address(event_id: str) -> str:
    """Where the answer for an event is found, relative to the hub."""
    return f"/events/{quote(event_id, safe='')}/coverage"


SEEN = frozenset({Show.FULL, Show.SHORT, Show.POINTER})

HARM = "domestic_abuse"
"""The group that says that somebody harms her."""


class LevelOwed(BaseModel):
    """A level, and by when it is owed."""

    level: str
    by: datetime


class LevelProved(BaseModel):
    """A level, and when it was first proved."""

    level: str
    at: datetime


class GapAbout(BaseModel):
    """An open gap about the duty to tell this role."""

    code: str
    name: str
    severity: str
    owner_role: str
    owner_organisation: str
    opened_at: datetime
    due_at: datetime
    explanation: str


class Ended(BaseModel):
    """The duty ended without having been met: how, why (a coded reason) and when."""

    how: str
    reason: str
    at: datetime | None


class CameBack(BaseModel):
    """The last time that the notice came back: how, with which code, and when."""

    how: str = Field(description="not_ours, refused, stale_recipient or bounced")
    reason: str | None = Field(description="the recipient's code, such as unsafe_content")
    at: datetime


class RecipientTold(BaseModel):
    """One role that must know of the event: how far it got, when, or why not."""

    role: str
    role_in_words: str
    organisation: str
    organisation_name: str
    notice_id: str | None = Field(description="names the notice in a receipt over `verbal`")
    state: str
    level: str = Field(description="owed, sent, delivered, opened, accepted or acted")
    level_needed: str
    told: bool = Field(description="whether the level that is needed was reached")
    late: bool
    in_words: str
    raised_at: datetime
    owed: list[LevelOwed]
    proved: list[LevelProved]
    due_at: datetime | None
    reached_at: datetime | None
    handed_back: CameBack | None
    ended: Ended | None
    why_not: str | None
    gaps: list[GapAbout]
    because: str
    authority: str


EXAMPLE: Any = {
    "event_id": "rxx-booking-0001",
    "at": "2026-03-26T09:00:00Z",
    "told": 0,
    "not_told": 1,
    "recipients": [
        {
            "role": "HV_TEAM",
            "role_in_words": "Health visiting team",
            "organisation": "RYX",
            "organisation_name": "Testwick Health Visiting",
            "notice_id": "n-3f0a91c2d4e5b6a79808",
            "state": "sent",
            "level": "sent",
            "level_needed": "accepted",
            "told": False,
            "late": False,
            "in_words": "Sent, nothing heard",
            "raised_at": "2026-03-24T10:30:01Z",
            "owed": [{"level": "accepted", "by": "2026-03-31T16:00:00Z"}],
            "proved": [{"level": "sent", "at": "2026-03-24T10:30:02Z"}],
            "due_at": "2026-03-31T16:00:00Z",
            "reached_at": "2026-03-24T10:30:02Z",
            "handed_back": None,
            "ended": None,
            "why_not": "sent, not yet accepted",
            "gaps": [],
            "because": "The health visitor plans the antenatal contact from the booking.",
            "authority": "NICE NG201",
        }
    ],
}


class Coverage(BaseModel):
    """Who has been told of one event, and who has not."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    event_id: str
    at: datetime = Field(description="when this answer was given")
    told: int
    not_told: int
    recipients: list[RecipientTold]


def may_know(
    policy: Policy, kind: str, ods: str, event_type: str, lines: Iterable[CoverageLine]
) -> tuple[CoverageLine, ...]:
    """The rows that a publisher of a kind may see of its own event; of the rest no trace."""
    found = tuple(lines)
    audience = policy.publishers.get(kind, "")
    event = policy.events.get(event_type)
    known = frozenset(event.groups.values()) if event is not None else frozenset()
    linked = {
        line.organisation
        for line in found
        if UNSAFE_DISCLOSURE in line.ever and line.rule in policy.tells
    }
    harm = ods not in linked and _sees(policy, audience, HARM)

    def shown(line: CoverageLine) -> bool:
        if UNSAFE_DISCLOSURE in line.ever and not harm:
            return False
        rule = policy.roles.get(line.role)
        group = rule.reveals if rule is not None else HARM
        own = line.organisation == ods
        return not group or own or group in known or _sees(policy, audience, group)

    return tuple(line for line in found if shown(line))


def _sees(policy: Policy, audience: str, group: str) -> bool:
    rule = policy.groups.get(group)
    return rule is not None and rule.audience.get(audience, Show.NOTHING) in SEEN


def coverage(
    event_id: str, at: datetime, lines: tuple[CoverageLine, ...], names: Mapping[str, str]
) -> Coverage:
    """The answer; `names` are those of organisations by their codes."""
    told = sum(line.met for line in lines)
    return Coverage(
        event_id=event_id,
        at=at,
        told=told,
        not_told=len(lines) - told,
        recipients=[_recipient(line, names) for line in lines],
    )


def _recipient(line: CoverageLine, names: Mapping[str, str]) -> RecipientTold:
    """One recipient, with the honest word beside the code."""
    how, reason = line.state.value, line.ended_reason
    return RecipientTold(
        role=line.role,
        role_in_words=words.in_words(line.role),
        organisation=line.organisation,
        organisation_name=names.get(line.organisation, line.organisation),
        notice_id=line.notice_id,
        state=how,
        level=line.level.name.lower(),
        level_needed=line.level_needed.name.lower(),
        told=line.met,
        late=line.late,
        in_words=words.level_tag(line.level, line.level_needed, line.state).word,
        raised_at=line.raised_at,
        owed=[LevelOwed(level=m.level.name.lower(), by=m.due_at) for m in line.milestones],
        proved=[LevelProved(level=level.name.lower(), at=at) for level, at in line.reached],
        due_at=line.due_at,
        reached_at=line.reached_at,
        handed_back=_came_back(line.handed_back),
        ended=None if reason is None else Ended(how=how, reason=reason, at=line.ended_at),
        why_not=line.why_not,
        gaps=[
            GapAbout(
                code=gap.code,
                name=gap.name,
                severity=gap.severity.name.lower(),
                owner_role=gap.role,
                owner_organisation=gap.organisation,
                opened_at=gap.opened_at,
                due_at=gap.due_at,
                explanation=gap.explanation,
            )
            for gap in line.gaps
        ],
        because=line.because,
        authority=line.authority,
    )


def _came_back(back: HandedBack | None) -> CameBack | None:
    if back is None:
        return None
    return CameBack(how=back.signal.value, reason=back.reason, at=back.at)
