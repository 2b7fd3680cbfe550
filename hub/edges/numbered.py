"""The numbers of a sender's messages, from the door to the feeds agent.

A number is no part of any event: it is the message's, which may hold several events or none.  So it
travels as a header of the Kafka record, `ce_sequence` as the Kafka binding of CloudEvents names
that extension, beside a short name of the message (`hub_message`), by which a copy is known.
"""

import re
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any, Final

import msgspec

from hub.core.faults import FaultReason, SenderFault
from hub.core.model import Event, Numbered

ATTRIBUTE: Final = "sequence"
HTTP_HEADER: Final = "ce-sequence"
HTTP_SOURCE: Final = "ce-source"
KAFKA_HEADER: Final = "ce_sequence"
MESSAGE_HEADER: Final = "hub_message"
TYPE: Final = "sequencetype"
"""CloudEvents' own word for how a sequence counts; ours is always whole numbers."""

_SOURCE: Final = re.compile(r"[A-Z0-9]{3,12}:[A-Za-z0-9_.\-]{1,100}", re.ASCII)
_NUMBER: Final = re.compile(r"\+?\d{1,18}", re.ASCII)
type_of_headers = tuple[tuple[str, bytes], ...]


def number_in(written: object) -> int | None:
    """A number of a sequence, or None for anything that is none.

    What is no whole number is no reason to refuse what was sent: it is as if there were none.
    """
    if type(written) is int:
        return written if 0 <= written < 10**18 else None
    text = written.strip() if isinstance(written, str) else ""
    return int(text) if _NUMBER.fullmatch(text) else None


def numbered(number: int | None, message: str) -> Numbered | None:
    """A message by its number and by what its sender calls it, which is only kept as a digest."""
    if number is None:
        return None
    return Numbered(number, blake2b(message.encode(), digest_size=5).hexdigest())


def taken_out(event: dict[str, Any]) -> Numbered | None:
    """The number of a CloudEvent in JSON, taken out of it.

    Raises SenderFault where a publisher over HTTPS writes something else: it reads its answer.
    """
    event.pop(TYPE, None)
    if ATTRIBUTE not in event:
        return None
    number = number_in(event.pop(ATTRIBUTE))
    if number is None:
        raise SenderFault(
            FaultReason.SCHEMA_VIOLATION,
            "the sequence is not a whole number",
            field=ATTRIBUTE,
            remedy="count your messages 1, 2, 3 and so on, or leave sequence out",
        )
    return numbered(number, str(event.get("id")))


def glimpsed(body: bytes) -> tuple[str, Numbered | None]:
    """The source and the number that a faulty event in JSON claims: it is here, though refused."""
    try:
        event = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "", None
    if not isinstance(event, dict) or not _SOURCE.fullmatch(str(event.get("source"))):
        return "", None
    told = numbered(number_in(event.get(ATTRIBUTE)), str(event.get("id")))
    return str(event["source"]), told


def numbered_by(headers: Mapping[str, str], body: bytes) -> Numbered | None:
    """The number that a request carries in a header, for languages that have no field for it."""
    number = number_in(headers.get(HTTP_HEADER))
    return numbered(number, blake2b(body, digest_size=16).hexdigest())


def feed_named(headers: Mapping[str, str], organisation: str) -> str:
    """The feed that a request names in a header, where it is one of its organisation's."""
    named = headers.get(HTTP_SOURCE, "")
    ours = named.partition(":")[0] == organisation and _SOURCE.fullmatch(named)
    return named if ours else ""


def headers_of(told: Numbered | None) -> type_of_headers:
    """How a number travels with a record on Kafka."""
    if told is None:
        return ()
    number = str(told.number).encode()
    return (KAFKA_HEADER, number), (MESSAGE_HEADER, told.sent_as.encode())


def of_record(headers: Iterable[tuple[str, bytes]], event: Event | None) -> Numbered | None:
    """The number that came with a record; that of a publisher on Kafka is of its one event."""
    found: Mapping[str, bytes] = dict(headers)
    number = number_in((found.get(KAFKA_HEADER) or b"").decode("ascii", "replace"))
    message = found.get(MESSAGE_HEADER)
    if number is not None and message is not None:
        return Numbered(number, message.decode("ascii", "replace")[:40])
    return numbered(number, event.id) if event is not None else None
