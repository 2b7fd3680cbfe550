"""A gateway and a worker on a real Kafka that does not answer: what is promised and kept."""

import asyncio
import json
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from bench.outage_publishers import KEY, Families
from bench.outage_site import Plan, Site
from hub.core.outcomes import EventRecorded
from hub.demo.judge import read_decisions
from hub.edges.avro import decode_event
from hub.ops import limits
from tests.patience import PATIENCE_SECONDS, wait_until
from tests.topics import all_values

pytestmark = pytest.mark.stack

PUBLISHERS = 2_000
PADDING = "x" * 20_000
"""Ten times an ordinary event, in a field that may hold anything."""

MOST_GROWTH_MB = 192.0
"""128 MiB of events in hand (hub/ops/limits.py), and 32 KiB for each of the 2,000 connections."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A hub whose Kafka can be paused."""
    made = Site(tmp_path_factory.mktemp("pressure"), Plan(roles=("worker", "gateway")))
    with made.up():
        yield made


@pytest.fixture(scope="module")
def families(site: Site) -> Families:
    """Families of this file."""
    return Families(10, 0, site.clock)


def post(site: Site, event: dict[str, Any]) -> httpx.Response:
    """Send one event, as a publisher does."""
    page = f"http://127.0.0.1:{site.settings.gateway_port}/events"
    return httpx.post(page, json=event, headers=KEY, timeout=PATIENCE_SECONDS)


def until_taken(site: Site, event: dict[str, Any]) -> None:
    """Repeat an event, as a publisher does, until it is taken."""
    wait_until(lambda: post(site, event).status_code == httpx.codes.ACCEPTED)


def said_of(site: Site, event_id: str) -> list[str]:
    """How the worker recorded an event, each time it came."""
    found = asyncio.run(read_decisions(site.settings.kafka, site.settings.partitions))
    return [
        outcome.how
        for decisions in found.values()
        for decision in decisions
        for outcome in decision.outcomes
        if isinstance(outcome, EventRecorded) and outcome.event_id == event_id
    ]


def raw(event: dict[str, Any]) -> bytes:
    """The request of an event, byte for byte."""
    body = json.dumps(event).encode()
    head = (
        "POST /events HTTP/1.1\r\nhost: hub\r\ncontent-type: application/json\r\n"
        f"authorization: {KEY['authorization']}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def booked(families: Families, n: int) -> dict[str, Any]:
    """The booking of a family."""
    return list(families.openings())[n]


def test_a_write_that_timed_out_and_was_stored_all_the_same_is_decided_once(
    site: Site, families: Families
) -> None:
    """The gateway says 503, Kafka has the event, the publisher repeats it: once is dropped."""
    until_taken(site, booked(families, 0))
    late = booked(families, 1)
    with site.kafka_paused():
        assert httpx.codes.SERVICE_UNAVAILABLE == post(site, late).status_code
    until_taken(site, late)
    wait_until(lambda: len(said_of(site, late["id"])) == 2)
    assert ["new", "duplicate"] == said_of(site, late["id"])


def test_a_request_that_its_sender_gave_up_is_in_kafka_whole_or_not_at_all(
    site: Site, families: Families
) -> None:
    """The connection is cut before Kafka answers; the repeat is taken, and decided as one event."""
    until_taken(site, booked(families, 0))
    gone = booked(families, 2)
    with (
        site.kafka_paused(),
        socket.create_connection(("127.0.0.1", site.settings.gateway_port)) as door,
    ):
        door.sendall(raw(gone))
        # The gateway is at the write when it refuses the next event because of this one.
        assert httpx.codes.SERVICE_UNAVAILABLE == post(site, booked(families, 3)).status_code
    until_taken(site, gone)
    wait_until(lambda: "new" in said_of(site, gone["id"]))
    assert 1 == said_of(site, gone["id"]).count("new")
    for value in asyncio.run(all_values(site.settings.kafka, "perinatal.pregnancy")):
        # Raises for half a record.
        decode_event(value, site.clock.now())


async def one_of_many(port: int, request: bytes) -> tuple[int, int]:
    """Status and Retry-After of one request on a connection of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        await writer.drain()
        head = (
            (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_SECONDS))
            .decode()
            .lower()
        )
    finally:
        writer.close()
    lines = dict(line.split(": ", 1) for line in head.splitlines()[1:] if ": " in line)
    return int(head.split()[1]), int(lines.get("retry-after", "0"))


def test_two_thousand_publishers_do_not_fill_the_gateway(site: Site, families: Families) -> None:
    """While Kafka does not answer, each gets 503 with its own Retry-After, and memory stays."""
    until_taken(site, booked(families, 0))
    events = [booked(families, 4) | {"id": f"many-{n}"} for n in range(PUBLISHERS)]
    for event in events:
        event["data"] = event["data"] | {"sharing_ref": PADDING}
    requests = [raw(event) for event in events]
    before, highest = site.gateway_rss_mb(), 0.0

    async def scene() -> list[tuple[int, int]]:
        nonlocal highest
        sent = [
            asyncio.ensure_future(one_of_many(site.settings.gateway_port, each))
            for each in requests
        ]
        while not all(each.done() for each in sent):
            highest = max(highest, site.gateway_rss_mb())
            await asyncio.sleep(0.1)
        return [each.result() for each in sent]

    with site.kafka_paused():
        answers = asyncio.run(scene())
    waits = {wait for _, wait in answers}
    assert {503} == {code for code, _ in answers}
    assert limits.RETRY_LEAST_SECONDS == min(waits)
    assert limits.RETRY_MOST_SECONDS == max(waits)
    assert before < highest < before + MOST_GROWTH_MB
    until_taken(site, events[0])


def test_a_body_that_would_not_fit_is_refused_before_it_is_read(site: Site) -> None:
    """Also where nobody has to be known: a receipt announced with two megabytes is not read."""
    request = (
        b"POST /receipts HTTP/1.1\r\nhost: hub\r\ncontent-type: application/json\r\n"
        b"content-length: 2000000\r\n\r\n{"
    )
    with socket.create_connection(
        ("127.0.0.1", site.settings.gateway_port), PATIENCE_SECONDS
    ) as door:
        door.sendall(request)
        answer = door.recv(65536)
    assert answer.startswith(b"HTTP/1.1 413")


def test_the_gateway_was_never_restarted(site: Site) -> None:
    """All of the above was answered by one process."""
    assert 0 == site.supervisor.restarts()["gateway"]
