"""Part d: how fast a whole worker catches up, from the public topics to the decisions.

A day of events lies in the public topics when the worker starts.  It takes them in, checks them
as a door does, finds the person, decides with the full policy, and wakes what falls due.  The
rate is: events, divided by the time from the first record that the worker wrote (`hub.persons`)
to the last decision about an event, both by the broker's log.

How many decisions that takes differs from run to run: the public topics have no order between them,
so that a baby may be heard of before her mother, and then two files of one pregnancy follow each
other.  So the decisions a second are told beside the events.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bench.plan import Plan
from bench.published import day_of_events, write_directory
from bench.rig import LOOK_SECONDS, Broker, HostFailedError, fresh, processes, say
from hub.core.model import Event
from hub.edges.avro import decode_decision, encode_event
from hub.edges.publish import Publisher
from hub.edges.schemas import SAME_TOPIC, default_schemas
from hub.ops.settings import Settings, environment_of
from hub.ops.topics import APP, DECISIONS, INPUTS, PERSONS, QUARANTINE, create_topics

EVENTS, QUICK_EVENTS = 30_000, 1_000
STILL_SECONDS = 240


def whole_worker(plan: Plan) -> dict[str, Any]:
    """Intake, identity, episodes and clock in one process; a Kafka of its own for each repeat."""
    wanted = QUICK_EVENTS if plan.quick else EVENTS
    runs = []
    for number in range(plan.repeats):
        runs.append(_once(plan, wanted))
        say(f"  round {number + 1}: worker {runs[-1]['per_second']:,}/s")
    middle = {
        rate: round(statistics.median([run[rate] for run in runs]))
        for rate in ("per_second", "decisions_per_second")
    }
    return {"events": wanted, **middle, "each": runs}


def _once(plan: Plan, wanted: int) -> dict[str, Any]:
    folder = plan.folder(fresh("worker"))
    with plan.broker() as broker:
        settings = settings_for(folder, broker.address)
        directory = write_directory(settings.directory)
        events = day_of_events(wanted, directory, datetime.now(UTC))
        asyncio.run(create_topics(broker.address, settings))
        publish(broker, settings, events)
        say(f"{len(events)} events lie in the public topics")
        with processes([worker_command()], folder, environment_of(settings)) as (child,):
            deadline = time.monotonic() + STILL_SECONDS
            topics = [*{topic_of(event) for event in events}, PERSONS, INPUTS]
            while broker.behind(APP, topics, settings.partitions):
                if child.poll() is not None or time.monotonic() > deadline:
                    raise HostFailedError(f"the worker ended or stood still; see {folder}")
                time.sleep(LOOK_SECONDS)
        return _figures(broker, settings, events)


def worker_command() -> Sequence[str]:
    """The role `hub worker`."""
    return [sys.executable, "-m", "hub.cli", "worker"]


def settings_for(folder: Path, bootstrap: str) -> Settings:
    """A hub of its own in a folder."""
    return Settings(
        kafka=bootstrap,
        data_dir=folder / "data",
        directory=folder / "directory.toml",
        secret_key=SecretStr("of a benchmark"),
        gateway_port=0,
        mllp_port=0,
        demo_logins=True,
    )


def topic_of(event: Event) -> str:
    """The public topic of an event; a retraction's is that of what it takes back."""
    topic = str(default_schemas().avsc(event.type)["topic"])
    if topic == SAME_TOPIC:
        topic = str(default_schemas().avsc(str(event.body["target_type"]))["topic"])
    return topic


def publish(broker: Broker, settings: Settings, events: Sequence[Event]) -> None:
    """Put events into their public topics, keyed as the hub's own doors key them."""
    keys = Publisher(settings.kafka, settings.secret())
    by_topic: dict[str, list[Event]] = {}
    for event in events:
        by_topic.setdefault(topic_of(event), []).append(event)
    for topic, part in by_topic.items():
        broker.fill(topic, _records(keys, part))


def _records(keys: Publisher, events: Sequence[Event]) -> Iterator[tuple[bytes, bytes, None]]:
    for event in events:
        yield keys.event_key(event), encode_event(event), None


def _figures(broker: Broker, settings: Settings, events: Sequence[Event]) -> dict[str, Any]:
    """The rate, and what else the worker wrote.  Raises HostFailedError for a missing decision."""
    partitions = settings.partitions
    missing = {event.id for event in events}
    # The identity agent refuses the few that come before anything has opened an episode.
    refused = broker.count(QUARANTINE, partitions)
    began = min(stamp for _, _, stamp in broker.read(PERSONS, partitions))
    ended = decisions = last = 0
    for _, value, stamp in broker.read(DECISIONS, partitions):
        decisions, last = decisions + 1, max(last, stamp)
        input_id = decode_decision(value).input_id
        if input_id in missing:
            missing.discard(input_id)
            ended = max(ended, stamp)
    # Some of those refused went through by themselves when their pregnancy became known.
    if len(missing) > refused:
        raise HostFailedError(f"{len(missing)} events have no decision, {refused} were refused")
    seconds = (ended - began) / 1000
    return {
        "per_second": round(len(events) / seconds),
        "decisions": decisions,
        "decisions_per_second": round(decisions / (last - began) * 1000),
        "refused": refused,
    }
