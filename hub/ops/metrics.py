"""What the hub counts about itself, for Prometheus.

One registry per process and one process per role: no multi-process files.  The rules:

* Every label value exists at zero from the start.  A counter that appears only with its first
  failure cannot be watched, because a rate over a series that did not exist is no rate.
* Every label is a closed list of ours.  What a sender wrote never becomes a label: an event type
  or a role that nobody declared is counted as `unknown`.
* No label, help text or value may carry an identity of a person, a family or an episode.

The packaged lists are read at import; what only the edges know, the role that starts declares.
"""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from threading import Thread
from typing import Final, get_args
from wsgiref.simple_server import WSGIServer

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
    start_http_server,
)

from hub.core.faults import FaultReason
from hub.core.model import Level, NoticeReason, Severity
from hub.core.outcomes import type_of_outcome

UNKNOWN: Final = "unknown"
"""The label of anything that is on no list of ours."""

DOORS: Final = ("mllp", "https", "kafka", "worker")
"""Where an event can come in; the same words as `QuarantineRecord.door`."""

_ROOT: Final = Path(__file__).resolve().parents[2]
_LAG_BUCKETS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 3600.0)
"""Seconds.  1 and 15 are the two promises (undisturbed, and across a killed worker); the rest
show on which side of them the hub is drifting."""

# Each counter would otherwise carry a second series with its birth time, which nobody here reads.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library left it without types

REGISTRY: Final = CollectorRegistry(auto_describe=True)

EVENTS_IN = Counter(
    "hub_events_in_total",
    "Events taken in and confirmed by Kafka, by event type and door.",
    ["type", "door"],
    registry=REGISTRY,
)
DECISIONS = Counter(
    "hub_decisions_total",
    "Outcomes decided, by kind.",
    ["kind"],
    registry=REGISTRY,
)
NOTICES = Counter(
    "hub_notices_total",
    "Notices issued, by the role addressed and the reason.",
    ["role", "reason"],
    registry=REGISTRY,
)
LEVELS = Counter(
    "hub_levels_total",
    "Levels that notices reached, by evidence.",
    ["level"],
    registry=REGISTRY,
)
GAPS_OPEN = Gauge(
    "hub_gaps_open",
    "Gaps now open, by code and severity.",
    ["code", "severity"],
    registry=REGISTRY,
)
OLDEST_UNACCEPTED = Gauge(
    "hub_oldest_unaccepted_seconds",
    "How long past its due time is the most overdue notice that nobody has accepted; 0 for none.",
    registry=REGISTRY,
)
DEADLINE_TO_GAP = Histogram(
    "hub_deadline_to_gap_seconds",
    "From a missed deadline to its gap standing open.",
    buckets=_LAG_BUCKETS,
    registry=REGISTRY,
)
DELIVERY_ATTEMPTS = Counter(
    "hub_delivery_attempts_total",
    "Attempts to deliver a notice, by channel and result.",
    ["channel", "result"],
    registry=REGISTRY,
)
DELIVERY_FAILURES = Counter(
    "hub_delivery_failures_total",
    "Attempts that failed, by channel and reason.",
    ["channel", "reason"],
    registry=REGISTRY,
)
SUBSCRIPTIONS_EXPIRING = Gauge(
    "hub_subscriptions_expiring", "Subscriptions that end soon.", registry=REGISTRY
)
QUARANTINE_DEPTH = Gauge(
    "hub_quarantine_depth",
    "Inputs in quarantine that nobody has resolved, by reason.",
    ["reason"],
    registry=REGISTRY,
)
COMMIT_AGE = Gauge(
    "hub_commit_age_seconds",
    "Age of the oldest input taken up but not yet committed; 0 when all is committed.",
    registry=REGISTRY,
)
CONSUMER_LAG_RECORDS = Gauge(
    "hub_consumer_lag_records",
    "Records waiting for a consumer group.",
    ["group"],
    registry=REGISTRY,
)
CONSUMER_LAG_SECONDS = Gauge(
    "hub_consumer_lag_seconds",
    "Age of the oldest record waiting for a consumer group.",
    ["group"],
    registry=REGISTRY,
)
DUPLICATES_DROPPED = Counter(
    "hub_duplicates_dropped_total",
    "Redelivered inputs and decisions that were recognised and dropped.",
    registry=REGISTRY,
)
CONFLICTS = Counter(
    "hub_conflicts_total", "Known decision numbers, other content.", registry=REGISTRY
)
MLLP_MESSAGES = Counter(
    "hub_mllp_messages_total",
    "HL7 v2 messages over MLLP, by how they were answered.",
    ["answer"],
    registry=REGISTRY,
)
MLLP_SKIPPED_BYTES = Counter(
    "hub_mllp_skipped_bytes_total", "Bytes between MLLP frames.", registry=REGISTRY
)
HOLES = Counter(
    "hub_hole_total",
    "Times the offsets of a partition arrived with a hole, and the worker went back or stopped.",
    registry=REGISTRY,
)
FENCED = Counter(
    "hub_fenced_total",
    "Times a worker stopped itself because it had been paused longer than its session allows.",
    registry=REGISTRY,
)
RECOVERY_SECONDS = Gauge(
    "hub_recovery_seconds", "How long the last assignment stood still.", registry=REGISTRY
)
READ_BACK_SECONDS = Gauge(
    "hub_read_back_seconds", "How long of it state was read back.", registry=REGISTRY
)

_event_types: set[str] = {UNKNOWN}
_roles: set[str] = {UNKNOWN}


def outcome_kinds() -> tuple[str, ...]:
    """The `kind` of every outcome a decision can hold, from the core's own tags."""
    return tuple(str(each.__struct_config__.tag) for each in get_args(type_of_outcome))


def declare_event_types(types: Iterable[str]) -> None:
    """Put every event type at zero, for every door."""
    _event_types.update(types)
    for event_type, door in product(_event_types, DOORS):
        EVENTS_IN.labels(type=event_type, door=door)


def declare_roles(roles: Iterable[str]) -> None:
    """Put every role at zero, for every reason a notice can have."""
    _roles.update(roles)
    for role, reason in product(_roles, NoticeReason):
        NOTICES.labels(role=role, reason=reason.value)


def declare_gap_codes(codes: Iterable[str]) -> None:
    """Put every gap code at zero, for every severity."""
    for code, severity in product(codes, Severity):
        GAPS_OPEN.labels(code=code, severity=severity.name.lower())


def declare_channels(
    channels: Iterable[str], *, results: Iterable[str] = (), reasons: Iterable[str] = ()
) -> None:
    """Put every channel at zero: attempts by `results`, failures by `reasons`."""
    known = tuple(channels)
    for channel, result in product(known, tuple(results)):
        DELIVERY_ATTEMPTS.labels(channel=channel, result=result)
    for channel, reason in product(known, tuple(reasons)):
        DELIVERY_FAILURES.labels(channel=channel, reason=reason)


def declare_answers(answers: Iterable[str]) -> None:
    """The ways in which the HL7 door answers."""
    for answer in answers:
        MLLP_MESSAGES.labels(answer=answer)


def declare_groups(groups: Iterable[str]) -> None:
    """Put the lag of every consumer group this process watches at zero."""
    for group in groups:
        CONSUMER_LAG_RECORDS.labels(group=group)
        CONSUMER_LAG_SECONDS.labels(group=group)


def event_in(event_type: str, door: str) -> None:
    """Count one event that Kafka has confirmed.  Raises ValueError for a door that is not ours."""
    if door not in DOORS:
        raise ValueError(f"no such door; use one of {', '.join(DOORS)}")
    known = event_type if event_type in _event_types else UNKNOWN
    EVENTS_IN.labels(type=known, door=door).inc()


def notice_issued(role: str, reason: NoticeReason) -> None:
    """Count one notice issued."""
    NOTICES.labels(role=role if role in _roles else UNKNOWN, reason=reason.value).inc()


def level_reached(level: Level) -> None:
    """Count one level that evidence proves."""
    LEVELS.labels(level=level.name.lower()).inc()


@dataclass(frozen=True, slots=True)
class Exporter:
    """The small web server that Prometheus scrapes."""

    server: WSGIServer
    thread: Thread

    @property
    def port(self) -> int:
        """The TCP port it listens on."""
        return int(self.server.server_port)

    def stop(self) -> None:
        """Close the port and wait for the thread."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def start_metrics(host: str, port: int) -> Exporter | None:
    """Serve `/metrics` from a thread of its own; port 0 means that metrics are off.

    Raises OSError when the port is taken: a role that cannot be watched must not start.
    """
    if port == 0:
        return None
    server, thread = start_http_server(port, addr=host, registry=REGISTRY)
    return Exporter(server=server, thread=thread)


def exposition() -> str:
    """Everything this process would show Prometheus now, as text."""
    return generate_latest(REGISTRY).decode("utf-8")


def _packaged_event_types() -> list[str]:
    """Event types are the names of the schema files, wherever the package carries them."""
    folders = (_ROOT / "schemas" / "events", _ROOT / "hub" / "schemas" / "events")
    return [file.stem for folder in folders for file in sorted(folder.glob("*.avsc"))]


def _packaged_names(file: str, table: str, key: str) -> list[str]:
    """The `key` of every `[[table]]` row in a packaged policy file; none while it has none."""
    path = _ROOT / "hub" / "policy" / file
    if not path.exists():
        return []
    rows = tomllib.loads(path.read_text(encoding="utf-8")).get(table, [])
    return [str(row[key]) for row in rows]


def _declare_closed_lists() -> None:
    declare_event_types(_packaged_event_types())
    declare_roles(_packaged_names("roles.toml", table="role", key="role"))
    declare_gap_codes(_packaged_names("gaps.toml", table="gap", key="code"))
    for kind in outcome_kinds():
        DECISIONS.labels(kind=kind)
    for level in Level:
        LEVELS.labels(level=level.name.lower())
    for reason in FaultReason:
        QUARANTINE_DEPTH.labels(reason=reason.value)


_declare_closed_lists()
