"""Part g: a thousand MLLP connections, some of them slow or silent; and messages a second.

The real role runs as a process of its own on a real Kafka: AA is said after the broker confirmed.
Two questions.  What do slow and half-open peers cost the others?  Nine hundred connections send at
an even pace, in turn without and with fifty that send a byte at a time and fifty that stopped in
the middle of a frame; the ratio is that of the two p99s in each round, then the median of those.
And how many messages a second, on one connection and on fifty, each waiting for its answer; beside
the asyncio server of the `hl7` library, which parses, answers ACK and keeps nothing: the most that
a listener in Python could do.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

import hl7
from hl7.mllp import start_hl7_server

from bench.plan import Plan
from bench.rig import ROOT, HostFailedError, fresh, processes, say
from bench.worker import settings_for
from hub.edges.mllp import END, START
from hub.ops.kafka_embedded import free_ports
from hub.ops.open_files import allow_connections
from hub.ops.settings import environment_of
from hub.ops.topics import create_topics

ORDINARY, SLOW, SILENT = 900, 50, 50
QUICK_ORDINARY, QUICK_SLOW, QUICK_SILENT = 30, 5, 5
PACE = 300
"""Messages a second of all ordinary connections together, an eighth of what the role can do."""

BYTE_SECONDS = 0.02
SECONDS, QUICK_SECONDS = 20, 2
WARM_UP_SECONDS = 2
SETTLE_SECONDS = 3
MANY = 50
PATIENCE_SECONDS = 30
DIRECTORY = '[[organisation]]\nods = "RXX"\nname = "Invented Trust"\nkind = "trust"\n'
MESSAGE = (
    "MSH|^~\\&|MAT_PAS|RXX|PERINATAL_HUB||{at}||ADT^A03|{number}|P|2.4\r"
    "EVN|A03|{at}|||S123^FENWICK\r"
    "PID|1||9990000018^^^NHS^NH~100234^^^RXX^MR||TESTER^ANNA^MARIE||19940517|F|||12 EXAMPLE WAY"
    "^^MADEUPTON^^ZZ99 3WZ||||EN\r"
    "PV1|1|I|MATWRD^BAY2^4||||||||||||||||V-77001|||||||||||||||||01|||||||||{at}\r"
)


@dataclass
class Peers:
    """Connections to one listener, and what was answered how soon."""

    port: int
    name: str
    sent: int = 0
    latencies: list[float] = field(default_factory=list)
    refused: int = 0

    def message(self) -> bytes:
        """The next message, with an id of its own."""
        self.sent += 1
        at = datetime.now(UTC).strftime("%Y%m%d%H%M%S")
        text = MESSAGE.format(at=at, number=f"{self.name}-{self.sent}")
        return START + text.encode() + END

    async def exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One message and its answer."""
        began = time.perf_counter()
        writer.write(self.message())
        answer = await asyncio.wait_for(reader.readuntil(END), PATIENCE_SECONDS)
        self.latencies.append(time.perf_counter() - began)
        self.refused += b"MSA|AA" not in answer

    async def slow(self) -> None:
        """A byte at a time, message after message, each answered."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            while True:
                for each in self.message():
                    writer.write(bytes([each]))
                    await asyncio.sleep(BYTE_SECONDS)
                await asyncio.wait_for(reader.readuntil(END), PATIENCE_SECONDS)
        finally:
            writer.close()

    async def silent(self) -> None:
        """Half a frame, and then nothing for ever."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            message = self.message()
            writer.write(message[: len(message) // 2])
            await reader.readexactly(1)
        finally:
            writer.close()


def mllp(plan: Plan) -> dict[str, Any]:
    """Both questions, on one role and one Kafka."""
    folder = plan.folder(fresh("mllp"))
    allow_connections(2 * (ORDINARY + SLOW + SILENT))
    with plan.broker() as broker:
        settings = settings_for(folder, broker.address)
        settings.directory.write_text(DIRECTORY, encoding="utf-8")
        port, plain = free_ports(0, 0)
        settings = settings.model_copy(update={"mllp_port": port})
        asyncio.run(create_topics(broker.address, settings))
        ours = [sys.executable, "-m", "hub.cli", "mllp"]
        theirs = [sys.executable, "-m", "bench.mllp", "plain", str(plain)]
        with processes([ours, theirs], folder, environment_of(settings)):
            asyncio.run(_listening(port))
            asyncio.run(_listening(plain))
            found = {"neighbours": asyncio.run(neighbours(plan, port))}
            return found | {"rates": _rates(plan, {"ours": port, "hl7_library": plain})}


async def neighbours(plan: Plan, port: int) -> dict[str, Any]:
    """The same ordinary connections throughout, in turn without and with bad neighbours."""
    numbers = (QUICK_ORDINARY, QUICK_SLOW, QUICK_SILENT) if plan.quick else (ORDINARY, SLOW, SILENT)
    ordinary, slow, silent = numbers
    seconds = QUICK_SECONDS if plan.quick else SECONDS
    rounds = []
    async with _connected(port, ordinary) as talks:
        await _paced(Peers(port, fresh("w")), talks, WARM_UP_SECONDS)
        for number in range(plan.repeats):
            alone = await _paced(Peers(port, fresh("a")), talks, seconds)
            async with _bad(port, slow, silent):
                beside = await _paced(Peers(port, fresh("b")), talks, seconds)
            ratio = beside["p99_ms"] / alone["p99_ms"]
            rounds.append({"alone": alone, "beside": beside, "ratio": round(ratio, 2)})
            say(
                f"  round {number + 1}: p99 {alone['p99_ms']} ms alone, "
                f"{beside['p99_ms']} ms beside {slow} slow and {silent} silent"
            )
    return {
        "ordinary": ordinary,
        "slow": slow,
        "silent": silent,
        "per_second": PACE,
        "alone_p99_ms": statistics.median(each["alone"]["p99_ms"] for each in rounds),
        "beside_p99_ms": statistics.median(each["beside"]["p99_ms"] for each in rounds),
        "ratio": statistics.median(each["ratio"] for each in rounds),
        "rounds": rounds,
    }


@asynccontextmanager
async def _connected(port: int, count: int) -> AsyncIterator[Sequence[Any]]:
    talks = [await asyncio.open_connection("127.0.0.1", port) for _ in range(count)]
    try:
        yield talks
    finally:
        for _, writer in talks:
            writer.close()


@asynccontextmanager
async def _bad(port: int, slow: int, silent: int) -> AsyncIterator[None]:
    """In a process of their own: the role pays for them, and not the process that measures."""
    command = [sys.executable, "-m", "bench.mllp", "bad", str(port), str(slow), str(silent)]
    child = await asyncio.create_subprocess_exec(*command, cwd=ROOT)
    await asyncio.sleep(SETTLE_SECONDS)
    try:
        yield
        if child.returncode is not None:
            raise HostFailedError("the slow and silent connections were not held")
    finally:
        child.kill()
        await child.wait()
        await asyncio.sleep(1)


async def bad_neighbours(port: int, slow: int, silent: int) -> None:
    """So many of each, until the process is killed or one of them is closed."""
    peers = Peers(port, fresh("s"))
    async with asyncio.TaskGroup() as tasks:
        for _ in range(slow):
            tasks.create_task(peers.slow())
        for _ in range(silent):
            tasks.create_task(peers.silent())


async def _paced(peers: Peers, talks: Sequence[Any], seconds: float) -> dict[str, Any]:
    """Messages at an even pace, each on the next connection in a mixed order."""
    order = list(talks)
    Random(1).shuffle(order)  # noqa: S311  a mixed order, no secret
    began = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        for number in range(int(PACE * seconds)):
            await asyncio.sleep(max(0.0, began + number / PACE - time.monotonic()))
            tasks.create_task(peers.exchange(*order[number % len(order)]))
    if peers.refused:
        raise HostFailedError(f"{peers.refused} of {peers.sent} messages were not answered AA")
    found = sorted(peers.latencies)
    at = {"p50_ms": 50, "p99_ms": 99}
    return {"messages": len(found)} | {
        name: round(found[len(found) * share // 100] * 1000, 1) for name, share in at.items()
    }


def _rates(plan: Plan, ports: dict[str, int]) -> dict[str, Any]:
    """Each listener in turn, on one connection and on many."""
    seconds = QUICK_SECONDS if plan.quick else SECONDS // 2
    found: dict[str, Any] = {}
    for count in (1, MANY):
        each: dict[str, list[float]] = {name: [] for name in ports}
        for _ in range(plan.repeats):
            for name, port in ports.items():
                each[name].append(asyncio.run(_flat_out(port, count, seconds)))
        for name, rates in each.items():
            rate = round(statistics.median(rates))
            found[f"{name}_on_{count}"] = {"per_second": rate, "each": [round(r) for r in rates]}
            say(f"  {name}: {rate:,} messages/s on {count}")
    return found


async def _flat_out(port: int, count: int, seconds: float) -> float:
    """Messages a second, each connection sending as soon as it is answered."""
    peers, ends = Peers(port, fresh("r")), time.monotonic() + seconds

    async def one(talk: Any) -> None:
        while time.monotonic() < ends:
            await peers.exchange(*talk)

    async with _connected(port, count) as talks:
        began = time.monotonic()
        await asyncio.gather(*(one(talk) for talk in talks))
        took = time.monotonic() - began
    if peers.refused:
        raise HostFailedError(f"{peers.refused} of {peers.sent} messages were not answered AA")
    return peers.sent / took


async def _listening(port: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            peers = Peers(port, fresh("l"))
            async with _connected(port, 1) as ((reader, writer),):
                await peers.exchange(reader, writer)
            if not peers.refused:
                return
        except OSError:
            pass
        if time.monotonic() > deadline:
            raise HostFailedError(f"nothing answers AA on port {port}")
        await asyncio.sleep(0.2)


async def serve_plainly(port: int) -> None:
    """The library's own server: read a message, answer ACK, keep nothing."""

    async def talk(reader: Any, writer: Any) -> None:
        try:
            while True:
                message: hl7.Message = await reader.readmessage()
                writer.writemessage(message.create_ack())
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await start_hl7_server(talk, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["plain", at]:
            asyncio.run(serve_plainly(int(at)))
        case ["bad", at, slow_ones, silent_ones]:
            asyncio.run(bad_neighbours(int(at), int(slow_ones), int(silent_ones)))
