"""A carrier that hangs holds up its own notices and nobody else's."""

import socket
import time
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine

from hub.core.model import Signal
from hub.edges.channels.base import Channel
from hub.edges.channels.mail import MailChannel, Post
from hub.edges.channels.mesh import MeshChannel
from hub.edges.directory import Directory, directory_from
from hub.edges.mesh import Account, Mailbox
from hub.ops.clock import HeldClock
from tests.channels.tools import SECRET
from tests.mesh.stage import now
from tests.servers.mail import receiving_mail
from tests.servers.webhooks import receiving
from tests.store.conftest import lite
from tests.store.records import HV
from tests.store.test_delivery import HUB_TIME, Rig

__all__ = ["lite"]

MANY = 40
"""More of each than its carrier has threads, so that every thread hangs."""


@dataclass
class _Hung(Rig):
    """Forty organisations behind a MESH and forty behind a mail server that both say nothing."""

    port: int = 0
    own: dict[str, Channel] = field(default_factory=dict)

    @property
    def directory(self) -> Directory:
        hooks = [
            {"organisation": ods, "channel": "webhook", "address": url, "secret": SECRET}
            for ods, url in self.hooks.items()
        ]
        mesh = [
            {"organisation": f"M{n}", "channel": "mesh", "address": f"mesh://M{n}?workflow_id=W"}
            for n in range(MANY)
        ]
        mails = [
            {"organisation": f"E{n}", "channel": "email", "address": f"t{n}@practice.example"}
            for n in range(MANY)
        ]
        return directory_from({"endpoint": [*hooks, *mesh, *mails]})

    def channels(self) -> dict[str, Channel]:
        url = f"http://127.0.0.1:{self.port}"
        account = Account(url=url, mailbox="X", password="p", shared_key="k")
        mailbox = Mailbox(account, total_seconds=2.0)
        post = Post("127.0.0.1", self.port, "hub@hub.example", "https://hub.example", "none")
        return super().channels() | {
            "mesh": MeshChannel(mailbox, self.engine, now, total_seconds=2.0),
            "email": MailChannel(post, now, total_seconds=2.0),
        }


def test_a_carrier_that_hangs_delays_no_other(lite: Engine, tmp_path: Path) -> None:
    """More of them than the outbox has places: the others wait for one attempt at most."""
    clock = HeldClock(tmp_path / "clock")
    clock.move(HUB_TIME)
    with socket.create_server(("127.0.0.1", 0), backlog=200) as silent, receiving() as receiver:
        rig = _Hung(lite, clock, hooks={HV: receiver.url}, port=silent.getsockname()[1])
        for number in range(MANY):
            rig.queue(f"n-mesh-{number}", f"M{number}")
            rig.queue(f"n-mail-{number}", f"E{number}")
        for number in range(5):
            rig.queue(f"n-{number}", HV)
            rig.queue(f"n-list-{number}", "RLIST")
        began = time.monotonic()
        rig.run(lambda: len(rig.kafka.told) >= 10)
        took = time.monotonic() - began
    assert {f"n-{n}" for n in range(5)} == {t.headers["webhook-id"] for t in receiver.taken}
    told = set(rig.signals())
    assert {(f"n-{n}", Signal.DELIVERED) for n in range(5)} <= told
    assert {(f"n-list-{n}", Signal.SENT) for n in range(5)} <= told
    assert took < 8


@dataclass
class _Stalling(Rig):
    """Organisations behind one mail server, which has no word of most of them for ever."""

    port: int = 0

    @property
    def directory(self) -> Directory:
        names = [f"E{n}" for n in range(MANY)] + [f"G{n}" for n in range(5)]
        rows = [
            {"organisation": ods, "channel": "email", "address": f"{ods}@practice.example"}
            for ods in names
        ]
        return directory_from({"endpoint": rows})

    def channels(self) -> dict[str, Channel]:
        post = Post("127.0.0.1", self.port, "hub@hub.example", "https://hub.example", "none")
        return super().channels() | {"email": MailChannel(post, now)}

    def second_notices_after(self, good: list[str]) -> float:
        """Each has got one; forty that stall come, and then a second: how long until it is out."""
        came: list[float] = []

        def out(round_: int) -> bool:
            return all(self.states().get(f"n-{each}-{round_}") == "sent" for each in good)

        def both() -> bool:
            if not came and out(1):
                for n in range(MANY):
                    self.queue(f"n-stall-{n}", f"E{n}")
                for each in good:
                    self.queue(f"n-{each}-2", each)
                came.append(time.monotonic())
            return bool(came) and out(2)

        for each in good:
            self.queue(f"n-{each}-1", each)
        self.run(both)
        return time.monotonic() - came[0]


def test_recipients_that_stall_a_mail_server_delay_no_other(lite: Engine, tmp_path: Path) -> None:
    """Forty at once of whom it has no word: mails to those that it knows go out beside them."""
    clock = HeldClock(tmp_path / "clock")
    clock.move(HUB_TIME)
    with receiving_mail() as server:
        server.stalls = "E"
        rig = _Stalling(lite, clock, port=server.port)
        good = {f"G{n}" for n in range(5)}
        took = rig.second_notices_after(sorted(good))
    assert {"sent"} == {rig.states()[f"n-{each}-2"] for each in good}
    assert took < 1
