"""Where a thousand recipients of one channel are: those that answer, the slow ones, the dead ones.

What slow and dead mean differs from channel to channel:

* webhook, FHIR: an endpoint that answers after five seconds; one that refuses the connection, or
  takes it and never answers.
* e-mail: there is one mail server, one's own.  It asks after a recipient before it takes a mail:
  for five seconds, or without end; or it bids the hub come again later.
* MESH: a mailbox is never slow, MESH keeps what comes for it.  What is slow is MESH over some
  messages: it answers after four seconds, or never; and a mailbox may not be there.
* Kafka: a topic on a broker that stands still for most of every five seconds; one that is not
  there (see `channels_kafka`).
* worklist: there is none.  Nothing leaves the hub, and whoever never opens her list keeps nobody
  waiting.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

CHANNELS: Final = ("webhook", "fhir", "kafka", "email", "mesh", "worklist")
ALWAYS_GOOD: Final = frozenset({"worklist"})


@dataclass(frozen=True)
class Sizes:
    """How many recipients of one channel answer, are slow, are dead."""

    good: int
    slow: int
    dead: int

    def alone(self) -> "Sizes":
        """Only those that answer."""
        return Sizes(self.good, 0, 0)


@dataclass(frozen=True)
class Places:
    """Ports of this machine."""

    http: int
    closed: int
    """Where nobody listens."""


@dataclass(frozen=True)
class Roads:
    """Recipients of one channel, each with its address."""

    channel: str
    good: dict[str, str]
    slow: dict[str, str]
    dead: dict[str, str]

    @property
    def every(self) -> dict[str, str]:
        """All of them."""
        return self.good | self.slow | self.dead


def roads(channel: str, sizes: Sizes, places: Places) -> Roads:
    """The recipients of a channel; of one where nobody can be slow or dead, all are good."""
    if channel in ALWAYS_GOOD:
        sizes = Sizes(sizes.good + sizes.slow + sizes.dead, 0, 0)
    of = _ADDRESSES[channel]

    def named(kind: str, many: int) -> dict[str, str]:
        return {f"{channel}-{kind}{n}": of(places, kind, n) for n in range(many)}

    good, slow = named("good", sizes.good), named("slow", sizes.slow)
    return Roads(channel, good, slow, named("dead", sizes.dead))


def mailbox(kind: str, number: int) -> str:
    """The mailbox of a recipient at the fake national MESH."""
    return f"X27{kind.upper()}{number}"


def _posted(places: Places, kind: str, number: int) -> str:
    if kind == "dead":
        if number % 2 == 0:
            return f"http://127.0.0.1:{places.closed}/"
        kind = "hole"
    path = "ok" if kind == "good" else kind
    return f"http://127.0.0.1:{places.http}/{path}/{number}"


def _mailed(_places: Places, kind: str, number: int) -> str:
    if kind == "dead":
        kind = "hole" if number % 2 else "later"
    return f"{kind}-{number}@practice.example"


def _meshed(_places: Places, kind: str, number: int) -> str:
    if kind == "dead":
        # One that is not there, and one of whose message MESH says nothing.
        name, workflow = (f"X27GONE{number}", "WF") if number % 2 else ("X26ABC3", "FAULT_MUTE")
    else:
        name = mailbox(kind, number)
        workflow = "WF" if kind == "good" else "FAULT_HANG"
    return f"mesh://{name}?workflow_id={workflow}"


def _nowhere(_places: Places, _kind: str, _number: int) -> str:
    return ""


_ADDRESSES: Final[dict[str, Callable[[Places, str, int], str]]] = {
    "webhook": _posted,
    "fhir": _posted,
    "kafka": _nowhere,
    "email": _mailed,
    "mesh": _meshed,
    "worklist": _nowhere,
}
