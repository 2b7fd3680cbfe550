"""`hub up` as a process of its own, and the ways in which the outside reaches it."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import httpx
import sqlalchemy as sa
from sqlalchemy import Connection

from hub.demo.stage import PASSWORD, demo_key
from hub.ops.settings import PACKAGE
from hub.store import tables as t
from hub.store.engine import make_engine, reading
from tests.house.tree import ROOT
from tests.patience import PATIENCE_SECONDS
from tests.ports import reserved_port

T = TypeVar("T")

START, END = b"\x0b", b"\x1c\r"


def soon(look: Callable[[], T | None], seconds: float = PATIENCE_SECONDS) -> T:
    """What `look` finds, as soon as it finds something.  Raises AssertionError after a while."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"nothing was found within {seconds:.0f} s")


@dataclass
class Up:
    """A hub that runs, on ports and data that outlive a restart."""

    folder: Path
    directory: Path = PACKAGE / "demo" / "directory.toml"
    gateway_port: int = 0
    mllp_port: int = 0
    addresses: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    process: "subprocess.Popen[str] | None" = None

    def settings(self) -> dict[str, str]:
        """The environment of this hub and of every command about it."""
        return {
            "PYTHONPATH": str(ROOT),
            "PATH": "",
            "HOME": str(Path.home()),
            "HUB_DATA_DIR": str(self.folder),
            "HUB_DIRECTORY": str(self.directory),
            "HUB_DEMO_LOGINS": "true",
            "HUB_GATEWAY_PORT": str(self.gateway_port),
            "HUB_MLLP_PORT": str(self.mllp_port),
        }

    def command(self, *words: str, **other: str) -> "subprocess.CompletedProcess[str]":
        """Another `hub` command beside it."""
        return subprocess.run(
            [sys.executable, "-m", "hub.cli", *words],
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
            cwd=ROOT,
            env={**self.settings(), **other},
        )

    def start(self) -> None:
        """Start it and wait until it says that it is up."""
        if not self.gateway_port:
            self.gateway_port, self.mllp_port = reserved_port(), reserved_port()
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-m", "hub.cli", "up"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
            env=self.settings(),
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line.rstrip())
            if found := re.match(r"  (\S.*?) {2,}(\S+)$", line):
                self.addresses[found[1]] = found[2]
            if line.startswith("Up."):
                return
        self.process.stdout.close()
        code = self.process.wait(PATIENCE_SECONDS)
        raise AssertionError("\n".join([f"it ended with {code}:", *self.said]))

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Stop it as Ctrl-C does, and return its exit code."""
        assert self.process is not None
        assert self.process.stdout is not None
        self.process.send_signal(number)
        self.said += self.process.stdout.read().splitlines()
        try:
            return self.process.wait(PATIENCE_SECONDS)
        finally:
            self.end()

    def end(self) -> None:
        """Whatever state it is in: it runs no more, and its children have died with it."""
        if self.process is not None and self.process.stdout is not None:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()

    def children(self) -> set[int]:
        """The processes that it started."""
        assert self.process is not None
        parents = {}
        for entry in Path("/proc").glob("[0-9]*/stat"):
            try:
                after = entry.read_text(encoding="utf-8").rpartition(")")[2].split()
            except OSError:  # the process ended while we looked
                continue
            if after[0] != "Z":
                parents[int(entry.parent.name)] = int(after[1])
        return {pid for pid, parent in parents.items() if parent == self.process.pid}

    # --- the doors -------------------------------------------------------------------------

    @property
    def page(self) -> str:
        """The address of the pages and the API."""
        return f"http://127.0.0.1:{self.gateway_port}"

    def mllp(self, message: bytes) -> str:
        """Send one message over a bare socket; the answer, a segment a line."""
        with socket.create_connection(("127.0.0.1", self.mllp_port), PATIENCE_SECONDS) as door:
            door.sendall(START + message + END)
            answer = b""
            while not answer.endswith(END):
                piece = door.recv(65536)
                assert piece, "the door closed without an answer"
                answer += piece
        return answer[len(START) : -len(END)].decode().replace("\r", "\n")

    def post(self, event: dict[str, Any] | bytes, organisation: str = "RXX") -> httpx.Response:
        """Send an event, or whatever bytes, over HTTPS."""
        headers = {"authorization": f"Bearer {demo_key(organisation)}"}
        if isinstance(event, dict):
            return httpx.post(
                f"{self.page}/events", json=event, headers=headers, timeout=PATIENCE_SECONDS
            )
        headers["content-type"] = "application/json"
        return httpx.post(
            f"{self.page}/events", content=event, headers=headers, timeout=PATIENCE_SECONDS
        )

    def coverage(self, event_id: str) -> dict[str, dict[str, Any]]:
        """Who has been told of an event of RXX, by role; empty while it is not decided."""
        headers = {"authorization": f"Bearer {demo_key('RXX')}"}
        answer = httpx.get(
            f"{self.page}/events/{event_id}/coverage", headers=headers, timeout=PATIENCE_SECONDS
        )
        if answer.status_code != httpx.codes.OK:
            return {}
        return {line["role"]: line for line in answer.json()["recipients"]}

    @contextmanager
    def browser(self, login: str) -> Iterator[httpx.Client]:
        """A browser in which somebody has signed in."""
        with httpx.Client(base_url=self.page, timeout=PATIENCE_SECONDS) as browser:
            given = {"login": login, "password": PASSWORD}
            assert httpx.codes.SEE_OTHER == browser.post("/login", data=given).status_code
            yield browser

    def metric(self, role: str, line_start: str) -> float:
        """The value of one line of a role's /metrics; 0.0 while it is not there."""
        text = httpx.get(self.addresses[f"metrics of {role}"], timeout=PATIENCE_SECONDS).text
        found = re.search(rf"^{re.escape(line_start)} (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    # --- inside ------------------------------------------------------------------------------

    def read(self, query: Callable[[Connection], T]) -> T:
        """Ask its database."""
        engine = make_engine(f"sqlite:///{self.folder / 'hub.db'}")
        try:
            with reading(engine) as conn:
                return query(conn)
        finally:
            engine.dispose()

    def row(self, table: sa.Table, **wanted: object) -> dict[str, Any] | None:
        """The one row of a table in which these columns have these values, if it is there."""
        asked = sa.select(table).where(*(table.c[name] == each for name, each in wanted.items()))
        found = self.read(lambda conn: conn.execute(asked).mappings().all())
        assert len(found) <= 1, f"{len(found)} rows of {table.name}"
        return dict(found[0]) if found else None

    def kept(self, quarantine_id: str) -> dict[str, Any]:
        """What stands in quarantine under an id, as soon as it does."""
        return soon(lambda: self.row(t.quarantine, quarantine_id=quarantine_id))

    def count(self, table: sa.Table) -> int:
        """How many rows a table has."""
        return self.read(lambda c: c.scalar(sa.select(sa.func.count()).select_from(table)) or 0)


def token_in(page: httpx.Response) -> str:
    """The form token on a page of somebody who is signed in."""
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', page.text)
    assert found is not None, "every form of a signed-in page has a token"
    return found[1]


def alive(pids: set[int]) -> set[int]:
    """Those of some processes that still run."""
    return {pid for pid in pids if os.path.exists(f"/proc/{pid}")}  # noqa: PTH110  no path is made


def nhs_number(n: int) -> str:
    """The n-th valid number of the test range, from a place where no other test takes one."""
    return _numbers()[n]


@cache
def _numbers() -> tuple[str, ...]:
    found = []
    for middle in range(700000, 800000):
        nine = f"999{middle}"
        check = 11 - sum(int(d) * w for d, w in zip(nine, range(10, 1, -1), strict=True)) % 11
        if check != 10:
            found.append(f"{nine}{check % 11}")
    return tuple(found)
