"""The round of MESH: what is in our mailbox, and who has collected what we sent.

Our mailbox is emptied one message at a time, and a message is acknowledged only when what it says
is in the outbox or confirmed by Kafka: until then MESH keeps it, and it is read again.  What
cannot be understood goes to quarantine whole.  MESH being away ends a round, never the role.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final, Protocol

from sqlalchemy import Connection

from hub.core.faults import FaultReason, SenderFault
from hub.core.ids import derive
from hub.core.model import Input, InputKind, Receipt, Signal
from hub.edges.channels.base import DeliveryReason
from hub.edges.channels.mesh import MeshChannel
from hub.edges.fhir.acknowledgement import read_acknowledgement
from hub.edges.mesh import Collected, Mailbox, MeshFault
from hub.edges.mesh_codes import ACKNOWLEDGEMENTS, AGAIN, Meaning, reason_of
from hub.edges.publish import Original, Unavailable
from hub.ops import limits_carriers as limits
from hub.ops.logs import log
from hub.roles.attempts import Means
from hub.store import mesh_book, outbox_evidence
from hub.store.engine import reading, writing
from hub.store.mesh_book import Handed, Standing
from hub.store.present_team import with_team

TRACKED: Final = limits.TRACKED.value

DOOR: Final = "mesh"
MESH: Final = MeshChannel.name

AWAY: Final = frozenset(
    {DeliveryReason.UNREACHABLE, DeliveryReason.TIMED_OUT, DeliveryReason.OUR_CREDENTIALS}
)
"""What would meet every other message too: the round ends."""

UNDELIVERED: Final = {
    "undeliverable": DeliveryReason.NOT_COLLECTED,
    "error": DeliveryReason.REJECTED,
}


class Keeps(Protocol):
    """The way into quarantine: `hub.edges.publish.Publisher`."""

    async def quarantine(self, fault: SenderFault, original: Original) -> str:
        """Return when the original is kept, confirmed; raise Unavailable when it may not be."""
        ...


class Collector:
    """Asks MESH, round after round."""

    def __init__(
        self,
        means: Means,
        mailbox: Mailbox,
        keeps: Keeps,
        told: Callable[[], None],
        poll: timedelta,
    ) -> None:
        """`told` is called when the outbox has something new to report."""
        self._means, self._mailbox, self._keeps = means, mailbox, keeps
        self._told, self._poll = told, poll

    async def run(self) -> None:
        """Rounds until cancelled."""
        while True:
            await self.round()
            await asyncio.sleep(self._poll.total_seconds())

    async def round(self) -> None:
        """Empty the mailbox, then ask after what nobody has collected yet."""
        try:
            for message_id in await self._mailbox.inbox():
                await self._collect(message_id)
            await self._track()
        except MeshFault as fault:
            log().warning("mesh_round_ended", reason=fault.reason.value)
        except Unavailable:
            log().warning("mesh_round_ended", reason="kafka_away")

    # --- our mailbox --------------------------------------------------------------------------

    async def _collect(self, message_id: str) -> None:
        """Read, act, and only then take it out; one that MESH will not give holds up no other."""
        try:
            await self._take(await self._mailbox.read(message_id))
            self._told()
            await self._mailbox.acknowledge(message_id)
        except MeshFault as fault:
            if fault.reason in AWAY:
                raise
            log().warning("mesh_not_read", message_id=message_id, reason=fault.reason.value)

    async def _take(self, collected: Collected) -> None:
        try:
            if collected.is_report:
                await asyncio.to_thread(self._report, collected)
            else:
                await self._answer(collected)
        except SenderFault as fault:
            kept = Original(
                body=collected.body or b"\n",
                door=DOOR,
                content_type=collected.content_type,
                received_at=self._means.clock.now(),
                source=collected.sender or "MESH",
            )
            await self._keeps.quarantine(fault, kept)

    def _report(self, collected: Collected) -> None:
        """A report of MESH itself: as a rule, that a message could not be delivered."""
        with reading(self._means.engine) as conn:
            handed = mesh_book.by_message(conn, collected.about)
            handed = handed or mesh_book.by_notice(conn, collected.local_id)
        if handed is None:
            raise _unknown("mex-LinkedMsgID")
        if not collected.succeeded:
            self._came_back(handed, reason_of(collected.code))

    async def _answer(self, collected: Collected) -> None:
        if not collected.whole:
            raise SenderFault(
                FaultReason.OVERSIZE,
                "an acknowledgement larger than any acknowledgement is",
                remedy="send documents to the doors for documents",
            )
        said = read_acknowledgement(collected.body, self._means.clock.now())
        handed = await asyncio.to_thread(self._handed, said.about)
        if handed is None or collected.sender != handed.recipient:
            # Whoever was not sent the notice cannot answer for it.
            raise _unknown("MessageHeader.response.identifier")
        known = [ACKNOWLEDGEMENTS[code] for code in said.codes if code in ACKNOWLEDGEMENTS]
        if not known:
            raise SenderFault(
                FaultReason.UNSUPPORTED_MESSAGE,
                "the acknowledgement has no code of the ITK3 lists",
                field="OperationOutcome.issue.details.coding.code",
                remedy="answer with a code of the ITK3 lists of acknowledgements",
            )
        code = next(code for code in said.codes if code in ACKNOWLEDGEMENTS)
        await self._says(handed, known[0], code, collected)

    async def _says(
        self, handed: Handed, meaning: Meaning, code: str, collected: Collected
    ) -> None:
        if meaning is AGAIN:
            await asyncio.to_thread(self._again, handed)
        elif meaning.signal is Signal.BOUNCED:
            reason = meaning.reason or DeliveryReason.REJECTED
            await asyncio.to_thread(self._came_back, handed, reason)
        else:
            await asyncio.to_thread(self._collected, handed)
            if meaning.signal is not None and meaning.signal is not Signal.DELIVERED:
                await self._organisation_says(handed, meaning.signal, code, collected)

    async def _organisation_says(
        self, handed: Handed, signal: Signal, code: str, collected: Collected
    ) -> None:
        """Accepted, not ours or refused: to the core, as a receipt of the organisation."""
        given = await asyncio.to_thread(self._receipt, handed, signal, code, collected)
        if given is not None:
            await self._means.core.publish_input(given)

    def _receipt(
        self, handed: Handed, signal: Signal, code: str, collected: Collected
    ) -> Input | None:
        now = self._means.clock.now()
        with reading(self._means.engine) as conn:
            sent = outbox_evidence.sent(conn, handed.notice_id)
            if sent is None:
                return None
            receipt = Receipt(
                notice_id=sent.notice_id,
                signal=signal,
                organisation=sent.organisation,
                role=sent.role,
                at=now,
                channel=MESH,
                detail=f"itk3_{code}",
            )
            given = Input(
                # Of the message in our mailbox: one that is read twice is one receipt.
                input_id=derive("r", "mesh", collected.message_id, signal.value),
                kind=InputKind.RECEIPT,
                at=now,
                episode_id=sent.episode_id,
                receipt=receipt,
            )
            return with_team(conn, given, self._means.directory)

    # --- what we sent -------------------------------------------------------------------------

    async def _track(self) -> None:
        for handed in await asyncio.to_thread(self._uncollected):
            try:
                stands = await self._mailbox.track(handed.message_id)
            except MeshFault as fault:
                if fault.reason in AWAY:
                    raise
                # Asked again after all the others.
                stands = Standing.ACCEPTED.value
            await asyncio.to_thread(self._tracked, handed, stands)
            self._told()

    def _tracked(self, handed: Handed, stands: str) -> None:
        if stands == Standing.ACKNOWLEDGED.value:
            self._collected(handed)
        elif stands in UNDELIVERED:
            self._came_back(handed, UNDELIVERED[stands])
        else:
            self._move(handed, Standing.ACCEPTED if stands else Standing.FORGOTTEN)

    def _uncollected(self) -> list[Handed]:
        with reading(self._means.engine) as conn:
            return mesh_book.uncollected(conn, self._means.now() - self._poll, TRACKED)

    def _move(self, handed: Handed, standing: Standing) -> None:
        with writing(self._means.engine) as conn:
            self._stands(conn, handed, standing)

    # --- into the outbox, with the book in one transaction ---------------------------------------

    def _handed(self, document_id: str) -> Handed | None:
        with reading(self._means.engine) as conn:
            return mesh_book.by_document(conn, document_id)

    def _collected(self, handed: Handed) -> None:
        with writing(self._means.engine) as conn:
            self._stands(conn, handed, Standing.ACKNOWLEDGED)
            self._tell(conn, handed, Signal.DELIVERED)

    def _came_back(self, handed: Handed, reason: DeliveryReason) -> None:
        with writing(self._means.engine) as conn:
            self._stands(conn, handed, Standing.FAILED)
            self._tell(conn, handed, Signal.BOUNCED, reason)
        log().warning("mesh_came_back", notice_id=handed.notice_id, reason=reason.value)

    def _again(self, handed: Handed) -> None:
        """Their system failed: the one answer that sending again can mend."""
        with writing(self._means.engine) as conn:
            self._stands(conn, handed, Standing.FAILED)
            if not outbox_evidence.send_again(conn, handed.notice_id, MESH, self._means.now()):
                self._tell(conn, handed, Signal.BOUNCED, DeliveryReason.THEIR_ERROR)

    def _stands(self, conn: Connection, handed: Handed, standing: Standing) -> None:
        mesh_book.move(conn, handed.message_id, standing, self._means.now())

    def _tell(
        self,
        conn: Connection,
        handed: Handed,
        signal: Signal,
        reason: DeliveryReason | None = None,
    ) -> None:
        clock_at = self._means.clock.now()
        why = None if reason is None else reason.value
        outbox_evidence.carrier_says(conn, handed.notice_id, MESH, signal, clock_at, why)


def _unknown(field: str) -> SenderFault:
    return SenderFault(
        FaultReason.UNKNOWN_NOTICE,
        "it is about no message that the hub sent to this mailbox",
        field=field,
        remedy="name the id of the message it answers, from the mailbox the message went to",
    )
