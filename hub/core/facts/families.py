"""Facts about what an assessment of a family says."""

from hub.core.draft import Context
from hub.core.facts.recipients import reporter
from hub.core.facts.register import Recipient, fact
from hub.core.kinds import RECIPIENTS


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
