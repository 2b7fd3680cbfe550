"""Facts about what an assessment of a family says."""

from hub.core.draft import Context, Draft, unpack_body
from hub.core.facts.recipients import reporter
from hub.core.facts.register import Recipient, fact, of_type
from hub.core.kinds import RECIPIENTS, TEXT, TRUTH

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


def _found(draft: Draft) -> dict[str, set[str]]:
    """What was found under each heading, by the newest word of each organisation."""
    newest: dict[tuple[str, str], str] = {}
    for told in sorted(of_type(draft, "assessment.family"), key=lambda r: r.occurred_at):
        for row in unpack_body(told).get("headings") or ():
            if row.get("found"):
                newest[told.organisation, str(row["heading"])] = str(row["found"])
    found: dict[str, set[str]] = {}
    for (_, heading), word in newest.items():
        found.setdefault(heading, set()).add(word)
    return found


@fact(TEXT)
def contradicted_heading(c: Context) -> str | None:
    """The heading of the assessment under which two organisations say the opposite (trap 25)."""
    said = [str(row["heading"]) for row in c.body.get("headings") or () if row.get("found")]
    found = _found(c.episode)
    return next((heading for heading in said if len(found.get(heading, ())) > 1), None)


@fact(TRUTH)
def heading_agreed(c: Context) -> bool:
    """Whether all who said something under the heading in question say the same now (trap 25)."""
    return len(_found(c.episode).get(c.duty.subject, ())) <= 1
