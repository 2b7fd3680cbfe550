"""MLLP: frames out of bytes (no I/O), and the door that answers each frame.

A frame is 0x0B, the message, 0x1C 0x0D.  `Framer` takes bytes in any pieces and gives the same
frames for all of them.  `Door` answers one message; `hub.edges.mllp_server` listens.  The answer is
AA only after Kafka has confirmed, and AE "try again later" while Kafka is away.
"""

from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import Final

from hub.core.faults import FaultReason, SenderFault
from hub.core.model import Event, Numbered
from hub.edges import hl7v2_ack, mllp_sandbox
from hub.edges.hl7v2 import events_from
from hub.edges.hl7v2_message import Segment
from hub.edges.hl7v2_profile import Profile
from hub.edges.hl7v2_reading import source_of
from hub.edges.intake import KnowsOrganisations
from hub.edges.mapped import safely
from hub.edges.numbered import number_in, numbered
from hub.edges.publish import UNKNOWN_SOURCE, KeptFault, Original, Publisher, Unavailable
from hub.ops import limits
from hub.ops.clock import Clock
from hub.ops.logs import log
from hub.ops.metrics import MLLP_MESSAGES as MESSAGES
from hub.ops.metrics import declare_answers, event_in

START: Final = b"\x0b"
END: Final = b"\x1c\r"

LARGEST_FRAME_BYTES: Final = limits.FRAME_BYTES.value

CONTENT_TYPE: Final = "x-application/hl7-v2+er7"
DOOR: Final = "mllp"


class Answer(StrEnum):
    """How a frame was answered: the closed label of `hub_mllp_messages_total`."""

    TAKEN = "taken"
    IGNORED = "ignored"
    NOT_TAKEN = "not_taken"
    TRY_AGAIN = "try_again"


declare_answers(answer.value for answer in Answer)


@dataclass(frozen=True, slots=True)
class Frame:
    """The bytes of one message; of an oversize one only its beginning."""

    body: bytes
    oversize: bool = False


class _Where(Enum):
    OUTSIDE = auto()
    INSIDE = auto()
    DISCARDING = auto()
    """In the rest of a frame that has been given out as oversize."""


class Framer:
    """Bytes in, frames out; holds at most one unfinished frame of `largest` bytes."""

    def __init__(self, largest: int = LARGEST_FRAME_BYTES) -> None:
        self._largest = largest
        self._buffer = bytearray()
        self._where = _Where.OUTSIDE
        self._seen = 0
        """How much of the buffer has been searched already, in the state we are in."""
        self.skipped = 0
        """Bytes that belonged to no frame."""

    @property
    def held(self) -> int:
        """Bytes of a frame that has no end yet."""
        return len(self._buffer)

    def receive(self, received: bytes) -> list[Frame]:
        """Take bytes as they came, and give every frame that they complete, in order."""
        self._buffer += received
        frames: list[Frame] = []
        while self._step(frames):
            pass
        return frames

    def _step(self, frames: list[Frame]) -> bool:
        """One move from state to state; False when more bytes are needed."""
        match self._where:
            case _Where.OUTSIDE:
                return self._find_start()
            case _Where.INSIDE:
                return self._find_end(frames)
            case _Where.DISCARDING:
                return self._find_end_of_oversize()

    def _find_start(self) -> bool:
        start = self._buffer.find(START)
        self.skipped += len(self._buffer) if start < 0 else start
        if start < 0:
            self._buffer.clear()
            return False
        self._drop(start + 1, _Where.INSIDE)
        return True

    def _find_end(self, frames: list[Frame]) -> bool:
        limit = self._largest + len(END)
        end = self._buffer.find(END, self._seen, limit)
        # The last of them: going from start to start would search what follows anew each time.
        again = self._buffer.rfind(START, self._seen, end if end >= 0 else limit)
        if again >= 0:
            # The sender broke off and began anew: what it broke off was never answered.
            self.skipped += again - self._buffer.count(START, self._seen, again)
            self._drop(again + 1, _Where.INSIDE)
            return True
        if end >= 0:
            frames.append(Frame(bytes(self._buffer[:end])))
            self._drop(end + len(END), _Where.OUTSIDE)
            return True
        if len(self._buffer) >= limit:
            frames.append(Frame(bytes(self._buffer[: self._largest]), oversize=True))
            self._drop(self._largest, _Where.DISCARDING)
            return True
        # The last byte may be the first half of an end.
        self._seen = max(len(self._buffer) - 1, 0)
        return False

    def _find_end_of_oversize(self) -> bool:
        end, again = self._buffer.find(END), self._buffer.find(START)
        if 0 <= again < end or (again >= 0 > end):
            self._drop(again + 1, _Where.INSIDE)
            return True
        if end >= 0:
            self._drop(end + len(END), _Where.OUTSIDE)
            return True
        half = self._buffer[-1:] == END[:1]
        self._drop(len(self._buffer) - half, _Where.DISCARDING)
        return False

    def _drop(self, count: int, then: _Where) -> None:
        del self._buffer[:count]
        self._where = then
        self._seen = 0


@dataclass(frozen=True, slots=True)
class Door:
    """What a message is answered, whatever connection it came over."""

    publisher: Publisher
    directory: KnowsOrganisations
    profile: Profile
    clock: Clock

    async def answer(self, frame: Frame) -> bytes:
        """The acknowledgement of one frame, without its MLLP envelope."""
        received_at = self.clock.now()
        header = hl7v2_ack.header_of(frame.body)
        if mllp_sandbox.is_asked(header) and not frame.oversize:
            return mllp_sandbox.tried(header, frame.body, self.profile, self.directory, received_at)
        original = Original(
            body=frame.body,
            door=DOOR,
            content_type=CONTENT_TYPE,
            received_at=received_at,
            source=self._source(header),
            numbered=_numbered(header),
        )
        try:
            ignored = await self._take(frame, original)
        except KeptFault as fault:
            MESSAGES.labels(answer=Answer.NOT_TAKEN).inc()
            log().info(
                "message_not_taken",
                reason=fault.reason.value,
                field=fault.field,
                quarantine_id=fault.quarantine_id,
            )
            return hl7v2_ack.not_taken(header, received_at, fault, fault.quarantine_id)
        except Unavailable:
            MESSAGES.labels(answer=Answer.TRY_AGAIN).inc()
            log().warning("message_sent_back", reason=hl7v2_ack.UNAVAILABLE)
            return hl7v2_ack.try_again(header, received_at)
        MESSAGES.labels(answer=Answer.IGNORED if ignored else Answer.TAKEN).inc()
        return hl7v2_ack.taken(
            header, received_at, f"nothing to pass on: {ignored}" * bool(ignored)
        )

    async def _take(self, frame: Frame, original: Original) -> str:
        """Map, check and publish; says why when nothing was to be published.

        Raises KeptFault and Unavailable.
        """
        try:
            body = _whole(frame)
            mapped = safely(lambda: events_from(body, self.profile, original.received_at))
        except SenderFault as fault:
            kept_as = await self.publisher.quarantine(fault, original)
            raise KeptFault(fault, kept_as) from fault
        await self.publisher.accept(mapped.events, original, self.directory)
        if not mapped.events:
            at = original.received_at
            await self.publisher.note_number(original.source, original.numbered, at)
        _count(mapped.events)
        return mapped.ignored.value if mapped.ignored else ""

    def _source(self, header: Segment | None) -> str:
        """`ODS:SYSTEM` where the directory knows it: what a stranger wrote is not repeated."""
        if header is None or not header.value(4):
            return UNKNOWN_SOURCE
        source = source_of(header, self.profile)
        return source if self.directory.knows(source.partition(":")[0]) else UNKNOWN_SOURCE


def framed(answer: bytes) -> bytes:
    """An answer in its MLLP envelope."""
    return START + answer + END


def _whole(frame: Frame) -> bytes:
    if frame.oversize:
        raise SenderFault(
            FaultReason.OVERSIZE,
            f"the message is larger than {LARGEST_FRAME_BYTES} bytes",
            remedy="leave documents out of ADT messages, or send references to them",
        )
    return frame.body


def _numbered(header: Segment | None) -> Numbered | None:
    """MSH-13, with the control id by which a copy is known.

    What is no whole number (the -1 with which a sender may ask for the protocol) is none.
    """
    if header is None or not header.value(10):
        return None
    return numbered(number_in(header.value(13)), f"{header.value(4)}:{header.value(10)}")


def _count(events: tuple[Event, ...]) -> None:
    for event in events:
        event_in(event.type, DOOR)
