"""Matters: what is followed and is no pregnancy, such as a feed, a practice, a team or an area.

A matter is decided by the same `decide` as an episode, under a key of its own.  The key is a keyed
hash of what the matter is (its kind and its code), so that it names no person and no family.  What
many episodes or matters have in common reaches a matter as something counted: a small event that
holds codes only, made by a `[[count]]` rule from an event that was decided elsewhere.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from msgspec import Struct

from hub.core.draft import Context, Draft, pack_body, unpack_body
from hub.core.episode import Expectation, Gap, Obligation, Remembered
from hub.core.faults import FaultReason, SenderFault
from hub.core.ids import ID_BYTES, derive
from hub.core.lifecycle import ENDED
from hub.core.model import CountedNote, Event, GapState
from hub.core.outcomes import GapClosed, GapOpened
from hub.core.policy import CountRule, Policy, Requirement

PREFIX = "m-"
"""How the id of a matter begins; that of an episode begins with `ep-`."""

GAP_OPENED = "gap.opened"
"""The inner event by which the gaps of one pair of organisations are counted (G64)."""

ENDED_KEPT = 48
"""Duties and questions that a matter keeps after they ended, so that late evidence still finds
them: half of the events that are remembered.  A matter has no last day, and would otherwise grow
for ever."""

LOOK_AGAIN = timedelta(days=1)
"""How often a matter with an open gap is looked at though nothing comes: what is counted over a
span of days may become less with time alone."""


class Counted(Struct, frozen=True, kw_only=True):
    """Something for a matter to count: which matter, and what."""

    kind: str
    of: str
    organisation: str
    note: CountedNote


def is_matter(identity: str) -> bool:
    """Whether an id is that of a matter and not of an episode."""
    return identity.startswith(PREFIX)


def matter_id(kind: str, of: str, secret: bytes) -> str:
    """The id of a matter: a hash that cannot be turned back, keyed with the hub's secret."""
    known = f"{kind}:{of}".encode()
    return PREFIX + blake2b(known, key=secret, digest_size=ID_BYTES).hexdigest()


def matter_of(policy: Policy, event: Event, replacement: Event | None = None) -> tuple[str, str]:
    """Kind and code of the matter that an event is about; two empty texts for none.

    A correction goes where the event that it holds goes.  A retraction holds no event: it goes
    where its subject's reference says, which for a matter is the code of the matter itself.
    Raises SenderFault when the event does not say which one of its kind it is about.
    """
    told = replacement or event
    type_meant = str(told.body.get("target_type") or told.type)
    rule = policy.events.get(type_meant)
    if rule is None or rule.matter is None:
        return "", ""
    if type_meant == told.type:
        of = rule.matter.of(Context(None, told, told.body))
    else:
        of = told.subject.reference
    if not of:
        raise SenderFault(
            FaultReason.SCHEMA_VIOLATION,
            "the event does not say what it is about",
            field="subject.reference" if type_meant != told.type else "data",
            remedy=f"name the {rule.matter.kind} by its code",
        )
    return rule.matter.kind, str(of)


# --- counting ------------------------------------------------------------------------------


def count(draft: Draft, event: Event) -> None:
    """Pass on what the matters behind an event's `[[count]]` rules count of it."""
    rule = draft.policy.events.get(event.type)
    for row in rule.counts if rule is not None else ():
        context = Context(draft, event, event.body)
        if row.when is None or row.when(context):
            _count(draft, row, event, {name: field(context) for name, field in row.fields.items()})


def take_back(draft: Draft, target: Remembered) -> None:
    """Take back what was counted of an event that is retracted or corrected."""
    rule = draft.policy.events.get(target.type)
    for row in rule.counts if rule is not None else ():
        context = Context(draft, target, unpack_body(target))
        if row.when is None or row.when(context):
            fields = {name: field(context) for name, field in row.fields.items()}
            _count(draft, row, target, fields, taken_back=True)


def count_anew(draft: Draft, was: Remembered, corrected: Event) -> None:
    """Count an event as corrected; what is counted of it alike, before and after, stays."""
    before = len(draft.counted)
    take_back(draft, was)
    count(draft, corrected)
    fresh = draft.counted[before:]
    ids = [counted.note.event_id for counted in fresh]
    draft.counted[before:] = [c for c in fresh if ids.count(c.note.event_id) == 1]


def _count(
    draft: Draft,
    row: CountRule,
    event: Event | Remembered,
    fields: dict[str, Any],
    *,
    taken_back: bool = False,
) -> None:
    for each in _spread(row, fields):
        pass_on(
            draft,
            row.event,
            derive("c", event.id, row.event, *each.values()),
            each,
            event.occurred_at,
            event.organisation,
            taken_back=taken_back,
        )


def _spread(row: CountRule, fields: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """One set of fields, or one for each value of the field that is spread."""
    if not row.spread:
        yield fields
        return
    for value in fields.get(row.spread) or ():
        yield {**fields, row.spread: value}


def pass_on(
    draft: Draft,
    event_type: str,
    identity: str,
    fields: dict[str, Any],
    occurred_at: datetime,
    organisation: str,
    *,
    taken_back: bool = False,
) -> None:
    """Let a matter hear of one inner event that is about it."""
    rule = draft.policy.events[event_type]
    assert rule.matter is not None, "the loader checks that what is counted is about a matter"
    given = {name: value for name, value in fields.items() if value is not None}
    note = CountedNote(
        event_id=identity,
        event_type=event_type,
        source=organisation,
        occurred_at=occurred_at,
        fields=pack_body(given),
        taken_back=taken_back,
    )
    of = rule.matter.of(Context(None, None, given))
    if of:
        draft.counted.append(
            Counted(kind=rule.matter.kind, of=str(of), organisation=organisation, note=note)
        )


def close_books(draft: Draft) -> None:
    """At the end of a decision: a matter lets go of what is over, an episode's gaps are counted."""
    if is_matter(draft.episode_id):
        forget_ended(draft)
    else:
        count_gaps(draft)


def count_gaps(draft: Draft) -> None:
    """Let the pair of organisations behind each gap know of it (G64).

    The pair is the owner's organisation and the one that reported what the gap rests on.  A gap
    that ends withdrawn counts against nobody (ruling 26), so that it is taken back.
    """
    if GAP_OPENED not in draft.policy.events:
        return
    for outcome in draft.outcomes:
        if not isinstance(outcome, GapOpened | GapClosed):
            continue
        taken_back = isinstance(outcome, GapClosed)
        if isinstance(outcome, GapClosed) and outcome.state is not GapState.WITHDRAWN:
            continue
        gap = draft.gaps[outcome.gap_id]
        reported = draft.remembered(gap.evidence[0]) if gap.evidence else None
        if reported is None or not reported.organisation or not gap.organisation:
            continue
        fields = {
            "code": gap.code,
            "owner": gap.organisation,
            "reporter": reported.organisation,
            "pair": f"{gap.code}/{gap.organisation}/{reported.organisation}",
            "occasion": derive("r", reported.id),
        }
        identity = derive("c", gap.gap_id, GAP_OPENED)
        pass_on(
            draft,
            GAP_OPENED,
            identity,
            fields,
            gap.opened_at,
            gap.organisation,
            taken_back=taken_back,
        )


def asked_already(draft: Draft, rule: Requirement, role: str, about: str) -> bool:
    """Whether a question that is asked only once at a time is open to the same owner."""
    return any(
        e.met_at is None
        and not e.withdrawn
        and (e.rule, e.role, e.subject) == (rule.basis.rule, role, about)
        for e in draft.expectations.values()
    )


# --- a matter has no last day --------------------------------------------------------------


def next_look(draft: Draft) -> datetime | None:
    """When a matter is to be looked at again because a condition behind an open gap may pass."""
    looks = [
        expectation.due_at + LOOK_AGAIN * ((draft.at - expectation.due_at) // LOOK_AGAIN + 1)
        for expectation in draft.expectations.values()
        if expectation.due_at is not None
        and _stands(draft, expectation)
        and draft.policy.requirements[expectation.rule].until is not None
    ]
    return min(looks, default=None)


def _stands(draft: Draft, expectation: Expectation) -> bool:
    """Whether a question is open, and its gap too."""
    gap = draft.gaps.get(expectation.gap_id or "")
    open_still = expectation.met_at is None and not expectation.withdrawn
    return open_still and gap is not None and gap.state is GapState.OPEN


def forget_ended(draft: Draft) -> None:
    """Let go of what has long ended: of each gap its last cycle is kept, of duties the newest."""
    needed = {i for g in draft.gaps.values() if g.state is GapState.OPEN for i in g.duty_ids}
    _keep_newest(
        draft.obligations,
        [i for i, o in draft.obligations.items() if i not in needed and _done(draft, o)],
    )
    _keep_newest(
        draft.expectations,
        [
            i
            for i, e in draft.expectations.items()
            if i not in needed and (e.met_at is not None or e.withdrawn)
        ],
    )
    last: dict[tuple[str, str, str], Gap] = {}
    for gap in draft.gaps.values():
        known = last.get((gap.code, gap.subject, gap.role))
        if known is None or gap.cycle >= known.cycle:
            last[gap.code, gap.subject, gap.role] = gap
    kept = {gap.gap_id for gap in last.values()}
    draft.gaps = {i: g for i, g in draft.gaps.items() if i in kept or g.state is GapState.OPEN}


def _done(draft: Draft, obligation: Obligation) -> bool:
    met = all(m.met_at is not None for m in obligation.milestones)
    gap = draft.gaps.get(obligation.trigger)
    over = gap is not None and gap.state is not GapState.OPEN
    return met or over or obligation.state in ENDED


def _keep_newest(duties: dict[str, Any], ended: list[str]) -> None:
    for identity in ended[:-ENDED_KEPT]:
        del duties[identity]
