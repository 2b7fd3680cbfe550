"""Evidence about notices: levels reached, things handed back, and turning a duty elsewhere.

A level counts only from the organisation that the duty is aimed at now (ruling 21), and
safeguarding is accepted only by a named person (domain 1.1).  Everything else is noted.
"""

from datetime import datetime

from msgspec.structs import replace

from hub.core import acceptance, addressing, ladders, reaching, spoken, tell
from hub.core.basis import Basis, rung_basis
from hub.core.draft import Draft
from hub.core.episode import Obligation, Told
from hub.core.faults import FaultReason, SenderFault
from hub.core.gaps import UNREACHABLE, open_gap
from hub.core.lifecycle import ENDED, EVIDENCE_LEVEL, RETURNED, step
from hub.core.milestones import unproven
from hub.core.model import GapState, Level, NoticeReason, ObligationState, Receipt, Signal
from hub.core.outcomes import LevelReached, ObligationMet
from hub.core.stopping import ROUTINE

LOSS_ROUTINE = "G49"

HANDED_BACK = (Signal.BOUNCED, Signal.NOT_OURS, Signal.REFUSED, Signal.STALE_RECIPIENT)
"""What a receipt may say besides evidence of a level."""


def apply(draft: Draft, receipt: Receipt) -> None:
    """Take a receipt in.  Raises SenderFault for a notice this episode never issued."""
    found = told_of(draft, receipt.notice_id)
    if found is None:
        raise SenderFault(
            FaultReason.UNKNOWN_NOTICE,
            "the notice named in this receipt was never issued for this episode",
            field="notice_id",
            remedy="send back the notice_id exactly as it was received",
        )
    obligation, told = found
    if receipt.signal in EVIDENCE_LEVEL and receipt.channel == acceptance.VERBAL:
        _said_aloud(draft, obligation, told, receipt)
    elif receipt.signal in EVIDENCE_LEVEL:
        _evidence(draft, obligation, told, receipt)
    elif receipt.signal in HANDED_BACK:
        _handed_back(draft, obligation, told, receipt)
    else:
        raise SenderFault(
            FaultReason.SCHEMA_VIOLATION,
            "a receipt tells what became of a notice; it cannot order what becomes of the duty",
            field="signal",
            remedy="send one of " + ", ".join(s.value for s in (*EVIDENCE_LEVEL, *HANDED_BACK)),
        )


def told_of(draft: Draft, notice_id: str) -> tuple[Obligation, Told] | None:
    """The notice of an id, and the obligation that it was issued for."""
    for obligation in draft.obligations.values():
        for told in obligation.told:
            if told.notice_id == notice_id:
                return obligation, told
    return None


def basis_of(draft: Draft, obligation: Obligation) -> Basis:
    """The rule behind an obligation."""
    rule = draft.policy.tells.get(obligation.rule)
    return rule.basis if rule else rung_basis(obligation.rule)


def _said_aloud(draft: Draft, obligation: Obligation, told: Told, receipt: Receipt) -> None:
    """Words of one side are noted; with those of the other they are an acceptance."""
    why_not = spoken.unheard(draft, obligation, told, receipt)
    now, both = (told, None) if why_not else spoken.with_word(told, receipt)
    updated = replace(obligation, told=tuple(now if t is told else t for t in obligation.told))
    if both is not None:
        return _evidence(draft, updated, now, both)
    draft.put_obligation(updated)
    detail = None
    if told.level < Level.ACCEPTED:
        detail = (why_not or acceptance.NotAccepted.ONE_SIDE_ONLY).value
    _say_level(
        draft, updated, told, receipt, receipt.signal, told.level, counts=False, detail=detail
    )
    return None


def _evidence(draft: Draft, obligation: Obligation, told: Told, receipt: Receipt) -> None:
    """Note a level; let it count when the witness is the one the duty is aimed at.

    What is no acceptance after all was an opening, and in a wrong role a delivery; it is said even
    where that is nothing new.
    """
    refused = acceptance.refused(draft, obligation, told, receipt)
    signal = acceptance.proven(receipt.signal, refused)
    level = EVIDENCE_LEVEL[signal]
    if level <= told.level and refused is None:
        return
    # Nobody but the organisation that has the notice can show how far it got there.
    gone = reaching.left(draft, obligation.role, receipt.person, receipt.at)
    addressed = receipt.organisation == told.organisation and not gone
    now = _as_shown(told, signal, level, receipt.at) if addressed else told
    rows = tuple(now if t is told else t for t in obligation.told)
    counts = addressed and told.organisation == obligation.organisation and level > told.level
    counts = counts and obligation.state not in ENDED and not _of_no_use(obligation, told)
    why_not = refused.value if refused is not None else receipt.detail
    detail = "assignment_ended" if gone else why_not
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
    elif told.level is Level.OWED and addressed:
        _sent_after_loss(draft, updated, receipt)


def _as_shown(told: Told, signal: Signal, level: Level, at: datetime) -> Told:
    """A notice after evidence of it; each later proof of where it is begins its reading anew."""
    later = told.since is not None and signal in (Signal.DELIVERED, Signal.OPENED)
    return replace(told, level=max(level, told.level), since=at if later else told.since)


def _of_no_use(obligation: Obligation, told: Told) -> bool:
    """Whether a notice can prove nothing any more: its round came back, or it was corrected."""
    this_round = told.round == obligation.round
    if obligation.state is ObligationState.BOUNCED and this_round:
        return True
    if obligation.state in (ObligationState.NOT_OURS, ObligationState.REFUSED):
        return True
    return any(
        later.round > told.round and later.reason is NoticeReason.CORRECTED
        for later in obligation.told
    )


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


def _sent_after_loss(draft: Draft, obligation: Obligation, receipt: Receipt) -> None:
    """A routine notice that went out after the loss is a gap that no event clears (G49)."""
    if draft.ended_at is not None and receipt.at > draft.ended_at:
        _review_after_loss(draft, obligation, receipt.at)


def sent_before_loss_was_known(draft: Draft) -> None:
    """A loss reported late: what was sent between the loss and its report went out after it."""
    for obligation in list(draft.obligations.values()):
        sent = any(told.level >= Level.SENT for told in obligation.told)
        if draft.ended_at is not None and sent and obligation.raised_at > draft.ended_at:
            _review_after_loss(draft, obligation, obligation.raised_at)


def _review_after_loss(draft: Draft, obligation: Obligation, sent_at: datetime) -> None:
    rule = draft.policy.tells.get(obligation.rule)
    if rule is not None and ROUTINE in rule.tags:
        open_gap(draft, LOSS_ROUTINE, rule.basis, obligation, sent_at, raised_at=draft.at)


def _handed_back(draft: Draft, obligation: Obligation, told: Told, receipt: Receipt) -> None:
    """Bounced, not ours, refused or stale: say so, open G60, and look for the right holder."""
    if told is not obligation.told[-1] or obligation.state in ENDED | RETURNED:
        return
    addressed = receipt.organisation == told.organisation
    state = step(obligation.state, receipt.signal) if addressed else obligation.state
    updated = replace(obligation, state=state)
    if addressed and state in RETURNED:
        # What was proven of a round that came back counts for nothing: somebody must be told yet.
        updated = replace(updated, level=Level.OWED, milestones=unproven(obligation))
    draft.put_obligation(updated)
    _say_level(
        draft,
        updated,
        told,
        receipt,
        receipt.signal,
        told.level,
        counts=False,
        detail=receipt.detail,
    )
    stale = receipt.signal is Signal.STALE_RECIPIENT
    if not addressed or not (stale or state in RETURNED):
        return
    if obligation.rule not in draft.policy.tells:
        _escalation_back(draft, updated, receipt.at)
        return
    if not stale:
        basis = basis_of(draft, updated)
        open_gap(draft, UNREACHABLE, basis, updated, receipt.at, raised_at=draft.at)
    rule = draft.policy.tells[obligation.rule]
    holder = addressing.holder_for(draft, rule, obligation.role, obligation.subject)
    if holder is not None and holder.organisation != obligation.organisation:
        tell.re_aim(draft, updated, holder.organisation, holder.person, NoticeReason.REROUTED)


def _escalation_back(draft: Draft, rung: Obligation, at: datetime) -> None:
    """An escalation that came back is one that nobody acknowledges: the ladder climbs at once.

    It opens no G60 of its own: that gap would wait for its own escalation and never close.  One
    that was acknowledged before somebody moved away asks nothing more.
    """
    if all(m.met_at for m in rung.milestones):
        return
    if draft.gaps[rung.trigger].state is not GapState.OPEN:
        tell.end(draft, rung, Signal.WITHDRAW, "gap_closed")
        return
    missed = replace(rung, milestones=tuple(replace(m, missed=True) for m in rung.milestones))
    draft.put_obligation(missed)
    ladders.unacknowledged(draft, missed, at)
