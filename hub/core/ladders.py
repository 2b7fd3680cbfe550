"""Ladders: whom an open gap is told to next, and when.

Every rung is an obligation of its own.  Climbing never closes a gap; an escalation that nobody
acknowledges climbs early (G63).
"""

from datetime import datetime

from msgspec.structs import replace

from hub.core import gaps, tell
from hub.core.basis import rung_basis
from hub.core.deadlines import Unit, office_acceptance
from hub.core.draft import Draft
from hub.core.episode import Gap, Milestone, Obligation
from hub.core.ids import derive
from hub.core.milestones import keeps_office_hours
from hub.core.model import GapState, Level, NoticeReason, Purpose
from hub.core.outcomes import Escalated, ObligationRaised
from hub.core.policy import Rung

UNACKNOWLEDGED = "G63"


def next_rung(draft: Draft, gap: Gap) -> tuple[datetime, Rung] | None:
    """When the next rung of an open gap is due, and what it is."""
    rungs = draft.policy.ladders.get(gap.ladder, ())
    if gap.state is not GapState.OPEN or gap.rung >= len(rungs):
        return None
    rung = rungs[gap.rung]
    start = gap.raised_at or gap.opened_at
    due = draft.due(rung.after, start) if rung.after.amount else start
    return (due, rung) if due is not None else None


def climb(draft: Draft, gap: Gap, rung: Rung, at: datetime) -> None:
    """Take one rung: remind whoever owes the duty, or tell the roles that the rung names."""
    number = gap.rung
    draft.put_gap(replace(gap, rung=number + 1))
    reminded = rung.reminder and _remind(draft, gap, number, at)
    if reminded and not draft.policy.gaps[gap.code].owner_reported:
        return  # Who reported hears as well that what she wrote was not read (G18).
    for target in rung.to:
        role = gap.role if target.role == "owner" else target.role
        organisation = gap.organisation
        if target.at == "reporter":
            evidence = draft.remembered(gap.evidence[0]) if gap.evidence else None
            organisation = evidence.organisation if evidence else ""
            if organisation == gap.organisation:
                continue
        if not organisation:
            # Nobody could be told: the gap itself stays on the board, and its next rung comes.
            continue
        _tell_rung(draft, gap, rung, number, role, organisation, at)


def _remind(draft: Draft, gap: Gap, number: int, at: datetime) -> bool:
    """Send the owed notices again.  False when the gap has no notice to repeat."""
    reminded = False
    for identity in gap.duty_ids:
        obligation = draft.obligations.get(identity)
        if obligation is not None and tell.remind(draft, obligation):
            _say_escalated(
                draft, gap, number, obligation.role, obligation.organisation, identity, at
            )
            reminded = True
    return reminded


def _say_escalated(
    draft: Draft, gap: Gap, number: int, role: str, organisation: str, identity: str, at: datetime
) -> None:
    draft.say(
        Escalated(
            gap_id=gap.gap_id,
            code=gap.code,
            ladder=gap.ladder,
            rung=number,
            role=role,
            organisation=organisation,
            obligation_id=identity,
            at=at,
        )
    )


def _tell_rung(
    draft: Draft, gap: Gap, rung: Rung, number: int, role: str, organisation: str, at: datetime
) -> None:
    """Raise the obligation that a rung is."""
    due = _acknowledged_by(draft, rung, role, at)
    obligation = Obligation(
        obligation_id=derive(
            "o", draft.episode_id, gap.gap_id, gap.ladder, number, role, organisation
        ),
        rule=f"{gap.ladder}.{number}",
        trigger=gap.gap_id,
        role=role,
        organisation=organisation,
        subject=gap.subject,
        milestones=(Milestone(level=Level.ACCEPTED, due_at=due),),
        raised_at=at,
        gap_id=gap.gap_id,
    )
    if obligation.obligation_id in draft.obligations:
        return
    draft.put_obligation(obligation)
    _say_escalated(draft, gap, number, role, organisation, obligation.obligation_id, at)
    draft.say(
        ObligationRaised(
            obligation_id=obligation.obligation_id,
            role=role,
            organisation=organisation,
            subject=gap.subject,
            purpose=Purpose.SERVICE_MANAGEMENT,
            milestones=obligation.milestones,
            why=rung_basis(obligation.rule).why(gap.gap_id),
        )
    )
    tell.issue(draft, obligation, NoticeReason.ESCALATED)


def _acknowledged_by(draft: Draft, rung: Rung, role: str, at: datetime) -> datetime:
    """By when a rung is to be acknowledged.

    A wait of hours is one for whoever is on call; an office has until noon of its next working day
    (ground rule 1.2, service hours), and the rungs above are told meanwhile.
    """
    due = draft.due(rung.acknowledge_within, at)
    if due is None:
        raise AssertionError("a rung's wait is never counted on a pregnancy")
    if rung.acknowledge_within.unit is Unit.HOURS and keeps_office_hours(draft, role):
        return office_acceptance(due, at, draft.policy.calendar)
    return due


def unacknowledged(draft: Draft, obligation: Obligation, due_at: datetime) -> None:
    """A rung nobody acknowledged: say so, and climb early (G63)."""
    gap = draft.gaps[obligation.trigger]
    if gap.state is not GapState.OPEN:
        return
    number = int(obligation.rule.rpartition(".")[2])
    basis = rung_basis(obligation.rule)
    rungs = draft.policy.ladders.get(gap.ladder, ())
    above = rungs[number + 1].to[0].role if number + 1 < len(rungs) else obligation.role
    named = replace(
        obligation,
        role=gap.role if above == "owner" else above,
        subject="/".join(filter(None, (f"{gap.code}.{number}", gap.subject, gap.role))),
    )
    gaps.open_gap(draft, UNACKNOWLEDGED, basis, named, due_at, raised_at=obligation.raised_at)
    current = draft.gaps[obligation.trigger]
    if current.rung == number + 1 and current.rung < len(rungs):
        climb(draft, current, rungs[current.rung], due_at)
