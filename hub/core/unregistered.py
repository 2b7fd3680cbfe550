"""What becomes of open duties when a practice strikes a woman off and no other takes her on.

What her former practice knows counts for nothing (domain 1.1 a, ruling 21): an open duty to it
counts as not told, whoever answers there still, and is with nobody until another practice has her.
That is said at once (G60), because nobody else would notice.
"""

from msgspec.structs import replace

from hub.core import reaching
from hub.core.draft import Draft
from hub.core.episode import Obligation
from hub.core.gaps import UNREACHABLE, open_gap
from hub.core.holding import PRACTICE_ROLES
from hub.core.lifecycle import step
from hub.core.milestones import unproven
from hub.core.model import GapReason, Level, Signal
from hub.core.policy import TellRule


def leave(draft: Draft, rule: TellRule, duty: Obligation) -> bool:
    """Take an open duty from the practice that has struck her off; whether it was such a duty.

    A practice that an event named for itself stays named, and one that has closed is told of by
    a reason of its own.
    """
    hers = duty.role in PRACTICE_ROLES and bool(duty.organisation) and not duty.named
    if not hers or draft.practice != "" or all(m.met_at for m in duty.milestones):
        return False
    if reaching.closed(draft, duty.organisation):
        return False
    alone = replace(
        duty,
        organisation="",
        person=None,
        state=step(duty.state, Signal.REISSUE),
        level=Level.OWED,
        milestones=unproven(duty),
        acted_by="",
        unread=(),
        doubt="",
    )
    gap = open_gap(
        draft,
        UNREACHABLE,
        rule.basis,
        alone,
        draft.moment,
        raised_at=draft.moment,
        reason=GapReason.NO_HOLDER,
    )
    draft.put_obligation(replace(alone, gap_id=gap.gap_id))
    return True
