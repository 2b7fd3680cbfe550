"""MESH, the national post between organisations: one mailbox of ours, asked over its own client.

The client is synchronous, so every request runs on a thread of a pool of its own, and is waited
for no longer than the deadline.  What MESH or the network does wrong becomes a `MeshFault` with a
reason of the closed list; no text of theirs is passed on.
"""

import asyncio
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, TypeVar

import requests
from mesh_client import MeshClient, MeshError
from requests.exceptions import ConnectionError as NoConnection
from requests.exceptions import JSONDecodeError, RequestException, Timeout

from hub.edges.channels.base import DeliveryReason
from hub.edges.channels.kept import KeptConnections
from hub.edges.channels.signed import TOO_MANY, seconds_of
from hub.edges.mesh_codes import reason_of
from hub.ops import limits_carriers as limits

TOTAL_SECONDS: Final = float(limits.MESH_SECONDS.value)
MOST_REQUESTS: Final = limits.MESH_THREADS.value
COLLECTED_BYTES: Final = limits.MESH_BYTES.value

ADDRESS: Final = re.compile(
    r"mesh://(?P<mailbox>\w*)\?workflow_id=(?P<workflow>[\w_.-]+)", re.ASCII
)
"""The form of MNS; an empty mailbox is looked up by ODS code and workflow."""

SERVER_ERRORS, FORBIDDEN, UNAUTHORISED, NOT_FOUND = 500, 403, 401, 404

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Account:
    """The hub's own mailbox."""

    url: str
    mailbox: str
    password: str
    shared_key: str
    certificate: tuple[str, str] | None = None
    """Files of the client certificate and its key."""
    authorities: str | None = None
    """File of the authorities to trust; by default those of the client for the address."""

    def __repr__(self) -> str:
        """Without the password and the key."""
        return f"Account({self.mailbox})"


class MeshFault(Exception):  # noqa: N818  it says whose fault it is
    """MESH could not be asked, or said no.

    Operator action: see docs/operate.md, Delivery, by the reason.
    """

    def __init__(
        self,
        reason: DeliveryReason,
        *,
        retry: bool = True,
        http_status: int | None = None,
        wait: timedelta | None = None,
    ) -> None:
        super().__init__(reason.value)
        self.reason, self.retry = reason, retry
        self.http_status, self.wait = http_status, wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """A message in our own mailbox: a report of MESH, or an answer of a recipient."""

    message_id: str
    is_report: bool
    sender: str
    workflow: str
    local_id: str
    about: str
    """The id of the message of ours that it is about, where it says so."""
    code: str
    succeeded: bool
    content_type: str
    body: bytes
    whole: bool


class Mailbox:
    """Our mailbox, from the event loop.  Every call raises MeshFault and nothing else of MESH."""

    def __init__(self, account: Account, *, total_seconds: float = TOTAL_SECONDS) -> None:
        self.mailbox = account.mailbox
        self._account = account
        self._total_seconds = total_seconds
        self._threads = ThreadPoolExecutor(MOST_REQUESTS, thread_name_prefix="mesh")
        self._clients = KeptConnections(self._client, MeshClient.close)

    def stop(self) -> None:
        """Let go of the threads; one that still waits ends by its own time limit."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._clients.close()

    async def send(
        self,
        recipient: str,
        workflow: str,
        local_id: str,
        body: bytes,
        taken: Callable[[str], None],
    ) -> None:
        """Send a message.  `taken` notes its id on the same thread.

        So it is noted as well when MESH takes the message after the deadline, and is not sent
        again.
        """

        def work(client: MeshClient) -> None:
            message_id = client.send_message(
                recipient,
                body,
                workflow_id=workflow,
                local_id=local_id,
                subject="Perinatal notice",
                filename=f"{local_id}.json",
                content_type="application/fhir+json",
            )
            taken(message_id)

        await self._ask(work)

    async def look_up(self, ods: str, workflow: str) -> str:
        """The mailbox of an organisation for a workflow; more or fewer than one is a fault."""
        found: Any = await self._ask(lambda client: client.lookup_endpoint(ods, workflow))
        mailboxes = {str(each["mailbox_id"]).upper() for each in found.get("results") or ()}
        if len(mailboxes) != 1:
            raise MeshFault(reason_of("EPL-150" if mailboxes else "EPL-151"), retry=False)
        return mailboxes.pop()

    async def track(self, message_id: str) -> str:
        """Where MESH says that a message of ours stands; empty when it knows no such message."""
        try:
            found: Any = await self._ask(lambda client: client.track_message(message_id))
        except MeshFault as fault:
            if fault.http_status == NOT_FOUND:
                return ""
            raise
        return str(found.get("status") or "").lower()

    async def inbox(self) -> list[str]:
        """The ids of what waits in our mailbox, oldest first."""
        return await self._ask(lambda client: list(client.list_messages()))

    async def read(self, message_id: str) -> Collected:
        """One message of our mailbox; it stays there until it is acknowledged."""
        return await self._ask(lambda client: _read(client, message_id))

    async def acknowledge(self, message_id: str) -> None:
        """Say that a message has been dealt with: MESH takes it out of our mailbox."""
        await self._ask(lambda client: client.acknowledge_message(message_id))

    async def _ask(self, work: Callable[[MeshClient], Answer]) -> Answer:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._total_seconds):
                return await loop.run_in_executor(self._threads, self._working, work)
        except TimeoutError:
            raise MeshFault(DeliveryReason.TIMED_OUT) from None

    def _working(self, work: Callable[[MeshClient], Answer]) -> Answer:
        """On a thread, with a client that nobody else has meanwhile.

        Most of a message is the greeting: a client, and its connection, serves one after the other
        while there is something to do.  After any fault it is let go.
        """
        lent = self._clients.borrow()
        try:
            answer = _asked(lent.connection, work)
        except BaseException:
            self._clients.let_go(lent)
            raise
        self._clients.give_back(lent)
        return answer

    def _client(self) -> MeshClient:
        account = self._account
        return MeshClient(
            account.url,
            account.mailbox,
            account.password,
            shared_key=account.shared_key.encode(),
            cert=account.certificate,
            verify=account.authorities,
            # Retries are the outbox's, which remembers them.
            max_retries=0,
            timeout=self._total_seconds,
            application_name="perinatal-hub",
        )


def _asked(client: MeshClient, work: Callable[[MeshClient], Answer]) -> Answer:
    try:
        try:
            return work(client)
        except MeshError as error:
            fault = _refused(error)
        if fault.retry:
            # A refusal without a code may be of the hub itself; the handshake tells.
            client.handshake()  # type: ignore[no-untyped-call]  # it has no types
        raise fault
    except RequestException as error:
        raise _failed(error) from None


def _read(client: MeshClient, message_id: str) -> Collected:
    found: Any = client.retrieve_message(message_id)
    try:
        body = found.read(COLLECTED_BYTES + 1)
        return Collected(
            message_id=message_id,
            is_report=(found.message_type or "").upper() == "REPORT",
            sender=(found.sender or "").upper(),
            workflow=found.workflow_id or "",
            local_id=found.local_id or "",
            about=(found.mex_header("linkedmsgid") or "").upper(),
            code=found.mex_header("statuscode") or "",
            succeeded=(found.mex_header("statussuccess") or "").upper() == "SUCCESS",
            content_type=found.content_type or "application/octet-stream",
            body=body[:COLLECTED_BYTES],
            whole=len(body) <= COLLECTED_BYTES,
        )
    finally:
        found.close()


def _refused(error: MeshError) -> MeshFault:
    """What an answer of MESH means: its code decides, its words are left unread."""
    said = error.args[-1] if error.args else None
    detail = said.get("detail") if isinstance(said, dict) else None
    first = detail[0] if isinstance(detail, list) and detail else {}
    code = first.get("code") if isinstance(first, dict) else None
    if code is None and isinstance(said, dict):
        code = said.get("errorCode")
    return MeshFault(reason_of(str(code or "")), retry=not code)


def _failed(error: RequestException) -> MeshFault:
    answer: requests.Response | None = error.response
    if answer is None:
        timed_out = isinstance(error, Timeout)
        reason = DeliveryReason.TIMED_OUT if timed_out else DeliveryReason.UNREACHABLE
        if not timed_out and not isinstance(error, NoConnection | JSONDecodeError):
            reason = DeliveryReason.BAD_ADDRESS
        return MeshFault(reason)
    status, wait = answer.status_code, seconds_of(answer.headers.get("retry-after"))
    if status in {FORBIDDEN, UNAUTHORISED}:
        return MeshFault(DeliveryReason.OUR_CREDENTIALS, http_status=status)
    if status == TOO_MANY:
        return MeshFault(DeliveryReason.TOO_MANY, http_status=status, wait=wait)
    theirs = status >= SERVER_ERRORS
    reason = DeliveryReason.THEIR_ERROR if theirs else DeliveryReason.REJECTED
    return MeshFault(reason, http_status=status, wait=wait)
