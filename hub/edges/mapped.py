"""What a message in any outside language says: events, or the reason why it says none.

Every reader returns `Mapped` or raises `SenderFault`; there is no third way, so that nothing a
stranger sends can be lost between them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from hub.core.faults import FaultReason, SenderFault
from hub.core.model import Event
from hub.ops.logs import log

T = TypeVar("T")


class Ignored(StrEnum):
    """Why a message that was understood became no event.  It is answered as taken."""

    NOTHING_TO_ROUTE = "nothing_to_route"
    NO_PREGNANCY = "no_pregnancy"
    OUTPATIENT = "outpatient"
    NO_EVENT_TYPE = "no_event_type"
    NOT_FINAL = "not_final"
    NOT_COMPLETE_ENOUGH = "not_complete_enough"
    OLDER_CHILD = "older_child"
    NOT_MATERNITY = "not_maternity"
    TEST_MESSAGE = "test_message"


IN_WORDS: Final = {
    Ignored.NOTHING_TO_ROUTE: "it says nothing that the hub passes on",
    Ignored.NO_PREGNANCY: "it is about an attendance or a planned stay, and nothing in it says "
    "that she is pregnant",
    Ignored.OUTPATIENT: "it is about an outpatient or a remote contact, which is no stay",
    Ignored.NO_EVENT_TYPE: "the hub has no event type for what it says",
    Ignored.NOT_FINAL: "it is a plan, a proposal or a draft; the hub waits for the final one",
    Ignored.NOT_COMPLETE_ENOUGH: "it says that a contact took place, and not whether she was seen "
    "alone and asked about abuse and mood; send contact.completed for that",
    Ignored.OLDER_CHILD: "it is about a child over two years, and the hub follows an infant to "
    "the second birthday",
    Ignored.NOT_MATERNITY: "the record is a man's, and nothing in it says pregnancy or maternity",
    Ignored.TEST_MESSAGE: "it is a test or heartbeat of the sending system",
}
"""A sentence for each reason; a test counts them."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Which part of a document an event came of."""

    resource: str = ""
    """`Encounter/123`, where the resource has an id of its own."""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a message says: events, or the reason why there are none; and what it takes away."""

    events: tuple[Event, ...]
    ignored: Ignored | None = None
    origins: tuple[Origin, ...] = ()
    """One for each event, in order; none where the language has no resources."""
    removed: tuple[str, ...] = ()
    """Resources that their sender has deleted.  Who took them knows what came of them."""


HUBS_OWN_FAULT: Final = "the hub failed to read this"
"""How the fault of `safely` begins; the fuzz tests look for it."""


def safely(read: Callable[[], T]) -> T:
    """What a reader reads; a defect of ours becomes a fault, so that the original is kept.

    A message that ends the process would be sent again, and end it again: nothing behind it would
    ever be read.  Raises SenderFault and nothing else.
    """
    try:
        return read()
    except SenderFault:
        raise
    except Exception as error:
        log().error("a message could not be read, which is a defect", kind=type(error).__name__)
        raise SenderFault(
            FaultReason.UNPARSEABLE,
            f"{HUBS_OWN_FAULT} ({type(error).__name__}), and the fault is the hub's",
            remedy="nothing at once: the original is kept, and goes through when the hub is mended",
        ) from error
