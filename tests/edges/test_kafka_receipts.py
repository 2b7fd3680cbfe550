"""What a subscriber writes to `hub.receipts` is a receipt of its own family and house."""

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from agents.receipts import input_of
from hub.core.faults import FaultReason, SenderFault
from hub.core.model import Event, InputKind, Person, Signal

NOW = datetime(2026, 3, 24, 11, tzinfo=UTC)
EPISODE = "ep-0123456789abcdef0123"
RECEIPT = Event(
    id="r-1",
    type="notice.receipt",
    source="RYX:HV_SYSTEM",
    occurred_at=NOW,
    received_at=NOW,
    subject=Person(reference=EPISODE),
    body={
        "notice_id": "n-1",
        "signal": "accepted",
        "organisation": "RYX",
        "role": "HV_TEAM",
        "person": "hv-5",
        "channel": "kafka",
        "detail": None,
    },
)


def test_a_receipt_becomes_evidence_of_its_own_family() -> None:
    """Episode from the subject, witness from the source, and one id however often it is read."""
    given = input_of(RECEIPT, NOW)
    assert given == input_of(RECEIPT, NOW)
    assert (InputKind.RECEIPT, EPISODE) == (given.kind, given.episode_id)
    assert given.receipt is not None
    assert ("n-1", Signal.ACCEPTED, "RYX", "hv-5") == (
        given.receipt.notice_id,
        given.receipt.signal,
        given.receipt.organisation,
        given.receipt.person,
    )


@pytest.mark.parametrize(
    ("wrong", "reason", "field"),
    [
        (replace(RECEIPT, type="pregnancy.booked"), FaultReason.SCHEMA_VIOLATION, "type"),
        (
            replace(RECEIPT, subject=Person(reference="MAT48213")),
            FaultReason.UNKNOWN_NOTICE,
            "subject.reference",
        ),
        (
            replace(RECEIPT, subject=Person(reference="q-0123456789abcdef0123")),
            FaultReason.UNKNOWN_NOTICE,
            "subject.reference",
        ),
        (
            replace(RECEIPT, source="Y99001:EMIS"),
            FaultReason.NOT_YOUR_ORGANISATION,
            "data.organisation",
        ),
        (
            replace(RECEIPT, body={**RECEIPT.body, "detail": "she said so"}),
            FaultReason.SCHEMA_VIOLATION,
            "data.detail",
        ),
    ],
    ids=["no-receipt", "own-reference", "quarantine", "for-another", "free-text"],
)
def test_anything_else_is_refused_by_field(wrong: Event, reason: FaultReason, field: str) -> None:
    """No event in disguise, no episode made up, nobody's name borrowed, no sentence."""
    with pytest.raises(SenderFault) as caught:
        input_of(wrong, NOW)
    assert (reason, field) == (caught.value.reason, caught.value.field)
