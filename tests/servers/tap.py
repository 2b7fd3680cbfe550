"""A wire with an ear: all goes through it, both ways, and what goes out is kept, byte for byte.

It stands between the hub and one recipient, so that a test can say what was really sent there,
whatever either end believes.  A wire that is cut lets nobody in, and nothing is heard on it.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Final

PIECE: Final = 64 * 1024
REACH_SECONDS: Final = 10.0


@dataclass
class Tap:
    """One wire."""

    target: int
    """The port of this machine where the recipient is."""
    port: int = 0
    cut: bool = False
    heard: list[bytearray] = field(default_factory=list)
    """What went out, connection by connection."""

    def everything(self) -> bytes:
        """All that went out."""
        return b"\n".join(map(bytes, self.heard))


def _pump(source: socket.socket, sink: socket.socket, heard: bytearray | None) -> None:
    """Pass on until the source has no more."""
    with contextlib.suppress(OSError):
        while piece := source.recv(PIECE):
            if heard is not None:
                heard += piece
            sink.sendall(piece)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


class _Server(ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 50


@contextlib.contextmanager
def tapped(target: int) -> Iterator[Tap]:
    """A wire to a port of this machine, until the end of the block."""
    tap = Tap(target)

    class Wire(BaseRequestHandler):
        """One connection."""

        def handle(self) -> None:
            if tap.cut:
                return
            heard = bytearray()
            tap.heard.append(heard)
            with socket.create_connection(("127.0.0.1", tap.target), REACH_SECONDS) as far:
                far.settimeout(None)
                back = threading.Thread(target=_pump, args=(far, self.request, None), daemon=True)
                back.start()
                _pump(self.request, far, heard)
                back.join()

    server = _Server(("127.0.0.1", 0), Wire)
    tap.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield tap
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
