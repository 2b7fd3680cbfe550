"""What is measured by size: the cost of an event, memory and disk, and a second worker."""

import statistics
import time
from collections.abc import Sequence
from typing import Any

from bench.scale_disk import disk_of
from bench.scale_hub import Hub
from bench.scale_site import say


def cost(hubs: Sequence[Hub], events: int, rounds: int) -> dict[str, Any]:
    """Events a second at every size, in turn, so that a noisy minute strikes all alike.

    In round r every family that is asked has had r events before, whatever the size: states of
    the same width, only more of them.
    """
    samples = [_samples(hub, events, rounds) for hub in hubs]
    for hub, chosen in zip(hubs, samples, strict=True):
        _give_history(hub, chosen)
    found: list[list[dict[str, float]]] = [[] for _ in hubs]
    for turn in range(rounds):
        for hub, chosen, rows in zip(hubs, samples, found, strict=True):
            row = hub.rate([hub.next_event(n) for n in chosen[turn]], len(chosen[turn]))
            say(
                f"  {hub.size} open: {row['events_per_second']:.0f} events/s, "
                f"{row['cpu_us']:.0f} us of processor each"
            )
            if turn > 0:  # The first round warms everything up.
                rows.append(row)
    return _cost_figures(hubs, found)


def _cost_figures(hubs: Sequence[Hub], found: list[list[dict[str, float]]]) -> dict[str, Any]:
    """Medians, and the largest size against the smallest: of the rounds' ratios the median."""

    def middle(rows: list[dict[str, float]], what: str) -> float:
        return round(statistics.median(row[what] for row in rows), 1)

    def ratio(what: str, top: int, bottom: int) -> float:
        pairs = zip(found[top], found[bottom], strict=True)
        return round(statistics.median(a[what] / b[what] for a, b in pairs), 3)

    rate, used = "events_per_second", "cpu_us"
    return {
        "cost_ratio": ratio(rate, 0, -1),
        "cost_ratio_processor": ratio(used, -1, 0),
        "events_per_second": {
            str(h.size): middle(rows, rate) for h, rows in zip(hubs, found, strict=True)
        },
        "processor_us_per_event": {
            str(h.size): middle(rows, used) for h, rows in zip(hubs, found, strict=True)
        },
    }


def _samples(hub: Hub, events: int, rounds: int) -> list[list[int]]:
    """Families for each round: others each time where there are enough, so that none is warm."""
    if hub.size < events * rounds:
        return [hub.sample(events, turn) for turn in range(rounds)]
    drawn = hub.sample(events * rounds, 0)
    return [drawn[turn * events : (turn + 1) * events] for turn in range(rounds)]


def _give_history(hub: Hub, samples: list[list[int]]) -> None:
    """Give the families of later rounds the events that those of small sizes had by then."""
    before = hub.site.so_far()
    if len({number for chosen in samples for number in chosen}) == sum(map(len, samples)):
        for turn in range(len(samples)):
            for chosen in samples[turn + 1 :]:
                hub.site.send(hub.next_event(number) for number in chosen)
    hub.site.await_answers(before, f"history at {hub.size}")
    hub.site.idle()


def memory(hub: Hub) -> dict[str, int]:
    """Resident bytes of a worker that was just started on what there is."""
    hub.site.idle()
    hub.site.stop()
    hub.start()
    # The agenda is read beside the first decisions: resident memory stands still when it is done.
    last = -1
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        now = hub.site.rss()
        if 0 <= now - last < 1 << 18:
            break
        last = now
        time.sleep(2)
    return {"rss": hub.site.rss(), **disk_of(hub.site)}


def two_workers(hub: Hub, events: int, rounds: int) -> dict[str, Any]:
    """Bookings of new families by one worker and by two, in turn, on the same machine."""
    alone: list[float] = []
    both: list[float] = []
    numbers = iter(range(0, 10**9, events))
    for turn in range(rounds + 1):
        for rates, workers in ((alone, 1), (both, 2)):
            if workers == 2:
                hub.site.start_worker("w2")
            hub.site.await_members(workers)
            hub.probe()
            first = next(numbers)
            row = hub.rate(hub.families.bookings(range(first, first + events)), events)
            say(f"  {workers} workers: {row['events_per_second']:.0f} events/s")
            if turn > 0:
                rates.append(row["events_per_second"])
        hub.site.idle()
        hub.site.stop("w2")
    return {
        "two_workers_ratio": round(statistics.median(both) / statistics.median(alone), 3),
        "events_per_second": {
            "one": round(statistics.median(alone), 1),
            "two": round(statistics.median(both), 1),
        },
    }
