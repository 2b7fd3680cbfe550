"""Parts a and b: the empty core on us and on peers in Python, and on Kafka Streams."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.empty.java import Java, compiled
from bench.empty.work import INPUT_BYTES, KEYS, PARTITIONS, Judge, inputs
from bench.plan import Plan
from bench.rig import Broker, Host, HostFailedError, Measured, fresh, run_host, say

HERE = Path(__file__).parent
EVENTS, QUICK_EVENTS = 600_000, 20_000
MORE_EVENTS = 1_200_000
"""For two workers: a Java machine needs some seconds until it has compiled what is hot."""

MakeHost = Callable[[str, str, Path], Host]
"""From the name of the run, its input topic and its folder."""


def one_worker(plan: Plan) -> dict[str, Any]:
    """One worker beside Quix Streams and bare confluent-kafka."""

    def hosts(broker: Broker) -> dict[str, MakeHost]:
        made: dict[str, MakeHost] = {"ours": lambda *of: ours(broker, *of, workers=1)}
        if plan.peers:
            peers = str(plan.peers)
            made["quix"] = lambda *of: script(peers, "quix", broker, *of)
            made["bare"] = lambda *of: script(peers, "bare", broker, *of)
        return made

    return _measured(plan, hosts, EVENTS)


def two_workers(plan: Plan) -> dict[str, Any]:
    """Two of our workers beside Kafka Streams with two threads, where there is a JDK."""
    java = compiled(plan.folder("java")) if plan.peers else None

    def hosts(broker: Broker) -> dict[str, MakeHost]:
        made: dict[str, MakeHost] = {"ours": lambda *of: ours(broker, *of, workers=2)}
        if java is not None:
            made["kafka_streams"] = lambda *of: kafka_streams(java, broker, *of)
        return made

    found = _measured(plan, hosts, MORE_EVENTS)
    if java is None:
        found["kafka_streams"] = "left out: there is no JDK (javac), or no peers were wanted"
    return found


def _measured(
    plan: Plan, hosts: Callable[[Broker], dict[str, MakeHost]], most: int
) -> dict[str, Any]:
    """Every host over one input topic, in turn."""
    events = QUICK_EVENTS if plan.quick else most
    with plan.broker() as broker:
        source = fresh("in")
        broker.create(PARTITIONS, source)
        broker.fill(source, ((key, value, None) for key, value in inputs(events)))
        say(f"{events} inputs lie ready")
        runs = {
            name: _runner(plan, broker, source, make, events)
            for name, make in hosts(broker).items()
        }
        return {
            "events": events,
            "keys": KEYS,
            "input_bytes": INPUT_BYTES,
            "partitions": PARTITIONS,
            **plan.interleaved(runs),
        }


def _runner(
    plan: Plan, broker: Broker, source: str, make: MakeHost, events: int
) -> Callable[[], Measured]:
    def one() -> Measured:
        name = fresh("run")
        folder = plan.folder(name)
        host = make(name, source, folder)
        broker.create(PARTITIONS, host.outputs, host.changelog)
        judge = Judge(events)
        try:
            found = run_host(broker, host, events=events, folder=folder, see=judge.see)
        finally:
            broker.delete(host.outputs, host.changelog)
        faults = judge.faults()
        if any(faults.values()):
            raise HostFailedError(f"{host.name} is wrong: {faults}")
        return found

    return one


def ours(broker: Broker, name: str, source: str, folder: Path, *, workers: int) -> Host:
    """Our transport, so many workers in one group."""
    sink = f"{name}-out"
    base = [sys.executable, "-m", "bench.empty.ours", broker.address, name, source, sink]
    commands = [[*base, str(folder), f"w{n}"] for n in range(workers)]
    return Host("ours", commands, sink, f"{name}-totals-changelog", PARTITIONS)


def script(peers: str, which: str, broker: Broker, name: str, source: str, folder: Path) -> Host:
    """A peer in Python, in the peers' environment."""
    sink = f"{name}-out"
    path = str(HERE / f"{which}.py")
    changelogs = {
        "quix": f"changelog__{name}--{source}--default",
        "bare": f"{name}-changelog",
    }
    command = [peers, path, broker.address, name, source, sink, str(folder)]
    return Host(which, [command], sink, changelogs[which], PARTITIONS)


def kafka_streams(java: Java, broker: Broker, name: str, source: str, folder: Path) -> Host:
    """Kafka Streams with two threads in one process."""
    sink = f"{name}-out"
    command = java.command(broker.address, name, source, sink, str(folder / "state"), "2")
    return Host("kafka_streams", [command], sink, f"{name}-totals-changelog", PARTITIONS)
