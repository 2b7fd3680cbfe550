"""A real mail server on a free port of this machine, which takes, refuses or stalls on order."""

import asyncio
import contextlib
import datetime as dt
import logging
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.ports import reserved_port

STALL_SECONDS = 30.0
"""Longer than any test waits."""

LOGIN, PASSWORD = "hub", "made-up"

logging.getLogger("mail.log").setLevel(logging.CRITICAL)
"""The server's own log: what it says is not said by the hub."""


def _open_gate() -> threading.Event:
    gate = threading.Event()
    gate.set()
    return gate


@dataclass
class MailServer:
    """What came in, and what is answered."""

    port: int = 0
    taken: list[bytes] = field(default_factory=list)
    """Every mail as it came, with the envelope's recipients before it."""
    at_recipient: str = "250 OK"
    at_end: str = "250 OK"
    wait_seconds: float = 0.0
    gate: threading.Event = field(default_factory=_open_gate)
    """Between taking a mail and saying so it waits here, while this is not set."""
    stalls: str = ""
    """How the recipients begin of whom the server never has word."""
    connections: int = 0
    mails_on_connection: int = 0
    """After so many a connection is ended; 0 for no end."""
    _mails_here: dict[Any, int] = field(default_factory=dict)

    async def handle_EHLO(  # noqa: N802  the library finds it by this name
        self, server: Any, session: Any, envelope: Any, hostname: str, answers: list[str]
    ) -> list[str]:
        """Greet back; once a connection without TLS."""
        del server, envelope
        session.host_name = hostname
        self.connections += 1
        return answers

    async def handle_MAIL(  # noqa: N802  as above
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Take a sender, unless this connection has had its mails."""
        del server
        here = self._mails_here[session.peer] = self._mails_here.get(session.peer, 0) + 1
        if 0 < self.mails_on_connection < here:
            return "421 4.7.0 enough on this connection"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802  the library finds it by this name
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        """Take or refuse a recipient."""
        del server, session, options
        if self.stalls and address.startswith(self.stalls):
            await asyncio.sleep(STALL_SECONDS)
        if self.at_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.at_recipient

    async def handle_DATA(  # noqa: N802  as above
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        """Take or refuse a mail."""
        del server, session
        await asyncio.sleep(self.wait_seconds)
        if self.at_end.startswith("250"):
            self.taken.append(" ".join(envelope.rcpt_tos).encode() + b"\n" + envelope.content)
            await asyncio.to_thread(self.gate.wait)
        return self.at_end


def _let_in(server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
    del server, session, envelope, mechanism
    good = isinstance(given, LoginPassword) and (LOGIN.encode(), PASSWORD.encode()) == (
        given.login,
        given.password,
    )
    return AuthResult(success=good, handled=False)


@contextlib.contextmanager
def receiving_mail(tls: ssl.SSLContext | None = None) -> Iterator[MailServer]:
    """A server on a free port; with `tls` it demands STARTTLS and a login."""
    server = MailServer()
    more: dict[str, Any] = {}
    if tls is not None:
        more = {"tls_context": tls, "require_starttls": True, "authenticator": _let_in}
        more["auth_required"] = True
    server.port = reserved_port()
    controller = Controller(server, hostname="127.0.0.1", port=server.port, **more)
    controller.start()
    try:
        yield server
    finally:
        server.gate.set()
        controller.stop()


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's context with a certificate of its own for 127.0.0.1, and the file to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.example")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    trusted, secret = folder / "mail.pem", folder / "mail.key"
    trusted.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted, secret)
    return context, trusted
