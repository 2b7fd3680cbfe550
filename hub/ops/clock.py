"""The hub's clock: real, held by a file that a story player moves, or accelerated.

Only the clock agent and the intake edges ask for the time; everything else is given it.  A held
clock stands still between steps, so a story of eleven weeks plays in a minute and every deadline
still falls at its exact instant.  An accelerated clock runs by itself: both of its anchors are in
the setting, so that all processes agree on the time, and a restarted one finds it again.
"""

import math
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """Whatever can say what time it is for the hub."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...


class RealClock:
    """The wall clock of this machine."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return datetime.now(UTC)


class HeldClock:
    """A clock that stands where a file says: one ISO instant, replaced whole on each move."""

    def __init__(self, path: Path):
        self.path = path

    def now(self) -> datetime:
        """The instant in the file.  Raises FileNotFoundError when nobody has set the clock."""
        return datetime.fromisoformat(self.path.read_text(encoding="ascii").strip())

    def move(self, to: datetime) -> None:
        """Set the clock.  The file is replaced in one step: no reader sees half an instant."""
        fresh = self.path.with_suffix(f".{os.getpid()}")
        fresh.write_text(to.astimezone(UTC).isoformat(), encoding="ascii")
        fresh.replace(self.path)


@dataclass(frozen=True, slots=True)
class AcceleratedClock:
    """At the real instant `since` it shows `start`, and runs `factor` times as fast from there.

    It stands still at `end`, where one is given: then everything that is due has been done once
    nothing moves any more, which a clock that runs on never allows.  Before `since` it shows less
    than `start`, in proportion.
    """

    start: datetime
    since: datetime
    factor: float
    """Seconds of the hub in one real second, above zero."""
    end: datetime | None = None
    real: Callable[[], datetime] = RealClock().now

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        shown = self.start + (self.real() - self.since) * self.factor
        return shown if self.end is None else min(shown, self.end)

    def real_at(self, shown: datetime) -> datetime:
        """The real instant at which the clock first shows an instant up to its end."""
        return self.since + (shown - self.start) / self.factor

    def setting(self) -> str:
        """The setting that makes this clock again in another process."""
        upto = f"/{self.end.isoformat()}" if self.end else ""
        return (
            f"accelerated:{self.start.isoformat()}{upto}@{self.since.isoformat()}x{self.factor!r}"
        )


FORMS = "'real', 'file:PATH' or 'accelerated:<hub instant>[/<hub end>]@<real instant>x<factor>'"

_ACCELERATED = re.compile(r"(?P<start>[^/@]+)(?:/(?P<end>[^/@]+))?@(?P<since>[^x]+)x(?P<factor>.+)")

LARGEST_FACTOR = 1_000_000.0
"""Eleven days in a second: beyond it the agenda's look every 50 ms would pass over half a day."""


def clock_from(setting: str) -> Clock:
    """`real`, `file:PATH`, or `accelerated:...`; instants are ISO 8601 with an offset.

    Raises ValueError, in words, for anything else.
    """
    if setting == "real":
        return RealClock()
    scheme, _, rest = setting.partition(":")
    if scheme == "file" and rest:
        return HeldClock(Path(rest))
    if scheme == "accelerated":
        return _accelerated(rest)
    raise ValueError(f"HUB_CLOCK is {setting!r}; use {FORMS}")


def _accelerated(written: str) -> AcceleratedClock:
    """An accelerated clock from what stands behind the scheme."""
    found = _ACCELERATED.fullmatch(written)
    if found is None:
        raise ValueError(
            f"HUB_CLOCK is 'accelerated:{written}'; use {FORMS}, for example "
            "accelerated:2026-03-02T09:00:00+00:00@2026-11-23T10:00:00+00:00x3600"
        )
    start = _instant(found["start"], "the hub instant")
    end = _instant(found["end"], "the hub end") if found["end"] else None
    if end is not None and end < start:
        raise ValueError("HUB_CLOCK: the hub end is before the hub instant; exchange them")
    return AcceleratedClock(
        start=start,
        since=_instant(found["since"], "the real instant"),
        factor=_factor(found["factor"]),
        end=end,
    )


def _instant(written: str, which: str) -> datetime:
    try:
        instant = datetime.fromisoformat(written)
    except ValueError:
        raise ValueError(
            f"HUB_CLOCK: {which} {written!r} is not an ISO 8601 date and time"
        ) from None
    if instant.tzinfo is None:
        raise ValueError(f"HUB_CLOCK: {which} {written!r} needs an offset such as +00:00 or Z")
    return instant.astimezone(UTC)


def _factor(written: str) -> float:
    try:
        factor = float(written)
    except ValueError:
        factor = math.nan
    if not 0 < factor <= LARGEST_FACTOR:
        raise ValueError(
            f"HUB_CLOCK: the factor {written!r} is not a number above 0 and up to "
            f"{LARGEST_FACTOR:.0f}"
        )
    return factor
