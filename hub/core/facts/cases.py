"""Facts about who has the family now: social care, and the services that took her on."""

from collections.abc import Iterator
from datetime import datetime

from hub.core.draft import Context, Draft, unpack_body
from hub.core.episode import Remembered
from hub.core.facts.register import Recipient, fact, of_type
from hub.core.kinds import RECIPIENTS, TRUTH

ACTS = ("s17", "strategy", "emergency")
"""Decisions on a referral by which social care acts itself."""
SOCIAL_CARE_SAYS = {
    "strategy.discussion": ("outcome", ("s47", "s17")),
    "s47.concluded": ("outcome", ("ICPC", "CIN")),
    "conference.outcome": ("decision", ("CPP", "deferred")),
    "status.changed": (
        "kind",
        ("CPP", "CPP_unborn", "LAC", "CIN", "removal", "removal_at_birth"),
    ),
}
"""What social care says of a case, and which of its words leave the case open."""


def _decisions(draft: Draft) -> dict[str, Remembered]:
    """The latest decision on each referral to social care."""
    made = sorted(of_type(draft, "csc.decision"), key=lambda r: r.occurred_at)
    return {str(unpack_body(r).get("referral_id")): r for r in made}


def _undecided(draft: Draft) -> bool:
    """Whether a referral to social care waits for its decision: somebody is looking at it."""
    decided = _decisions(draft)
    made = map(unpack_body, of_type(draft, "csc.referral-made"))
    return any(str(body.get("referral_id")) not in decided for body in made)


def _words(draft: Draft) -> Iterator[tuple[datetime, bool]]:
    """When social care said something of the case, and whether that left it open.

    No action on one referral ends nothing that another began, and neither does a strategy
    discussion that was not held.
    """
    for decision in _decisions(draft).values():
        if unpack_body(decision).get("outcome") in ACTS:
            yield decision.occurred_at, True
    for event_type, (field, opens) in SOCIAL_CARE_SAYS.items():
        for said in of_type(draft, event_type):
            body = unpack_body(said)
            if body.get("held") != "n":
                yield said.occurred_at, body.get(field) in opens
    for called in of_type(draft, "conference.scheduled"):
        yield called.occurred_at, True


@fact(TRUTH)
def social_care_open(c: Context) -> bool:
    """Whether social care has the family: a plan or other status, or an assessment under way."""
    draft = c.episode
    latest = max(_words(draft), default=None)
    return bool(draft.plans) or _undecided(draft) or (latest is not None and latest[1])


@fact(RECIPIENTS)
def social_care_with_case(c: Context) -> tuple[Recipient, ...]:
    """The social worker of an open case, and the front door while there is none; else nobody."""
    if not social_care_open(c):
        return ()
    held = c.episode.holder("SOCIAL_WORKER") is not None
    return (Recipient("SOCIAL_WORKER" if held else "CSC_FRONT_DOOR"),)
