"""How a listener behaves, what it remembers, and what it says: one line a notice, no identity."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from hub.core.model import Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """Good manners, unless told otherwise."""

    refuse: int = 0
    """Answer everything with this HTTP status."""
    slow_seconds: float = 0.0
    """Take this long before answering."""
    silent: bool = False
    """Take everything and answer nothing."""
    not_ours: bool = False
    accept_as: str = ""
    """Accept each notice in the name of this person."""

    @property
    def signal(self) -> Signal | None:
        """What is said of a notice afterwards, as a receipt."""
        if self.not_ours:
            return Signal.NOT_OURS
        return Signal.ACCEPTED if self.accept_as else None


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is printed of one thing that came in: codes and ids, never content."""

    what: str
    """notice, handshake, heartbeat, receipt, or why something was not taken."""
    notice_id: str = ""
    reason: str = ""
    role: str = ""
    number: int | None = None
    """The number of the event, where the channel numbers them."""
    missing: tuple[int, ...] = ()
    """Numbers before it that never came."""
    repeat: bool = False
    answered: str = ""

    def text(self) -> str:
        """For people: the words in order, what is empty left out."""
        words = [self.what, self.notice_id, self.reason, self.role]
        if self.number is not None:
            words.append(f"event {self.number}")
        if self.missing:
            words.append("missing " + ", ".join(map(str, self.missing)))
        if self.repeat:
            words.append("repeat")
        return " ".join(word for word in words if word) + (
            f" -> {self.answered}" if self.answered else ""
        )


type_of_teller = Callable[[dict[str, Any]], int]
"""Posts a receipt to the hub; returns the HTTP status, or 0 when the hub was not reached."""


@dataclass
class Listener:
    """What a subscriber remembers, whatever it listens on.  Safe from several threads."""

    manners: Manners
    say: Callable[[Line], None]
    tell: type_of_teller | None = None
    known: set[str] = field(default_factory=set)
    newest: int = 0
    _one: threading.Lock = field(default_factory=threading.Lock)
    stopped: threading.Event = field(default_factory=threading.Event)
    """Set when the listener ends; whoever is slow or silent waits on it."""
    wanted: int = 0
    """End after so many different notices; 0 is never."""

    def note(self, line: Line) -> bool:
        """Say that something came in; whether it is a notice that was not known yet."""
        with self._one:
            fresh = bool(line.notice_id) and line.notice_id not in self.known
            # Whoever comes late has missed nothing of what she knows.
            since = self.newest + 1 if self.newest else line.number or 0
            missing = tuple(range(since, line.number)) if line.number else ()
            self.newest = max(self.newest, line.number or 0)
            self.known.add(line.notice_id)
            repeat = bool(line.notice_id) and not fresh
            self.say(msgspec.structs.replace(line, repeat=repeat, missing=missing))
        return fresh

    def receipt(self, line: Line, channel: str) -> None:
        """Say to the hub what the manners ask for."""
        signal = self.manners.signal
        if signal is None or self.tell is None:
            return
        given = {"notice_id": line.notice_id, "signal": signal.value, "channel": channel}
        if line.role:
            given["role"] = line.role
        if self.manners.accept_as and signal is Signal.ACCEPTED:
            given["person"] = self.manners.accept_as
        http_status = self.tell(given)
        answered = str(http_status) if http_status else "the hub was not reached"
        self.say(Line(what=f"receipt {signal.value}", notice_id=line.notice_id, answered=answered))

    def finish(self) -> None:
        """End, when as many notices have been dealt with as were wanted."""
        if self.wanted and len(self.known - {""}) >= self.wanted:
            self.stopped.set()
