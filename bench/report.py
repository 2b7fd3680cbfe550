"""The figures of a run as a table for people, each target beside what was reached."""

from typing import Any, NamedTuple

from bench.channels_roads import CHANNELS


class Target(NamedTuple):
    """A figure of the JSON, by its path, and what it should be."""

    words: str
    path: tuple[str, ...]
    wanted: float | None = None
    at_most: bool = False


CHANNELS_TARGETS = tuple(
    Target(f"{channel}: {words}", ("channels", channel, *path), wanted, at_most=True)
    for channel in CHANNELS
    for words, path, wanted in (
        ("900 destinations alone, p50 in ms", ("alone", "p50_ms"), None),
        ("  p99 in ms", ("alone", "p99_ms"), None),
        ("  beside 50 slow and 50 dead ones, p50 in ms", ("beside", "p50_ms"), None),
        ("  beside them, p99 in ms", ("beside", "p99_ms"), None),
        ("  ratio of the two p99s", ("p99_ratio",), 1.1),
        ("flat out, notices a second", ("alone", "per_second"), None),
        ("  processor time of one in ms", ("alone", "cpu_ms"), None),
        ("  beside the slow and the dead, notices a second", ("beside", "per_second"), None),
        ("  plain loop, notices a second", ("plain_loop", "per_second"), None),
        ("  processor time of one in ms", ("plain_loop", "cpu_ms"), None),
        ("  alone to the plain loop", ("to_plain_loop",), None),
    )
)

RATIOS = (
    Target("empty core, one worker: ours to Quix Streams", ("empty", "ours_to_quix"), 2.0),
    Target("empty core, one worker: ours to bare confluent-kafka", ("empty", "ours_to_bare")),
    Target(
        "empty core, two workers: ours to Kafka Streams with two threads",
        ("streams", "ours_to_kafka_streams"),
        1.0,
    ),
    Target("whole core: ours to Quix Streams", ("whole", "ours_to_quix"), 1.15),
    Target("whole core: ours to the core alone", ("whole", "ours_to_core_alone"), 0.8),
    Target("whole core: ours to bare confluent-kafka", ("whole", "ours_to_bare")),
    Target("whole worker, catching up, events a second", ("worker", "per_second")),
    Target(
        "decision with 30 duties, codecs included, median in us",
        ("core", "decision_us", "whole_cold", "median"),
        100,
        at_most=True,
    ),
    Target(
        "  the same, the episode still at hand", ("core", "decision_us", "whole_warm", "median")
    ),
    Target("latency through Kafka, p50 in ms", ("latency", "kafka", "p50_ms")),
    Target("latency through Kafka, p99 in ms", ("latency", "kafka", "p99_ms"), 250, at_most=True),
    Target("confirmed by Kafka, p99 in ms", ("latency", "kafka", "confirmed_after_p99_ms")),
    Target("answered by the gateway, p99 in ms", ("latency", "gateway", "confirmed_after_p99_ms")),
    Target("latency through the gateway, p50 in ms", ("latency", "gateway", "p50_ms")),
    Target(
        "latency through the gateway, p99 in ms",
        ("latency", "gateway", "p99_ms"),
        250,
        at_most=True,
    ),
    Target("MLLP, 900 connections alone, p99 in ms", ("mllp", "neighbours", "alone_p99_ms")),
    Target("  beside 50 slow and 50 silent ones", ("mllp", "neighbours", "beside_p99_ms")),
    Target("  ratio of the two", ("mllp", "neighbours", "ratio"), 1.5, at_most=True),
    *(
        Target(
            f"MLLP, {host} on {count}, messages/s",
            ("mllp", "rates", f"{host}_on_{count}", "per_second"),
        )
        for count in (1, 50)
        for host in ("ours", "hl7_library")
    ),
    *CHANNELS_TARGETS,
    Target(
        "cost of an event, most open episodes to fewest", ("scale", "cost_ratio"), 1.1, at_most=True
    ),
    Target("deadline to gap, p99 in ms", ("scale", "deadline_lag_ms", "p99"), 1000, at_most=True),
    Target(
        "deadline to gap across a SIGKILL, most, in s",
        ("scale", "deadline_lag_across_kill_s"),
        15,
        at_most=True,
    ),
    Target(
        "deadline to gap across a lost disk, most, in s", ("scale", "deadline_lag_across_wipe_s")
    ),
    Target("resident bytes for an open episode", ("scale", "rss_bytes_per_episode")),
    Target("whole core, two workers to one", ("scale", "two_workers_ratio")),
)
HOSTS = ("ours", "quix", "bare", "kafka_streams", "core_alone")
WIDTH = 66


def table(found: dict[str, Any]) -> str:
    """The table of a run: rates by host, ratios and latencies with their targets, failures."""
    parts: dict[str, Any] = found["parts"]
    lines = ["", f"{'events a second, median':<{WIDTH}}{'figure':>10}  each"]
    for part in ("empty", "streams", "whole"):
        for host in HOSTS:
            rate = _at(parts, (part, host))
            if isinstance(rate, dict):
                each = ", ".join(f"{one:,}" for one in rate["each"])
                cpu = f"{rate['cpu_microseconds_per_input']} us of processor an input"
                lines.append(
                    f"{f'{part}: {host}':<{WIDTH}}{rate['per_second']:>10,}  {each}; {cpu}"
                )
    lines += ["", f"{'ratios and latencies':<{WIDTH}}{'figure':>10}  target"]
    lines += [
        _line(target, value) for target in RATIOS if _is_number(value := _at(parts, target.path))
    ]
    for door in ("kafka", "gateway"):
        hops = _at(parts, ("latency", door, "hops"))
        for hop, figures in (hops or {}).items():
            share = f"{figures['share_of_mean']:.0%} of the mean way"
            lines.append(
                f"{f'  {door}: {hop}, p50 in ms':<{WIDTH}}{figures['p50_ms']:>10}  {share}"
            )
    lines += [
        f"\n{name} FAILED: {part['error']}" for name, part in parts.items() if "error" in part
    ]
    if found["quick"]:
        lines.append("\nThis was a smoke test: its figures mean nothing.")
    return "\n".join(lines) + "\n"


def _line(target: Target, value: float) -> str:
    wanted = ""
    if target.wanted is not None:
        reached = value <= target.wanted if target.at_most else value >= target.wanted
        bound = "at most" if target.at_most else "at least"
        wanted = f"{bound} {target.wanted}: {'reached' if reached else 'NOT reached'}"
    return f"{target.words:<{WIDTH}}{value:>10,}  {wanted}".rstrip()


def _at(parts: dict[str, Any], path: tuple[str, ...]) -> Any:
    """What stands at a path of the JSON; None when the part was not measured."""
    found: Any = parts
    for name in path:
        if not isinstance(found, dict) or name not in found:
            return None
        found = found[name]
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)
