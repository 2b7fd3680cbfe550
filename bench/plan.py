"""What one run of the benchmarks was asked to do, and how repeats are taken in turn."""

import statistics
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.rig import Broker, Measured, fresh, say
from hub.ops.kafka_embedded import EmbeddedKafka


@dataclass(frozen=True)
class Plan:
    """`peers` is the Python of the peers' environment; None leaves the peers out."""

    scratch: Path
    quick: bool
    repeats: int
    peers: Path | None

    def folder(self, name: str) -> Path:
        """A folder of one host or one step."""
        made = self.scratch / name
        made.mkdir(parents=True, exist_ok=True)
        return made

    @contextmanager
    def broker(self) -> Iterator[Broker]:
        """A Kafka of its own for one part or one round."""
        with EmbeddedKafka(self.folder(fresh("kafka"))) as kafka:
            yield Broker(kafka.bootstrap)

    def interleaved(self, hosts: Mapping[str, Callable[[], Measured]]) -> dict[str, Any]:
        """Every host in turn, `repeats` times over (A B C A B C), so that all meet the same noise.

        Answers the median rate of each, every single rate, and the ratio of ours to each peer,
        taken round by round and then the median of those.
        """
        runs: dict[str, list[Measured]] = {name: [] for name in hosts}
        for number in range(self.repeats):
            for name, run in hosts.items():
                measured = run()
                runs[name].append(measured)
                say(f"  round {number + 1}: {name} {measured.rate:,.0f}/s")
        found: dict[str, Any] = {name: _summary(each) for name, each in runs.items()}
        for name, each in runs.items():
            if name != "ours":
                ratios = [a.rate / b.rate for a, b in zip(runs["ours"], each, strict=True)]
                found[f"ours_to_{name}"] = round(statistics.median(ratios), 3)
        return found


def _summary(runs: list[Measured]) -> dict[str, Any]:
    return {
        "per_second": round(statistics.median(run.rate for run in runs)),
        "each": [round(run.rate) for run in runs],
        "cpu_microseconds_per_input": round(statistics.median(run.cpu_micros for run in runs), 1),
        "outputs": runs[0].outputs,
        "changelog_records": [run.changelog_records for run in runs],
    }
