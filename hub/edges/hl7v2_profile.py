"""What differs between sending sites, read from data: which field holds what, whose code is whose.

A profile is checked when it is read; an error names the file, the key and the remedy.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hub.edges.hl7v2_message import Message

DEFAULT: Final = Path(__file__).parent / "profiles" / "default.toml"

_FIELD: Final = re.compile(r"([A-Z][A-Z0-9]{2})-([1-9]\d?)(?:\.([1-9]\d?))?")
_OBSERVATION: Final = re.compile(r"OBX:(\S+)")

NAMES: Final = frozenset(
    {
        *("practice", "postcode", "language", "encounter", "ward", "destination", "gestation"),
        *("edd", "edd_basis", "booked_on", "parity", "planned_contacts"),
        *("midwife_id", "midwife_family", "midwife_given", "midwife_phone"),
        *("hv_team_hint", "sharing_ref", "interpreter", "interpreter_language"),
        *("vulnerabilities", "late_reason"),
    }
)
"""Everything the mapping asks a place for; a profile has exactly these under [places]."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: a field of a segment, or the value of an observation by its code."""

    text: str
    """As the profile writes it; also how a fault names it."""
    segment: str
    field: int
    component: int
    observation: str | None = None

    def values(self, message: Message) -> list[str]:
        """Each filled repetition at this place."""
        found: list[str] = []
        for segment in message.all(self.segment):
            if self.observation is not None and segment.value(3) != self.observation:
                continue
            written = segment.repetitions(self.field)
            found += [segment.component(each, self.component) for each in written]
        return [value for value in found if value]


@dataclass(frozen=True, slots=True)
class Profile:
    """One site's way of filling HL7 v2."""

    processing: frozenset[str]
    facilities: Mapping[str, str]
    nhs_types: frozenset[str]
    nhs_authorities: frozenset[str]
    record_types: frozenset[str]
    places: Mapping[str, tuple[Place, ...]]
    maternity: frozenset[str]
    maternity_or_medicine: frozenset[str]
    emergency: frozenset[str]
    pregnancy_codes: tuple[str, ...]
    destinations: Mapping[str, str]
    summaries: frozenset[str]
    """Types of document (TXA-2) that are discharge summaries at this site."""
    dating: Mapping[str, str]
    male: frozenset[str]
    maternity_words: tuple[str, ...]
    maternity_services: frozenset[str]
    """What makes a message one of maternity, in small letters."""

    def values(self, message: Message, name: str) -> tuple[list[str], str]:
        """The filled repetitions of a named value and where they stood; or where to put it."""
        places = self.places[name]
        for place in places:
            if found := place.values(message):
                return found, place.text
        return [], places[0].text

    def value(self, message: Message, name: str) -> tuple[str, str]:
        """A named value and where it stood; an empty string, and where it should have stood."""
        found, place = self.values(message, name)
        return (found[0] if found else ""), place


def load_profile(path: Path = DEFAULT) -> Profile:
    """Read a profile.  Raises ValueError naming file, key and remedy, and OSError."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        return _profile(table)
    except KeyError as missing:
        raise ValueError(f"{path}: {missing} is missing; copy it from {DEFAULT.name}") from None
    except ValueError as wrong:
        raise ValueError(f"{path}: {wrong}") from None


def _profile(table: Mapping[str, Any]) -> Profile:
    identifiers, unscheduled, places = table["identifiers"], table["unscheduled"], table["places"]
    if set(places) != NAMES:
        odd = ", ".join(sorted(set(places) ^ NAMES))
        raise ValueError(f"[places] must name exactly what the default names; differs in: {odd}")
    return Profile(
        processing=frozenset(table["processing"]),
        facilities=dict(table["facilities"]),
        nhs_types=_capitals(identifiers["nhs_types"]),
        nhs_authorities=_capitals(identifiers["nhs_authorities"]),
        record_types=_capitals(identifiers["record_types"]),
        places={name: _places(name, written) for name, written in places.items()},
        maternity=_capitals(unscheduled["maternity"]),
        # A profile from before this was asked says itself which of the two its place is.
        maternity_or_medicine=_capitals(unscheduled.get("maternity_or_medicine", [])),
        emergency=_capitals(unscheduled["emergency"]),
        pregnancy_codes=tuple(unscheduled["pregnancy_codes"]),
        destinations=dict(table["destinations"]),
        # Profiles that were written before documents were read do not have this table.
        summaries=frozenset(table.get("documents", {}).get("summaries", ["DS"])),
        dating=dict(table["dating"]),
        **_concern(table),
    )


def _capitals(codes: list[str]) -> frozenset[str]:
    return frozenset(code.upper() for code in codes)


def _concern(table: Mapping[str, Any]) -> dict[str, Any]:
    """What tells whose business a message is; a profile from before that asked has our answer."""
    asked = table.get("concern")
    if asked is None:
        asked = tomllib.loads(DEFAULT.read_text(encoding="utf-8"))["concern"]
    words = tuple(word.lower() for word in asked["words"])
    return {
        "male": frozenset(asked["male"]),
        "maternity_words": words,
        "maternity_services": _capitals(asked["services"]),
    }


def _places(name: str, written: list[str]) -> tuple[Place, ...]:
    if not written:
        raise ValueError(f"places.{name} is empty; give it at least one place")
    return tuple(_place(name, each) for each in written)


def _place(name: str, written: str) -> Place:
    if found := _OBSERVATION.fullmatch(written):
        return Place(written, "OBX", 5, 1, found[1])
    if found := _FIELD.fullmatch(written):
        return Place(written, found[1], int(found[2]), int(found[3] or 1))
    raise ValueError(
        f"places.{name} holds {written!r}; write SEGMENT-FIELD.COMPONENT, or OBX: and a code"
    )
