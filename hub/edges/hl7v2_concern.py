"""Whose messages are the hub's business, where a whole hospital comes over one feed.

The rules are those of FHIR (`hub.edges.fhir.people`): a child of two to ten years is neither infant
nor mother, and a man's record is passed over only when nothing in the message says maternity,
because a man may be pregnant and a record may be wrong.
"""

from datetime import date
from typing import Final

from hub.edges.fhir.people import CHILD_UNTIL_YEARS
from hub.edges.hl7v2_reading import Reading
from hub.edges.mapped import Ignored

_MERGES: Final = frozenset({"ADT^A34", "ADT^A40", "ADT^A47"})
"""A merge repairs records, and the wrong one of the two may have been given the wrong sex."""


def of_nobody_here(reading: Reading, trigger: str) -> Ignored | None:
    """The reason why the hub follows nobody whom this message is about; None when it may."""
    person, born = reading.message.need("PID"), reading.people.subject.birth_date
    if trigger in _MERGES or reading.people.baby_id is not None:
        return None
    if born is not None:
        age = reading.occurred_at.year - date.fromisoformat(born).year
        if age < CHILD_UNTIL_YEARS:
            return Ignored.OLDER_CHILD
    if person.value(8) in reading.profile.male and not says_maternity(reading):
        return Ignored.NOT_MATERNITY
    return None


def says_pregnant(reading: Reading) -> bool:
    """By a due date, a gestation, or a diagnosis."""
    message, profile = reading.message, reading.profile
    if any(profile.value(message, name)[0] for name in ("edd", "gestation")):
        return True
    diagnoses = (segment.value(3) for segment in message.all("DG1"))
    return any(code.startswith(profile.pregnancy_codes) for code in diagnoses if code)


def says_maternity(reading: Reading) -> bool:
    """By what says that she is pregnant, a place or service of maternity, or a word anywhere."""
    if says_pregnant(reading) or reading.ward.upper() in reading.profile.maternity:
        return True
    visit = reading.message.first("PV1")
    if visit is not None and visit.value(10).upper() in reading.profile.maternity_services:
        return True
    written = "\n".join(
        field for segment in reading.message.segments for field in segment.fields
    ).lower()
    return any(word in written for word in reading.profile.maternity_words)
