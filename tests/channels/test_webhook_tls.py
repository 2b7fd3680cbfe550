"""Webhooks over TLS: the certificate is that of the name, though the address is called."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hub.core.model import Signal
from hub.edges.channels.base import Delivered, DeliveryReason, Failed, type_of_result
from hub.edges.channels.webhook import WebhookChannel
from tests.channels.tools import ENDPOINT, send
from tests.patience import PATIENCE_SECONDS
from tests.servers.mail import certificate
from tests.servers.webhooks import Receiver, receiving
from tests.store.records import notice_record

ANOTHER = "another.example"


@pytest.fixture
def trusted(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's context with a certificate for `localhost` alone, and the file to trust."""
    return certificate(tmp_path)


@pytest.fixture(autouse=True)
def _another(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second name of this machine, for which nobody has a certificate."""
    real = socket.getaddrinfo

    def ask(host: str, port: int, *rest: Any, **more: Any) -> Any:
        return real("127.0.0.1" if host in (ANOTHER, "localhost") else host, port, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", ask)


def post(receiver: Receiver, host: str, path: str, trust: ssl.SSLContext | None) -> type_of_result:
    """One notice to a name, over TLS."""
    channel = WebhookChannel(allow_loopback=True, total_seconds=PATIENCE_SECONDS, trust=trust)
    address = f"https://{host}:{receiver.port}{path}"
    (result,) = send(channel, msgspec.structs.replace(ENDPOINT, address=address), notice_record())
    return result


def test_the_certificate_is_that_of_the_name(trusted: tuple[ssl.SSLContext, Path]) -> None:
    """The checked address is called, and what answers must prove to be the name; it comes whole."""
    own, authority = trusted
    asked: list[str | None] = []

    def note(_socket: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        asked.append(name)

    own.sni_callback = note
    path = "/in%2Fbox/h%C3%A4?key=a%2Fb%3D%2B+c"
    with receiving(own) as receiver:
        trust = ssl.create_default_context(cafile=authority)
        assert Delivered(Signal.DELIVERED, 204) == post(receiver, "localhost", path, trust)
    (taken,) = receiver.taken
    assert (path, f"localhost:{receiver.port}") == (taken.path, taken.headers["host"])
    assert ["localhost"] == asked


@pytest.mark.parametrize(
    ("host", "believed"),
    [
        pytest.param(ANOTHER, True, id="the certificate of another name"),
        pytest.param("localhost", False, id="an authority that nobody knows"),
    ],
)
def test_who_does_not_prove_the_name_gets_nothing(
    trusted: tuple[ssl.SSLContext, Path], host: str, *, believed: bool
) -> None:
    """Not a byte of the notice, whatever answers at the address."""
    own, authority = trusted
    trust = ssl.create_default_context(cafile=authority) if believed else None
    with receiving(own) as receiver:
        result = post(receiver, host, "/hook", trust)
    assert (Failed(DeliveryReason.UNREACHABLE), []) == (result, receiver.taken)


@contextlib.contextmanager
def _saying(words: bytes) -> Iterator[int]:
    """Something that takes one connection, says something that is no answer, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as door:

        def answer() -> None:
            taken, _ = door.accept()
            with taken:
                taken.recv(65536)
                taken.sendall(words)

        thread = threading.Thread(target=answer)
        thread.start()
        yield door.getsockname()[1]
        thread.join()


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"220 mail.example ESMTP\r\n", id="not HTTP"),
        pytest.param(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", id="half an answer"),
    ],
)
def test_what_hangs_up_without_an_answer_has_broken_off(words: bytes) -> None:
    """It may have the notice or not, so that it is tried again."""
    with _saying(words) as port:
        endpoint = msgspec.structs.replace(ENDPOINT, address=f"http://127.0.0.1:{port}/hook")
        (result,) = send(WebhookChannel(allow_loopback=True), endpoint, notice_record())
    assert Failed(DeliveryReason.BROKEN_OFF) == result


def test_an_answer_with_a_long_header_is_an_answer() -> None:
    """Nobody's cookies make a failure of what was taken."""
    long = b"HTTP/1.1 200 OK\r\nset-cookie: " + b"x" * 20_000 + b"\r\ncontent-length: 0\r\n\r\n"
    with _saying(long) as port:
        endpoint = msgspec.structs.replace(ENDPOINT, address=f"http://127.0.0.1:{port}/hook")
        (result,) = send(WebhookChannel(allow_loopback=True), endpoint, notice_record())
    assert Delivered(Signal.DELIVERED, 200) == result
