"""What reaches the door for events and is no event at all."""

from datetime import UTC, datetime

import pytest

from hub.core.faults import FaultReason, SenderFault
from hub.edges import avro

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("sentence", "sent", "reason"),
    [
        ("no JSON", b"MSH|^~\\&|", FaultReason.UNPARSEABLE),
        ("no UTF-8", b'{"id": "\xff"}', FaultReason.UNPARSEABLE),
        ("a list", b"[]", FaultReason.UNPARSEABLE),
        ("nothing", b"", FaultReason.UNPARSEABLE),
        ("not a number", b'{"id": NaN}', FaultReason.UNPARSEABLE),
        ("deeper than Python's stack", b"[" * 100_000, FaultReason.UNPARSEABLE),
        ("deep lists in a field", b'{"a":' + b"[" * 20 + b"]" * 20 + b"}", FaultReason.UNPARSEABLE),
        ("one byte too large", b'"' + b"x" * 262_142 + b'"' + b" ", FaultReason.OVERSIZE),
        ("at the limit, but no object", b'"' + b"x" * 262_142 + b'"', FaultReason.UNPARSEABLE),
    ],
)
def test_what_is_no_event_at_all(sentence: str, sent: bytes, reason: FaultReason) -> None:
    """Size first, then JSON, then an object, then its depth."""
    with pytest.raises(SenderFault) as caught:
        avro.event_from_json(sent, NOW)

    assert reason is caught.value.reason, sentence


def test_twenty_levels_are_still_judged_by_the_schema() -> None:
    """Below the limit of depth the answer names the field."""
    sent = b'{"type": "pregnancy.booked", "a":' + b"[" * 19 + b"]" * 19 + b"}"

    with pytest.raises(SenderFault) as caught:
        avro.event_from_json(sent, NOW)

    assert caught.value.reason is FaultReason.SCHEMA_VIOLATION
