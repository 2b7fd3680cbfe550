"""Facts about services to which a family is referred, and about who came to a meeting."""

from hub.core.draft import Context
from hub.core.facts.register import Recipient, fact, same_post
from hub.core.kinds import RECIPIENTS, TEXT, TRUTH

ANSWERING_ROLE = {
    "PMH": "PMH_TEAM",
    "MMHS": "MMHS",
    "TT": "TALKING_THERAPIES",
    "AMHS": "AMHS",
    "CAMHS": "CAMHS",
    "LIAISON": "LIAISON_PSYCH",
    "SUBST": "SUBSTANCE_SVC",
    "DA": "DA_SERVICE",
    "EARLY_HELP": "EARLY_HELP",
    "PAEDS": "PAEDIATRICIAN",
    "FNP": "FNP",
    "PARENT_INFANT": "PARENT_INFANT",
    "INFANT_FEEDING": "INFANT_FEEDING",
    "VCS": "VCS_PARTNER",
    "HV_follow_up": "HV_TEAM",
}
"""Which role answers for a service of the code list (domain E37)."""

PRESENT = ("present_in_person", "present_remote")


@fact(RECIPIENTS)
def referred_to(c: Context) -> tuple[Recipient, ...]:
    """The role that answers for the service of a referral (P41); nobody for an unlisted one."""
    role = ANSWERING_ROLE.get(str(c.body.get("service")))
    return (Recipient(role),) if role else ()


@fact(TRUTH, role=TEXT)
def attended(c: Context, role: str) -> bool:
    """Whether a role was itself present at the awaited meeting (G28)."""
    rows = c.awaited_body.get("attendance") or ()
    return any(
        same_post(row["role"]) == same_post(role) and row["state"] in PRESENT for row in rows
    )


@fact(RECIPIENTS)
def handed_to(c: Context) -> tuple[Recipient, ...]:
    """The role and organisation to which a handover passes a family (P30)."""
    role, place = c.body.get("to_role"), c.body.get("to_org")
    return (Recipient(str(role), str(place)),) if role and place else ()
