"""What senders were told while a broker was killed, and what is there afterwards."""

import random
import re
from dataclasses import dataclass, field

from bench.rig import Broker
from hub.edges import avro
from hub.ops.clock import RealClock
from hub.ops.kafka_embedded import EmbeddedKafka
from hub.ops.topics import QUARANTINE
from tests.edges.hl7_messages import message

DISCHARGE = "perinatal.discharge"
GOOD, BAD = message("a03-discharged"), message("bad-no-visit")
BAD_SHARE = 0.15
_MSA = re.compile(rb"MSA\|(A[AER])\|([^|\r]*)")
_KEPT = re.compile(rb"q-[0-9a-f]{32}")


@dataclass
class Ledger:
    """What each message was answered; one without an entry in `answers` got no answer."""

    sent: list[str] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    kept_as: dict[str, str] = field(default_factory=dict)

    def body(self, luck: random.Random) -> tuple[str, bytes]:
        """The next message, good or bad, with an id of its own."""
        good = luck.random() >= BAD_SHARE
        number = f"{'G' if good else 'B'}-{len(self.sent)}"
        self.sent.append(number)
        model, own = (GOOD, b"M-A03") if good else (BAD, b"B-NOPV1")
        return number, model.replace(own, number.encode())

    def note(self, answer: bytes) -> None:
        """An answer, by the id that it is for."""
        found = _MSA.search(answer)
        assert found is not None, answer
        number = found[2].decode()
        self.answers[number] = found[1].decode()
        if kept := _KEPT.search(answer):
            self.kept_as[number] = kept[0].decode()


def faults_of(ledger: Ledger, events: set[str], kept: set[str]) -> list[str]:
    """What was promised and is not there, and what is no answer at all."""
    found = []
    for number, answer in ledger.answers.items():
        if answer == "AA" and number not in events:
            found.append(f"{number} was answered AA and is not on its topic")
        if answer == "AA" and number.startswith("B"):
            found.append(f"{number} is faulty and was answered AA")
        if answer != "AA" and (as_id := ledger.kept_as.get(number)) and as_id not in kept:
            found.append(f"{number} was said to be in quarantine and is not there")
    return found


def on_disk(kafka: EmbeddedKafka) -> tuple[set[str], set[str], int]:
    """The ids of all events and quarantine records there are; and the events, copies too."""
    broker, now = Broker(kafka.bootstrap), RealClock().now()
    events = [
        avro.decode_event(value, now).id.rpartition(":")[2]
        for _, value, _ in broker.read(DISCHARGE, 4)
    ]
    kept = {
        avro.decode_quarantine(value).quarantine_id for _, value, _ in broker.read(QUARANTINE, 4)
    }
    return set(events), kept, len(events)
