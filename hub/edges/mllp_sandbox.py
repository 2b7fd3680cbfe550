"""The sandbox over MLLP: a message is read and checked as ever, and nothing at all comes of it.

Two fields must ask for it, so that no slip makes a real message vanish: MSH-5, the receiving
application, is `HUB-SANDBOX`, and MSH-11 says training (T) or debugging (D).  A message with only
the first of the two is refused; one with only the second is refused by the door itself.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from hub.core.faults import FaultReason, SenderFault
from hub.edges import avro, hl7v2_ack
from hub.edges.hl7v2 import events_from
from hub.edges.hl7v2_message import Segment
from hub.edges.hl7v2_profile import Profile
from hub.edges.intake import KnowsOrganisations, check_event
from hub.edges.mapped import IN_WORDS, safely

APPLICATION: Final = "HUB-SANDBOX"
NOT_REAL: Final = frozenset({"T", "D"})


def is_asked(header: Segment | None) -> bool:
    """Whether a message is addressed to the sandbox."""
    return header is not None and header.value(5) == APPLICATION


def tried(
    header: Segment | None,
    body: bytes,
    profile: Profile,
    directory: KnowsOrganisations,
    received_at: datetime,
) -> bytes:
    """The acknowledgement that the message would get; it is kept nowhere and counted nowhere."""
    try:
        said = safely(lambda: _said(header, body, profile, directory, received_at))
    except SenderFault as fault:
        return hl7v2_ack.not_taken(header, received_at, fault, "")
    return hl7v2_ack.taken(header, received_at, f"sandbox, nothing was done: {said}")


def _said(
    header: Segment | None,
    body: bytes,
    profile: Profile,
    directory: KnowsOrganisations,
    received_at: datetime,
) -> str:
    if header is None or header.value(11) not in NOT_REAL:
        raise SenderFault(
            FaultReason.UNSUPPORTED_MESSAGE,
            "it is addressed to the sandbox, and MSH-11 says that it is real; nothing was kept",
            field="MSH-11",
            remedy="send T in MSH-11 to try it, or the hub's own name in MSH-5 to publish it",
        )
    mapped = events_from(body, replace(profile, processing=NOT_REAL), received_at)
    for event in mapped.events:
        check_event(event, directory, received_at)
        avro.encode_event(event)
    if mapped.ignored is not None:
        return f"nothing to pass on ({IN_WORDS[mapped.ignored]})"
    return "it would become " + ", ".join(event.type for event in mapped.events)
