"""Keys, ids and quarantine records: what can be seen without Kafka."""

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from msgspec import structs

from hub.core.faults import FaultReason, SenderFault
from hub.core.model import Event, Person
from hub.edges import avro
from hub.edges.publish import ORIGINAL_KEPT_BYTES, Original, Publisher, Unavailable
from tests.ports import reserved_port

NOW = datetime(2026, 3, 12, 12, 0, tzinfo=UTC)
SECRET = b"a secret of the test"
ORIGINAL = Original(body=b"MSH|", door="mllp", content_type="text/plain", received_at=NOW)
FAULT = SenderFault(FaultReason.UNPARSEABLE, "it is not HL7", field="MSH", remedy="send HL7")


def publisher(secret: bytes = SECRET, port: int = 1) -> Publisher:
    """One that is not started; nobody listens on the port."""
    return Publisher(f"127.0.0.1:{port}", secret, confirm_seconds=0.5)


def event(reference: str, source: str = "RXX:MAT_PAS", number: str | None = "9990000018") -> Event:
    """An event about someone."""
    return Event(
        id="e",
        type="encounter.updated",
        source=source,
        occurred_at=NOW,
        received_at=NOW,
        subject=Person(reference=reference, nhs_number=number),
    )


def test_a_key_is_the_same_for_all_that_one_source_says_of_one_person() -> None:
    """So that her events stay in order; another source or person has another key."""
    hub = publisher()
    assert hub.event_key(event("RXX/1")) == hub.event_key(event("RXX/1", number=None))
    keys = {
        hub.event_key(event("RXX/1")),
        hub.event_key(event("RXX/2")),
        hub.event_key(event("RXX/1", source="RXX:ED")),
        publisher(b"another").event_key(event("RXX/1")),
    }
    assert len(keys) == 4


def test_a_key_shows_no_identity() -> None:
    """Also where only the number is known."""
    key = publisher().event_key(event("", number="9990000018")).decode()
    assert "9990000018" not in key
    assert len(key) == 32
    assert key != publisher().event_key(event("", number="9990000026")).decode()


def test_a_repeated_fault_fills_one_row_a_day() -> None:
    """The id comes from the bytes, the door, the reason and the day."""
    hub = publisher()
    first = hub.quarantine_id(FAULT.reason, ORIGINAL)
    later = replace(ORIGINAL, received_at=NOW + timedelta(hours=11))
    assert first == hub.quarantine_id(FAULT.reason, later)
    others = {
        hub.quarantine_id(FAULT.reason, replace(ORIGINAL, received_at=NOW + timedelta(days=1))),
        hub.quarantine_id(FAULT.reason, replace(ORIGINAL, body=b"MSH||")),
        hub.quarantine_id(FAULT.reason, replace(ORIGINAL, door="https")),
        hub.quarantine_id(FaultReason.OVERSIZE, ORIGINAL),
    }
    assert len(others | {first}) == 5


def test_a_quarantine_record_holds_the_original_whole() -> None:
    """And the operator owns it."""
    hub = publisher()
    original = replace(ORIGINAL, body=bytes(range(256)) * 100, event_type="encounter.updated")
    record = hub._record("q-1", FAULT, original)
    assert record == avro.decode_quarantine(avro.encode_quarantine(record))
    assert original.body == record.original
    assert ("HUB_OPERATOR", "unknown", "discharge") == (
        record.owner,
        record.source,
        record.family,
    )


def test_an_original_that_no_record_can_hold_is_cut_and_says_so() -> None:
    """2 MiB cannot go through Kafka; its beginning can."""
    record = publisher()._record("q-1", FAULT, replace(ORIGINAL, body=b"A" * 2**21))
    assert len(record.original) == ORIGINAL_KEPT_BYTES
    assert "of 2097152 bytes" in record.explanation
    assert record == avro.decode_quarantine(avro.encode_quarantine(record))


@pytest.mark.parametrize("event_type", [None, "no.such", "event.corrected"])
def test_the_family_of_an_unknown_event_is_unknown(event_type: str | None) -> None:
    """A correction follows the event it is about, which the door does not know."""
    record = publisher()._record("q-1", FAULT, replace(ORIGINAL, event_type=event_type))
    assert record.family is None


def test_a_correction_goes_where_it_is_told_or_to_the_pregnancy() -> None:
    """Every other type has its own topic."""
    hub = publisher()
    corrected = Event(
        id="c",
        type="event.corrected",
        source="RXX:MAT_PAS",
        occurred_at=NOW,
        received_at=NOW,
        subject=Person(reference="RXX/1"),
    )
    assert hub._topic_of(corrected, None) == "perinatal.pregnancy"
    assert hub._topic_of(corrected, "perinatal.discharge") == "perinatal.discharge"
    assert hub._topic_of(event("RXX/1"), None) == "perinatal.discharge"
    said = structs.replace(corrected, body={"target_type": "discharge.summary"})
    assert hub._topic_of(said, None) == "perinatal.discharge"
    assert (
        hub._topic_of(structs.replace(said, body={"target_type": []}), None)
        == "perinatal.pregnancy"
    )


def test_without_kafka_every_write_is_refused_soon() -> None:
    """Within the bound, and the publisher still stops."""

    async def scene() -> float:
        hub = publisher(port=reserved_port())
        await hub.start()
        began = time.monotonic()
        with pytest.raises(Unavailable):
            await hub.quarantine(FAULT, ORIGINAL)
        took = time.monotonic() - began
        await hub.stop()
        return took

    assert 0.4 < asyncio.run(scene()) < 3
