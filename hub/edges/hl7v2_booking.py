"""The bodies of a booking and of a referral for one, read where the site's profile says."""

import re
from typing import Final

from hub.core.faults import FaultReason, SenderFault
from hub.core.model import type_of_body
from hub.edges.hl7v2_message import FieldMissing, Message, day
from hub.edges.hl7v2_profile import Profile

_WHOLE: Final = re.compile(r"\d{1,2}", re.ASCII)
_GESTATION: Final = re.compile(r"(\d{1,2})(?:\s*(?:\+|w)\s*([0-6])\s*d?)?", re.ASCII)
_BASES: Final = frozenset({"LMP", "scan", "fundal", "stated", "unknown"})


def booked(message: Message, profile: Profile, provider: str) -> type_of_body:
    """Body of `pregnancy.booked`.  Raises SenderFault naming the place of what is missing."""
    due, place = profile.value(message, "edd")
    practice, _ = profile.value(message, "practice")
    language, _ = profile.value(message, "language")
    return {
        "booked_on": _needed_day(message, profile, "booked_on"),
        "edd": day(due, place),
        "edd_basis": _basis(message, profile, place),
        "parity": _needed_number(message, profile, "parity"),
        "planned_contacts": _needed_number(message, profile, "planned_contacts"),
        "provider": provider,
        "named_midwife": _midwife(message, profile),
        "gp_ods": practice or None,
        # Both may be empty: the rules on them open a gap, which a refused booking could not.
        "hv_team_hint": profile.value(message, "hv_team_hint")[0],
        "sharing_ref": profile.value(message, "sharing_ref")[0],
        "language": language or None,
        "interpreter": _interpreter(message, profile),
        "vulnerabilities": profile.values(message, "vulnerabilities")[0],
        "late_reason": profile.values(message, "late_reason")[0],
    }


def redated(message: Message, profile: Profile) -> type_of_body:
    """Body of `pregnancy.dated` from a record sent again as a whole.

    Such a record does not say what the due date was before; the field then repeats the new one.
    """
    due, place = profile.value(message, "edd")
    edd = day(due, place)
    return {
        "edd": edd,
        "basis": _basis(message, profile, place),
        "previous_edd": edd,
        "reason": None,
    }


def referral_received(message: Message, profile: Profile, received_on: str) -> type_of_body:
    """Body of `pregnancy.referral-received`.  Raises SenderFault when the gestation is missing."""
    gestation = gestation_of(message, profile)
    if gestation is None:
        raise FieldMissing(profile.value(message, "gestation")[1])
    practice, _ = profile.value(message, "practice")
    return {
        "received_on": received_on,
        "from": "other",
        "gp_ods": practice or None,
        "gestation": gestation,
        "needed_by": None,
    }


def gestation_of(message: Message, profile: Profile) -> type_of_body | None:
    """Weeks and days (`9+3`, `9w3d`, `9`); None where none is sent.

    A decimal fraction is refused: 20.5 is neither 20 weeks and 5 days nor surely anything else.
    """
    written, place = profile.value(message, "gestation")
    if not written:
        return None
    found = _GESTATION.fullmatch(written)
    if found is None:
        raise _wrong(place, "is not a gestation in weeks and days", "write 20 weeks 5 days as 20+5")
    return {"weeks": int(found[1]), "days": int(found[2] or 0), "basis": "unknown"}


def _midwife(message: Message, profile: Profile) -> type_of_body:
    midwife_id, place = profile.value(message, "midwife_id")
    if not midwife_id:
        raise FieldMissing(place)
    names = (profile.value(message, name)[0] for name in ("midwife_given", "midwife_family"))
    phone, _ = profile.value(message, "midwife_phone")
    name = " ".join(part for part in names if part)
    return {"id": midwife_id, "name": name or None, "phone": phone or None}


def _interpreter(message: Message, profile: Profile) -> type_of_body | None:
    needed, place = profile.value(message, "interpreter")
    if not needed:
        return None
    if needed.lower() not in {"y", "n"}:
        raise _wrong(place, "is neither y nor n", "write y or n")
    language, _ = profile.value(message, "interpreter_language")
    return {"needed": needed.lower(), "lang": language or None}


def _basis(message: Message, profile: Profile, due_place: str) -> str:
    basis, place = profile.value(message, "edd_basis")
    if not basis:
        return profile.dating.get(due_place, "unknown")
    if basis not in _BASES:
        raise _wrong(place, "is not a way to date a pregnancy", f"use one of {sorted(_BASES)}")
    return basis


def _needed_day(message: Message, profile: Profile, name: str) -> str:
    written, place = profile.value(message, name)
    found = day(written, place)
    if found is None:
        raise FieldMissing(place)
    return found


def _needed_number(message: Message, profile: Profile, name: str) -> int:
    written, place = profile.value(message, name)
    if not written:
        raise FieldMissing(place)
    if not _WHOLE.fullmatch(written):
        raise _wrong(place, "is not a whole number", "write digits only")
    return int(written)


def _wrong(place: str, problem: str, remedy: str) -> SenderFault:
    return SenderFault(
        FaultReason.SCHEMA_VIOLATION, f"{place} {problem}", field=place, remedy=remedy
    )
