"""The measurements at national size measure what they say, shown on 500 episodes."""

from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition

from agents.kept import next_wake_of
from bench.scale_families import Families, number_of
from bench.scale_hub import PROBE_BASE, Hub, load
from bench.scale_lag import deadline_lag
from bench.scale_parts import cost
from bench.scale_site import Site
from hub.ops.topics import DECISIONS, INPUTS, changelog_topic
from hub.policy.loader import load_policy

pytestmark = pytest.mark.stack

EPISODES = 500
DEADLINES = 50


def stored(site: Site) -> dict[int, bytes]:
    """The last value of each episode in the changelog, by the episode's number."""
    topic = changelog_topic("episodes")
    address = {"bootstrap.servers": site.settings.kafka, "group.id": "test"}
    reader = Consumer(address | {"enable.partition.eof": True})
    reader.assign([TopicPartition(topic, n, 0) for n in range(site.settings.partitions)])
    found: dict[int, bytes] = {}
    ended = 0
    while ended < site.settings.partitions:
        message = reader.poll(10)
        assert message is not None
        if message.error():
            ended += 1
            continue
        found[number_of((message.key() or b"").decode())] = message.value() or b""
    reader.close()
    return found


def test_five_hundred_episodes(tmp_path: Path) -> None:
    """Every armed deadline is seen once it is due; a seeded state is what a booking leaves."""
    with Site(tmp_path) as site:
        hub = Hub(site, Families(load_policy(), site.start, seeded=True), EPISODES)
        load(hub)

        states = stored(site)
        seeded, booked = states[1], states[PROBE_BASE]
        assert set(range(EPISODES)) <= set(states)
        assert next_wake_of(booked) == next_wake_of(seeded)
        # They differ by the offsets in them, which are numbers of other lengths.
        assert abs(len(booked) - len(seeded)) <= 8

        inputs, decisions = site.so_far()
        figures = cost([hub], 100, 2)
        site.until(lambda: site.so_far()[0] - inputs == site.so_far()[1] - decisions, "an answer")
        # Two rounds, and the event that families of the second had before it; each concern is
        # also one of its service's figures, which is an input of a matter.
        assert 300 == site.count(INPUTS) - inputs
        assert 0 < site.so_far()[0] - inputs - 300 < 60
        assert figures["events_per_second"][str(EPISODES)] > 0

        before = site.count(DECISIONS)
        lag = deadline_lag(hub, deadlines=DEADLINES, seconds=2.0, arming=5.0)
        assert (DEADLINES, 0, 0) == (lag["deadlines"], lag["missing"], lag["early"])
        assert 0 < lag["p50"] <= lag["p99"] <= lag["max"]
        # Each had a decision when it was armed and one when it fell due, beside the others.
        assert site.count(DECISIONS) - before >= 2 * DEADLINES
