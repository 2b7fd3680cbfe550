"""The MLLP listener: many connections, one message at a time on each, answered in order.

An unforeseen error while answering ends `serve`, and with it the role: a message is answered or
the sender gets no answer and sends it again, but no error is swallowed.
"""

import asyncio
import ipaddress
import ssl
from contextlib import suppress
from pathlib import Path
from typing import Final

from hub.edges.mllp import Door, Framer, framed
from hub.ops import limits
from hub.ops.logs import log
from hub.ops.metrics import MLLP_SKIPPED_BYTES

IDLE_SECONDS: Final = 900.0
"""A connection on which nothing was said for a quarter of an hour is closed; senders reconnect.
Half-open connections (a firewall forgot them) would otherwise add up for ever."""

MOST_CONNECTIONS: Final = limits.MLLP_CONNECTIONS.value

MOST_HELD_BYTES: Final = limits.MLLP_HELD_BYTES.value

READ_BYTES: Final = 64 * 1024
ANSWER_SECONDS: Final = 30.0
"""A sender that does not read its answers for so long is gone."""

STOP_SECONDS: Final = 6.0
"""How long a stopping server lets messages in hand be answered; longer than a Kafka write."""


class UnsafeDoorError(Exception):
    """The listener would send patients' data over the network in clear.

    Operator action: set HUB_MLLP_CERT and HUB_MLLP_KEY, or bind to 127.0.0.1 behind a tunnel.
    """


def tls_context(certificate: Path, key: Path, client_authority: Path | None) -> ssl.SSLContext:
    """TLS 1.2 or later; with an authority given, only clients with a certificate of it get in."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    if client_authority is not None:
        context.load_verify_locations(client_authority)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


class MllpServer:
    """A listener; `port` is known after `start`, and `serve` runs until `stop`."""

    def __init__(
        self,
        door: Door,
        host: str,
        port: int,
        *,
        tls: ssl.SSLContext | None = None,
        plain_allowed: bool = False,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        if tls is None and not plain_allowed and not is_loopback(host):
            raise UnsafeDoorError(
                "MLLP without TLS listens on a loopback address only; set HUB_MLLP_CERT and "
                "HUB_MLLP_KEY, or HUB_MLLP_HOST=127.0.0.1, or, where something in front of the "
                "hub encrypts, HUB_MLLP_ALLOW_PLAIN=true"
            )
        self._door = door
        self._address = (host, port)
        self._tls = tls
        self._idle_seconds = idle_seconds
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy: set[asyncio.Task[None]] = set()
        self._held: dict[asyncio.Task[None], int] = {}
        self._stopping = False
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def port(self) -> int:
        """The port that is listened on.  Raises RuntimeError before `start`."""
        if self._server is None:
            raise RuntimeError("the server has not been started")
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Open the port.  Raises OSError when it is taken."""
        host, port = self._address
        self._server = await asyncio.start_server(self._connected, host, port, ssl=self._tls)

    async def serve(self) -> None:
        """Until `stop`.  Raises whatever unforeseen error an answer ended with."""
        await self._ended

    async def stop(self) -> None:
        """Close the port, let the messages in hand be answered, then close every connection."""
        self._stopping = True
        if self._server is not None:
            self._server.close()
        if self._busy:
            await asyncio.wait(set(self._busy), timeout=STOP_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if not self._ended.done():
            self._ended.set_result(None)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "asyncio runs this callback as a task"
        self._tasks.add(task)
        try:
            if len(self._tasks) > MOST_CONNECTIONS:
                log().warning("connection_refused", reason="too_many_connections")
                return
            await self._talk(reader, writer, task)
        except asyncio.CancelledError:
            # By `stop` or `_hold`, which say why; there is nothing left that could be cancelled.
            pass
        except (ConnectionError, ssl.SSLError, TimeoutError) as gone:
            # The sender has no answer to what it may have sent last, so it will send that again.
            log().info("connection_lost", kind=type(gone).__name__)
        except Exception as failure:  # noqa: BLE001  handed to `serve`, which raises it
            if not self._ended.done():
                self._ended.set_exception(failure)
        finally:
            self._tasks.discard(task)
            self._busy.discard(task)
            self._held.pop(task, None)
            writer.close()
            with suppress(ConnectionError, ssl.SSLError, TimeoutError):
                await writer.wait_closed()

    async def _talk(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        task: "asyncio.Task[None]",
    ) -> None:
        framer = Framer()
        while not self._stopping:
            # Not wait_for, which makes a task for each read: a slow sender reads a byte at a time.
            async with asyncio.timeout(self._idle_seconds):
                received = await reader.read(READ_BYTES)
            if not received:
                return
            self._busy.add(task)
            before = framer.skipped
            for frame in framer.receive(received):
                writer.write(framed(await self._door.answer(frame)))
                async with asyncio.timeout(ANSWER_SECONDS):
                    await writer.drain()
            MLLP_SKIPPED_BYTES.inc(framer.skipped - before)
            self._busy.discard(task)
            self._hold(task, framer.held)

    def _hold(self, task: "asyncio.Task[None]", size: int) -> None:
        """Note what a connection holds of a frame without an end; beyond the bound most must go."""
        self._held.pop(task, None)
        if not size:
            return
        self._held[task] = size
        while sum(self._held.values()) > MOST_HELD_BYTES:
            most = max(self._held, key=self._held.__getitem__)
            log().warning("connection_closed", reason="too_much_unfinished", held=self._held[most])
            del self._held[most]
            most.cancel()


def is_loopback(host: str) -> bool:
    """True for an address of this machine that no other can reach."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
