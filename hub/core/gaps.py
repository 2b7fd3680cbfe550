"""Gaps: opening, raising, closing.

A gap is known by its code, what it concerns, whose duty it is, and its cycle (ruling 25).  It
opens once for one absence.  Only the clearing condition closes it; escalation never does.
"""

from dataclasses import replace as dataclass_replace
from datetime import datetime, timedelta

from msgspec.structs import replace

from hub.core import reaching, reports, tell
from hub.core.basis import Basis
from hub.core.compose import explain
from hub.core.draft import Draft
from hub.core.episode import Expectation, Gap, Obligation
from hub.core.facts import is_flagged
from hub.core.ids import derive
from hub.core.lifecycle import ENDED
from hub.core.model import GapState, Level, Purpose, Severity, Signal
from hub.core.outcomes import GapClosed, GapOpened, GapRaised
from hub.core.policy import GapRule

LATE_BY = timedelta(minutes=1)
"""A duty known this much after it was due is late-informed: the hub could not have been in time."""

UNREACHABLE = reaching.UNREACHABLE
OVERDUE = "G76"

BY_PURPOSE = {
    Purpose.SERVICE_MANAGEMENT: (Severity.INFORMATION, "EL-R"),
    Purpose.DIRECT_CARE: (Severity.ATTENTION, "EL-A"),
    Purpose.STATUTORY: (Severity.ATTENTION, "EL-A"),
    Purpose.SAFEGUARDING: (Severity.SAFEGUARDING, "EL-S"),
}
"""How grave it is that a notice is overdue where no code says so more exactly (domain G76)."""

BY_GRAVITY = ("EL-R", "EL-A", "EL-S", "EL-I")
"""The ladders of care, the gravest last; those of inboxes, feeds and scores stand beside them."""


def _owner(draft: Draft, rule: GapRule, duty: Obligation | Expectation) -> str:
    """Whose a gap is: the code's owner, whoever reported, or whoever owes what is missing."""
    if rule.owner_reported:
        trigger = draft.remembered(duty.trigger)
        if trigger is not None and trigger.actor_role in draft.policy.roles:
            return str(trigger.actor_role)
    return rule.owner or duty.role


def _owner_organisation(
    draft: Draft, rule: GapRule, owner: str, duty: Obligation | Expectation
) -> str:
    """Where the owner of a gap sits: the duty's own place, the role's holder, or the reporter."""
    if rule.owner_at:
        return rule.owner_at
    if rule.owner_reported and (trigger := draft.remembered(duty.trigger)) is not None:
        return trigger.organisation
    if duty.organisation and (owner == duty.role or rule.owner_at_recipient):
        return duty.organisation
    holder = draft.holder(owner, duty.subject)
    if holder is not None:
        return holder.organisation
    trigger = draft.remembered(duty.trigger)
    return (trigger.organisation if trigger else "") or draft.provider or duty.organisation


def open_gap(
    draft: Draft,
    code: str,
    basis: Basis,
    duty: Obligation | Expectation,
    due_at: datetime,
    *,
    raised_at: datetime,
    purpose: Purpose | None = None,
    reason: str = "",
) -> Gap:
    """Open a gap for a duty, or add the duty to the gap that is already open for the same thing."""
    rule = _rule_for(draft, code, purpose)
    owner = _owner(draft, rule, duty)
    subject = _subject_of(duty, owner)
    alike = [
        g for g in draft.gaps.values() if (g.code, g.subject, g.role) == (code, subject, owner)
    ]
    for gap in alike:
        if gap.state is GapState.OPEN:
            return _join(draft, gap, duty, rule, basis.ladder or rule.ladder)
    cycle = max((g.cycle for g in alike), default=0) + 1
    gap = Gap(
        gap_id=derive("g", draft.episode_id, code, subject, owner, cycle),
        code=code,
        rule=basis.rule,
        severity=rule.severity,
        subject=subject,
        role=owner,
        organisation=_owner_organisation(draft, rule, owner, duty),
        opened_at=max(due_at, raised_at),
        due_at=due_at,
        cycle=cycle,
        late_informed=raised_at > due_at + LATE_BY,
        duty_ids=(duty_id(duty),),
        evidence=(duty.trigger, *reports.too(draft, duty.trigger)),
        ladder=basis.ladder or rule.ladder,
        reason=reason or _reason(draft, rule, duty),
    )
    draft.put_gap(gap)
    _say_opened(draft, gap, rule, basis)
    return gap


def _join(
    draft: Draft, gap: Gap, duty: Obligation | Expectation, rule: GapRule, ladder: str
) -> Gap:
    """Add a duty to an open gap: one in safeguarding is no lighter for a routine one beside it."""
    joined = replace(gap, duty_ids=tuple(dict.fromkeys((*gap.duty_ids, duty_id(duty)))))
    draft.put_gap(joined)
    return raise_severity(draft, joined, rule.severity, "duty", ladder=ladder)


def _subject_of(duty: Obligation | Expectation, owner: str) -> str:
    """What a gap is about: the duty's own subject, and whose duty it is where another owns it."""
    if owner != duty.role and duty.role not in duty.subject.split("/"):
        return f"{duty.subject}/{duty.role}".lstrip("/")
    return duty.subject


def _reason(draft: Draft, rule: GapRule, duty: Obligation | Expectation) -> str:
    """Why it is so, where a code knows more ways than one (G17, G60)."""
    if not rule.reasons:
        return ""
    if isinstance(duty, Obligation):
        return reaching.reason_unreached(draft, duty)
    return reaching.reason_unheld(draft, rule.holder_of or duty.role)


def _rule_for(draft: Draft, code: str, purpose: Purpose | None) -> GapRule:
    """The rule of a code as it holds now: by the purpose of an overdue notice, by risk flags."""
    rule = draft.policy.gaps[code]
    if code == OVERDUE and purpose is not None:
        severity, ladder = BY_PURPOSE[purpose]
        return dataclass_replace(rule, severity=severity, ladder=ladder)
    if is_flagged(draft, rule.ground):
        return dataclass_replace(
            rule,
            severity=rule.severity_flagged or rule.severity,
            ladder=rule.ladder_flagged or rule.ladder,
        )
    return rule


def _say_opened(draft: Draft, gap: Gap, rule: GapRule, basis: Basis) -> None:
    draft.say(
        GapOpened(
            gap_id=gap.gap_id,
            code=gap.code,
            name=rule.name,
            severity=gap.severity,
            role=gap.role,
            organisation=gap.organisation,
            subject=gap.subject,
            opened_at=gap.opened_at,
            due_at=gap.due_at,
            late_informed=gap.late_informed,
            late_detected=draft.at > gap.opened_at + LATE_BY,
            explanation=explain(draft.policy, gap),
            next_action=rule.next_action,
            ladder=gap.ladder,
            reason=gap.reason,
            duty_ids=gap.duty_ids,
            why=basis.why(*gap.evidence, area=draft.area),
        )
    )


def duty_id(duty: Obligation | Expectation) -> str:
    """The id of an obligation or an expectation."""
    return duty.obligation_id if isinstance(duty, Obligation) else duty.expectation_id


def raise_severity(
    draft: Draft, gap: Gap, severity: Severity, reason: str, *, ladder: str | None = None
) -> Gap:
    """Make an open gap graver in place; a gap is never made lighter (ruling 28).

    Of two duties that are as grave, one may climb faster: then only the ladder changes.  On a new
    ladder a gap starts at the bottom, with waits that count from now, so that nobody whom that
    ladder names is passed over and nobody is late on it from the start.
    """
    faster = ladder is not None and _climbs_faster(ladder, gap.ladder)
    if severity < gap.severity or (severity == gap.severity and not faster):
        return gap
    ladder = ladder or draft.policy.gaps[gap.code].ladder_flagged or gap.ladder
    graver = replace(gap, severity=severity)
    if ladder != gap.ladder and not _climbs_faster(gap.ladder, ladder):
        graver = replace(graver, ladder=ladder, rung=0, raised_at=max(draft.moment, gap.opened_at))
    draft.put_gap(graver)
    if severity > gap.severity:
        raised = GapRaised(
            gap_id=gap.gap_id, code=gap.code, severity=severity, at=draft.moment, reason=reason
        )
        draft.say(raised)
    return graver


def pass_on(draft: Draft, gap: Gap, duty: Expectation) -> None:
    """Give an open gap to whoever owns it now that its duty is another organisation's (ruling 6).

    What was missed stays missed; its ladder begins anew, so that nobody there is passed over.
    """
    rule = draft.policy.gaps[gap.code]
    organisation = _owner_organisation(draft, rule, gap.role, duty)
    if organisation == gap.organisation:
        return
    draft.put_gap(replace(gap, organisation=organisation, rung=0, raised_at=draft.moment))
    draft.say(
        GapRaised(
            gap_id=gap.gap_id,
            code=gap.code,
            severity=gap.severity,
            at=draft.moment,
            reason="moved",
            organisation=organisation,
        )
    )


def _climbs_faster(ladder: str, other: str) -> bool:
    """Whether a ladder is that of a graver matter than another, where both are ladders of care."""
    if ladder not in BY_GRAVITY or other not in BY_GRAVITY:
        return False
    return BY_GRAVITY.index(ladder) > BY_GRAVITY.index(other)


def raise_flagged(draft: Draft) -> None:
    """Raise every open gap that has a second severity once the episode carries a risk flag."""
    for gap in list(draft.gaps.values()):
        rule = draft.policy.gaps[gap.code]
        graver = gap.state is GapState.OPEN and rule.severity_flagged
        if graver and graver > gap.severity and is_flagged(draft, rule.ground):
            raise_severity(draft, gap, graver, "risk_flag")


# --- closing -------------------------------------------------------------------------------


def close(draft: Draft, gap: Gap, state: GapState, at: datetime, reason: str) -> None:
    """Close a gap and withdraw the escalations nobody has acknowledged."""
    draft.put_gap(replace(gap, state=state, closed_at=at))
    draft.say(
        GapClosed(
            gap_id=gap.gap_id,
            code=gap.code,
            role=gap.role,
            state=state,
            closed_at=at,
            evidence=gap.evidence,
            reason=reason,
        )
    )
    for obligation in list(draft.obligations.values()):
        if obligation.trigger == gap.gap_id and obligation.state not in ENDED:
            if obligation.level < Level.ACCEPTED:
                tell.end(draft, obligation, Signal.WITHDRAW, "gap_closed")
            _close_unacknowledged(draft, obligation)


def leave(draft: Draft, gap: Gap, identity: str, reason: str) -> None:
    """Take one duty from behind a gap; the gap is withdrawn when no other stands behind it."""
    others = tuple(i for i in gap.duty_ids if i != identity)
    if others:
        draft.put_gap(replace(gap, duty_ids=others))
    else:
        close(draft, gap, GapState.WITHDRAWN, draft.at, reason)


def _close_unacknowledged(draft: Draft, rung: Obligation) -> None:
    """An unacknowledged rung of a closed gap asks nothing more of anybody."""
    for gap in list(draft.gaps.values()):
        if gap.state is GapState.OPEN and rung.obligation_id in gap.duty_ids:
            close(draft, gap, GapState.WITHDRAWN, draft.at, "gap_closed")
