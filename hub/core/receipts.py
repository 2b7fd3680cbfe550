"""Evidence about notices: levels reached, things handed back, and turning a duty elsewhere.

A level counts only from the organisation that the duty is aimed at now (ruling 21), and
safeguarding is accepted only by a named person (domain 1.1).  Everything else is noted.
"""

from datetime import datetime

from msgspec.structs import replace

from hub.core import tell
from hub.core.draft import Draft
from hub.core.facts import Recipient
from hub.core.faults import FaultReason, SenderFault
from hub.core.gaps import UNREACHABLE, open_gap
from hub.core.lifecycle import ENDED, EVIDENCE_LEVEL, RETURNED, step
from hub.core.model import (
    Level,
    LevelReached,
    NoticeReason,
    Obligation,
    ObligationMet,
    Purpose,
    Receipt,
    Signal,
    Told,
)
from hub.core.policy import Basis, rung_basis

PRACTICE_ROLES = ("GP_PRACTICE", "GP_SG_LEAD", "GP_PRACTICE_BABY")
"""Roles that follow the registered practice."""

LOSS_ROUTINE = "G49"


def apply(draft: Draft, receipt: Receipt) -> None:
    """Take a receipt in.  Raises SenderFault for a notice this episode never issued."""
    found = next(
        (
            (o, t)
            for o in draft.obligations.values()
            for t in o.told
            if t.notice_id == receipt.notice_id
        ),
        None,
    )
    if found is None:
        raise SenderFault(
            FaultReason.UNKNOWN_NOTICE,
            "the notice named in this receipt was never issued for this episode",
            field="notice_id",
            remedy="send back the notice_id exactly as it was received",
        )
    obligation, told = found
    if receipt.signal in EVIDENCE_LEVEL:
        _evidence(draft, obligation, told, receipt)
    else:
        _handed_back(draft, obligation, told, receipt)


def basis_of(draft: Draft, obligation: Obligation) -> Basis:
    """The rule behind an obligation."""
    rule = draft.policy.tells.get(obligation.rule)
    return rule.basis if rule else rung_basis(obligation.rule)


def _proven(draft: Draft, obligation: Obligation, receipt: Receipt) -> tuple[Signal, str | None]:
    """What a receipt really proves: safeguarding accepted by nobody by name was only opened."""
    rule = draft.policy.tells.get(obligation.rule)
    safeguarding = rule is not None and rule.purpose is Purpose.SAFEGUARDING
    if receipt.signal is Signal.ACCEPTED and safeguarding and not receipt.person:
        return Signal.OPENED, "no_named_person"
    return receipt.signal, receipt.detail


def _evidence(draft: Draft, obligation: Obligation, told: Told, receipt: Receipt) -> None:
    """Note a level; let it count when the witness is the one the duty is aimed at."""
    signal, detail = _proven(draft, obligation, receipt)
    level = EVIDENCE_LEVEL[signal]
    if level <= told.level:
        return
    rows = tuple(replace(t, level=level) if t is told else t for t in obligation.told)
    counts = (
        receipt.organisation == told.organisation == obligation.organisation
        and obligation.state not in ENDED
        and not (obligation.state in RETURNED and told.round == obligation.round)
    )
    updated = replace(obligation, told=rows)
    if counts:
        updated = replace(
            updated,
            state=step(obligation.state, signal),
            level=max(level, obligation.level),
        )
    draft.put_obligation(updated)
    _say_level(draft, updated, told, receipt, signal, level, counts=counts, detail=detail)
    if counts:
        reach(draft, updated, receipt.at)
    elif signal in (Signal.SENT, Signal.DELIVERED):
        _sent_after_loss(draft, updated, receipt)


def _say_level(
    draft: Draft,
    obligation: Obligation,
    told: Told,
    receipt: Receipt,
    signal: Signal,
    level: Level,
    *,
    counts: bool,
    detail: str | None,
) -> None:
    draft.say(
        LevelReached(
            obligation_id=obligation.obligation_id,
            notice_id=told.notice_id,
            signal=signal,
            level=level,
            state=obligation.state,
            counts=counts,
            organisation=receipt.organisation,
            person=receipt.person,
            channel=receipt.channel,
            reached_at=receipt.at,
            detail=detail,
        )
    )


def reach(draft: Draft, obligation: Obligation, at: datetime) -> None:
    """Mark every milestone that the present level meets."""
    before = all(m.met_at for m in obligation.milestones)
    milestones = tuple(
        replace(m, met_at=at) if m.met_at is None and obligation.level >= m.level else m
        for m in obligation.milestones
    )
    updated = replace(obligation, milestones=milestones)
    draft.put_obligation(updated)
    if not before and all(m.met_at for m in milestones):
        late = any(m.met_at is not None and m.met_at > m.due_at for m in milestones)
        draft.say(
            ObligationMet(
                obligation_id=obligation.obligation_id,
                level=obligation.level,
                met_at=at,
                late=late,
            )
        )


def act(draft: Draft, obligation: Obligation, at: datetime, event_id: str) -> None:
    """A follow-on event proves the action that a notice asked for (level 5)."""
    updated = replace(
        obligation, state=step(obligation.state, Signal.ACTED), level=Level.ACTED
    )
    draft.put_obligation(updated)
    draft.say(
        LevelReached(
            obligation_id=obligation.obligation_id,
            notice_id=obligation.told[-1].notice_id if obligation.told else "",
            signal=Signal.ACTED,
            level=Level.ACTED,
            state=updated.state,
            counts=True,
            organisation=obligation.organisation,
            channel="event",
            reached_at=at,
            detail=event_id,
        )
    )
    reach(draft, updated, at)


def _sent_after_loss(draft: Draft, obligation: Obligation, receipt: Receipt) -> None:
    """A routine notice that went out after the loss is a gap that no event clears (G49)."""
    rule = draft.policy.tells.get(obligation.rule)
    if rule is None or "routine" not in rule.tags or draft.ended_at is None:
        return
    if obligation.state in ENDED and receipt.at > draft.ended_at:
        open_gap(
            draft, LOSS_ROUTINE, rule.basis, obligation, receipt.at, raised_at=draft.at
        )


def _handed_back(draft: Draft, obligation: Obligation, told: Told, receipt: Receipt) -> None:
    """Bounced, not ours, refused or stale: say so, open G60, and look for the right holder."""
    if told is not obligation.told[-1] or obligation.state in ENDED | RETURNED:
        return
    state = step(obligation.state, receipt.signal)
    updated = replace(obligation, state=state)
    draft.put_obligation(updated)
    _say_level(
        draft, updated, told, receipt, receipt.signal, told.level, counts=False, detail=receipt.detail
    )
    if state not in RETURNED and receipt.signal is not Signal.STALE_RECIPIENT:
        return
    if receipt.signal is not Signal.STALE_RECIPIENT:
        basis = basis_of(draft, updated)
        open_gap(draft, UNREACHABLE, basis, updated, receipt.at, raised_at=draft.at)
    holder = draft.holder(obligation.role)
    if holder is not None and holder.organisation != obligation.organisation:
        tell.re_aim(
            draft, updated, holder.organisation, holder.person, NoticeReason.REROUTED
        )


def aim_at_present_holders(draft: Draft, not_before: datetime | None) -> None:
    """Turn every duty whose role is now held elsewhere towards its present holder."""
    for obligation in list(draft.obligations.values()):
        rule = draft.policy.tells.get(obligation.rule)
        if rule is None or obligation.state in ENDED:
            continue
        holder = draft.holder(obligation.role)
        named = rule.each is not None and obligation.role not in PRACTICE_ROLES
        if holder is None or named and obligation.organisation:
            continue
        if "left" in obligation.subject or holder.organisation == obligation.organisation:
            continue
        if rule.basis.rule.endswith(".left"):
            continue
        if not all(m.met_at for m in obligation.milestones):
            tell.re_aim(
                draft,
                obligation,
                holder.organisation,
                holder.person,
                NoticeReason.REROUTED if obligation.told else NoticeReason.FIRST,
                not_before=not_before,
            )
        elif rule.carry_over and not_before is not None:
            recipient = Recipient(
                obligation.role, holder.organisation, holder.person, part=holder.organisation
            )
            tell.raise_one(
                draft, rule, recipient, obligation.trigger, obligation.subject, draft.at
            )
