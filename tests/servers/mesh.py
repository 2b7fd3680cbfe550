"""The fake national MESH (`mesh-sandbox`), real software on a free port of this machine.

It pins older packages than the hub, so it lives in an environment of its own, `.mesh-venv`, made
once from `tests/mesh/constraints.txt`; `make test` makes the same one.
"""

import contextlib
import fcntl
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from mesh_client import MeshClient

from hub.edges.mesh import Account, Mailbox
from hub.ops import leash
from tests.house.tree import ROOT
from tests.ports import reserved_port

CONSTRAINTS = ROOT / "tests" / "mesh" / "constraints.txt"
HOME = ROOT / ".mesh-venv"
READY_SECONDS = 60.0

OURS, PRACTICE, OTHER = "X26ABC1", "X26ABC2", "X26ABC3"
"""Mailboxes that the sandbox comes with; the first two belong to one organisation."""
KEY, PASSWORD = "TestKey", "password"


def sandbox_python() -> Path:
    """The interpreter of the sandbox's environment, which is made when it is not there."""
    digest = hashlib.sha256(CONSTRAINTS.read_bytes()).hexdigest()[:16]
    stamp, python = HOME / f".setup-{digest}", HOME / "bin" / "python"
    with (ROOT / "tests" / "mesh" / "constraints.txt").open() as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        if not stamp.exists():
            subprocess.run([sys.executable, "-m", "venv", "--clear", HOME], check=True)
            install: list[str | Path] = [
                python,
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ]
            subprocess.run([*install, "--require-hashes", "-r", CONSTRAINTS], check=True)
            stamp.touch()
    return python


@dataclass
class Mesh:
    """A running sandbox, and what the other side does with it."""

    url: str

    def account(self, mailbox: str = OURS, password: str = PASSWORD) -> Account:
        """The account of a mailbox."""
        return Account(url=self.url, mailbox=mailbox, password=password, shared_key=KEY)

    def mailbox(self, **more: Any) -> Mailbox:
        """The hub's own mailbox."""
        return Mailbox(self.account(), **more)

    @contextlib.contextmanager
    def client(self, mailbox: str = PRACTICE) -> Iterator[MeshClient]:
        """A client of the other side."""
        with MeshClient(self.url, mailbox, PASSWORD, shared_key=KEY.encode()) as client:
            yield client

    def waiting(self, mailbox: str = PRACTICE) -> list[tuple[dict[str, str], bytes]]:
        """Headers and body of what waits in a mailbox, and stays there."""
        with self.client(mailbox) as client:
            found = []
            for message_id in client.list_messages():
                one = client.retrieve_message(message_id)
                headers = dict(one.mex_headers())  # type: ignore[no-untyped-call]  # it has no types
                found.append((headers, one.read()))
                one.close()  # type: ignore[no-untyped-call]  # nor has this
            return found

    def collect(self, mailbox: str = PRACTICE) -> list[str]:
        """Acknowledge all that waits in a mailbox; returns the message ids."""
        with self.client(mailbox) as client:
            found = client.list_messages()
            for message_id in found:
                client.acknowledge_message(message_id)
            return found

    def answer(self, body: bytes, mailbox: str = PRACTICE, workflow: str = "WF_ACK") -> None:
        """Send an answer to the hub's mailbox."""
        with self.client(mailbox) as client:
            client.send_message(OURS, body, workflow_id=workflow)

    def report(self, code: str, **more: str) -> None:
        """Have MESH itself put a report into the hub's mailbox."""
        asked = {"mailbox_id": OURS, "code": code, "description": "x", "workflow_id": "WF"}
        httpx.post(f"{self.url}/messageexchange/admin/report", json=asked | more).raise_for_status()

    def event(self, message_id: str, stands: str) -> None:
        """Have MESH say where a message stands."""
        url = f"{self.url}/admin/message/{message_id}/event"
        httpx.post(url, json={"status": stands}).raise_for_status()

    def reset(self) -> None:
        """Empty every mailbox."""
        httpx.delete(f"{self.url}/admin/reset").raise_for_status()


@contextlib.contextmanager
def running_mesh(folder: Path, mailboxes: Sequence[str] = ()) -> Iterator[Mesh]:
    """A sandbox that keeps everything in memory, until the end of the block.

    With `mailboxes` it has these beside its own, and keeps what comes in files.
    """
    port = reserved_port()
    command = [str(sandbox_python()), str(ROOT / "tests" / "mesh" / "sandbox.py"), str(port)]
    environment = {**os.environ, "STORE_MODE": "memory", "AUTH_MODE": "full", "SHARED_KEY": KEY}
    if mailboxes:
        kept = folder / "mailboxes"
        for each in mailboxes:
            (kept / each).mkdir(parents=True)
        environment |= {"STORE_MODE": "file", "MAILBOXES_DATA_DIR": str(kept)}
    process = leash.start(command, folder / "mesh.log", env=environment)
    try:
        mesh = Mesh(f"http://127.0.0.1:{port}")
        _await(mesh, process, folder / "mesh.log")
        yield mesh
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(mesh: Mesh, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        with contextlib.suppress(httpx.TransportError):
            httpx.get(f"{mesh.url}/health").raise_for_status()
            return
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the sandbox did not start:\n{log.read_text()[-2000:]}")
        time.sleep(0.1)
