"""Giving an original back to its sender: with a coded reason, a short sentence, and the truth.

*Returned* says that it is recorded and offered, over the best way that its sender has; nothing
more.  It is owned here until the sender has it or somebody gives it up.  The record that goes out
names places and codes: the original is the sender's own, and no value of it is repeated.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from hub.core.faults import FaultReason
from hub.core.ids import derive
from hub.edges.directory import Sender
from hub.edges.publish import Unavailable
from hub.ops import limits_documents as limits
from hub.store import read_model, returns
from hub.store.quarantine import QuarantineState
from hub.store.read_lines import QuarantineItem, QuarantineLine
from hub.store.returns import BY_A_PERSON, Ended, ReturnLine, Way
from hub.store.sender_mails import mailed_to
from hub.store.sender_posts import PostKind, post_about, queue_post
from hub.web.desk import Desk, Refusal
from hub.web.quarantine import redriven_input

LONGEST: Final = limits.SENTENCE.value

_LONG_NUMBER: Final = re.compile(r"\d(?:[ .\-/]?\d){5,}")
"""An NHS number, a date or a number of a record, however it is spaced."""
_WORD: Final = re.compile(r"[^\W\d_]{3,}")
_PEOPLE_SEGMENTS: Final = ("PID", "NK1", "MRG", "GT1", "IN1", "ZPR")
_PEOPLE_MEMBERS: Final = frozenset(
    {"subject", "name", "family", "given", "family_name", "given_name", "address", "line", "city"}
    | {"postcode", "postalCode", "telecom", "nhs_number", "birthDate", "birth_date", "mothers_name"}
)
_PEOPLE_ELEMENTS: Final = re.compile(
    r"<(?:\w+:)?(?:family|given|line|city|streetAddressLine|name|prefix)\b"
    r"(?:[^>]*?value=\"([^\"]*)\")?[^>]*>([^<]*)"
)


class ReturnedRecord(Struct, frozen=True, kw_only=True):
    """What a sender is told of an original that went back to it."""

    quarantine_id: str
    event_id: str | None
    """The id that the original gave itself, where it could be read."""
    event_type: str | None
    source: str
    door: str
    state: str
    """returned, collected, closed or redriven."""
    reason: str
    explanation: str
    field: str
    remedy: str
    sentence: str
    """What the person who gave it back wrote; empty when she added nothing."""
    way: str
    received_at: datetime
    returned_at: datetime
    ended_at: datetime | None
    ended_how: str | None


def record_of(item: QuarantineLine, line: ReturnLine) -> ReturnedRecord:
    """The record of a return."""
    return ReturnedRecord(
        quarantine_id=line.quarantine_id,
        event_id=line.event_id,
        event_type=item.event_type,
        source=item.source,
        door=item.door,
        state=line.state,
        reason=line.reason,
        explanation=item.explanation,
        field=item.field,
        remedy=item.remedy,
        sentence=line.sentence,
        way=line.way,
        received_at=line.refused_at,
        returned_at=line.returned_at,
        ended_at=line.ended_at,
        ended_how=line.ended_how if line.ended_at is not None else None,
    )


def way_to(sender: Sender, item: QuarantineLine, *, known: bool) -> Way:
    """The best way back to where an original came from."""
    if sender.webhook:
        return Way.WEBHOOK
    if known and item.door == "https":
        return Way.RECORD
    return Way.CONTACT if sender.operations else Way.NOBODY


async def give_back(
    desk: Desk, quarantine_id: str, reason: str, sentence: str, person_id: str
) -> ReturnLine:
    """Record a return and offer it.  Raises Refusal, and LookupError for an unknown original."""
    item = await desk.read(read_model.quarantine_item, quarantine_id)
    if item is None:
        raise LookupError(quarantine_id)
    if reason not in set(FaultReason):
        raise Refusal(422, "There is no such reason", "Choose one of the list.")
    said = " ".join(sentence.split())
    check_sentence(said, item.original)
    organisation = item.line.source.partition(":")[0]
    known = desk.directory.knows(organisation)
    sender = desk.directory.sender(organisation)
    line = ReturnLine(
        quarantine_id=quarantine_id,
        refused_at=item.line.received_at,
        organisation=organisation,
        event_id=own_id_of(item),
        reason=reason,
        sentence=said,
        way=way_to(sender, item.line, known=known),
        returned_at=desk.clock.now(),
        returned_by=person_id,
    )
    if not await desk.write(_give_back, item.line, line, desk.real_now()):
        raise Refusal(409, "It is no longer open; nothing was returned", "Open it again.")
    return line


def _give_back(
    conn: Connection, item: QuarantineLine, line: ReturnLine, real_now: datetime
) -> bool:
    """The return, and the post about it, in one transaction."""
    if not returns.give_back(conn, line):
        return False
    if line.way == Way.WEBHOOK:
        record = record_of(item, line)
        body = {"type": PostKind.RETURNED, "timestamp": line.returned_at, "data": record}
        post_id = derive("p", line.quarantine_id, line.refused_at.isoformat())
        queue_post(
            conn,
            post_id,
            line.organisation,
            PostKind.RETURNED,
            line.quarantine_id,
            msgspec.json.encode(body),
            real_now,
        )
    return True


async def end(desk: Desk, line: ReturnLine, how: Ended, by: str) -> ReturnLine:
    """The sender has it, or it is given up: the core hears first, so that its gap may close.

    Raises Unavailable when Kafka is away; then nothing is written, and it is still owned.
    """
    item = await desk.read(read_model.quarantine_item, line.quarantine_id)
    if item is None or line.state != QuarantineState.RETURNED:
        return line
    if not await desk.write(returns.begin_end, line, how):
        return await desk.read(returns.return_of, line.quarantine_id) or line
    now = desk.clock.now()
    refusal = replace(item.line, received_at=line.refused_at)
    told = redriven_input(QuarantineItem(line=refusal, original=b""), now)
    try:
        await desk.publisher.publish_input(told)
    except Unavailable:
        await desk.write(returns.begin_end, line, None)
        raise
    await desk.write(returns.end_return, line, how, by, now)
    return await desk.read(returns.return_of, line.quarantine_id) or line


async def shown_return(desk: Desk, item: QuarantineLine) -> dict[str, Any]:
    """What the page of an original says of its way back."""
    line = await desk.read(returns.return_of, item.quarantine_id)
    if line is not None and line.refused_at != item.received_at:
        line = None
    organisation = item.source.partition(":")[0]
    sender = desk.directory.sender(organisation)
    post = await desk.read(post_about, PostKind.RETURNED, item.quarantine_id)
    return {
        "back": line,
        "before": await desk.read(returns.returned_before, (item.quarantine_id, item.received_at)),
        "post": post if line is not None else None,
        "sender": sender,
        "mailed": await desk.read(mailed_to, organisation),
        "way": way_to(sender, item, known=desk.directory.knows(organisation)),
        "reasons": tuple(FaultReason),
        "ends": BY_A_PERSON,
        "longest": LONGEST,
    }


# --- no identity goes out ---------------------------------------------------------------------


def check_sentence(sentence: str, original: bytes) -> None:
    """Refuse words that could name somebody: long numbers, and names that the original holds.

    The check knows nobody by heart, and so cannot take the place of care.  Raises Refusal.
    """
    if len(sentence) > LONGEST:
        raise Refusal(422, f"Write at most {LONGEST} characters", "Shorten it and try again.")
    if _LONG_NUMBER.search(sentence):
        raise Refusal(
            422,
            "The sentence holds a long number, which could identify somebody",
            "Name the field instead; the sender has the original.",
        )
    names = {word.lower() for text in _texts_of_people(original) for word in _WORD.findall(text)}
    if any(word.lower() in names for word in _WORD.findall(sentence)):
        raise Refusal(
            422,
            "The sentence holds a word that the original says of a person",
            "Name the field instead; the sender has the original.",
        )


def _texts_of_people(original: bytes) -> Iterator[str]:
    """What an original says in the places that hold names and addresses, in any language."""
    text = original.decode("utf-8", "replace")
    for segment in re.split(r"[\r\n]+", text):
        if segment[:3] in _PEOPLE_SEGMENTS:
            yield segment[4:]
    for found in _PEOPLE_ELEMENTS.finditer(text):
        yield f"{found[1] or ''} {found[2]}"
    try:
        waiting: list[tuple[Any, bool]] = [(json.loads(text), False)]
    except (ValueError, RecursionError):
        return
    while waiting:
        value, of_person = waiting.pop()
        if isinstance(value, dict):
            waiting += [
                (inner, of_person or key in _PEOPLE_MEMBERS) for key, inner in value.items()
            ]
        elif isinstance(value, list):
            waiting += [(inner, of_person) for inner in value]
        elif of_person:
            yield str(value)


_OWN_ID: Final = re.compile(r"[A-Za-z0-9.:_\-]{1,200}", re.ASCII)


def own_id_of(item: QuarantineItem) -> str | None:
    """The id that an original gave itself, so that its sender may ask by it; None for none.

    What could hold an identity is passed over: an id with ten digits in a row is none.
    """
    original, found = item.original, ""
    if item.line.door == "mllp":
        fields = original.split(b"\r", 1)[0].split(original[3:4] or b"|")
        found = fields[9].decode("utf-8", "replace") if len(fields) > 9 else ""
    elif original.lstrip()[:1] == b"{":
        try:
            found = str(json.loads(original).get("id") or "")
        except (ValueError, RecursionError):
            return None
    safe = _OWN_ID.fullmatch(found) and not re.search(r"\d{10}", found)
    return found if safe else None
