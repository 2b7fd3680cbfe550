"""MESH: a FHIR message to the mailbox of the organisation.

That MESH has taken it is level 1, *sent*.  *Delivered* is when the recipient's system has
collected it, which the round of `hub.roles.collect` finds out, with everything that is answered.
What MESH has taken is in the book under the notice's id and is not sent again.
"""

import asyncio
from collections.abc import Callable, Sequence
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
from hub.store.gathered import Gathered, GatheredOnThreads

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
        self._preparing = Gathered(self._prepare)
        self._noting = GatheredOnThreads(self._note)

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
        try:
            async with asyncio.timeout(self._total_seconds):
                return await self._carry(notice, found["mailbox"].upper(), found["workflow"])
        except TimeoutError:
            return Failed(DeliveryReason.TIMED_OUT)
        except MeshFault as fault:
            return Failed(fault.reason, fault.retry, fault.http_status, fault.wait)

    async def _carry(self, notice: NoticeRecord, recipient: str, workflow: str) -> Delivered:
        mailbox = self._mailbox
        if not recipient:
            stands = await asyncio.to_thread(self._stands, notice.notice_id)
            if stands in _LEVELS:
                return Delivered(_LEVELS[stands])
            recipient = await mailbox.look_up(notice.organisation, workflow)
        prepared = mesh_book.Handed(
            message_id=mesh_book.prepared_id(notice.notice_id),
            notice_id=notice.notice_id,
            bundle_id=bundle_id(notice.notice_id),
            header_id=resource_id(notice.notice_id, "MessageHeader"),
            recipient=recipient,
            workflow=workflow,
        )
        # Killed between MESH's yes and the book, we would not know whose answer comes.
        stands = await self._preparing.ask(prepared)
        if stands in _LEVELS:
            return Delivered(_LEVELS[stands])

        def taken(message_id: str) -> None:
            self._noting.ask(replace(prepared, message_id=message_id.upper()))

        body = message_of(notice, mailbox.mailbox, recipient)
        await mailbox.send(recipient, workflow, notice.notice_id, body, taken)
        return Delivered(Signal.SENT)

    def _prepare(self, asked: Sequence[mesh_book.Handed]) -> list["mesh_book.Standing | None"]:
        """Where each stands; what MESH has not taken is written down as about to be handed over."""
        with writing(self._engine) as conn:
            stands = [mesh_book.standing_of(conn, each.notice_id) for each in asked]
            for each, found in zip(asked, stands, strict=True):
                if found not in _LEVELS:
                    mesh_book.prepare(conn, each, self._now())
        return stands

    def _note(self, taken: Sequence[mesh_book.Handed]) -> list[None]:
        with writing(self._engine) as conn:
            for each in taken:
                mesh_book.note(conn, each, self._now())
        return [None] * len(taken)

    def _stands(self, notice_id: str) -> "mesh_book.Standing | None":
        with reading(self._engine) as conn:
            return mesh_book.standing_of(conn, notice_id)
