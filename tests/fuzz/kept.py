"""Kafka's place in a fuzz run: what was written for one input, and what that makes of it."""

from collections.abc import Coroutine, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from hub.core.faults import SenderFault
from hub.core.feeds import arrivals_of
from hub.edges import avro
from hub.edges.mapped import HUBS_OWN_FAULT, Mapped, safely
from hub.edges.numbered import of_record
from hub.edges.publish import ORIGINAL_KEPT_BYTES, KeptFault, Original, Publisher
from hub.ops.topics import FEEDS, QUARANTINE

T = TypeVar("T")


class Verdict(StrEnum):
    """What became of an input; there is no fifth."""

    EVENT = "event"
    IGNORED = "ignored"
    """Understood, answered as taken, and nothing in it to pass on."""
    QUARANTINED = "quarantined"
    REFUSED = "refused"
    """Answered with a reason and not kept: larger than its door takes at all."""


class WrongError(Exception):
    """An input was not accounted for as it must be."""


class Everybody:
    """A directory that knows every organisation."""

    def knows(self, ods: str) -> bool:
        """Whether anything was said at all."""
        return bool(ods)


class Written:
    """Stands where the confirmed writes are: every write is confirmed at once and looked at."""

    def __init__(self) -> None:
        self.records: list[tuple[str, bytes]] = []

    async def start(self) -> None:
        """Nothing to connect."""

    async def stop(self) -> None:
        """Nothing to close."""

    async def write(
        self,
        topic: str,
        key: bytes,
        value: bytes,
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> None:
        """Keep it until it is looked at."""
        if not key:
            raise WrongError("a record without a key")
        if headers and of_record(headers, None) is None:
            raise WrongError("headers without a number")
        if topic == FEEDS:
            # Only the number of a message: what became of that is written, or answered, beside it.
            note = avro.decode_input(value).counted
            assert note is not None, "only what has come of a feed stands on this topic"
            arrivals_of(note)
            return
        self.records.append((topic, value))

    def taken(self) -> list[tuple[str, bytes]]:
        """What was written since this was last asked."""
        found, self.records = self.records, []
        return found


def publisher_to(written: Written) -> Publisher:
    """The publisher of every door, with nothing behind it."""
    publisher = Publisher("127.0.0.1:1", b"of the test")
    publisher._writes = written  # type: ignore[assignment]  # it stands in
    return publisher


def at_once(work: Coroutine[Any, Any, T]) -> T:
    """What a coroutine answers that has nothing to wait for."""
    try:
        work.send(None)
    except StopIteration as ended:
        answered: T = ended.value
        return answered
    raise WrongError("it waits for something")


def verdict_of(records: list[tuple[str, bytes]], body: bytes, at: datetime) -> Verdict:
    """What the records written for one input say.  Raises WrongError when they say two things."""
    kept = [value for topic, value in records if topic == QUARANTINE]
    events = [value for topic, value in records if topic != QUARANTINE]
    if not records:
        return Verdict.IGNORED
    if not kept:
        for value in events:
            avro.decode_event(value, at)
        return Verdict.EVENT
    if events or len(kept) > 1:
        raise WrongError(f"{len(events)} events and {len(kept)} quarantine records of one input")
    record = avro.decode_quarantine(kept[0])
    if record.original != body[:ORIGINAL_KEPT_BYTES]:
        raise WrongError("what is in quarantine is not what came")
    if not record.explanation or record.explanation.startswith(HUBS_OWN_FAULT):
        raise WrongError(f"a defect of the hub: {record.explanation}")
    return Verdict.QUARANTINED


def take(publisher: Publisher, original: Original, read: Any) -> Mapped | KeptFault:
    """What the doors do with an original: read it, publish it, or keep it."""
    try:
        mapped: Mapped = safely(read)
        at_once(publisher.accept(mapped.events, original, Everybody()))
    except KeptFault as kept:
        return kept
    except SenderFault as fault:
        return KeptFault(fault, at_once(publisher.quarantine(fault, original)))
    return mapped
