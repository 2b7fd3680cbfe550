"""Turning open duties towards whoever holds their role now.

A change of practice, team or person moves every open duty of the role to the present holder, as a
new round; the due time is the later of the old one and one working day after the change (ruling 6).
What was known where she was before is owed anew where she is now, unless its rule says why not: a
plan is not known because it was known where she lived before.
A person who leaves without a successor leaves her open duties with nobody who reads them: that is
said at once (G60), and not only when somebody follows her.
"""

from dataclasses import replace as dataclass_replace
from datetime import datetime

from msgspec.structs import replace

from hub.core import addressing, owing, reaching, tell, unregistered
from hub.core.apart import around
from hub.core.deadlines import Span, Unit
from hub.core.draft import Context, Draft, unpack_body
from hub.core.episode import Obligation
from hub.core.facts import Recipient
from hub.core.gaps import UNREACHABLE, open_gap
from hub.core.holding import PRACTICE_ROLES, TEAM_OF
from hub.core.lifecycle import ENDED
from hub.core.milestones import unproven
from hub.core.model import GapReason, GapState, Holder, Level, NoticeReason, Purpose
from hub.core.policy import MilestoneRule, TellRule

FOLLOWED = frozenset({*PRACTICE_ROLES, *TEAM_OF, *TEAM_OF.values()})
"""Posts that go with the family where an event named who held them."""

ONE_WORKING_DAY = Span(Unit.WORKING_DAYS, 1)


def aim_at_present_holders(draft: Draft, not_before: datetime | None) -> None:
    """Turn every duty whose role is now held elsewhere, or by another person, to its holder."""
    latest: type_of_latest | None = None  # Worked out only where somebody has moved.
    for known in list(draft.obligations.values()):
        rule = draft.policy.tells.get(known.rule)
        if rule is None or known.state in ENDED or rule.basis.rule.endswith(".left"):
            continue
        # A baby that is registered elsewhere takes its own duties there, and none of hers.
        role = addressing.role_meant(draft, rule, known.role, known.subject)
        obligation = known if role == known.role else replace(known, role=role)
        holder = addressing.holder_for(draft, rule, role, known.subject)
        if holder is None and (team := _new_team(draft, rule, obligation)) is not None:
            _turn(draft, rule, replace(obligation, role=team.role), team, not_before)
        elif holder is None:
            if not unregistered.leave(draft, rule, obligation):
                _nobody_follows(draft, rule, obligation)
        elif _held_elsewhere(draft, rule, obligation, holder):
            if _put_right_there(draft, known, holder):
                continue
            latest = latest if latest is not None else _latest(draft)
            if _is_met(known) and not _newest(rule, known, latest):
                continue
            _turn(draft, rule, obligation, holder, not_before)
    if not_before is not None and draft.elsewhere != draft.start.elsewhere:
        _tell_both_places(draft, not_before)
    owing.ask_present_holders(draft, not_before)


def _put_right_there(draft: Draft, duty: Obligation, holder: Holder) -> bool:
    """Whether a correction is owed to who had the wrong words, and the present holder has a duty
    of her own for it.
    """
    if not duty.told or duty.told[-1].reason is not NoticeReason.CORRECTED:
        return False
    about = (duty.rule, duty.trigger, duty.role, holder.organisation)
    return any(
        (o.rule, o.trigger, o.role, o.organisation) == about for o in draft.obligations.values()
    )


def holders_changed(draft: Draft) -> None:
    """Somebody's period has begun or ended with time alone: look at every open duty again."""
    aim_at_present_holders(draft, draft.due(ONE_WORKING_DAY, draft.moment))


def _held_elsewhere(draft: Draft, rule: TellRule, obligation: Obligation, holder: Holder) -> bool:
    """Whether a duty is aimed at somebody who holds its role no longer.

    A duty that names its own recipient (an invitation) follows the role only when that person has
    left it.  A duty to a team stays with the team when one of it is named.
    """
    if _is_own(rule, obligation) and obligation.organisation:
        return reaching.left(draft, obligation.role, obligation.person, draft.moment)
    if holder.organisation != obligation.organisation:
        return True
    return obligation.person is not None and holder.person != obligation.person


def _is_own(rule: TellRule, obligation: Obligation) -> bool:
    """Whether a rule named its recipient by what the event says, and not by the post she holds.

    A practice, midwives or health visitors who were the family's own are followed when they change;
    others are not, nor is a service to which she was referred.
    """
    follows = obligation.role in FOLLOWED and not obligation.named
    return rule.each is not None and not rule.by_post and not follows


def _new_team(draft: Draft, rule: TellRule, obligation: Obligation) -> Holder | None:
    """The team that a duty passes to because the family has left the team of whoever was named."""
    team = draft.holder(TEAM_OF.get(obligation.role, ""))
    if team is None or team.organisation == obligation.organisation or _is_own(rule, obligation):
        return None
    left = (h for h in draft.left if h.role == team.role)
    return team if obligation.organisation in {h.organisation for h in left} else None


def _turn(
    draft: Draft,
    rule: TellRule,
    obligation: Obligation,
    holder: Holder,
    not_before: datetime | None,
) -> None:
    """Turn one duty to the present holder; one that was met may be owed to her anew."""
    if not _is_met(obligation):
        tell.re_aim(
            draft,
            obligation,
            holder.organisation,
            holder.person,
            NoticeReason.REROUTED if obligation.told else NoticeReason.FIRST,
            not_before=not_before,
        )
    elif (part := _whose_now(draft, rule, obligation, holder)) and _owed_anew(
        draft, rule, obligation
    ):
        recipient = Recipient(obligation.role, holder.organisation, holder.person, part=part)
        _raise_anew(draft, rule, obligation, recipient, obligation.subject, not_before)


def _is_met(obligation: Obligation) -> bool:
    return all(m.met_at for m in obligation.milestones)


type_of_latest = dict[tuple[str, str, str], tuple[datetime, str]]
"""For each rule, role and subject the last event that something was owed for, and when that was."""


def _latest(draft: Draft) -> type_of_latest:
    happened = {r.id: r.occurred_at for r in draft.history}
    latest: type_of_latest = {}
    for duty in draft.obligations.values():
        if duty.state not in ENDED and duty.rule in draft.policy.tells:
            said = (happened.get(duty.trigger, duty.raised_at), duty.trigger)
            about = (duty.rule, duty.role, duty.subject)
            latest[about] = max(said, latest.get(about, said))
    return latest


def _newest(rule: TellRule, duty: Obligation, latest: type_of_latest) -> bool:
    """Whether nothing of the same rule about the same has come after what somebody was told.

    Of twenty old letters the last is owed anew; of safeguarding every one, for each may say what
    no other does.
    """
    if rule.purpose is Purpose.SAFEGUARDING:
        return True
    return latest[duty.rule, duty.role, duty.subject][1] == duty.trigger


def _owed_anew(draft: Draft, rule: TellRule, duty: Obligation) -> bool:
    """Whether what the former holder was told the next one is to know too (ruling 6)."""
    if _registered_first(draft, rule, duty):
        return False
    if isinstance(rule.met_stays, bool):
        return not rule.met_stays
    event = draft.remembered(duty.trigger)
    body = unpack_body(event) if event is not None else {}
    return not rule.met_stays(Context(draft, event, body))


def _registered_first(draft: Draft, rule: TellRule, duty: Obligation) -> bool:
    """Whether a baby has a practice of its own, and what is met stays with hers: until the baby
    was registered it was the right one (trap 9).
    """
    if rule.purpose is Purpose.SAFEGUARDING or duty.role not in PRACTICE_ROLES:
        return False
    hers = draft.holder(duty.role)
    own = any(h.role == duty.role for h in around(draft.elsewhere, duty.subject))
    return own and hers is not None and hers.organisation == duty.organisation


def _raise_anew(
    draft: Draft,
    rule: TellRule,
    duty: Obligation,
    recipient: Recipient,
    subject: str,
    not_before: datetime | None,
) -> None:
    """Raise what one holder was told for another one, to be known within a working day (P45)."""
    by = not_before or draft.due(ONE_WORKING_DAY, draft.moment)
    assert by is not None, "a working day after an instant is always known"
    tell.raise_one(draft, _at_once(rule), recipient, duty.trigger, subject, by)


def _tell_both_places(draft: Draft, not_before: datetime) -> None:
    """What is for both places is owed to those among whom a baby has come since."""
    for duty in list(draft.obligations.values()):
        rule = draft.policy.tells.get(duty.rule)
        if rule is None or duty.state in ENDED or not rule.both_places:
            continue
        if duty.subject.endswith(addressing.ELSEWHERE) or not _owed_anew(draft, rule, duty):
            continue
        for who, about in addressing.elsewhere(draft, Recipient(duty.role), duty.subject):
            _raise_anew(draft, rule, duty, who, about, not_before)


def _whose_now(draft: Draft, rule: TellRule, obligation: Obligation, holder: Holder) -> str:
    """To whom a met duty is owed anew: another organisation, or in safeguarding the successor of
    who accepted it by name and has left; empty where those who know are those who hold.
    """
    if holder.organisation != obligation.organisation:
        return holder.organisation
    gone = reaching.left(draft, obligation.role, obligation.person, draft.moment)
    follows = gone and holder.person and rule.purpose is Purpose.SAFEGUARDING
    return f"{holder.organisation}/{holder.person}" if follows else ""


def _at_once(rule: TellRule) -> TellRule:
    """The rule as it is owed anew after a change: every level by the day that the clock gives.

    What was done stays done: whoever comes after is to know of it, and has not to do it again.
    """
    today = Span(Unit.WORKING_DAYS, 0)
    levels = sorted({min(m.level, Level.ACCEPTED) for m in rule.milestones})
    return dataclass_replace(
        rule, milestones=tuple(MilestoneRule(level, today) for level in levels)
    )


def _nobody_follows(draft: Draft, rule: TellRule, obligation: Obligation) -> None:
    """The role of an open duty is held by nobody any more: say so at once (G60, ruling 21)."""
    known = draft.gaps.get(obligation.gap_id or "")
    said = known is not None and known.state is GapState.OPEN
    if said or not obligation.organisation or _is_met(obligation):
        return
    gone = reaching.left(draft, obligation.role, obligation.person, draft.moment)
    shut = not gone and reaching.closed(draft, obligation.organisation)
    if not gone and not shut:
        return
    reason = GapReason.HOLDER_LEFT if gone else GapReason.ORGANISATION_CLOSED
    doubted = replace(obligation, level=obligation.level.OWED, milestones=unproven(obligation))
    gap = open_gap(
        draft,
        UNREACHABLE,
        rule.basis,
        doubted,
        draft.moment,
        raised_at=draft.moment,
        reason=reason,
    )
    draft.put_obligation(replace(doubted, gap_id=gap.gap_id))
