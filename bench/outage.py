"""Kafka away for minutes while events keep coming: what was accepted, and what became of it.

    python -m bench.outage --minutes 10 --rate 100 --json -

The real roles run under the real supervisor on an embedded Kafka.  One publisher speaks to the
gateway over HTTP and honours `Retry-After`; another writes to Kafka directly.  Kafka is killed,
stays away, and comes back on the same files and port.  Meanwhile the hub's held clock passes the
deadlines of some families.  At the end every accepted event must have its decision, every deadline
its gap, and the gateway must not have grown.  Exit code 0 when all of that is so.
"""

import argparse
import asyncio
import json
import logging
import sys
import tempfile
import time
from collections.abc import Awaitable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench.outage_judge import Judge
from bench.outage_publishers import Direct, Families, OverHttp
from bench.outage_site import COOL_SECONDS, PAST_DUE, START, WARM_SECONDS, Plan, Site

MOST_GROWTH_MB = 192.0
"""The gateway's budget for events in hand (hub/ops/limits.py), and half as much for the rest."""

DRAIN_SECONDS = 1200.0
"""Ten minutes' events, taken at twice the speed at which they came."""


@dataclass
class Result:
    """What came of it."""

    accepted: int = 0
    accepted_http: int = 0
    accepted_direct: int = 0
    lost: int = 0
    conflicting: int = 0
    said_again: int = 0
    """Events decided twice: the second time as a duplicate."""
    refused_503: int = 0
    without_retry_after: int = 0
    other_answers: int = 0
    no_answer: int = 0
    outage_seconds: float = 0.0
    drained_seconds: float = -1.0
    deadlines_due: int = 0
    deadlines_opened: int = 0
    deadlines_twice: int = 0
    deadlines_late_detected: int = 0
    """Gaps whose decision is later than the instant at which they opened."""
    gateway_rss_mb_before: float = 0.0
    gateway_rss_mb_max: float = 0.0
    restarts: dict[str, int] = field(default_factory=dict)
    roles_alive: bool = False
    ok: bool = False


class Run:
    """One outage, from the first event to the last decision."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.plan = site.plan
        self.result = Result(deadlines_due=site.plan.armed)
        self.families = Families(site.plan.families, site.plan.armed, site.clock)
        self.judge = Judge(site.settings.kafka, site.settings.partitions)
        page = f"http://127.0.0.1:{site.settings.gateway_port}"
        self.http = OverHttp(page, self.families, self.plan.rate, self.plan.senders)
        self.direct = Direct(site.settings.kafka, self.families, self.plan.direct_rate)

    async def run(self) -> Result:
        """Play it; what came of it."""
        async with asyncio.TaskGroup() as tasks:
            watching = [
                tasks.create_task(self.judge.follow()),
                tasks.create_task(self._watch_memory()),
                tasks.create_task(self._tell()),
            ]
            await self.direct.start()
            await self._until("every family is booked", self._set_the_stage())
            self.result.gateway_rss_mb_before = round(self.site.gateway_rss_mb(), 1)
            publishing = [
                tasks.create_task(self.http.publish()),
                tasks.create_task(self.direct.publish()),
            ]
            await self._outage()
            back = time.monotonic()
            self.http.ending.set()
            self.direct.ending.set()
            await asyncio.gather(*publishing)
            self.plan.steps.say(f"all publishers answered {time.monotonic() - back:.0f} s later")
            await self._until("drained", self._drained())
            self.result.drained_seconds = round(time.monotonic() - back + COOL_SECONDS, 1)
            await self.direct.stop()
            for each in watching:
                each.cancel()
        return self._judged()

    async def _set_the_stage(self) -> None:
        """Every family is booked, and the armed ones are discharged."""
        booked = await self.direct.send_all(self.families.openings())
        while not booked <= self.judge.decided:  # noqa: ASYNC110  another process decides
            await asyncio.sleep(0.2)

    async def _outage(self) -> None:
        """Warm, away, the deadlines pass, back, cool."""
        away = self.plan.minutes * 60
        await asyncio.sleep(WARM_SECONDS)
        began = time.monotonic()
        await asyncio.to_thread(self.site.take_kafka_away)
        self.plan.steps.say(f"Kafka is away for {away:.0f} s")
        await asyncio.sleep(away / 2)
        self.site.clock.move(START + PAST_DUE)
        await asyncio.sleep(max(0.0, began + away - time.monotonic()))
        await asyncio.to_thread(self.site.bring_kafka_back)
        self.result.outage_seconds = round(time.monotonic() - began, 1)
        self.plan.steps.say("Kafka is back")
        await asyncio.sleep(COOL_SECONDS)

    async def _drained(self) -> None:
        """Everything accepted is decided, every gap open, and the readers have read it all."""
        accepted = self.http.accepted | self.direct.accepted
        while not (  # noqa: ASYNC110  other processes read
            accepted <= self.judge.decided
            and len(self.judge.opened) >= self.plan.armed
            and await asyncio.to_thread(self.site.read_by_all) >= self.judge.records
        ):
            await asyncio.sleep(0.5)

    async def _until(self, what: str, work: Awaitable[None]) -> None:
        """Wait for something that must come true; a run that does not get there says so."""
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                await work
        except TimeoutError:
            self.plan.steps.say(f"! not within {DRAIN_SECONDS:.0f} s: {what}")
        else:
            self.plan.steps.say(what)

    async def _watch_memory(self) -> None:
        while True:
            now = round(self.site.gateway_rss_mb(), 1)
            self.result.gateway_rss_mb_max = max(self.result.gateway_rss_mb_max, now)
            await asyncio.sleep(0.5)

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(5)
            http, direct = self.http, self.direct
            self.plan.steps.say(
                f"  http {len(http.accepted)} taken, {http.refused} refused, {http.waiting()} "
                f"waiting; direct {len(direct.accepted)} taken, {direct.waiting()} waiting; "
                f"decided {len(self.judge.decided)}; gateway {self.site.gateway_rss_mb():.0f} MB"
            )

    def _judged(self) -> Result:
        found, judge, http = self.result, self.judge, self.http
        accepted = http.accepted | self.direct.accepted
        found.accepted_http, found.accepted_direct = len(http.accepted), len(self.direct.accepted)
        found.accepted = len(accepted)
        found.lost = len(accepted - judge.decided)
        found.conflicting, found.said_again = judge.conflicting, judge.said_again
        found.refused_503, found.without_retry_after = http.refused, http.without_retry_after
        found.other_answers, found.no_answer = http.other_answers, http.no_answer
        found.deadlines_opened = len(judge.opened)
        found.deadlines_twice = judge.opened_twice
        found.deadlines_late_detected = sum(late for late in judge.opened.values())
        found.restarts = self.site.supervisor.restarts()
        found.roles_alive = self.site.supervisor.alive()
        growth = found.gateway_rss_mb_max - found.gateway_rss_mb_before
        found.ok = (
            (found.lost, found.conflicting, found.deadlines_twice) == (0, 0, 0)
            and (found.without_retry_after, found.other_answers) == (0, 0)
            and found.accepted_http > 0 < found.accepted_direct
            and found.refused_503 > 0 <= found.drained_seconds
            and found.deadlines_opened == found.deadlines_late_detected == found.deadlines_due
            and found.roles_alive
            and growth <= MOST_GROWTH_MB
        )
        return found


def outage(plan: Plan, folder: Path) -> Result:
    """Play one outage in an empty folder."""
    folder.mkdir(parents=True, exist_ok=True)
    site = Site(folder, plan)
    with site.up():
        return asyncio.run(Run(site).run())


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=100.0, help="events a second over HTTP")
    parser.add_argument("--direct-rate", type=float, default=10.0, help="the same, to Kafka")
    parser.add_argument("--armed", type=int, default=100, help="deadlines that fall due meanwhile")
    parser.add_argument("--how", choices=("kill", "stop"), default="kill")
    parser.add_argument("--senders", type=int, default=50, help="connections of the HTTP publisher")
    parser.add_argument("--json", default="-", help="where the figures go; - is stdout")
    given = vars(parser.parse_args())
    target = given.pop("json")
    # The clients of this process say a line a second while Kafka is away; that it is, we know.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="hub-outage-") as folder:
        result = outage(Plan(**given), Path(folder))
    text = json.dumps(asdict(result), indent=1) + "\n"
    if target == "-":
        sys.stdout.write(text)
    else:
        Path(target).write_text(text, encoding="utf-8")
    return 0 if result.ok else 1


if __name__ == "__main__":
    raise SystemExit(main())
