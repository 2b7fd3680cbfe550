"""Facts about what an assessment of a family says."""

from hub.core.draft import Context
from hub.core.facts.recipients import reporter
from hub.core.facts.register import Recipient, fact
from hub.core.kinds import RECIPIENTS, TRUTH

HOUSEHOLD = (
    "main_carers",
    "birth_father",
    "males_in_household",
    "support",
    "current_circumstances",
)
"""The five headings that one current assessment must hold (F5, F30, F31; domain G36)."""

ASKED = ("answered", "declined")


@fact(RECIPIENTS)
def shared_with(c: Context) -> tuple[Recipient, ...]:
    """The roles with whom an assessment is to be shared (P22)."""
    return tuple(Recipient(str(role)) for role in c.body.get("share_with") or ())


@fact(RECIPIENTS)
def members_unassessed(c: Context) -> tuple[Recipient, ...]:
    """Whoever assessed, once for each member left out without a reason (G37)."""
    return tuple(
        Recipient(author.role, author.organisation, part=str(row["relation"]))
        for row in c.body.get("members") or ()
        if row["assessed"] == "n" and not row.get("reason")
        for author in reporter(c)
    )


@fact(TRUTH)
def household_asked(c: Context) -> bool:
    """Whether the awaited assessment asked who cares for the child, who the father and the men of
    the house are, who helps and how she lives: each answered or declined (G36).
    """
    said = {row["heading"]: row["state"] for row in c.awaited_body.get("headings") or ()}
    return all(said.get(heading) in ASKED for heading in HOUSEHOLD)
