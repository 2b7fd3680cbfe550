"""What every event must satisfy at the door, whichever language it came in.

The rules here are about a single event and the directory of organisations.  Nothing here looks at
an episode: whether an event is older than its episode is for the identity agent to say.  No text
raised here holds a value that the sender wrote, because such a value may be an identity.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from hub.core.faults import FaultReason, SenderFault
from hub.core.model import Event
from hub.edges import nhs_number

CLOCK_TOLERANCE: Final = timedelta(minutes=5)
"""How far a sender's clock may run ahead of ours.  Hospital systems are synchronised to seconds;
five minutes forgives a neglected one and still refuses a wrong day or a wrong time zone."""

EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""No open episode began before it.  A time like 1900-01-01 or 0001-01-01 is some system's word for
"not filled in".  Whether an event is older than its own episode is not asked here."""

LATEST_DUE: Final = timedelta(days=301)
"""A due date is at most 43 completed weeks after the event that tells of it (domain trap 13)."""

OVERDUE: Final = timedelta(days=14)
"""A pregnancy may be two weeks past its due date, not more (domain trap 13)."""

LONGEST_GESTATION_WEEKS: Final = 45
"""Beyond any pregnancy on record that was dated by scan; a larger figure is a slip of the pen."""

DAYS_IN_A_WEEK: Final = 7

DUE_DATE_EVENTS: Final = frozenset({"pregnancy.booked", "pregnancy.dated"})

EVENTS_ABOUT_NOBODY: Final = frozenset(
    {
        "caseload.snapshot",
        "feed.heartbeat",
        "feedback.received",
        "link.changed",
        "pathway.assessment",
        "service.entry",
        "supervision.held",
        "training.recorded",
    }
)
"""Events of an organisation, a team or a feed (domain section 4.3): they carry no mother."""

_LOCAL: Final = ZoneInfo("Europe/London")


class KnowsOrganisations(Protocol):
    """The part of the directory that the door needs."""

    def knows(self, ods: str) -> bool:
        """True when the organisation of this ODS code is in the directory."""
        ...


def check_event(event: Event, directory: KnowsOrganisations, now: datetime) -> None:
    """Refuse an event that cannot be decided.  `now` is the door's own time, aware.

    Raises SenderFault with the path of the field at fault in the HTTPS JSON form of the event.
    """
    _check_source(event, directory)
    _check_identity(event)
    _check_feed(event)
    _check_time(event, now)
    if event.type in DUE_DATE_EVENTS:
        _check_due_date(event)
    _check_gestation(event.body.get("gestation"))


def _check_source(event: Event, directory: KnowsOrganisations) -> None:
    if not directory.knows(event.organisation):
        raise SenderFault(
            FaultReason.UNKNOWN_ORGANISATION,
            "the sending organisation is not in the directory",
            field="source",
            remedy="send the ODS code that was agreed at onboarding, or ask the hub's operator "
            "to add your organisation to the directory",
        )


def _check_feed(event: Event) -> None:
    """Nobody says of another's feed that it is alive: that would hide its silence."""
    if event.type == "feed.heartbeat" and event.body.get("source") != event.source:
        raise SenderFault(
            FaultReason.NOT_YOUR_ORGANISATION,
            "the heartbeat is of another feed than the one that sent it",
            field="data.source",
            remedy="send the same source as in the envelope",
        )


def _check_identity(event: Event) -> None:
    person = event.subject
    if person.nhs_number is not None and not nhs_number.is_valid(person.nhs_number):
        raise SenderFault(
            FaultReason.NHS_NUMBER_INVALID,
            "the NHS number fails its check digit",
            field="subject.nhs_number",
            remedy="trace the number and send it again; leave it out if it is not known",
        )
    if event.type in EVENTS_ABOUT_NOBODY:
        return
    if not person.reference.strip() and person.nhs_number is None:
        raise SenderFault(
            FaultReason.MISSING_IDENTITY,
            "the event does not say whom it is about",
            field="subject.reference",
            remedy="send your own stable reference of the person, the NHS number, or both",
        )


def _check_time(event: Event, now: datetime) -> None:
    if event.occurred_at > now + CLOCK_TOLERANCE:
        raise SenderFault(
            FaultReason.FROM_THE_FUTURE,
            "the event says that it happened later than now",
            field="time",
            remedy="send the time at which it happened, with its offset from UTC, and check the "
            "clock of the sending system",
        )
    if event.occurred_at < EARLIEST:
        raise SenderFault(
            FaultReason.BEFORE_EPISODE,
            "the event says that it happened before any pregnancy that the hub can know of",
            field="time",
            remedy="send the time at which it happened; an empty date is left out, not filled up",
        )


def _check_due_date(event: Event) -> None:
    happened_on = event.occurred_at.astimezone(_LOCAL).date()
    due = _date(event.body.get("edd"))
    if due is None or not happened_on - OVERDUE <= due <= happened_on + LATEST_DUE:
        raise SenderFault(
            FaultReason.DUE_DATE_OUT_OF_RANGE,
            f"the due date is not within {OVERDUE.days} days before and {LATEST_DUE.days} days "
            "after the event",
            field="data.edd",
            remedy="check the estimated date of delivery and the time of the event",
        )


def _check_gestation(gestation: Any) -> None:
    """Weeks and completed days; 20.5 is not 20 weeks and 5 days, so a fraction is refused."""
    if gestation is None:
        return
    weeks, days = gestation.get("weeks"), gestation.get("days", 0)
    whole = type(weeks) is int and type(days) is int
    if whole and 0 <= weeks <= LONGEST_GESTATION_WEEKS and 0 <= days < DAYS_IN_A_WEEK:
        return
    raise SenderFault(
        FaultReason.SCHEMA_VIOLATION,
        "the gestation is not a number of whole weeks and 0 to 6 days",
        field="data.gestation",
        remedy='send weeks and days apart: 20 weeks and 5 days is {"weeks": 20, "days": 5}',
    )


def _date(written: Any) -> date | None:
    if not isinstance(written, str):
        return None
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None
