"""Whom a rule means where a baby is registered, or lives, elsewhere than with the mother.

A rule may say that the practice it means is the baby's (`babys_practice`), or that what it tells
is for both places (`both_places`): a plan for a baby is not known to who has the baby because it is
known to who has the mother.
"""

from collections.abc import Iterator

from hub.core import naming
from hub.core.apart import around
from hub.core.draft import Context, Draft
from hub.core.facts import Recipient
from hub.core.holding import HER_PRACTICE, TEAM_OF
from hub.core.model import Holder
from hub.core.policy import TellRule

BABYS_PRACTICE = "GP_PRACTICE_BABY"
ELSEWHERE = "elsewhere"
"""What stands last in the subject of a duty to whoever has the baby, beside the one to whoever has
the mother."""


def recipients(rule: TellRule, context: Context, subject: str) -> list[tuple[Recipient, str]]:
    """Whom a rule tells, each with what it is about for that one."""
    named = naming.recipients(context.episode, rule, context)
    told = [(_at_home(context.episode, rule, who, subject), subject) for who in named]
    if rule.both_places:
        told += [pair for who in named for pair in elsewhere(context.episode, who, subject)]
    return told


def role_meant(draft: Draft, rule: TellRule, role: str, subject: str) -> str:
    """The role for which a rule means the baby's practice, where the baby has one of its own."""
    if not rule.babys_practice or role != HER_PRACTICE:
        return role
    own = any(h.role == BABYS_PRACTICE for h in around(draft.elsewhere, subject))
    return BABYS_PRACTICE if own else role


def _at_home(draft: Draft, rule: TellRule, who: Recipient, subject: str) -> Recipient:
    role = role_meant(draft, rule, who.role, subject)
    return who if role == who.role else Recipient(role)


def elsewhere(draft: Draft, who: Recipient, subject: str) -> Iterator[tuple[Recipient, str]]:
    """Whoever holds the same post for a baby elsewhere, each organisation once.

    What is about one baby is for who has that one; a death is of one who lived until then.
    """
    role = {HER_PRACTICE: BABYS_PRACTICE}.get(who.role, TEAM_OF.get(who.role, who.role))
    about_one = [b for b in draft.babies if b.baby_id == subject]
    told: set[str] = set()
    for baby in about_one or [b for b in draft.babies if b.ended_at is None]:
        for holder in around(draft.elsewhere, baby.baby_id):
            if holder.role == role and holder.organisation not in told:
                told.add(holder.organisation)
                parts = dict.fromkeys((subject, baby.baby_id, ELSEWHERE))
                yield Recipient(role), "/".join(filter(None, parts))


def holder_for(draft: Draft, rule: TellRule, role: str, subject: str) -> Holder | None:
    """Who is to be told now: where both places are, the one about the baby alone goes there."""
    hers = rule.both_places and subject.rpartition("/")[2] != ELSEWHERE
    return draft.holder(role, "" if hers else subject)
