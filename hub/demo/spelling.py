"""Other words for the same thing, as people write them: `E13`, `GP`, `L3`, `n/a`, `31+2`.

Each is taken only where it can mean one thing.  What is left is one form, that of the hub.
"""

import re
import tomllib
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Final

type_of_tables = dict[str, Any]

ROLES: Final = {
    "GP": "GP_PRACTICE",
    "MW": "COMM_MIDWIFE",
    "CMW": "COMM_MIDWIFE",
    "COMMUNITY_MIDWIFE": "COMM_MIDWIFE",
    "HV": "HV_TEAM",
    "HEALTH_VISITOR": "HV_TEAM",
    "HEALTH_VISITING": "HV_TEAM",
    "SW": "SOCIAL_WORKER",
    "OBST": "OBSTETRICIAN",
    "LIAISON": "LIAISON_PSYCH",
    "SUBST": "SUBSTANCE_SVC",
    "PMH": "PMH_TEAM",
    "CSC": "CSC_FRONT_DOOR",
    "EDT": "CSC_FRONT_DOOR",
}
"""Short forms of roles; the field's own, and the commonest in words."""

LEVELS: Final = {
    "L1": "sent",
    "L2": "delivered",
    "L3": "opened",
    "L4": "accepted",
    "L5": "acted",
}
SEVERITIES: Final = {"information": 1, "attention": 2, "safeguarding": 3, "immediate": 4}
NO_MATTER: Final = ("not_applicable", "not_needed")
"""What `n/a` means, where a closed list has one of them."""

FIELDS: Final = {
    "bereavement.support": {"for": "for_whom"},
    "care.handover": {"from": "from_role", "to": "to_role"},
    "conference.scheduled": {"occurred_at": "conference_at"},
    "contact.scheduled": {"due_at": "contact_at"},
    "csc.referral-made": {"for": "for_whom"},
    "measurement.infant": {"source": "measured_by"},
    "mh.red-flag": {"phone": "callback"},
    "pregnancy.transferred": {"from": "from_org", "to": "to_org", "effective": "effective_on"},
    "referral.made": {"minimum_set": "minimum_set_complete"},
    "screening.mental-health": {"family_history_bipolar_psychosis": "family_history_severe"},
}
"""Fields of an event that go by another name elsewhere, by event type."""


def role_of(word: Any) -> Any:
    """The code of a role: `GP`, `health visitor` and `hv-team` are codes too."""
    if not isinstance(word, str) or "*" in word:
        return word
    code = re.sub(r"[\s-]+", "_", word.strip()).upper()
    return ROLES.get(code, code)


def level_of(word: Any) -> Any:
    """The word of a level: `L3` is `opened`."""
    if not isinstance(word, str):
        return word
    plain = re.sub(r"[\s-]+", "_", word.strip())
    return LEVELS.get(plain.upper(), plain)


def severity_of(word: Any) -> Any:
    """The number of a severity: `safeguarding` is 3."""
    return SEVERITIES.get(word.strip().lower(), word) if isinstance(word, str) else word


@cache
def _numbers() -> dict[str, str]:
    """The event types by their numbers, `E13`, as the policy has them."""
    found = {}
    for file in files("hub.policy").joinpath("events").iterdir():
        if file.name.endswith(".toml"):
            said = tomllib.loads(file.read_text(encoding="utf-8"))
            found[str(said.get("code"))] = str(said.get("event"))
    return found


def event_of_number(word: Any) -> Any:
    """The event type that a number stands for; the word itself where it is none."""
    if isinstance(word, str) and re.fullmatch(r"[Ee]\d\d?", word.strip()):
        return _numbers().get(f"E{int(word.strip()[1:]):02}", word)
    return word


def fields_of(event: Any, body: type_of_tables) -> type_of_tables:
    """A body with its fields as the event's schema names them."""
    other = FIELDS.get(str(event), {})
    out = {other.get(name, name) if name in other else name: body[name] for name in body}
    return out | ({"gestation": weeks_of(out["gestation"])} if "gestation" in out else {})


def weeks_of(gestation: Any) -> Any:
    """A gestation as weeks and days: `31+2`, and `w` and `d` for short."""
    if isinstance(gestation, str):
        found = re.fullmatch(r"\s*(\d{1,2})\s*\+\s*([0-6])\s*", gestation)
        return {"weeks": int(found[1]), "days": int(found[2])} if found else gestation
    if isinstance(gestation, dict):
        names = {"w": "weeks", "d": "days"}
        return {names.get(name, name): value for name, value in gestation.items()}
    return gestation


def people_of(people: Any) -> Any:
    """People with NHS numbers written in groups, as on a card, and birthdays without quotes."""
    if not isinstance(people, dict):
        return people
    out = dict(people)
    for name, one in people.items():
        if isinstance(one, dict):
            own = {k: v.isoformat() if isinstance(v, date) else v for k, v in one.items()}
            if isinstance(own.get("nhs_number"), str):
                own["nhs_number"] = re.sub(r"\s", "", own["nhs_number"])
            out[name] = own
    return out
