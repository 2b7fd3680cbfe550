"""The first family of rule: on an event, these roles must know this, to this level, by then."""

from datetime import datetime
from typing import Any

from msgspec.structs import replace

from hub.core import addressing, exposing, naming, objections, reaching, situating, twice
from hub.core.basis import Basis, rung_basis
from hub.core.compose import content_of
from hub.core.deadlines import clock_start
from hub.core.draft import Context, Draft
from hub.core.episode import Obligation, Remembered, Told
from hub.core.facts import Recipient
from hub.core.ids import derive
from hub.core.lifecycle import step
from hub.core.milestones import milestones_for, next_due, owed_anew, unproven
from hub.core.model import Event, Level, NoticeReason, ObligationState, Purpose, Signal
from hub.core.outcomes import NoticeIssued, ObligationEnded, ObligationRaised
from hub.core.policy import TellRule
from hub.core.silences import Silence
from hub.core.stopping import stopped
from hub.core.withholding import Withheld

RESTRICTED = "restricted"
"""Why a duty ends of which nothing may reach its recipient."""


def raise_for(
    draft: Draft,
    rule: TellRule,
    context: Context,
    trigger: Event | Remembered,
    since: datetime | None = None,
) -> None:
    """Raise the obligations of one rule for one event; no clock begins before `since`."""
    if rule.when is not None and not rule.when(context):
        draft.stay_silent(rule.basis, Silence.CONDITION, when=rule.when.text)
        return
    subject = str(rule.subject(context) or "") if rule.subject is not None else ""
    recipients = addressing.recipients(rule, context, subject)
    if not recipients:
        draft.stay_silent(rule.basis, Silence.NAMES_NOBODY)
    start = clock_start(context.body, rule.counted_from, trigger.occurred_at)
    start = max(start, since or start)
    for recipient, about in recipients:
        raise_one(draft, rule, recipient, trigger.id, about, start)


def raise_one(
    draft: Draft,
    rule: TellRule,
    recipient: Recipient,
    trigger: str,
    subject: str,
    start: datetime,
    *,
    reason: NoticeReason = NoticeReason.FIRST,
    answers_to: str | None = None,
) -> None:
    """Raise one obligation, unless it stands; one owed anew answers to the last notice before.

    What a loss or her death has stopped is not raised, whatever comes late or moves (P11, P46).
    """
    identity, subject = naming.told_apart(draft, rule, recipient, trigger, subject)
    if _stays_silent(draft, rule, recipient, trigger, subject):
        return
    role, (organisation, person) = recipient.role, _aim(draft, rule, recipient, subject)
    obligation = Obligation(
        obligation_id=identity,
        rule=rule.basis.rule,
        trigger=trigger,
        role=role,
        organisation=organisation,
        person=person,
        subject=subject,
        milestones=owed_anew(milestones_for(draft, rule, role, start), reason),
        raised_at=draft.at,
        doubt="" if recipient.organisation else reaching.doubt(draft, role, organisation),
        named=naming.names_another(draft, rule, recipient),
    )
    if _held_back(draft, rule, obligation, reason):
        return
    draft.put_obligation(obligation)
    _say_raised(draft, rule, obligation)
    if objections.declined(draft, rule, role, subject):
        end(draft, obligation, Signal.DECLINE, objections.OBJECTION)
    elif organisation:
        issue(draft, reaching.watched(draft, obligation), reason, answers_to)


def _stays_silent(
    draft: Draft, rule: TellRule, recipient: Recipient, trigger: str, subject: str
) -> bool:
    """Whether a duty is not raised, because it stands or was stopped; that is noted."""
    stands = naming.stands(draft, rule, recipient, trigger, subject)
    silence = Silence.STANDS_ALREADY if stands else stopped(draft, rule.tags, subject)
    if silence is not None:
        draft.stay_silent(rule.basis, silence, recipient.role)
    return silence is not None


def _held_back(draft: Draft, rule: TellRule, obligation: Obligation, reason: NoticeReason) -> bool:
    """Whether there is no duty: another report told all of it, or nothing may reach its reader.

    The second is said, and the decision alone holds it: whatever a recipient can look at must have
    no place for it.
    """
    if twice.told_by_another(draft, rule, obligation, reason):
        return True
    reader = draft.policy.roles.get(obligation.role)
    if reader is None or reader.audience not in draft.policy.family:
        return False
    said = content_of(draft, obligation)[-1]
    if said.stopped:
        draft.stay_silent(rule.basis, Silence.RESTRICTED, obligation.role)
        draft.say(
            ObligationEnded(
                obligation_id=obligation.obligation_id,
                state=ObligationState.SUPPRESSED,
                role=obligation.role,
                organisation=obligation.organisation,
                reason=RESTRICTED,
                withheld=said.withheld,
                why=rule.basis.why(obligation.trigger, area=draft.area),
            )
        )
    return said.stopped


def _aim(
    draft: Draft, rule: TellRule, recipient: Recipient, subject: str
) -> tuple[str, str | None]:
    """The organisation, and the person where one is named, that a recipient stands for now."""
    holder = addressing.holder_for(draft, rule, recipient.role, subject)
    organisation = recipient.organisation or (holder.organisation if holder else "")
    named = holder.person if holder and holder.organisation == organisation else None
    return organisation, recipient.person or named


def _say_raised(draft: Draft, rule: TellRule, obligation: Obligation) -> None:
    if not obligation.organisation:
        draft.stay_silent(rule.basis, Silence.NO_HOLDER, obligation.role)
    draft.say(
        ObligationRaised(
            obligation_id=obligation.obligation_id,
            role=obligation.role,
            organisation=obligation.organisation,
            person=obligation.person,
            subject=obligation.subject,
            purpose=rule.purpose,
            milestones=obligation.milestones,
            why=rule.basis.why(obligation.trigger, area=draft.area),
        )
    )


def issue(
    draft: Draft, obligation: Obligation, reason: NoticeReason, answers_to: str | None = None
) -> Obligation:
    """Issue the next notice of an obligation, which names the one before, to its present holder."""
    basis, purpose, title, said = content_of(draft, obligation)
    if said.stopped:
        end(draft, obligation, Signal.SUPPRESS, RESTRICTED, withheld=said.withheld)
        return draft.obligations[obligation.obligation_id]
    if exposing.exposes(draft, obligation):
        return _block(draft, basis, obligation)
    number, previous = len(obligation.told) + 1, obligation.told[-1:]
    # The obligation's own id holds episode, rule, trigger, subject, role and occasion.
    notice_id = derive("n", obligation.obligation_id, obligation.organisation, number)
    since = draft.at if purpose is Purpose.SAFEGUARDING else None
    issued = _with_notice(obligation, notice_id, number, reason=reason, since=since)
    draft.put_obligation(issued)
    draft.say(
        NoticeIssued(
            notice_id=notice_id,
            obligation_id=obligation.obligation_id,
            reason=reason,
            role=obligation.role,
            organisation=obligation.organisation,
            person=obligation.person,
            round=number,
            purpose=purpose,
            title=title,
            level_needed=max((m.level for m in obligation.milestones), default=Level.OPENED),
            due_at=next_due(obligation),
            content=said.lines,
            in_reply_to=previous[0].notice_id if previous else answers_to,
            withheld=said.withheld,
            circumstances=situating.circumstances_of(draft, issued),
            why=basis.why(obligation.trigger, area=draft.area),
        )
    )
    return issued


def _with_notice(obligation: Obligation, notice_id: str, number: int, **said: Any) -> Obligation:
    """An obligation with one more notice, of which nobody has heard yet."""
    told = Told(
        notice_id=notice_id,
        round=number,
        organisation=obligation.organisation,
        person=obligation.person,
        **said,
    )
    return replace(obligation, told=(*obligation.told, told), round=number)


def _block(draft: Draft, basis: Basis, obligation: Obligation) -> Obligation:
    """Keep a notice back that would expose her: the duty stands, which is a gap at once (G40)."""
    draft.stay_silent(basis, Silence.UNSAFE, obligation.role)
    if obligation.doubt == exposing.UNSAFE:
        draft.put_obligation(obligation)
        return obligation
    since = draft.moment if obligation.told else obligation.raised_at
    blocked = replace(obligation, doubt=exposing.UNSAFE, gap_id=None, unread=(), raised_at=since)
    draft.put_obligation(blocked)
    return blocked


def remind(draft: Draft, obligation: Obligation) -> bool:
    """Send an owed notice again.  False when there is nothing to repeat, or nobody to repeat it to.

    One that bounced goes out as a new round, or nothing could ever prove it; whoever said that it
    is not theirs is not told again.
    """
    if not obligation.told or not obligation.organisation:
        return False
    if obligation.state in (ObligationState.NOT_OURS, ObligationState.REFUSED):
        return False
    if obligation.state is ObligationState.BOUNCED:
        obligation = replace(obligation, state=step(obligation.state, Signal.REISSUE))
    issue(draft, obligation, NoticeReason.REMINDER)
    return True


def re_aim(
    draft: Draft,
    obligation: Obligation,
    organisation: str,
    person: str | None,
    reason: NoticeReason,
    *,
    not_before: datetime | None = None,
    keep_met: bool = False,
) -> Obligation:
    """Turn an open duty towards another holder, as a new round with a new notice.

    What the former holder did counts for nothing (ruling 21); `keep_met` is for a correction,
    which goes to the same holder.  Due times move only for a change of holder, to the later of the
    old one and `not_before` (ruling 6); what was missed before stays missed, and its gap open.
    """
    milestones = obligation.milestones if keep_met else unproven(obligation)
    milestones = tuple(
        replace(m, due_at=max(m.due_at, not_before)) if not_before else m for m in milestones
    )
    turned = replace(
        obligation,
        organisation=organisation,
        person=person,
        state=step(obligation.state, Signal.REISSUE),
        level=Level.OWED,
        milestones=milestones,
        acted_by="",
        doubt="" if organisation != obligation.organisation else obligation.doubt,
        named=obligation.named and organisation == obligation.organisation,
    )
    return issue(draft, reaching.watched(draft, turned), reason)


def end(
    draft: Draft,
    obligation: Obligation,
    signal: Signal,
    reason: str,
    *,
    ended_by: str = "",
    withheld: tuple[Withheld, ...] = (),
) -> None:
    """End a duty: withdrawn, waived, retracted, suppressed or declined."""
    state = step(obligation.state, signal)
    if state is obligation.state:
        return
    draft.put_obligation(replace(obligation, state=state, ended_by=ended_by))
    rule = draft.policy.tells.get(obligation.rule)
    basis = rule.basis if rule is not None else rung_basis(obligation.rule)
    draft.say(
        ObligationEnded(
            obligation_id=obligation.obligation_id,
            state=state,
            role=obligation.role,
            organisation=obligation.organisation,
            notice_ids=tuple(t.notice_id for t in obligation.told),
            reason=reason,
            withheld=withheld,
            why=basis.why(obligation.trigger, area=draft.area),
        )
    )
