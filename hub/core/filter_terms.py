"""The closed set of terms of a subscription's filter: what each may be, and how it is said.

A filter says of what kind the notices are that take a road, and never whose.  So every term is a
code or a number, and nothing here could hold a name.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from hub.core.circumstances import Circumstances, Flag, Relation, Stage
from hub.core.model import Purpose, Severity

type_of_known = tuple[str, ...] | int | None
"""What is known of a term: its values, a number, or None where nothing is."""

DAYS_OF_WEEK: Final = 7


class Kind(StrEnum):
    """What a term can be compared with."""

    CODE = "code"
    NUMBER = "number"
    GRADE = "grade"
    """A code of which one is more than another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """A notice, as far as the choice of its road goes by it."""

    role: str
    rule: str
    purpose: Purpose
    circumstances: Circumstances | None = None
    """None where an older hub decided it: then everything else is unknown."""
    icb: str = ""
    """Of her practice, by the directory; empty where that does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TermRule:
    """One term: its name, what it may be, how it is read aloud, and where it is known from."""

    name: str
    kind: Kind
    said: str
    """How a comparison begins in words."""
    example: str
    values: tuple[str, ...] = ()
    """All that it may be, where that is fixed; of a grade, the least first."""
    form: re.Pattern[str] = re.compile(r"[A-Za-z0-9._-]{1,60}")
    place: bool = False
    """Whether it is a code of the directory: the like of a wrong one would be somewhere else."""
    known: Callable[[Traits, Circumstances], type_of_known]


def _one(code: str) -> tuple[str, ...] | None:
    return (code,) if code else None


def _event(_: Traits, c: Circumstances) -> type_of_known:
    # A notice about a gap has no event type, and that is known.
    return (c.event,) if c.event else ()


def _gestation(_: Traits, c: Circumstances) -> type_of_known:
    """Whole weeks; after a birth or a loss there is none, and that is known."""
    if c.stage in (Stage.BIRTH, Stage.LOSS):
        return ()
    return None if c.gestation_days is None else c.gestation_days // DAYS_OF_WEEK


def _baby_age(_: Traits, c: Circumstances) -> type_of_known:
    return () if c.stage in (Stage.PREGNANCY, Stage.LOSS) else c.baby_age_days


def _severity(_: Traits, c: Circumstances) -> type_of_known:
    return c.gap_severity or ()


_ODS = re.compile(r"(?!\d{9})[A-Z0-9]{2,9}")
_ROLE = re.compile(r"[A-Z][A-Z0-9_]{1,39}")

_RULES: Final = (
    TermRule(
        name="eventType",
        kind=Kind.CODE,
        said="the event",
        example="eventType = pregnancy.booked",
        form=re.compile(r"[a-z][a-z-]*(\.[a-z][a-z-]*)+"),
        known=_event,
    ),
    TermRule(
        name="purpose",
        kind=Kind.CODE,
        said="the purpose",
        example="purpose = safeguarding",
        values=tuple(Purpose),
        known=lambda traits, _: (traits.purpose,),
    ),
    TermRule(
        name="role",
        kind=Kind.CODE,
        said="the recipient's role",
        example="role = HV_TEAM",
        form=_ROLE,
        known=lambda traits, _: (traits.role,),
    ),
    TermRule(
        name="service",
        kind=Kind.CODE,
        said="the recipient's kind of service",
        example="service = midwife",
        form=re.compile(r"[a-z][a-z_]{1,39}"),
        known=lambda _, c: _one(c.audience),
    ),
    TermRule(
        name="practice",
        kind=Kind.CODE,
        said="the practice where she is registered",
        example="practice = Y00001",
        form=_ODS,
        place=True,
        known=lambda _, c: _one(c.practice),
    ),
    TermRule(
        name="provider",
        kind=Kind.CODE,
        said="her maternity provider",
        example="provider = RXA",
        form=_ODS,
        place=True,
        known=lambda _, c: _one(c.provider),
    ),
    TermRule(
        name="area",
        kind=Kind.CODE,
        said="the local authority where she lives",
        example="area = E08000035",
        form=re.compile(r"[A-Z][A-Z0-9]{0,8}"),
        place=True,
        known=lambda _, c: _one(c.area),
    ),
    TermRule(
        name="postcode_district",
        kind=Kind.CODE,
        said="the postcode district where she lives",
        example="postcode_district IN (LS6, LS7)",
        # Shorter than any whole postcode, which would name a street.
        form=re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]?"),
        known=lambda _, c: _one(c.district),
    ),
    TermRule(
        name="icb",
        kind=Kind.CODE,
        said="the integrated care board of the practice where she is registered",
        example="icb = QWO",
        form=_ODS,
        place=True,
        known=lambda traits, _: _one(traits.icb),
    ),
    TermRule(
        name="relation",
        kind=Kind.CODE,
        said="her tie to the recipient",
        example="relation = registered",
        values=tuple(Relation),
        known=lambda _, c: c.relations,
    ),
    TermRule(
        name="gestation_weeks",
        kind=Kind.NUMBER,
        said="the pregnancy in completed weeks",
        example="gestation_weeks >= 28",
        known=_gestation,
    ),
    TermRule(
        name="baby_age_days",
        kind=Kind.NUMBER,
        said="the baby's age in days",
        example="baby_age_days < 14",
        known=_baby_age,
    ),
    TermRule(
        name="label",
        kind=Kind.CODE,
        said="a label of the event",
        example="label = DA",
        form=_ROLE,
        known=lambda _, c: c.labels,
    ),
    TermRule(
        name="flag",
        kind=Kind.CODE,
        said="an open flag",
        example="flag = safeguarding",
        values=tuple(Flag),
        known=lambda _, c: c.flags,
    ),
    TermRule(
        name="gap_severity",
        kind=Kind.GRADE,
        said="the gravest open gap of the recipient's",
        example="gap_severity >= attention",
        values=tuple(each.name.lower() for each in Severity),
        known=_severity,
    ),
)

TERMS: Final[Mapping[str, TermRule]] = {each.name: each for each in _RULES}
"""Every term there is, by its name."""

OTHER_NAMES: Final[Mapping[str, str]] = {
    "event": "eventType",
    "event_type": "eventType",
    "gp": "practice",
    "registered": "relation",
    "caseload": "relation",
    "gestation": "gestation_weeks",
    "weeks": "gestation_weeks",
    "baby_age": "baby_age_days",
    "age": "baby_age_days",
    "postcode": "postcode_district",
    "postcode_area": "postcode_district",
    "district": "postcode_district",
    "integrated_care_board": "icb",
    "ccg": "icb",
    "local_authority": "area",
    "severity": "gap_severity",
    "gap": "gap_severity",
    "safeguarding": "flag",
    "service_type": "service",
}
"""What people write for a term, so that the answer names the right one."""

OF_A_PERSON: Final = frozenset(
    {
        *("nhs", "nhs_number", "nhsnumber", "name", "surname", "family_name", "given_name"),
        *("dob", "birth_date", "date_of_birth", "subject", "reference", "address"),
        *("patient", "person", "mother"),
    }
)
"""Words that ask whose a notice is, which a filter never may."""


def known_of(name: str, traits: Traits) -> Any:
    """What is known of a term for one notice; None for nothing."""
    circumstances = traits.circumstances
    if circumstances is None and name not in ("purpose", "role"):
        return None
    return TERMS[name].known(traits, circumstances or Circumstances())
