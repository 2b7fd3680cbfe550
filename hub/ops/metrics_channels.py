"""Channels and subscriptions in numbers; part of what `metrics.py` shows.

`NEXT_CHANNEL` counts what was put on its way because nothing, or not enough, had come over the
channel before.  What goes over every channel in any case is no failure of one.
"""

from collections.abc import Iterable
from itertools import product
from typing import Final

from prometheus_client import Counter, Gauge

from hub.ops.metrics import REGISTRY, UNKNOWN

NEXT_CHANNEL: Final = Counter(
    "hub_next_channel_total",
    "Notices that went on to the next channel of their recipient, from which to which.",
    ["from_channel", "to_channel"],
    registry=REGISTRY,
)

SUBSCRIPTIONS_UNREADABLE: Final = Gauge(
    "hub_subscriptions_unreadable",
    "Subscriptions whose filter this version cannot read; they get a signal of every notice.",
    registry=REGISTRY,
)

_channels: set[str] = {UNKNOWN}


def declare_next_channels(channels: Iterable[str]) -> None:
    """Put every pair of channels at zero; a recipient may have two of one kind."""
    _channels.update(channels)
    for before, after in product(_channels, _channels):
        NEXT_CHANNEL.labels(from_channel=before, to_channel=after)


def went_on(before: str, after: str) -> None:
    """Count one notice."""
    known = [each if each in _channels else UNKNOWN for each in (before, after)]
    NEXT_CHANNEL.labels(from_channel=known[0], to_channel=known[1]).inc()
