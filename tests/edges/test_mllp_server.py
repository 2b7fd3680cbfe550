"""The listener without Kafka: who may listen where, how it ends, and what it survives."""

import asyncio
import os
import shutil
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hub.edges.hl7v2_profile import load_profile
from hub.edges.mllp import END, Door, framed
from hub.edges.mllp_server import MllpServer, UnsafeDoorError, is_loopback, tls_context
from hub.edges.publish import Publisher
from hub.ops.clock import RealClock
from tests.edges.hl7_messages import message
from tests.patience import PATIENCE_SECONDS
from tests.ports import reserved_port
from tests.stopwatch import Stopwatch

ROOT = Path(__file__).parents[2]


class Known:
    """A directory that knows everybody."""

    def knows(self, ods: str) -> bool:
        """Always."""
        return bool(ods)


class Broken:
    """A directory that fails in a way nobody foresaw."""

    def knows(self, ods: str) -> bool:
        """Never returns."""
        raise ZeroDivisionError(len(ods))


@asynccontextmanager
async def listening(
    directory: Known | Broken, *, tls: ssl.SSLContext | None = None, idle_seconds: float = 60
) -> AsyncIterator[MllpServer]:
    """A server whose Kafka does not exist."""
    publisher = Publisher(f"127.0.0.1:{reserved_port()}", b"secret", confirm_seconds=0.3)
    door = Door(publisher, directory, load_profile(), RealClock())
    server = MllpServer(door, "127.0.0.1", 0, tls=tls, idle_seconds=idle_seconds)
    await publisher.start()
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
        await publisher.stop()


async def heard(reader: asyncio.StreamReader) -> bytes:
    """One answer."""
    return await asyncio.wait_for(reader.readuntil(END), PATIENCE_SECONDS)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),  # noqa: S104  that is the case
        ("::", False),
        ("192.0.2.7", False),
        ("hub.example", False),
        ("", False),
    ],
)
def test_a_listener_in_clear_stays_on_this_machine(host: str, loopback: bool) -> None:
    """Anything else needs TLS, or the operator's word that something else encrypts."""
    assert loopback == is_loopback(host)

    async def scene() -> None:
        publisher = Publisher("127.0.0.1:1", b"secret")
        door = Door(publisher, Known(), load_profile(), RealClock())
        MllpServer(door, host, 0, plain_allowed=True)
        if loopback:
            MllpServer(door, host, 0)
            return
        with pytest.raises(UnsafeDoorError, match="HUB_MLLP_CERT"):
            MllpServer(door, host, 0)

    asyncio.run(scene())


def test_while_kafka_was_never_there_the_answer_is_try_again() -> None:
    """Good and bad messages alike, and the connection stays open."""

    async def scene() -> None:
        async with listening(Known()) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            for name in ("a01-admitted", "bad-no-visit"):
                writer.write(framed(message(name)))
                answer = await heard(reader)
                assert b"MSA|AE|" in answer
                assert b"|207^" in answer
            writer.close()

    asyncio.run(scene())


def test_a_silent_connection_is_closed() -> None:
    """Also in the middle of a frame."""

    async def scene() -> None:
        async with listening(Known(), idle_seconds=0.2) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"\x0bMSH|")
            assert b"" == await asyncio.wait_for(reader.read(), PATIENCE_SECONDS)
            writer.close()

    asyncio.run(scene())


def test_one_connection_does_not_wait_for_another() -> None:
    """Half a frame on the first; the second is answered."""

    async def scene() -> None:
        async with listening(Known()) as server:
            _, first = await asyncio.open_connection("127.0.0.1", server.port)
            first.write(b"\x0bMSH|")
            reader, second = await asyncio.open_connection("127.0.0.1", server.port)
            second.write(framed(message("a04-outpatient")))
            assert b"MSA|AA|" in await heard(reader)
            first.close()
            second.close()

    asyncio.run(scene())


def test_unfinished_frames_are_bounded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half-open peers cannot fill the memory: the one that holds most goes, the others stay."""
    monkeypatch.setattr("hub.edges.mllp_server.MOST_HELD_BYTES", 100_000)

    async def scene() -> None:
        async with listening(Known()) as server:
            talks = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(3)]
            for (_, writer), size in zip(talks, (70_000, 20_000, 15_000), strict=True):
                writer.write(b"\x0bMSH|" + b"A" * size)
                await asyncio.sleep(0.2)
            assert b"" == await asyncio.wait_for(talks[0][0].read(), PATIENCE_SECONDS)
            for reader, writer in talks[1:]:
                writer.write(framed(message("a04-outpatient")))
                assert b"MSA|AA|" in await heard(reader)
            assert server._held == {}
            for _, writer in talks:
                writer.close()

    asyncio.run(scene())


def test_an_unforeseen_error_ends_the_role_and_not_only_the_connection() -> None:
    """Nothing is swallowed: `serve` raises it."""

    async def scene() -> None:
        async with listening(Broken()) as server:
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(framed(message("a01-admitted")))
            with pytest.raises(ZeroDivisionError):
                await asyncio.wait_for(server.serve(), PATIENCE_SECONDS)
            writer.close()

    asyncio.run(scene())


def test_a_stopping_server_answers_what_it_has_in_hand() -> None:
    """The message is being written when the stop comes."""

    async def scene() -> None:
        async with listening(Known()) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(framed(message("a01-admitted")))
            await asyncio.sleep(0.1)
            with Stopwatch() as watch:
                await server.stop()
            assert watch.seconds < 2
            assert b"|207^" in await heard(reader)
            assert b"" == await asyncio.wait_for(reader.read(), PATIENCE_SECONDS)
            writer.close()

    asyncio.run(scene())


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_tls_lets_in_only_who_has_a_certificate(tmp_path: Path) -> None:
    """With a client authority set, a stranger gets no answer, and a known sender does."""
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    client = ssl.create_default_context(cafile=certificate)

    async def scene() -> None:
        tls = tls_context(certificate, key, certificate)
        async with listening(Known(), tls=tls) as server:
            where = ("127.0.0.1", server.port)
            reader, writer = await asyncio.open_connection(
                *where, ssl=client, server_hostname="localhost"
            )
            writer.write(framed(message("a04-outpatient")))
            with pytest.raises((ssl.SSLError, asyncio.IncompleteReadError, ConnectionError)):
                await heard(reader)
            writer.close()
            client.load_cert_chain(certificate, key)
            reader, writer = await asyncio.open_connection(
                *where, ssl=client, server_hostname="localhost"
            )
            writer.write(framed(message("a04-outpatient")))
            assert b"MSA|AA|" in await heard(reader)
            writer.close()

    asyncio.run(scene())


ROLE = """
import sys
from hub.ops.settings import load_settings
from hub.roles.mllp import main
sys.exit(main(load_settings()))
"""


def start_role(folder: Path, port: int, **more: str) -> subprocess.Popen[bytes]:
    """The role as a process of its own."""
    (folder / "directory.toml").write_text(
        '[[organisation]]\nods = "RXX"\nname = "T"\nkind = "t"\n'
    )
    settings = {
        "HUB_DATA_DIR": str(folder),
        "HUB_DIRECTORY": str(folder / "directory.toml"),
        "HUB_KAFKA": "127.0.0.1:1",
        "HUB_SECRET_KEY": "of the test",
        "HUB_MLLP_PORT": str(port),
        "PYTHONPATH": str(ROOT),
    }
    environment = {**os.environ, **settings, **more}
    return subprocess.Popen([sys.executable, "-c", ROLE], env=environment, stderr=subprocess.PIPE)


def test_the_role_stops_when_asked(tmp_path: Path) -> None:
    """SIGTERM: exit code 0, also while Kafka is away."""
    port = reserved_port()
    role = start_role(tmp_path, port)
    try:
        assert answers(port)
        role.send_signal(signal.SIGTERM)
        assert role.wait(PATIENCE_SECONDS) == 0
    finally:
        role.kill()
        role.communicate()


def test_the_role_does_not_start_where_it_would_speak_in_clear(tmp_path: Path) -> None:
    """Exit code 2, and the log says what to set."""
    role = start_role(tmp_path, reserved_port(), HUB_MLLP_HOST="0.0.0.0")  # noqa: S104  the case
    _, said = role.communicate(timeout=PATIENCE_SECONDS)
    assert role.returncode == 2
    assert b"HUB_MLLP_CERT" in said


def answers(port: int) -> bool:
    """Whether the role opened its port and answers within some seconds."""

    async def one() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(framed(message("a04-outpatient")))
        answer = await heard(reader)
        writer.close()
        return answer

    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        try:
            return b"MSA|AA|" in asyncio.run(one())
        except ConnectionRefusedError:
            time.sleep(0.1)
    return False
