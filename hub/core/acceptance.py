"""Whether an acceptance is one: said by whom, in which role, and after how long.

Whoever cannot have read a notice, or does not hold the role that it is for, has opened it at most:
the duty stays open, and the closed reason says why.  What one person accepts across families is
counted for a matter of its own (`acceptance.given`), because no single family shows it.
"""

from datetime import timedelta
from enum import StrEnum

from hub.core.draft import Draft
from hub.core.episode import Obligation, Told
from hub.core.ids import derive
from hub.core.matters import is_matter, pass_on
from hub.core.model import Purpose, Receipt, Signal
from hub.core.outcomes import LevelReached
from hub.core.settings import READING_SECONDS

ACCEPTANCE_GIVEN = "acceptance.given"
"""The inner event by which the acceptances of one person are counted."""
TAKES_ON = (Signal.ACCEPTED, Signal.ACTED)


class NotAccepted(StrEnum):
    """Why an acceptance counts as an opening only."""

    NO_NAMED_PERSON = "no_named_person"
    """Safeguarding is accepted by somebody by name, or not at all."""
    WRONG_ROLE = "wrong_role"
    """Said in a role that the notice is not for, and that may not stand in for it."""
    FASTER_THAN_READ = "faster_than_read"
    """Sooner after it could be read than anybody reads: a program, or a hand that clears a list."""


def refused(
    draft: Draft, obligation: Obligation, told: Told, receipt: Receipt
) -> NotAccepted | None:
    """Why what a receipt says is no acceptance; None where it is one."""
    if receipt.role and not _may_accept(draft, obligation.role, receipt.role):
        return NotAccepted.WRONG_ROLE
    if not _safeguards(draft, obligation):
        return None
    if not receipt.person:
        return NotAccepted.NO_NAMED_PERSON
    read = receipt.at - told.since if told.since is not None else None
    least = timedelta(seconds=draft.setting.get(READING_SECONDS, 0))
    # A clock that runs behind ours proves nothing.
    if read is not None and timedelta(0) <= read < least:
        return NotAccepted.FASTER_THAN_READ
    return None


def _may_accept(draft: Draft, role: str, said_in: str) -> bool:
    rule = draft.policy.roles.get(role)
    return said_in == role or (rule is not None and said_in in rule.accepted_by)


def _safeguards(draft: Draft, obligation: Obligation) -> bool:
    rule = draft.policy.tells.get(obligation.rule)
    return rule is not None and rule.purpose is Purpose.SAFEGUARDING


def count(draft: Draft) -> None:
    """Let the matter of whoever accepted safeguarding notices by name know of each of them."""
    if ACCEPTANCE_GIVEN not in draft.policy.events or is_matter(draft.episode_id):
        return
    for outcome in draft.outcomes:
        if not isinstance(outcome, LevelReached) or not outcome.person:
            continue
        obligation = draft.obligations.get(outcome.obligation_id)
        said = outcome.signal in TAKES_ON or outcome.detail == NotAccepted.FASTER_THAN_READ
        if not said or obligation is None or not _safeguards(draft, obligation):
            continue
        pass_on(
            draft,
            ACCEPTANCE_GIVEN,
            derive("c", outcome.notice_id, ACCEPTANCE_GIVEN, outcome.reached_at.isoformat()),
            {"who": f"{outcome.organisation}/{outcome.person}"},
            outcome.reached_at,
            outcome.organisation,
        )
