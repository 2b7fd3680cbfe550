"""A thousand recipients behind one port, in a process of its own: well, slow, or dead.

`/ok/...` is answered at once, `/slow/...` after some seconds, `/hole/...` never.  The mail server
does the same by the recipient's name: it asks far away before it takes `slow-...`, has had no word
of `hole-...` for ever, and bids `later-...` come again.  When each notice first came stands, by the
machine's clock, in the answer to `GET /arrivals`.
"""

import asyncio
import json
import logging
import re
import sys
import time
from typing import Any

from aiosmtpd.smtp import SMTP

SLOW_SECONDS = 5.0
HELD_SECONDS = 60.0
"""Longer than anybody waits for an answer."""
NO_CONTENT = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"
ID = b"\r\nwebhook-id: "
MAIL_ID = re.compile(rb"^message-id:\s*<(.+)@[^@]*>", re.IGNORECASE | re.MULTILINE)
BACKLOG = 1024
LATER = "451 4.4.1 Its host does not answer; come again later"


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
        self.arrived.setdefault(notice_id, time.time())
        writer.write(NO_CONTENT)
        await writer.drain()

    async def _tell(self, writer: asyncio.StreamWriter) -> None:
        body = json.dumps(self.arrived).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: ")
        writer.write(str(len(body)).encode() + b"\r\n\r\n" + body)
        await writer.drain()


class Mails:
    """A relay that asks after each recipient before it takes a mail, and keeps none."""

    def __init__(self, receiver: Receiver) -> None:
        self._arrived = receiver.arrived

    async def handle_RCPT(  # noqa: N802  the library finds it by this name
        self, _server: object, _session: object, envelope: Any, address: str, _options: object
    ) -> str:
        """Take or refuse a recipient, sooner or later."""
        if address.startswith("later-"):
            return LATER
        if address.startswith(("slow-", "hole-")):
            await asyncio.sleep(SLOW_SECONDS if address.startswith("slow-") else HELD_SECONDS)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802  as above
        self, _server: object, _session: object, envelope: Any
    ) -> str:
        """Taken."""
        if found := MAIL_ID.search(envelope.content):
            self._arrived.setdefault(found[1].decode(), time.time())
        return "250 OK"


async def serve(port: int, smtp_port: int) -> None:
    """Until the process is killed."""
    receiver = Receiver()
    # The mail server of the tests; its reverse look-ups are none of ours, and it logs every mail
    # that is broken off.
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    loop, mails = asyncio.get_running_loop(), Mails(receiver)
    await loop.create_server(
        lambda: SMTP(mails, hostname="mail.example", enable_SMTPUTF8=True, loop=loop),
        "127.0.0.1",
        smtp_port,
        backlog=BACKLOG,
    )
    server = await asyncio.start_server(receiver.take, "127.0.0.1", port, backlog=BACKLOG)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
