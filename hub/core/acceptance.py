"""Whether an acceptance is one: said by whom, in which role, and after how long.

Whoever cannot have read a notice has opened it at most, and whoever does not hold the role that it
is for has shown no more than that it was delivered: the duty stays open, and the closed reason says
why.  What one person accepts across families is
counted for a matter of its own (`acceptance.given`), because no single family shows it.  When it
was more than anybody reads, that matter lets every family concerned know (`acceptance.doubted`),
and their duties stand again.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from hub.core.draft import Draft, pack_body, unpack_body
from hub.core.episode import Obligation, Remembered, Told
from hub.core.ids import derive
from hub.core.matters import is_matter, pass_on
from hub.core.model import CountedNote, Event, Purpose, Receipt, Signal
from hub.core.outcomes import LevelReached, Reopened
from hub.core.settings import BULK_ACCEPTANCES, BULK_SECONDS, READING_SECONDS

ACCEPTANCE_GIVEN = "acceptance.given"
"""The inner event by which the acceptances of one person are counted."""
ACCEPTANCE_DOUBTED = "acceptance.doubted"
"""The inner event by which a family hears that one of them was none."""
TAKES_ON = (Signal.ACCEPTED, Signal.ACTED)
READS = (Signal.OPENED, *TAKES_ON)
"""What only somebody in the role that a notice is for can say of it."""
VERBAL = "verbal"
"""The channel of a receipt about words spoken in person or on the telephone."""


class NotAccepted(StrEnum):
    """Why an acceptance counts as an opening only, or what somebody says as a delivery only."""

    NO_NAMED_PERSON = "no_named_person"
    """Safeguarding is accepted by somebody by name, or not at all."""
    WRONG_ROLE = "wrong_role"
    """Said in a role that the notice is not for, and that may not stand in for it.  An opening in
    such a role is none either: who holds the role has not read it (domain 1.1, L3)."""
    FASTER_THAN_READ = "faster_than_read"
    """Sooner after it could be read than anybody reads: a program, or a hand that clears a list."""
    IN_BULK = "accepted_in_bulk"
    """One of more, across families, than one person reads in that time.  It is known afterwards."""
    ONE_SIDE_ONLY = "one_side_only"
    """Told aloud, and only one of the two has recorded it."""


def refused(
    draft: Draft, obligation: Obligation, told: Told, receipt: Receipt
) -> NotAccepted | None:
    """Why what a receipt says is no opening or acceptance; None where it is one."""
    if receipt.signal in READS and not _may_say(draft, obligation.role, receipt.role):
        return NotAccepted.WRONG_ROLE
    if receipt.signal not in TAKES_ON:
        return None
    aloud = receipt.channel == VERBAL
    if not aloud and not _safeguards(draft, obligation):
        return None
    if not receipt.person:
        return NotAccepted.NO_NAMED_PERSON
    if aloud:
        # She was told, and read nothing.
        return None
    read = receipt.at - told.since if told.since is not None else None
    least = timedelta(seconds=draft.setting.get(READING_SECONDS, 0))
    # A clock that runs behind ours proves nothing.
    if read is not None and timedelta(0) <= read < least:
        return NotAccepted.FASTER_THAN_READ
    return None


def _may_say(draft: Draft, role: str, said_in: str | None) -> bool:
    """Whether a role may open and accept for another; where none is said it is believed."""
    rule = draft.policy.roles.get(role)
    return not said_in or said_in == role or (rule is not None and said_in in rule.accepted_by)


def proven(signal: Signal, why_not: NotAccepted | None) -> Signal:
    """What a receipt proves all the same: somebody has it, or it has arrived."""
    if why_not is None:
        return signal
    return Signal.DELIVERED if why_not is NotAccepted.WRONG_ROLE else Signal.OPENED


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
        if outcome.detail == NotAccepted.ONE_SIDE_ONLY:
            continue
        said = outcome.signal in TAKES_ON or outcome.detail == NotAccepted.FASTER_THAN_READ
        if not said or obligation is None or not _safeguards(draft, obligation):
            continue
        pass_on(
            draft,
            ACCEPTANCE_GIVEN,
            derive("c", outcome.notice_id, ACCEPTANCE_GIVEN, outcome.reached_at.isoformat()),
            {
                "who": f"{outcome.organisation}/{outcome.person}",
                "family": draft.episode_id,
                "notice": outcome.notice_id,
            },
            outcome.reached_at,
            outcome.organisation,
        )


def reopen(draft: Draft, given: Event) -> None:
    """In the matter of one person: let the families know whose acceptances this one shows to be
    part of a bulk.  Those that an earlier one has shown already have been told.
    """
    seconds, most = draft.setting.get(BULK_SECONDS), draft.setting.get(BULK_ACCEPTANCES)
    if given.type != ACCEPTANCE_GIVEN or not isinstance(seconds, int) or not isinstance(most, int):
        return
    looked = [gap.closed_at for gap in draft.gaps.values() if gap.closed_at is not None]
    since = max(looked, default=None)
    counted = sorted(
        (r.occurred_at, r.id)
        for r in draft.history
        if r.type == ACCEPTANCE_GIVEN and (since is None or r.occurred_at > since)
    )
    within = timedelta(seconds=seconds)
    before = set(_crowded([one for one in counted if one[1] != given.id], within, most))
    for identity in dict.fromkeys(_crowded(counted, within, most)):
        remembered = draft.remembered(identity)
        # What was counted before families were noted with it names none.
        if (
            identity not in before
            and remembered is not None
            and "family" in (body := unpack_body(remembered))
        ):
            draft.reopened.append(_doubted(remembered, body))


def _crowded(
    counted: Sequence[tuple[datetime, str]], within: timedelta, most: int
) -> Iterator[str]:
    """What stands in any span of that length with more than so many in it; in order of time."""
    first = 0
    for last, (at, _) in enumerate(counted):
        while counted[first][0] <= at - within:
            first += 1
        if last - first + 1 > most:
            yield from (identity for _, identity in counted[first : last + 1])


def _doubted(acceptance: Remembered, body: dict[str, Any]) -> Reopened:
    """What the family behind one acceptance is told of it."""
    fields = {"notice": body["notice"], "person": str(body["who"]).partition("/")[2]}
    return Reopened(
        episode_id=str(body["family"]),
        note=CountedNote(
            event_id=derive("c", acceptance.id, ACCEPTANCE_DOUBTED),
            event_type=ACCEPTANCE_DOUBTED,
            source=acceptance.organisation,
            occurred_at=acceptance.occurred_at,
            fields=pack_body(fields),
        ),
    )
