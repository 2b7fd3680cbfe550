"""The ways in that are fuzzed: their seeds, and what each does with one input."""

import json
import re
from datetime import UTC, datetime
from random import Random
from typing import Any, Final

from agents.context import Context
from agents.intake import took
from hub.edges import avro, cloudevents, hl7v2
from hub.edges.directory import read_directory
from hub.edges.doors import event_to_json
from hub.edges.fhir.reader import events_from as fhir_events
from hub.edges.fhir.reader import open_fhir
from hub.edges.fhir.written import to_xml
from hub.edges.formats import Format
from hub.edges.hl7v2_profile import load_profile
from hub.edges.mapped import Mapped
from hub.edges.mllp import Door, Frame, Framer, framed
from hub.edges.publish import KeptFault, Original
from hub.edges.schemas import default_schemas
from hub.ops import limits
from hub.ops.topics import QUARANTINE, family_topic
from hub.policy.loader import load_policy
from tests.fuzz.kept import (
    Everybody,
    Verdict,
    Written,
    WrongError,
    at_once,
    publisher_to,
    take,
    verdict_of,
)
from tests.fuzz.mutate import mutated
from tests.fuzz.seeds import EXAMPLES, fhir_examples, golden, golden_events, hl7_seeds
from tests.simulation.broker import Record

NOW: Final = datetime(2026, 12, 1, tzinfo=UTC)
ADVENT: Final = datetime(2026, 12, 4, 12, tzinfo=UTC)
"""When the HL7 messages were sent."""

PROFILE: Final = load_profile()
DIRECTORY: Final = b'[[organisation]]\nods = "RXX"\nname = "Invented Trust"\nkind = "trust"\n'
MESSAGES_A_STREAM: Final = 8


class _At:
    """A clock that stands."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        """Always the same."""
        return self._at


class FuzzedDoor:
    """A way in: makes an input out of luck, takes it, and says what became of it."""

    name = ""

    def __init__(self) -> None:
        self.seeds = self.all_seeds()
        self.written = Written()
        self.publisher = publisher_to(self.written)

    def close(self) -> None:
        """Let go of what the door holds; most hold nothing."""

    def all_seeds(self) -> list[bytes]:
        """The messages that are damaged."""
        raise NotImplementedError

    def make(self, luck: Random) -> bytes:
        """One input."""
        return mutated(self.seeds, luck)

    def messages_in(self, body: bytes) -> int:  # noqa: ARG002  most doors take one at a time
        """How many messages it holds, each of which must come to one verdict."""
        return 1

    def take(self, body: bytes, luck: Random) -> list[Verdict]:
        """What became of it: a verdict for each message in it.  Raises WrongError."""
        raise NotImplementedError


class Read(FuzzedDoor):
    """A door that takes a whole body and reads it."""

    at = NOW
    content_type = ""

    def read(self, original: Original) -> Mapped:
        """What the body says.  Raises SenderFault."""
        raise NotImplementedError

    def take(self, body: bytes, luck: Random) -> list[Verdict]:  # noqa: ARG002  in one piece
        """As the doors of HTTP do: refuse at the bound, else read, publish or keep."""
        if len(body) > limits.BODY_BYTES.value:
            return [Verdict.REFUSED]
        original = Original(
            body=body, door="https", content_type=self.content_type, received_at=self.at
        )
        taken = take(self.publisher, original, lambda: self.read(original))
        verdict = verdict_of(self.written.taken(), body, self.at)
        _agree(verdict, taken)
        return [verdict]


def _agree(verdict: Verdict, taken: Mapped | KeptFault) -> None:
    """What is written is what the sender is told."""
    if isinstance(taken, KeptFault):
        told = Verdict.QUARANTINED
    else:
        # What a deletion takes back, only the gateway knows: nothing is written here.
        nothing = taken.ignored or not taken.events
        told = Verdict.IGNORED if nothing else Verdict.EVENT
    if told is not verdict:
        raise WrongError(f"the sender is told {told}, and it is {verdict}")


class Hl7(Read):
    """The HL7 v2 reader, alone."""

    name, at, content_type = "hl7", ADVENT, "x-application/hl7-v2+er7"

    def all_seeds(self) -> list[bytes]:
        """Our own messages, and the examples for publishers."""
        return hl7_seeds()

    def read(self, original: Original) -> Mapped:
        """By the profile that is used without another."""
        return hl7v2.events_from(original.body, PROFILE, original.received_at)


class FhirJson(Read):
    """The FHIR reader, in JSON."""

    name, content_type = "fhir-json", "application/fhir+json"

    def all_seeds(self) -> list[bytes]:
        """The examples for publishers."""
        return fhir_examples()

    def read(self, original: Original) -> Mapped:
        """As `POST /fhir` does."""
        form, root = open_fhir(original.body, Format.FHIR_JSON)
        return fhir_events(root, form, original.received_at, "RXX")


class FhirXml(Read):
    """The FHIR reader, in XML: R4, NEMS and ITK3."""

    name, content_type = "fhir-xml", "application/fhir+xml"

    def all_seeds(self) -> list[bytes]:
        """The examples in XML, and those in JSON written as XML."""
        files = [file for file in sorted(EXAMPLES.glob("*.xml")) if "cda" not in file.name]
        own = [file.read_bytes() for file in files]
        return own + [to_xml(json.loads(each)).encode() for each in fhir_examples()]

    def read(self, original: Original) -> Mapped:
        """As `POST /fhir` does."""
        form, root = open_fhir(original.body, Format.FHIR_XML)
        return fhir_events(root, form, original.received_at, "RXX")


class CloudEvents(Read):
    """CloudEvents of the national service and ours, alone and in lists."""

    name, content_type = "cloudevents", "application/cloudevents+json"

    def all_seeds(self) -> list[bytes]:
        """The examples, and every event type of ours in both forms."""
        own = [file.read_bytes() for file in sorted(EXAMPLES.glob("mns-*.json"))]
        own += [(EXAMPLES / name).read_bytes() for name in ("booking.json",)]
        own += [(EXAMPLES / "cloudevent-pregnancy-booked.json").read_bytes()]
        events = [event_to_json(avro.decode_event(each, NOW)) for each in golden_events()]
        plain = [json.dumps(each).encode() for each in events]
        renamed = [
            json.dumps(each | {"type": f"perinatal-{each['type'].replace('.', '-')}-1"}).encode()
            for each in events
        ]
        return [*own * 8, *plain, *renamed, b"[" + b",".join(own[:3]) + b"]"]

    def read(self, original: Original) -> Mapped:
        """As `POST /cloudevents` does."""
        return cloudevents.read_all(original.body, original.received_at, "RXX")


class Avro(FuzzedDoor):
    """The wire format straight onto a public topic, as the intake agent takes it."""

    name = "avro"

    def __init__(self) -> None:
        super().__init__()
        self.context = Context(
            policy=load_policy(),
            directory=read_directory(DIRECTORY),
            clock=_At(NOW),
            secret=b"of the test",
            schemas=default_schemas(),
            partitions=4,
        )
        self.offset = 0

    def all_seeds(self) -> list[bytes]:
        """The golden bytes of every version of every schema, those of no event too."""
        return golden()

    def take(self, body: bytes, luck: Random) -> list[Verdict]:  # noqa: ARG002  in one piece
        """Through the agent, whose guard lets nothing escape."""
        self.offset += 1
        topic = family_topic("pregnancy")
        stamp = int(NOW.timestamp() * 1000)
        record = Record(topic, 0, self.offset, b"k", body, stamp)
        output = took(self.context, topic, record).output
        if output.topic != QUARANTINE:
            (avro.decode_input if output.topic == "hub.matters" else _event)(output.value)
            return [Verdict.EVENT]
        verdict = verdict_of([(output.topic, output.value)], body, NOW)
        kept = avro.decode_quarantine(output.value)
        if kept.reason == "policy_error":
            raise WrongError(f"a defect of the hub: {kept.explanation}")
        return [verdict]


def _event(value: bytes) -> Any:
    return avro.decode_event(value, NOW)


class Mllp(FuzzedDoor):
    """A connection's bytes, damaged, in pieces of any size: every frame has its answer."""

    name = "mllp"

    def __init__(self) -> None:
        super().__init__()
        self.door = Door(self.publisher, Everybody(), PROFILE, _At(ADVENT))

    def all_seeds(self) -> list[bytes]:
        """Our own messages in their envelopes."""
        return [framed(each) for each in hl7_seeds()]

    def make(self, luck: Random) -> bytes:
        """Some messages one after the other, and then damage to the stream as a whole."""
        stream = b"".join(
            mutated(self.seeds, luck) for _ in range(luck.randint(1, MESSAGES_A_STREAM))
        )
        return mutated([stream], luck) if luck.random() < 0.5 else stream

    def take(self, body: bytes, luck: Random) -> list[Verdict]:
        """Framed in pieces, answered one by one, and held against a second way of framing."""
        framer, frames, at = Framer(), list[Frame](), 0
        while at < len(body):
            size = luck.choice((1, 2, 7, 100, 1460, 65536))
            frames += framer.receive(body[at : at + size])
            at += size
        wanted, skipped = framed_otherwise(body)
        if (wanted, skipped) != ([each.body for each in frames], framer.skipped):
            raise WrongError("the frames, or the bytes in none of them, are not those that came")
        return [self._answered(frame) for frame in frames]

    def messages_in(self, body: bytes) -> int:
        """As the second way of framing counts them."""
        return len(framed_otherwise(body)[0])

    def _answered(self, frame: Frame) -> Verdict:
        answer = at_once(self.door.answer(frame))
        verdict = verdict_of(self.written.taken(), frame.body, ADVENT)
        code = answer.split(b"\r")[1][4:6]
        taken = verdict in {Verdict.EVENT, Verdict.IGNORED}
        if (code == b"AA") is not taken or code not in {b"AA", b"AE", b"AR"}:
            raise WrongError(f"answered {code!r}, and it is {verdict}")
        if {b"\x0b", b"\x1c"} & {answer[n : n + 1] for n in range(len(answer))}:
            raise WrongError("the answer would break its envelope")
        return verdict


_WHOLE: Final = re.compile(rb"\x0b([^\x0b]*?)\x1c\r", re.DOTALL)


def framed_otherwise(stream: bytes) -> tuple[list[bytes], int]:
    """The frames of a stream, found by another way than the framer's; and the bytes in none.

    Starts that were broken off are not counted, nor is what may still become a frame.
    """
    bodies, end, skipped = [], 0, 0
    for found in _WHOLE.finditer(stream):
        skipped += len(stream[end : found.start()].replace(b"\x0b", b""))
        bodies.append(found[1])
        end = found.end()
    rest, _, pending = stream[end:].rpartition(b"\x0b")
    if b"\x0b" not in stream[end:]:
        rest, pending = pending, b""
    return bodies, skipped + len(rest.replace(b"\x0b", b""))
