"""A hub with its families: what is open in it, what was told, and how fast it answers."""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random

from bench.scale_families import Families, Record
from bench.scale_site import Site, say
from hub.ops.topics import DECISIONS, changelog_topic

PROBE_BASE = 10**12
"""Numbers from here on are episodes that only ask whether a worker answers."""


@dataclass
class Hub:
    """A site, its families, and how far they were told."""

    site: Site
    families: Families
    size: int
    turns: dict[int, int] = field(default_factory=dict)
    """How many events each family had after its booking, where that is more than none."""
    probes: int = 0

    def probe(self) -> None:
        """Return when every partition has an answer from a worker."""
        base = PROBE_BASE + 1000 * self.probes
        self.probes += 1
        # Sixteen a partition on average: one without any is out of reach in practice, and then
        # this only waits for fewer partitions.
        asked = self.site.settings.partitions * 16
        before = self.site.count(DECISIONS)
        self.site.send(self.families.bookings(range(base, base + asked)))
        self.site.await_decisions(before + asked, "probe")

    def start(self) -> None:
        """Start the worker, and return when it answers."""
        self.site.start_worker()
        self.probe()

    def next_event(self, number: int) -> Record:
        """The next event in a family's life."""
        turn = self.turns.get(number, 0)
        self.turns[number] = turn + 1
        return self.families.event(number, turn)

    def sample(self, count: int, seed: int) -> list[int]:
        """Random families, none of them twice."""
        return Random(seed).sample(range(self.size), min(count, self.size))  # noqa: S311  a draw

    def unarmed(self, count: int) -> list[int]:
        """Random families none of which had a deadline armed, in this run or one before.

        A second missed summary would join the gap that is open, and nothing would be said.
        Raises ValueError when there are not enough of them left.
        """
        file = self.site.folder / "armed.json"
        used = json.loads(file.read_text(encoding="ascii")) if file.exists() else 0
        if used + count > self.size:
            raise ValueError(f"{self.size} episodes are too few, or {file.parent} was used up")
        file.write_text(json.dumps(used + count), encoding="ascii")
        return self.sample(self.size, 0)[used : used + count]

    def rate(self, records: Iterable[Record], count: int) -> dict[str, float]:
        """Inputs decided a second, and the processor time of each, with all that they lead to."""
        workers = list(self.site.workers)
        before = self.site.so_far()
        used = sum(map(self.site.processor_seconds, workers))
        began = time.monotonic()
        self.site.send(records)
        seconds = self.site.await_answers(before, "events") - began
        used = sum(map(self.site.processor_seconds, workers)) - used
        self.site.check_decided()
        return {"events_per_second": count / seconds, "cpu_us": used / count * 1e6}


def seed(hub: Hub) -> dict[str, float]:
    """Write every booked state to the changelog, and let the worker's own recovery read it."""
    say(f"writing {hub.size} states")
    began = time.monotonic()
    hub.site.send(hub.families.states(range(hub.size)), changelog_topic("episodes"))
    written = time.monotonic()
    say(f"  {hub.size / (written - began):.0f} states/s; the worker reads them")
    hub.start()
    return {
        "written_s": written - began,
        "recovered_s": time.monotonic() - written,
        "recovery_cpu_s": hub.site.processor_seconds(),
    }


def book(hub: Hub) -> dict[str, float]:
    """Book every family through the worker: true in everything, and slow."""
    hub.start()
    say(f"booking {hub.size} families")
    row = hub.rate(hub.families.bookings(range(hub.size)), hub.size)
    hub.site.idle()
    say(f"  {row['events_per_second']:.0f} bookings/s")
    return row


def load(hub: Hub) -> dict[str, float]:
    """A worker over so many open episodes; in a folder that has them it is only started."""
    done = hub.site.folder / "loaded"
    if done.exists():
        say(f"{hub.size} episodes are open already")
        hub.start()
        return {}
    figures = seed(hub) if hub.families.seeded else book(hub)
    done.touch()
    return figures
