"""A quarantined original becomes an input of its own episode, so that somebody owns it."""

from hub.core.model import Input, InputKind, QuarantineNote
from hub.edges.avro import decode_quarantine


def note_of(value: bytes) -> Input:
    """The input that tells the core of one quarantine record."""
    record = decode_quarantine(value)
    return Input(
        input_id=f"{record.quarantine_id}:quarantined:{record.received_at.isoformat()}",
        kind=InputKind.QUARANTINED,
        at=record.received_at,
        episode_id=f"q-{record.quarantine_id}",
        quarantine=QuarantineNote(
            quarantine_id=record.quarantine_id,
            reason=record.reason.value,
            family=record.family or "unknown",
            source=record.source,
            event_type=record.event_type,
            refused_at=record.received_at,
        ),
    )
