"""MESH: a FHIR message to the mailbox of the organisation.

That MESH has taken it is level 1, *sent*.  *Delivered* is when the recipient's system has
collected it, which the round of `hub.roles.collect` finds out, with everything that is answered.
What MESH has taken is in the book under the notice's id and is not sent again.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import Engine

from hub.core.model import Signal
from hub.edges.channels.base import Delivered, DeliveryReason, Failed, type_of_result
from hub.edges.directory import Endpoint
from hub.edges.fhir.notice import bundle_id, message_of, resource_id
from hub.edges.mesh import ADDRESS, MOST_REQUESTS, TOTAL_SECONDS, Mailbox, MeshFault
from hub.edges.records import NoticeRecord
from hub.store import mesh_book
from hub.store.engine import reading, writing

_LEVELS: Final = {
    mesh_book.Standing.ACCEPTED: Signal.SENT,
    mesh_book.Standing.ACKNOWLEDGED: Signal.DELIVERED,
}


class MeshChannel:
    """For recipients whose system collects from MESH."""

    name = "mesh"
    together = 1
    places = MOST_REQUESTS // 2

    def __init__(
        self,
        mailbox: Mailbox,
        engine: Engine,
        now: Callable[[], datetime],
        *,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        """`now` is real time, as in the outbox."""
        self._mailbox, self._engine, self._now = mailbox, engine, now
        self._total_seconds = total_seconds

    async def start(self) -> None:
        """Nothing to open: each request makes its own connection."""

    async def stop(self) -> None:
        """Let go of the threads."""
        self._mailbox.stop()

    async def send(self, notice: NoticeRecord, endpoint: Endpoint) -> type_of_result:
        """Hand the notice to MESH, unless MESH has it already."""
        found = ADDRESS.fullmatch(endpoint.address)
        if found is None:
            return Failed(DeliveryReason.BAD_ADDRESS, retry=False)
        stands = await asyncio.to_thread(self._stands, notice.notice_id)
        if stands in _LEVELS:
            return Delivered(_LEVELS[stands])
        try:
            async with asyncio.timeout(self._total_seconds):
                await self._hand_over(notice, found["mailbox"].upper(), found["workflow"])
        except TimeoutError:
            return Failed(DeliveryReason.TIMED_OUT)
        except MeshFault as fault:
            return Failed(fault.reason, fault.retry, fault.http_status, fault.wait)
        return Delivered(Signal.SENT)

    async def _hand_over(self, notice: NoticeRecord, recipient: str, workflow: str) -> None:
        mailbox = self._mailbox
        recipient = recipient or await mailbox.look_up(notice.organisation, workflow)
        prepared = mesh_book.Handed(
            message_id=mesh_book.prepared_id(notice.notice_id),
            notice_id=notice.notice_id,
            bundle_id=bundle_id(notice.notice_id),
            header_id=resource_id(notice.notice_id, "MessageHeader"),
            recipient=recipient,
            workflow=workflow,
        )
        # Killed between MESH's yes and the book, we would not know whose answer comes.
        await asyncio.to_thread(self._prepare, prepared)

        def taken(message_id: str) -> None:
            with writing(self._engine) as conn:
                row = replace(prepared, message_id=message_id.upper())
                mesh_book.note(conn, row, self._now())

        body = message_of(notice, mailbox.mailbox, recipient)
        await mailbox.send(recipient, workflow, notice.notice_id, body, taken)

    def _prepare(self, prepared: mesh_book.Handed) -> None:
        with writing(self._engine) as conn:
            mesh_book.prepare(conn, prepared, self._now())

    def _stands(self, notice_id: str) -> "mesh_book.Standing | None":
        with reading(self._engine) as conn:
            return mesh_book.standing_of(conn, notice_id)
