"""Part c: the whole core on us, on Quix Streams, on bare confluent-kafka, and without any Kafka."""

import hashlib
import json
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.plan import Plan
from bench.rig import (
    Broker,
    Host,
    HostFailedError,
    Measured,
    fresh,
    processes,
    run_host,
    say,
)
from bench.whole.inputs import PARTITIONS, Prepared, prepare
from hub.ops.topics import DECISIONS, INPUTS, MATTERS, QUARANTINE

HERE = Path(__file__).parent
COUNT, QUICK_COUNT = 40_000, 2_000
ALONE_SECONDS = 240

MakeHost = Callable[[str, Path], Host]


def whole_core(plan: Plan) -> dict[str, Any]:
    """Every host over the same log; each one's decisions are compared byte for byte."""
    with plan.broker() as broker:
        return _on(plan, broker)


def _on(plan: Plan, broker: Broker) -> dict[str, Any]:
    count = QUICK_COUNT if plan.quick else COUNT
    prepared = prepare(count)
    say(f"whole core: {len(prepared.rows)} inputs of {len(prepared.decisions)} episodes prepared")
    broker.create(PARTITIONS, INPUTS, MATTERS, QUARANTINE)
    broker.fill(INPUTS, ((row.key, row.value, row.partition) for row in prepared.rows))
    hosts: dict[str, Callable[[], Measured]] = {
        "ours": _runner(plan, broker, prepared, lambda *of: _ours(broker, *of)),
        "core_alone": lambda: _alone(plan, prepared),
    }
    if plan.peers:
        peers = str(plan.peers)
        hosts |= {
            which: _runner(plan, broker, prepared, _script(peers, which, broker))
            for which in ("quix", "bare")
        }
    shape = {
        "inputs": len(prepared.rows),
        "episodes": len(prepared.decisions),
        "input_bytes_mean": _mean(row.value for row in prepared.rows),
        "decision_bytes_mean": _mean(d for each in prepared.decisions.values() for d in each),
        "decisions_equal_byte_for_byte": True,
    }
    return {**shape, **plan.interleaved(hosts)}


def _runner(
    plan: Plan, broker: Broker, prepared: Prepared, make: MakeHost
) -> Callable[[], Measured]:
    def one() -> Measured:
        name = fresh("run")
        folder = plan.folder(name)
        host = make(name, folder)
        broker.create(PARTITIONS, host.outputs, host.changelog)
        found: dict[bytes, list[bytes]] = defaultdict(list)
        try:
            measured = run_host(
                broker,
                host,
                events=len(prepared.rows),
                folder=folder,
                see=lambda key, value: found[key].append(value),
            )
        finally:
            broker.delete(host.outputs, host.changelog)
        compare(host.name, found, prepared.decisions)
        return measured

    return one


def compare(host: str, found: dict[bytes, list[bytes]], wanted: dict[bytes, list[bytes]]) -> None:
    """Raises HostFailedError unless a host said the same, byte for byte and in order."""
    if found == wanted:
        return
    keys = sum(found.get(key) != said for key, said in wanted.items())
    raise HostFailedError(f"{host} decided differently on {keys} of {len(wanted)} episodes")


def _ours(broker: Broker, name: str, folder: Path) -> Host:
    """The worker's agent.  Its topics have fixed names, so the decisions are made afresh."""
    command = [sys.executable, "-m", "bench.whole.ours", broker.address, name, str(folder), "w1"]
    return Host("ours", [command], DECISIONS, f"{name}-episodes-changelog", PARTITIONS)


def _script(peers: str, which: str, broker: Broker) -> MakeHost:
    """A peer in Python, in the peers' environment."""

    def make(name: str, folder: Path) -> Host:
        sink = f"{name}-out"
        changelogs = {
            "quix": f"changelog__{name}--{INPUTS}--default",
            "bare": f"{name}-changelog",
        }
        path = str(HERE / f"{which}.py")
        command = [peers, path, broker.address, name, INPUTS, sink, str(folder)]
        return Host(which, [command], sink, changelogs[which], PARTITIONS)

    return make


def _alone(plan: Plan, prepared: Prepared) -> Measured:
    """The core in a process of its own, over the saved log."""
    folder = plan.folder(fresh("alone"))
    log, result = folder / "log", folder / "result.json"
    prepared.save(log)
    command = [sys.executable, "-m", "bench.whole.alone", str(log), str(result)]
    with processes([command], folder) as (child,):
        if child.wait(ALONE_SECONDS) != 0:
            raise HostFailedError(f"the core alone ended with {child.returncode}; see {folder}")
    found = json.loads(result.read_text(encoding="utf-8"))
    if found["digest"] != _digest(prepared):
        raise HostFailedError("the core alone decided differently")
    count = len(prepared.rows)
    return Measured(found["rate"], count, 0, found["cpu_seconds"] / count * 1e6)


def _digest(prepared: Prepared) -> str:
    """The figure of `alone.digest`, from what was prepared."""
    turns = {key: iter(said) for key, said in prepared.decisions.items()}
    total = hashlib.sha256()
    for row in prepared.rows:
        total.update(hashlib.sha256(next(turns[row.key])).digest())
    return total.hexdigest()


def _mean(values: Any) -> int:
    sizes = [len(value) for value in values]
    return round(sum(sizes) / len(sizes))
