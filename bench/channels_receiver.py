"""A thousand recipients behind one port, in a process of its own: well, slow, or dead.

`/ok/...` is answered at once, `/slow/...` after some seconds, `/hole/...` never.  When each notice
first came stands, by the machine's monotonic clock, in the answer to `GET /arrivals`.
"""

import asyncio
import json
import sys
import time

from aiosmtpd.smtp import SMTP

SLOW_SECONDS = 5.0
NO_CONTENT = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"
ID = b"\r\nwebhook-id: "


class Receiver:
    """What came, and when."""

    def __init__(self) -> None:
        self.arrived: dict[str, float] = {}

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request on one connection, as the hub makes them."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            lower = head.lower()
            path = head.split(b" ", 2)[1]
            if path == b"/arrivals":
                await self._tell(writer)
                return
            start = lower.index(b"\r\ncontent-length: ") + len(b"\r\ncontent-length: ")
            await reader.readexactly(int(lower[start : lower.index(b"\r\n", start)]))
            await self._answer(path, lower, head, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, ValueError):
            pass
        finally:
            writer.close()

    async def _answer(
        self,
        path: bytes,
        lower: bytes,
        head: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        if path.startswith(b"/hole"):
            # Held until the other side gives up.
            await reader.read(1)
            return
        if path.startswith(b"/slow"):
            await asyncio.sleep(SLOW_SECONDS)
        start = lower.index(ID) + len(ID)
        notice_id = head[start : head.index(b"\r\n", start)].decode()
        self.arrived.setdefault(notice_id, time.monotonic())
        writer.write(NO_CONTENT)
        await writer.drain()

    async def _tell(self, writer: asyncio.StreamWriter) -> None:
        body = json.dumps(self.arrived).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: ")
        writer.write(str(len(body)).encode() + b"\r\n\r\n" + body)
        await writer.drain()


class Mails:
    """Takes every mail and keeps none."""

    async def handle_DATA(  # noqa: N802  the library finds it by this name
        self, _server: object, _session: object, _envelope: object
    ) -> str:
        """Taken."""
        return "250 OK"


async def serve(port: int, smtp_port: int) -> None:
    """Until the process is killed."""
    receiver = Receiver()
    if smtp_port:
        # The mail server of the tests; its reverse look-ups are none of ours.
        loop = asyncio.get_running_loop()
        await loop.create_server(
            lambda: SMTP(Mails(), hostname="mail.example", enable_SMTPUTF8=True, loop=loop),
            "127.0.0.1",
            smtp_port,
        )
    server = await asyncio.start_server(receiver.take, "127.0.0.1", port, backlog=1024)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
