"""The hub's clock: real, or held by a file that a story player moves.

Only the clock agent and the intake edges ask for the time; everything else is given it.  A held
clock stands still between steps, so a story of eleven weeks plays in a minute and every deadline
still falls at its exact instant.
"""

import os
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


def clock_from(setting: str) -> Clock:
    """`real`, or `file:PATH` for a held clock.  Raises ValueError for anything else."""
    if setting == "real":
        return RealClock()
    scheme, _, path = setting.partition(":")
    if scheme == "file" and path:
        return HeldClock(Path(path))
    raise ValueError(f"HUB_CLOCK is {setting!r}; use 'real' or 'file:PATH'")
