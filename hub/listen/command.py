"""`hub listen` behind its command line."""

import asyncio
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import httpx
import msgspec

from hub.listen.manners import Line, Listener, Manners, type_of_teller
from hub.listen.posts import listening
from hub.listen.topic import follow
from hub.ops.kafka_login import OPEN, KafkaLogin


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line asks for."""

    kind: str
    manners: Manners
    port: int = 0
    secrets: Sequence[str] = ()
    hub: str = ""
    key: str = ""
    kafka: str = ""
    organisation: str = ""
    group: str = ""
    login: KafkaLogin = OPEN
    count: int = 0
    as_json: bool = False

    def having(self, **more: Any) -> "Asked":
        """The same with more of it."""
        return replace(self, **more)


def main(asked: Asked) -> int:
    """Listen until a signal, or until as many notices have come as were wanted."""
    pen = threading.Lock()

    def say(line: Line) -> None:
        text = msgspec.json.encode(line).decode() if asked.as_json else line.text()
        with pen:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()

    listener = Listener(asked.manners, say, _teller(asked), wanted=asked.count)
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: listener.stopped.set())
    if asked.kind == "kafka":
        say(Line(what="listening on", reason=f"notices.{asked.organisation}"))
        asyncio.run(follow(listener, asked.kafka, asked.organisation, asked.group, asked.login))
        return 0
    with listening(listener, asked.secrets, port=asked.port, channel=asked.kind) as address:
        say(Line(what="listening on", reason=address))
        listener.stopped.wait()
    return 0


def _teller(asked: Asked) -> type_of_teller | None:
    """Posts receipts with the organisation's key."""
    if not asked.hub:
        return None

    def tell(given: dict[str, Any]) -> int:
        headers = {"Authorization": f"Bearer {asked.key}"}
        try:
            answer = httpx.post(f"{asked.hub.rstrip('/')}/receipts", json=given, headers=headers)
        except httpx.TransportError:
            return 0
        return answer.status_code

    return tell
