"""The guard: whatever an agent cannot decide goes to quarantine whole, and nothing escapes.

A quarantine record that cannot be written ends the process, like every failed write; the restart
meets the same input again.
"""

from datetime import datetime

from aiokafka import ConsumerRecord

from agents.outputs import Output
from agents.transport import RecordTooLargeError
from hub.core.faults import FaultReason, HubFault, SenderFault
from hub.core.ids import derive
from hub.core.model import Event
from hub.edges.avro import QuarantineRecord, encode_quarantine
from hub.edges.publish import ORIGINAL_KEPT_BYTES, OWNER, family_of_type
from hub.edges.schemas import Schemas
from hub.ops.logs import log
from hub.ops.topics import QUARANTINE

CONTENT_TYPE = "application/vnd.apache.avro"

OUTER = ("intake", "receipts")
"""The agents that read what outsiders write."""


def reason_of(error: Exception) -> tuple[FaultReason, str, str, str]:
    """Reason, explanation, field and remedy of an error; none of them repeats a value."""
    match error:
        case SenderFault():
            return error.reason, error.message, error.field, error.remedy
        case RecordTooLargeError():
            words = "what follows from this input is too large for the broker"
            remedy = "look at the episode; raise the limit at broker and hub, then redrive it"
            return FaultReason.POLICY_ERROR, words, "", remedy
        case HubFault():
            return error.reason, error.message, "", "mend the policy or the code, then redrive it"
        case _:
            words = f"the hub could not decide this input ({type(error).__name__})"
            return FaultReason.POLICY_ERROR, words, "", "report it with this id, then redrive it"


def family_of(schemas: Schemas, event: Event | None) -> str | None:
    """The family of an event (`safeguarding`), on which it depends how soon its gap opens.

    A correction or a retraction belongs to the family of what it is about, where it says that.
    """
    if event is None:
        return None
    target = event.body.get("target_type")
    return family_of_type(schemas, event.type) or family_of_type(schemas, target)


def key_of(record: ConsumerRecord) -> bytes:
    """The key under which state is kept; the empty one for a stranger's record that has none.

    Our own keys are text.  What has no key, or one that is no text, belongs to nobody's episode.
    """
    key: bytes = record.key or b""
    try:
        key.decode()
    except UnicodeDecodeError:
        return b""
    return key


def quarantined(
    error: Exception,
    *,
    agent: str,
    original: bytes | None,
    received_at: datetime,
    source: str = "unknown",
    event_type: str | None = None,
    family: str | None = None,
    episode_id: str | None = None,
    identity: str | None = None,
) -> Output:
    """The record that keeps an undecided input; `identity`, or else its bytes, tells it apart."""
    reason, explanation, field, remedy = reason_of(error)
    original = original or b""
    kept = original[:ORIGINAL_KEPT_BYTES]
    if len(kept) < len(original):
        explanation += f" (kept: the first {len(kept)} of {len(original)} bytes)"
    # The family is part of it: the same bytes on a safeguarding topic are a gap of their own.
    quarantine_id = derive("q", agent, reason, family or "", identity or original.hex())
    what = {"agent": agent, "reason": reason.value, "quarantine_id": quarantine_id}
    log().warning("quarantined", error=type(error).__name__, **what)
    record = QuarantineRecord(
        quarantine_id=quarantine_id,
        reason=reason,
        explanation=explanation,
        field=field,
        remedy=remedy,
        door="kafka" if agent in OUTER else "worker",
        source=source,
        event_type=event_type,
        family=family,
        content_type=CONTENT_TYPE,
        original=kept,
        received_at=received_at,
        owner=OWNER,
        episode_id=episode_id,
    )
    return Output(QUARANTINE, quarantine_id.encode(), encode_quarantine(record))
