"""A receipt that a subscriber wrote to Kafka becomes an input of the episode it names.

It comes as the event `notice.receipt`, whose subject is the family by the `episode_id` of the
notice: the only name of theirs that a subscriber and the hub share.  Whether the notice was ever
issued is for the core to say.
"""

import re
from datetime import datetime

from hub.core.faults import FaultReason, SenderFault
from hub.core.ids import derive
from hub.core.model import Event, Input, InputKind, Receipt, Signal

RECEIPT = "notice.receipt"

EPISODE_ID = re.compile(r"(ep|m)-[0-9a-f]{20}")
"""As `hub.core.identity` and `hub.core.matters` make them; anything else would be an
episode of nobody."""

CODE = re.compile(r"[A-Za-z0-9_.:\-]{1,64}")
"""What a code looks like, as for receipts over HTTPS; free text could identify somebody."""


def input_of(event: Event, now: datetime) -> Input:
    """The receipt as the core is told it.  Raises SenderFault, naming the field."""
    _check(event)
    body = event.body
    return Input(
        input_id=derive("i", "receipt", event.source, event.id),
        kind=InputKind.RECEIPT,
        at=now,
        episode_id=event.subject.reference,
        receipt=Receipt(
            notice_id=body["notice_id"],
            signal=Signal(body["signal"]),
            organisation=event.organisation,
            at=event.occurred_at,
            role=body["role"],
            person=body["person"],
            channel=body["channel"],
            detail=body["detail"],
        ),
    )


def _check(event: Event) -> None:
    if event.type != RECEIPT:
        raise SenderFault(
            FaultReason.SCHEMA_VIOLATION,
            "only receipts may be sent here",
            field="type",
            remedy="publish events to their family's topic",
        )
    if EPISODE_ID.fullmatch(event.subject.reference) is None:
        raise SenderFault(
            FaultReason.UNKNOWN_NOTICE,
            "the receipt does not say to which family its notice belongs",
            field="subject.reference",
            remedy="send the episode_id of the notice as the subject's reference",
        )
    if event.body["organisation"] != event.organisation:
        raise SenderFault(
            FaultReason.NOT_YOUR_ORGANISATION,
            "the receipt speaks for another organisation than its source",
            field="data.organisation",
            remedy="send your own ODS code in both",
        )
    for name in ("role", "person", "channel", "detail"):
        value = event.body[name]
        if value is not None and CODE.fullmatch(value) is None:
            raise SenderFault(
                FaultReason.SCHEMA_VIOLATION,
                "the field holds more than a code",
                field=f"data.{name}",
                remedy="send a code of up to 64 letters, digits and . _ : -",
            )
