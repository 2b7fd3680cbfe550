"""A made-up area with its organisations: who would be asked, told and telephoned there."""

from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

AREAS = ("E10000091", "E10000092")
PRACTICES_AN_AREA = 6

_HOSPITAL = (
    "COMM_MIDWIFE", "SG_MIDWIFE", "BEREAVEMENT_MW", "POSTNATAL_WARD", "OBSTETRICIAN",
    "PAEDIATRICIAN", "NEONATAL", "LIAISON_PSYCH", "NEWBORN_HEARING", "ED",
)  # fmt: skip
_HEALTH_VISITING = ("HV_TEAM", "TEAM_LEAD_HV", "NAMED_NURSE_SG", "FNP", "INFANT_FEEDING")
_AREA_ROLES = {
    "CHIS": "C", "CSC_FRONT_DOOR": "S", "SOCIAL_WORKER": "S", "CP_CHAIR": "S", "EARLY_HELP": "S",
    "PMH_TEAM": "M", "AMHS": "M", "MMHS": "M", "TALKING_THERAPIES": "M", "CAMHS": "M",
    "CRISIS": "M", "PARENT_INFANT": "M", "SUBSTANCE_SVC": "D", "DA_SERVICE": "D",
    "VCS_PARTNER": "V",
}  # fmt: skip
"""Which kind of organisation fills a role for a whole area."""

_KINDS = {
    "C": "child_health", "S": "local_authority", "M": "mental_health", "D": "voluntary",
    "V": "voluntary",
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """The organisations around one family."""

    area: str
    provider: str
    practice: str
    health_visiting: str

    def body(self, kind: str) -> str:
        """The area's organisation of a kind, such as `S` for social care."""
        return f"ZS{kind}{AREAS.index(self.area)}"

    @property
    def social_care(self) -> str:
        """The council."""
        return self.body("S")

    @property
    def mental_health(self) -> str:
        """The mental health trust."""
        return self.body("M")


def draw_place(chance: Random, *, apart_from: Place | None = None) -> Place:
    """Where a family lives; with `apart_from` in the other area, for one that moves."""
    area = chance.choice([a for a in AREAS if apart_from is None or a != apart_from.area])
    number = AREAS.index(area)
    practice = f"ZSP{number}{chance.randrange(PRACTICES_AN_AREA)}"
    return Place(area, f"ZSH{number}", practice, f"ZSV{number}")


def other_practice(chance: Random, place: Place) -> str:
    """Another practice of the same area."""
    number = AREAS.index(place.area)
    others = [f"ZSP{number}{n}" for n in range(PRACTICES_AN_AREA)]
    return chance.choice([ods for ods in others if ods != place.practice])


@cache
def directory(numbers: tuple[int, ...] = (0, 1)) -> dict[str, Any]:
    """The tables of the directory of these areas, without anybody's registration."""
    organisations: list[dict[str, Any]] = [
        {"ods": "HUB", "name": "The hub", "kind": "hub"},
    ]
    roles: list[dict[str, Any]] = []
    for number in numbers:
        area = AREAS[number]
        hospital, visitors = f"ZSH{number}", f"ZSV{number}"
        organisations += [
            {"ods": hospital, "name": f"Hospital {number}", "kind": "maternity", "area": area},
            {
                "ods": visitors,
                "name": f"Visitors {number}",
                "kind": "health_visiting",
                "area": area,
            },
        ]
        practices = [f"ZSP{number}{n}" for n in range(PRACTICES_AN_AREA)]
        organisations += [
            {"ods": ods, "name": f"Practice {ods}", "kind": "practice", "area": area}
            for ods in practices
        ]
        organisations += [
            {"ods": f"ZS{letter}{number}", "name": f"{kind} {number}", "kind": kind, "area": area}
            for letter, kind in _KINDS.items()
        ]
        roles += _roles(number, practices)
    endpoints = [
        {"organisation": o["ods"], "role": "*", "channel": "webhook"} for o in organisations
    ]
    return {"organisation": organisations, "role": roles, "endpoint": endpoints}


def _roles(number: int, practices: list[str]) -> list[dict[str, Any]]:
    """Who fills which role in an area."""
    area, hospital, visitors = AREAS[number], f"ZSH{number}", f"ZSV{number}"
    in_hospital = {"provider": [hospital], "area": [area]}
    visiting = {"practice": practices, "area": [area]}
    return [
        *({"role": r, "organisation": hospital, "serves": in_hospital} for r in _HOSPITAL),
        *({"role": r, "organisation": visitors, "serves": visiting} for r in _HEALTH_VISITING),
        *(
            {"role": r, "organisation": f"ZS{letter}{number}", "serves": {"area": [area]}}
            for r, letter in _AREA_ROLES.items()
        ),
    ]
