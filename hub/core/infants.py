"""Whose record it is: a woman's, or a baby's own.

Some publishers know only the baby.  What they send is about the pregnancy it came from all the
same, and nothing in it may be taken for something about its mother.
"""

from datetime import date, datetime, timedelta

from hub.core.deadlines import local_date
from hub.core.model import Event, Person

INFANT_UNTIL = timedelta(days=10 * 365)
"""Nobody younger has given birth in England: a record of somebody younger is a baby's."""


def is_infant(subject: Person, at: datetime) -> bool:
    """Whether a person was a baby or a child at a time, by the date of birth on record."""
    if subject.birth_date is None:
        return False
    return local_date(at) - date.fromisoformat(subject.birth_date) < INFANT_UNTIL


def is_babys_own(event: Event) -> bool:
    """Whether an event names nobody but the baby, as its subject."""
    subject, baby = event.subject, event.body.get("baby_id")
    if is_infant(subject, event.occurred_at):
        return True
    number = f"nhs:{subject.nhs_number}" if subject.nhs_number else None
    return bool(baby) and baby in (subject.reference, number)
