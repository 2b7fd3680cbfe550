"""What every trigger needs of an HL7 v2 message: do we take it, from whom, when, about whom."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from hub.core.faults import FaultReason, SenderFault
from hub.edges.hl7v2_message import LOCAL, FieldMissing, Message, Segment, instant
from hub.edges.hl7v2_people import People, people
from hub.edges.hl7v2_profile import Profile

VERSIONS: Final = frozenset({"2.3", "2.3.1", "2.4", "2.5", "2.5.1"})
_ORDERS: Final = ("ORM", "ORR", "OMG", "OML", "OMI", "OMP", "OMD", "OMN", "OMS", "ORL", "ORG")
_MEDICINES: Final = ("RDE", "RDS", "RAS", "RGV", "RRE", "RRD", "RRA", "RRG")
OF_OTHERS: Final = frozenset((*_ORDERS, *_MEDICINES, "DFT", "BAR", "VXU", "MFN"))
"""Kinds of message (MSH-9.1) that nothing of ours is to come of: orders and the answers to them,
medicines, bills, vaccinations, and lists.  Many are about no person at all."""
_FIRST_OF_PLACE: Final = "PV1-3.1"
LONGEST_CONTROL_ID: Final = 100
"""HL7 allows 20 characters (199 in its latest version); an event id holds 200 with its prefix."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A message with all that every trigger needs of it."""

    message: Message
    profile: Profile
    facility: str
    source: str
    control_id: str
    occurred_at: datetime
    recorded_at: datetime | None
    people: People
    today: str = field(init=False)
    """The local day on which it happened, ISO."""

    def __post_init__(self) -> None:
        """Work out the local day once."""
        object.__setattr__(self, "today", self.occurred_at.astimezone(LOCAL).date().isoformat())

    @property
    def ward(self) -> str:
        """Where she is; some sites write their own code first, and the ward behind it."""
        written, place = self.profile.value(self.message, "ward")
        if written not in {self.facility, self.source.partition(":")[0]}:
            return written
        visit = self.message.first("PV1")
        behind = visit.value(3, 2) if visit is not None and place == _FIRST_OF_PLACE else ""
        return behind or written


def supported(message: Message, profile: Profile, triggers: Collection[str]) -> str:
    """The trigger, when this is a message that the hub takes.  Raises SenderFault."""
    header = message.header
    if len(message.segments) == 1 and message.stray_line is None:
        raise _nothing_but_a_header()
    trigger = f"{header.value(9)}^{header.value(9, 2)}"
    taken = header.value(12) in VERSIONS and header.value(11) in profile.processing
    if not taken or trigger not in triggers:
        raise _unsupported(header, profile, triggers)
    return trigger


def of_others(message: Message, profile: Profile) -> bool:
    """Whether a message that the hub could take is of a kind that says nothing to it."""
    header = message.header
    is_taken = header.value(12) in VERSIONS and header.value(11) in profile.processing
    return is_taken and header.value(9) in OF_OTHERS and len(message.segments) > 1


def _nothing_but_a_header() -> SenderFault:
    """Of a message in one line the header holds everything, and each of its fields looks wrong."""
    return SenderFault(
        FaultReason.MISSING_SEGMENT,
        "nothing follows the MSH segment",
        field="MSH",
        remedy="end each segment with CR, which is the byte 0x0D and not the characters \\r",
    )


def _unsupported(header: Segment, profile: Profile, triggers: Collection[str]) -> SenderFault:
    """The first thing about a message that the hub does not take, with what it takes instead."""
    kind = header.value(9)
    kinds = sorted({each.partition("^")[0] for each in triggers})
    of_kind = sorted(each.partition("^")[2] for each in triggers if each.startswith(f"{kind}^"))
    offers = (
        ("MSH-12", header.value(12), VERSIONS, "send HL7 v2.3 to v2.5.1"),
        ("MSH-11", header.value(11), profile.processing, "send only what is real (P)"),
        ("MSH-9.1", kind, kinds, f"send one of {', '.join(kinds)}"),
    )
    last = ("MSH-9.2", "", (), f"send one of {', '.join(of_kind)}")
    place, _, _, remedy = next((each for each in offers if each[1] not in each[2]), last)
    return SenderFault(
        FaultReason.UNSUPPORTED_MESSAGE,
        f"{place} is not one that the hub takes",
        field=place,
        remedy=remedy,
    )


def reading_of(message: Message, profile: Profile) -> Reading:
    """Read what is common to all triggers.  Raises SenderFault naming the field."""
    header, facts = message.header, message.first("EVN")
    control_id = header.value(10)
    if not control_id:
        raise FieldMissing("MSH-10")
    if len(control_id) > LONGEST_CONTROL_ID:
        raise SenderFault(
            FaultReason.SCHEMA_VIOLATION,
            f"MSH-10 is longer than {LONGEST_CONTROL_ID} characters",
            field="MSH-10",
            remedy="send a control id of up to 20 characters, unique for each message",
        )
    source = source_of(header, profile)
    sent_at = instant(header.value(7), "MSH-7")
    recorded_at = instant(facts.value(2), "EVN-2") if facts else None
    occurred_at = instant(facts.value(6), "EVN-6") if facts else None
    happened = occurred_at or recorded_at or sent_at
    if happened is None:
        raise FieldMissing("EVN-2")
    return Reading(
        message=message,
        profile=profile,
        facility=header.value(4),
        source=source,
        control_id=control_id,
        occurred_at=happened,
        recorded_at=recorded_at or sent_at,
        people=people(message, profile, source.partition(":")[0], happened),
    )


def source_of(header: Segment, profile: Profile) -> str:
    """`ODS:SYSTEM` of the sender.  Raises SenderFault when MSH-4 is empty."""
    facility = header.value(4)
    if not facility:
        raise FieldMissing("MSH-4")
    return f"{profile.facilities.get(facility, facility)}:{header.value(3) or 'HL7'}"
