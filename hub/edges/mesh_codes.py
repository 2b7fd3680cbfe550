"""The code lists of MESH and ITK3, as reasons and signals of the hub.

Sources: the MESH API's list of error codes; the ITK3 lists of infrastructure and business
acknowledgements.
"""

from dataclasses import dataclass
from typing import Final

from hub.core.model import Signal
from hub.edges.channels.base import DeliveryReason

REASONS: Final = {
    "02": DeliveryReason.MALFORMED,
    "06": DeliveryReason.MALFORMED,
    "07": DeliveryReason.MALFORMED,
    "08": DeliveryReason.MALFORMED,
    "09": DeliveryReason.MALFORMED,
    "11": DeliveryReason.MALFORMED,
    "12": DeliveryReason.NO_SUCH_MAILBOX,
    "14": DeliveryReason.NOT_COLLECTED,
    "17": DeliveryReason.NOT_FOR_WORKFLOW,
    "18": DeliveryReason.NOT_FOR_WORKFLOW,
    "19": DeliveryReason.MALFORMED,
    "EPL-150": DeliveryReason.TWO_MAILBOXES,
    "EPL-151": DeliveryReason.NO_SUCH_MAILBOX,
    "EPL-152": DeliveryReason.PERSON_UNKNOWN,
    "EPL-153": DeliveryReason.PERSON_UNKNOWN,
    "EPL-154": DeliveryReason.PERSON_UNKNOWN,
}
"""Of MESH: none of these is mended by sending the same message to the same mailbox again."""


def reason_of(code: str) -> DeliveryReason:
    """The reason behind a code of MESH; one that nobody knows is a refusal."""
    return REASONS.get(code.strip().upper(), DeliveryReason.REJECTED)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an acknowledgement says of a notice: evidence, or that it must be sent once more."""

    signal: Signal | None
    reason: DeliveryReason | None = None


AGAIN: Final = Meaning(None)

ACKNOWLEDGEMENTS: Final = {
    "41001": Meaning(Signal.ACCEPTED),
    "41002": Meaning(Signal.NOT_OURS),
    "41022": Meaning(Signal.REFUSED),
    "51001": Meaning(Signal.DELIVERED),
    "51002": Meaning(Signal.BOUNCED, DeliveryReason.PERSON_UNKNOWN),
    "51003": Meaning(Signal.BOUNCED, DeliveryReason.REJECTED),
    "51004": Meaning(Signal.BOUNCED, DeliveryReason.MALFORMED),
    "51005": Meaning(Signal.BOUNCED, DeliveryReason.MALFORMED),
    "51006": Meaning(Signal.BOUNCED, DeliveryReason.MALFORMED),
    "51008": Meaning(Signal.BOUNCED, DeliveryReason.REJECTED),
    "51009": Meaning(Signal.BOUNCED, DeliveryReason.REJECTED),
    "51010": Meaning(Signal.DELIVERED),
    "51011": Meaning(Signal.DELIVERED),
    "51012": AGAIN,
}
"""5xxxx: by the system.  A duplicate (51010, 51011) is there already; 51012 is a failure of theirs
and the only one that sending again can mend.  4xxxx: by the organisation."""
