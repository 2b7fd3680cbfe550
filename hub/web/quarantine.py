"""Quarantine: what could not be decided, shown without identities, and sent through again.

A redrive takes the original bytes through the same mapping and the same checks as the door did,
with today's software and today's directory.  It quarantines nothing anew: what still fails stays
where it is, and the page says why.
"""

from datetime import datetime
from functools import cache
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection

from hub.core.faults import FaultReason, SenderFault
from hub.core.ids import derive
from hub.core.model import Event, Input, InputKind, QuarantineNote
from hub.edges import avro, hl7v2
from hub.edges.cda.document import fhir_from_cda
from hub.edges.cloudevents import read_all
from hub.edges.csv_rows import CSV_TYPE, event_of_row, read_sheet
from hub.edges.fhir import reader as fhir
from hub.edges.fhir.reader import open_fhir
from hub.edges.fhir.tree import Node
from hub.edges.formats import Format, pieces_of
from hub.edges.hl7v2_profile import Profile, load_profile
from hub.edges.intake import check_event
from hub.edges.schemas import Schemas
from hub.store import read_model
from hub.store.quarantine import UNRESOLVED, went_through
from hub.store.read_lines import QuarantineItem, QuarantineLine
from hub.web.api_events import check_sender, topic_of
from hub.web.desk import Desk

NOT_REDRIVEN: Final = {
    FaultReason.DUPLICATE_CONFLICT: "The publisher must send it again under an id of its own.",
    FaultReason.TWO_CANDIDATES: "Nothing says yet which of two people is meant. The publisher must "
    "send it again with the mother's NHS number, or send the merge of her two records first.",
    FaultReason.OVERSIZE: "Only a part of the original is kept. The publisher must send less.",
}
"""Reasons that sending the same bytes again can never mend."""


class Redriven(Struct, frozen=True, kw_only=True):
    """What became of an attempt to send an original through again."""

    done: bool
    reason: str = ""
    message: str = ""
    field: str = ""
    remedy: str = ""


async def redrive(desk: Desk, quarantine_id: str, person_id: str, now: datetime) -> Redriven:
    """Send one original through again.  Raises LookupError, or Unavailable when Kafka is away."""
    item = await desk.read(read_model.quarantine_item, quarantine_id)
    if item is None:
        raise LookupError(quarantine_id)
    tried = trial(desk, item, now)
    if not tried.done:
        return tried
    for event in events_of(item, desk.schemas):
        await desk.publisher.publish_event(event, topic=await topic_of(desk, event))
    await desk.publisher.publish_input(redriven_input(item, now))
    await desk.write(mark_redriven, item.line, person_id, now)
    return Redriven(done=True)


def trial(desk: Desk, item: QuarantineItem, now: datetime) -> Redriven:
    """Whether an original would go through now, or why not.  Sends nothing.

    All its events are checked, so that no original goes through in part.
    """
    if item.line.state not in UNRESOLVED:
        return Redriven(done=False, message="It is no longer open; nothing was sent.")
    never = NOT_REDRIVEN.get(FaultReason(item.line.reason))
    if never is not None:
        return Redriven(done=False, reason=item.line.reason, message=never)
    try:
        for event in events_of(item, desk.schemas):
            check_event(event, desk.directory, now)
            avro.encode_event(event)
    except SenderFault as fault:
        return Redriven(
            done=False,
            reason=fault.reason,
            message=fault.message,
            field=fault.field,
            remedy=fault.remedy,
        )
    return Redriven(done=True)


def events_of(item: QuarantineItem, schemas: Schemas) -> tuple[Event, ...]:
    """The events in an original, by the mapping of the door it came through.

    The arrival is the first one, so that a deadline runs from when we could have known.  Raises
    SenderFault.
    """
    line, original = item.line, item.original
    if line.door == "mllp":
        return hl7v2.events_from(original, _profile(), line.received_at).events
    if line.content_type == CSV_TYPE:
        return _from_csv(item, schemas)
    if line.door == "https" and (form := _form_of(original)) is not Format.HUB_JSON:
        return _from_elsewhere(form, item)
    if line.door == "https":
        event = avro.event_from_json(original, line.received_at)
        # The door noted whose key it was; a redrive must not lend the event another's name.
        check_sender(event, line.source.partition(":")[0])
        return (event,)
    return (avro.decode_event(original, line.received_at),)


def _form_of(original: bytes) -> Format:
    """The language of an original of the HTTPS doors; what cannot be told is the hub's own."""
    first = next(pieces_of(original))
    return Format.HUB_JSON if first.format is Format.UNKNOWN else first.format


def _from_elsewhere(form: Format, item: QuarantineItem) -> tuple[Event, ...]:
    """The events of a FHIR document or of CloudEvents, by the key's organisation."""
    line, sender = item.line, item.line.source.partition(":")[0]
    if form is Format.CLOUDEVENT:
        mapped = read_all(item.original, line.received_at, sender)
    else:
        dialect, root = _opened(item.original, form)
        mapped = fhir.events_from(root, dialect, line.received_at, sender)
    if mapped.removed:
        raise SenderFault(
            FaultReason.UNKNOWN_TARGET,
            "this deletes resources, and is answered by the door only",
            field="Bundle.entry.request.url",
            remedy="ask its sender to send it again; nothing is lost by it",
        )
    for event in mapped.events:
        check_sender(event, sender)
    return mapped.events


def _opened(original: bytes, form: Format) -> tuple[Format, Node]:
    if form is Format.CDA:
        return form, fhir_from_cda(original)
    return open_fhir(original, form)


def _from_csv(item: QuarantineItem, schemas: Schemas) -> tuple[Event, ...]:
    """The events of the rows that were kept: one, or all of a file that was refused whole."""
    line, sender = item.line, item.line.source.partition(":")[0]
    read = [
        event_of_row(
            row,
            schemas,
            line.received_at,
            event_type=line.event_type or "",
            sender=sender,
        )
        for row in read_sheet(item.original).rows
    ]
    for event in read:
        check_sender(event, sender)
    return tuple(read)


@cache
def _profile() -> Profile:
    """The site's profile, read once: it is data that changes with a release."""
    return load_profile()


def redriven_input(item: QuarantineItem, now: datetime) -> Input:
    """Tells the core that the gap about this quarantined input may close."""
    line = item.line
    return Input(
        input_id=derive("i", "redriven", line.quarantine_id, line.received_at.isoformat()),
        kind=InputKind.REDRIVEN,
        at=now,
        episode_id=episode_of(line.quarantine_id),
        quarantine=QuarantineNote(
            quarantine_id=line.quarantine_id,
            reason=line.reason,
            family=line.family or "",
            source=line.source,
            event_type=line.event_type,
            refused_at=line.received_at,
        ),
    )


def episode_of(quarantine_id: str) -> str:
    """The pseudo-episode whose one gap stands for a quarantined input."""
    return f"q-{quarantine_id}"


def mark_redriven(conn: Connection, line: QuarantineLine, person_id: str, now: datetime) -> None:
    """Close the row in quarantine, and the return of one that was on its way back.

    One that is closed already stays as it is, and so does one that was refused again meanwhile.
    """
    refusal = (line.quarantine_id, line.received_at)
    went_through(conn, refusal, by=person_id, now=now)
