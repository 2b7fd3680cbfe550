"""What every channel is: it sends a notice and answers with evidence or with a reason.

A channel never raises for what a destination does; it answers `Failed`.  What it does raise is a
fault of ours, and ends the delivery role.  `SENT` means that the carrier has it; `DELIVERED` means
that the recipient's own system has said that it has it.  A channel never claims more.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final, Protocol

from hub.core.model import Signal
from hub.edges.directory import Endpoint
from hub.edges.records import NoticeRecord


class DeliveryReason(StrEnum):
    """Why an attempt failed: a closed list, for the metrics and the delivery log."""

    NO_CHANNEL = "no_channel"
    NO_SECRET = "no_secret"  # noqa: S105  a reason, not a password
    BAD_ADDRESS = "bad_address"
    ADDRESS_REFUSED = "address_refused"
    UNREACHABLE = "unreachable"
    """Nobody took the connection: it cannot be about the notice."""
    BROKEN_OFF = "broken_off"
    """They took the connection and ended it without an answer."""
    TIMED_OUT = "timed_out"
    REDIRECTED = "redirected"
    REJECTED = "rejected"
    TOO_MANY = "too_many"
    GONE = "gone"
    THEIR_ERROR = "their_error"
    BROKER = "broker"
    OUR_CREDENTIALS = "our_credentials"
    """The carrier does not let the hub itself in."""
    NO_SUCH_MAILBOX = "no_such_mailbox"
    TWO_MAILBOXES = "two_mailboxes"
    """The look-up gives more than one mailbox, so none is known to be right."""
    NOT_FOR_WORKFLOW = "not_for_workflow"
    """The mailbox is not registered for this kind of message."""
    NOT_COLLECTED = "not_collected"
    """It lay in the mailbox until it expired, or the mailbox was closed."""
    MALFORMED = "malformed"
    """The other side could not read it: a fault of ours or of the agreement."""
    PERSON_UNKNOWN = "person_unknown"
    """The other side does not know, or cannot tell apart, the person it is about."""
    EXHAUSTED = "exhausted"


ABOUT_THE_NOTICE: Final = frozenset(
    {
        DeliveryReason.BROKEN_OFF,
        DeliveryReason.BROKER,
        DeliveryReason.TIMED_OUT,
        DeliveryReason.REJECTED,
        DeliveryReason.THEIR_ERROR,
        DeliveryReason.MALFORMED,
        DeliveryReason.PERSON_UNKNOWN,
    }
)
"""Failures that may lie in the one notice: it must not hold up those behind it.

Every other one would meet whatever is sent there, so that the notices wait in their order."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """The notice got as far as `signal` says: SENT or DELIVERED."""

    signal: Signal
    http_status: int | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The notice did not get through.  `retry` is False when no later attempt could help."""

    reason: DeliveryReason
    retry: bool = True
    http_status: int | None = None
    wait: timedelta | None = None
    """How long the destination has asked us to leave it alone."""


type_of_result = Delivered | Failed


class Channel(Protocol):
    """One way of carrying notices."""

    name: str
    together: int
    """Notices that may be under way to one destination at once: 1 where the recipient itself
    answers, more where a carrier takes them and keeps their order."""
    places: int
    """Destinations that may be served at once; as many again may be waited for that keep us
    waiting (`hub.roles.places`)."""

    async def start(self) -> None:
        """Open what the channel needs; it must not wait for any recipient."""
        ...

    async def stop(self) -> None:
        """Close it."""
        ...

    async def send(self, notice: NoticeRecord, endpoint: Endpoint) -> type_of_result:
        """Carry one notice.  Must be safe to repeat: a retry has the same `notice_id`."""
        ...
