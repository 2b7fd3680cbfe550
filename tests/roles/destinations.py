"""Three recipients, one of them dead in some way: how long the notices of the others take.

    python -m tests.roles.destinations --seconds 30

The real delivery role, the real outbox and real receivers; decisions are written to Kafka as the
worker writes them.  The time measured runs from the confirmation of the decision to the arrival of
the webhook.  Each way of being dead is a recipient of its own, so that no failure is inherited.
"""

import argparse
import asyncio
import json
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from aiokafka import AIOKafkaProducer

from hub.edges.avro import encode_decision
from hub.ops.kafka_embedded import EmbeddedKafka
from hub.ops.settings import Settings
from hub.ops.steps import Steps
from hub.ops.supervisor import Supervisor
from hub.ops.topics import DECISIONS, create_topics
from hub.store.engine import migrate
from tests.channels.tools import SECRET
from tests.ports import reserved_port
from tests.store.records import decision, issued

WAYS = ("answers", "black_hole", "refuses", "drips", "answers_again")
"""How the third recipient behaves; the first and the last are the measure of the others, since a
machine may be busier at one end of a run than at the other."""

OTHERS = ("B", "C")
DRIP_SECONDS = 1.0
ANSWER = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"


@dataclass
class Destination:
    """A recipient's system, down to its socket."""

    name: str
    way: str = "answers"
    port: int = field(default_factory=reserved_port)
    arrived: dict[str, float] = field(default_factory=dict)
    """When each notice first came, by its id, on the monotonic clock."""
    answered: list[tuple[str, float]] = field(default_factory=list)
    """Every post that was answered, the second of one notice too."""
    _door: socket.socket | None = None

    def open(self) -> None:
        """Listen, unless it refuses."""
        if self.way == "refuses":
            return
        self._door = socket.create_server(("127.0.0.1", self.port), backlog=128)
        threading.Thread(target=self._serve, args=(self._door,), daemon=True).start()

    def come_back(self) -> None:
        """From now on it answers."""
        self.way = "answers"
        if self._door is None:
            self.open()

    def close(self) -> None:
        """Listen no more."""
        if self._door is not None:
            with suppress(OSError):
                self._door.shutdown(socket.SHUT_RDWR)
            self._door.close()
            self._door = None

    def _serve(self, door: socket.socket) -> None:
        with suppress(OSError):
            while True:
                one, _ = door.accept()
                threading.Thread(target=self._answer, args=(one,), daemon=True).start()

    def _answer(self, one: socket.socket) -> None:
        with one, suppress(OSError, ValueError):
            request = _request_on(one)
            if self.way == "black_hole":
                # Held until the other side gives up.
                one.recv(1)
                return
            if self.way == "drips":
                for byte in ANSWER:
                    one.sendall(bytes([byte]))
                    time.sleep(DRIP_SECONDS)
                return
            head = request.split(b"\r\n\r\n")[0].decode()
            (notice,) = (
                line.partition(": ")[2]
                for line in head.splitlines()
                if line.lower().startswith("webhook-id:")
            )
            now = time.monotonic()
            self.arrived.setdefault(notice, now)
            self.answered.append((notice, now))
            one.sendall(ANSWER)


def _request_on(one: socket.socket) -> bytes:
    """One whole request.  Raises ValueError when the other side breaks off."""
    came = b""
    while b"\r\n\r\n" not in came:
        piece = one.recv(65536)
        if not piece:
            raise ValueError("broken off")
        came += piece
    head, body = came.split(b"\r\n\r\n", 1)
    (length,) = (
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    )
    while len(body) < length:
        body += one.recv(65536)
    return head + b"\r\n\r\n" + body


@dataclass
class Line:
    """What one way of being dead did to the others."""

    way: str
    notices: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    dead_arrived_meanwhile: int
    drained_seconds: float
    """From its return until the last of its notices had arrived."""


class Scene:
    """A delivery role with its recipients."""

    def __init__(self, settings: Settings, places: dict[str, Destination]) -> None:
        self.settings = settings
        self.places = places
        self.confirmed: dict[str, float] = {}

    def measure(self, way: str, seconds: float, rate: float) -> Line:
        """Send to all three at a steady rate, then let the dead one come back."""
        names = (way, *(f"{way}-{other}" for other in OTHERS))
        asyncio.run(self._publish(names, seconds, rate))
        alive = [self.places[name] for name in names[1:]]
        wanted = len([n for n in self.confirmed if n.startswith(f"{way}/")]) // len(names)
        _until(lambda: all(len(each.arrived) == wanted for each in alive), 60)
        took = sorted(
            (at - self.confirmed[notice]) * 1000
            for each in alive
            for notice, at in each.arrived.items()
        )
        dead = self.places[way]
        meanwhile, back = len(dead.arrived), time.monotonic()
        dead.come_back()
        _until(lambda: len(dead.arrived) == wanted, 120)
        return Line(
            way=way,
            notices=len(took),
            p50_ms=round(statistics.median(took), 1),
            p99_ms=round(took[int(len(took) * 0.99)], 1),
            max_ms=round(took[-1], 1),
            dead_arrived_meanwhile=meanwhile,
            drained_seconds=round(max(0.0, max(dead.arrived.values()) - back), 1),
        )

    async def _publish(self, names: tuple[str, ...], seconds: float, rate: float) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self.settings.kafka, acks="all")
        await producer.start()
        began = time.monotonic()
        try:
            for n in range(int(seconds * rate)):
                await asyncio.sleep(max(0.0, began + n / rate - time.monotonic()))
                await asyncio.gather(*(self._send(producer, names[0], name, n) for name in names))
        finally:
            await producer.stop()

    async def _send(self, producer: AIOKafkaProducer, way: str, name: str, n: int) -> None:
        notice = f"{way}/{name}/{n}"
        outcome = issued(notice, f"o-{notice}", organisation=name)
        record = decision(1, outcome, episode_id=f"ep-{notice}", input_id=notice)
        value = encode_decision(record)
        await producer.send_and_wait(DECISIONS, value, key=record.episode_id.encode())
        self.confirmed[notice] = time.monotonic()


def _until(so: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < deadline, "the notices did not arrive in time"
        time.sleep(0.02)


@contextmanager
def scene(folder: Path) -> Iterator[Scene]:
    """Everything up inside the `with`."""
    names = [name for way in WAYS for name in (way, *(f"{way}-{other}" for other in OTHERS))]
    places = {name: Destination(name, name if name in WAYS else "answers") for name in names}
    directory = "".join(
        f'[[endpoint]]\norganisation = "{each.name}"\nchannel = "webhook"\n'
        f'address = "http://127.0.0.1:{each.port}/"\nsecret = "{SECRET}"\n'
        for each in places.values()
    )
    with ExitStack() as stack:
        kafka = stack.enter_context(EmbeddedKafka(folder / "kafka"))
        (folder / "directory.toml").write_text(directory, encoding="utf-8")
        settings = Settings(
            data_dir=folder,
            kafka=kafka.bootstrap,
            secret_key="x" * 32,
            directory=folder / "directory.toml",
            allow_loopback_webhooks=True,
        )
        asyncio.run(create_topics(kafka.bootstrap, settings))
        migrate(settings.real_database_url())
        for each in places.values():
            each.open()
            stack.callback(each.close)
        supervisor = Supervisor(settings, Steps(quiet=True), roles=("deliver",))
        supervisor.start()
        stack.callback(supervisor.stop)
        yield Scene(settings, places)


def main() -> int:
    """Print a line of JSON for each way of being dead."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--rate", type=float, default=10.0, help="notices a second and recipient")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, scene(Path(folder)) as played:
        for way in WAYS:
            line = played.measure(way, given.seconds, given.rate)
            sys.stdout.write(json.dumps(asdict(line)) + "\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
