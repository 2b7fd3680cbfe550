"""Part h: a thousand destinations, some slow and some dead; and notices a second by channel.

The real delivery role runs as a process of its own, with a real Kafka before it and a database of
its own; recipients are a process too.  Two questions.  What do slow and dead destinations cost the
others?  Nine hundred that answer get notices at an even pace, in turn without and with fifty that
take five seconds and fifty that are dead (half refuse, half take the connection and say nothing);
each turn has a hub of its own, so that none inherits the failures of another.  The time runs from
the confirmation of the decision by Kafka to the arrival of the post; the ratio is that of the two
p99s in each round, then the median of those.  And how many notices a second go out flat out, by
channel, and what processor time the role uses for one, which says more on a machine with other work
(the mail server is that of the tests, without TLS; MESH is its sandbox, with
two mailboxes)?  Beside it a plain loop that posts the same bodies with the same HTTP client and as
many posts together, and keeps nothing: the most that this client could do.
"""

import asyncio
import statistics
import time
from collections.abc import Sequence
from random import Random
from typing import Any, NamedTuple

from bench.channels_hub import SECRET, Hub, decision_for, hub, organisation_of, row_of
from bench.plan import Plan
from bench.rig import fresh, say
from hub.core.outcomes import NoticeIssued
from hub.edges.channels.signed import SignedPosts
from hub.edges.channels.webhook import body_of
from hub.edges.directory import Endpoint
from hub.ops.kafka_embedded import free_ports
from hub.roles.delivery import MOST_DESTINATIONS
from hub.roles.queueing import notice_of
from tests.servers.mesh import OTHER, PRACTICE, running_mesh

HEALTHY, SLOW, DEAD = 900, 50, 50
QUICK_HEALTHY, QUICK_SLOW, QUICK_DEAD = 18, 1, 2
PACE, QUICK_PACE = 25, 10
"""Notices a second to all that answer together; the others get their share beside it."""

SECONDS, QUICK_SECONDS = 40, 4
FLAT_OUT, QUICK_FLAT_OUT = 4000, 60
TOPICS = 10
"""Organisations of the Kafka channel: each has a topic and a producer of its own."""
MAILBOXES, MESHED = (PRACTICE, OTHER), 400
"""The fake national MESH has no more mailboxes than these, and keeps what it gets in memory."""

CHANNELS = ("webhook", "fhir", "kafka", "worklist", "email", "mesh")


def channels(plan: Plan) -> dict[str, Any]:
    """Both questions."""
    return {"neighbours": neighbours(plan), "rates": rates(plan)}


def neighbours(plan: Plan) -> dict[str, Any]:
    """The same pace to those that answer, in turn without and with slow and dead ones."""
    full = (HEALTHY, SLOW, DEAD)
    healthy, slow, dead = (QUICK_HEALTHY, QUICK_SLOW, QUICK_DEAD) if plan.quick else full
    rounds = []
    for number in range(plan.repeats):
        alone = _paced(plan, healthy, 0, 0)
        beside = _paced(plan, healthy, slow, dead)
        ratio = round(beside["p99_ms"] / alone["p99_ms"], 2)
        rounds.append({"alone": alone, "beside": beside, "ratio": ratio})
        say(
            f"  round {number + 1}: p99 {alone['p99_ms']} ms alone, "
            f"{beside['p99_ms']} ms beside {slow} slow and {dead} dead"
        )
    return {
        "healthy": healthy,
        "slow": slow,
        "dead": dead,
        "alone_p99_ms": statistics.median(each["alone"]["p99_ms"] for each in rounds),
        "beside_p99_ms": statistics.median(each["beside"]["p99_ms"] for each in rounds),
        "ratio": statistics.median(each["ratio"] for each in rounds),
        "rounds": rounds,
    }


def _paced(plan: Plan, healthy: int, slow: int, dead: int) -> dict[str, Any]:
    """One turn, with a hub of its own."""
    port, closed = free_ports(0, 0)
    page = f"http://127.0.0.1:{port}"
    well = {f"H{n}": f"{page}/ok/{n}" for n in range(healthy)}
    bad = {f"S{n}": f"{page}/slow/{n}" for n in range(slow)}
    for n in range(dead):
        bad[f"D{n}"] = f"{page}/hole/{n}" if n % 2 else f"http://127.0.0.1:{closed}/"
    rows = "".join(row_of(name, "webhook", at) for name, at in (well | bad).items())
    seconds, pace = (QUICK_SECONDS, QUICK_PACE) if plan.quick else (SECONDS, PACE)
    whole_pace = pace * (healthy + slow + dead) / healthy
    order = [*well, *bad]
    Random(1).shuffle(order)  # noqa: S311  a mixed order, no secret
    many = int(whole_pace * seconds)
    names = [order[number % len(order)] for number in range(many)]
    with hub(plan, rows, (), port) as made:
        asyncio.run(made.publish(names, whole_pace))
        made.until_out(frozenset(well))
        arrived = made.arrivals()
    took = sorted(
        arrived[own] - at for own, at in made.confirmed.items() if organisation_of(own) in well
    )
    at_share = {"p50_ms": 50, "p99_ms": 99}
    return {"notices": len(took)} | {
        name: round(took[len(took) * share // 100] * 1000, 1) for name, share in at_share.items()
    }


def rates(plan: Plan) -> dict[str, Any]:
    """Notices a second by channel, and of the plain loop, each in turn."""
    names = (*CHANNELS, "plain_loop")
    each: dict[str, list[_Rate]] = {name: [] for name in names}
    for _ in range(plan.repeats):
        for name, rate in _flat_out(plan).items():
            each[name].append(rate)
    found: dict[str, Any] = {}
    for name, measured in each.items():
        middle = round(statistics.median(one.per_second for one in measured))
        cpu = round(statistics.median(one.cpu_ms for one in measured), 2)
        rates_of_it = [round(one.per_second) for one in measured]
        found[name] = {"per_second": middle, "each": rates_of_it, "cpu_ms_per_notice": cpu}
        say(f"  {name}: {middle:,} notices/s, {cpu} ms of processor time each")
    both = zip(each["webhook"], each["plain_loop"], strict=True)
    ratios = [ours.per_second / plain.per_second for ours, plain in both]
    return found | {"webhook_to_plain_loop": round(statistics.median(ratios), 3)}


class _Rate(NamedTuple):
    per_second: float
    cpu_ms: float
    """Processor time of the process for each notice, from the decision to the last report."""


def _flat_out(plan: Plan) -> dict[str, _Rate]:
    """One channel after the other, all at once to destinations that answer; then the plain loop."""
    port, smtp_port = free_ports(0, 0)
    places = QUICK_HEALTHY if plan.quick else HEALTHY
    many = QUICK_FLAT_OUT if plan.quick else FLAT_OUT
    pages: dict[str, dict[str, str]] = {}
    for channel in CHANNELS:
        count = min(places, {"kafka": TOPICS, "mesh": len(MAILBOXES)}.get(channel, places))
        pages[channel] = {f"{channel}-{n}": _address(channel, port, n) for n in range(count)}
    rows = "".join(
        row_of(name, channel, at) for channel in CHANNELS for name, at in pages[channel].items()
    )
    found: dict[str, _Rate] = {}
    with (
        running_mesh(plan.folder(fresh("mesh"))) as mesh,
        hub(plan, rows, [*pages["kafka"]], port, smtp_port, mesh) as made,
    ):
        for channel in CHANNELS:
            here = min(many, MESHED) if channel == "mesh" else many
            found[channel] = _out(made, channel, ([*pages[channel]] * here)[:here])
        names, spent = ([*pages["webhook"]] * many)[:many], time.process_time()
        rate = asyncio.run(_plain_loop(pages["webhook"], names))
        found["plain_loop"] = _Rate(rate, (time.process_time() - spent) / many * 1000)
    return found


def _out(made: Hub, channel: str, names: list[str]) -> _Rate:
    """A notice for each name at once, until all are out and the core has been told."""
    before = made.cpu_seconds()
    asyncio.run(made.publish(names, None))
    made.until_out(frozenset(names))
    made.until_told()
    cpu_ms = (made.cpu_seconds() - before) / len(names) * 1000
    return _Rate(made.rate(channel), cpu_ms)


def _address(channel: str, port: int, number: int) -> str:
    if channel == "mesh":
        return f"mesh://{MAILBOXES[number]}?workflow_id=TEST_WORKFLOW"
    if channel == "email":
        return f"desk{number}@practice.example"
    return f"http://127.0.0.1:{port}/ok/{number}" if channel in {"webhook", "fhir"} else ""


async def _plain_loop(pages: dict[str, str], names: Sequence[str]) -> float:
    """The same bodies, the same client, as many posts together, and nothing else."""
    posts, queue = SignedPosts(allow_loopback=True), list(names)

    async def one() -> None:
        while queue:
            name = queue.pop()
            record = decision_for(name)
            (issued,) = record.outcomes
            assert isinstance(issued, NoticeIssued)
            at = Endpoint(organisation=name, channel="webhook", address=pages[name], secret=SECRET)
            body = body_of(notice_of(record, issued))
            await posts.post(at, issued.notice_id, body, "application/json")

    began = time.monotonic()
    try:
        await asyncio.gather(*(one() for _ in range(MOST_DESTINATIONS)))
    finally:
        await posts.stop()
    return len(names) / (time.monotonic() - began)
