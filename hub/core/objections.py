"""Which notices an objection of hers stops (P47)."""

from hub.core.draft import Draft
from hub.core.model import Purpose
from hub.core.policy import TellRule

DESPITE = "despite_objection"
"""The tag of what is told whatever she wishes, because somebody is at risk."""

OBJECTION = "objection"
"""Why a duty ended that an objection had stopped."""


def scope_of(draft: Draft, role: str) -> str:
    """The scope of objection that covers a role; empty for one that she cannot object to."""
    found = draft.policy.roles.get(role)
    return found.objection if found is not None else ""


def declined(draft: Draft, rule: TellRule, role: str, subject: str) -> bool:
    """Whether her objection keeps a role from being told something about herself (S6, S61)."""
    if not draft.objections or rule.purpose is not Purpose.DIRECT_CARE or DESPITE in rule.tags:
        return False
    about = subject.partition("/")[0]
    is_about_baby = any(baby.baby_id == about for baby in draft.babies)
    return not is_about_baby and scope_of(draft, role) in draft.objections
