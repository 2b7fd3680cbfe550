"""Compiled code does what fastavro does, byte for byte, or leaves it to fastavro."""

from datetime import UTC, datetime
from io import BytesIO
from typing import Any, get_args

import fastavro
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.core.faults import SenderFault
from hub.core.model import Event
from hub.core.outcomes import Outcome, WakeWanted, type_of_outcome
from hub.edges import avro
from hub.edges.avro import LARGEST_INNER_BYTES, Codec
from hub.edges.dates import Dates
from hub.edges.doors import LARGEST_EVENT_BYTES, envelope_of, event_from_json
from hub.edges.records import DecisionRecord, InputRecord
from hub.edges.schemas import Released, default_schemas
from tests.effort import cases
from tests.schemas.strategies import events, values

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SCHEMAS = default_schemas()
CODEC = Codec(SCHEMAS)
WIRE = CODEC._wire
DATES = Dates(SCHEMAS)
WAKE = DecisionRecord(
    episode_id="e",
    seq=1,
    input_id="i",
    input_partition=0,
    input_offset=0,
    at=NOW,
    policy_version="p",
    outcomes=(WakeWanted(at=NOW),),
)
EVERY_EVENT = pytest.mark.parametrize("event_type", SCHEMAS.event_types())
EVERY_OUTCOME = pytest.mark.parametrize(
    "outcome", get_args(type_of_outcome), ids=lambda it: it.__name__
)


def by_fastavro(released: Released, record: Any) -> bytes:
    """The bytes that fastavro alone writes, with the header in front."""
    out = BytesIO()
    out.write(b"\0" + released.id.to_bytes(4, "big"))
    fastavro.schemaless_writer(out, released.parsed, record)
    return out.getvalue()


def read_by_fastavro(released: Released, sent: bytes) -> Any:
    """What fastavro alone reads; None for bytes that it refuses or does not use up."""
    try:
        record = WIRE.read_as(released, sent)
    except SenderFault:
        return None
    if released.event:
        DATES.restore(released.stem, record)
    return record


def plain(record: msgspec.Struct) -> dict[str, Any]:
    """A record of the core as fastavro takes it, each outcome with the name of its branch."""
    built: dict[str, Any] = msgspec.to_builtins(record, builtin_types=(datetime, bytes))
    if isinstance(record, DecisionRecord):
        built["outcomes"] = [(CODEC._branches[it["kind"]], it) for it in built["outcomes"]]
    return built


def record_of(event: Event) -> dict[str, Any]:
    """An event as the codec hands it to the writer."""
    envelope = {**envelope_of(event), "receivedat": event.received_at}
    return {"envelope": envelope, **event.body}


@EVERY_EVENT
@given(pick=st.data())
@settings(max_examples=cases(30), deadline=None)
def test_an_event_is_written_and_read_as_by_fastavro(event_type: str, pick: st.DataObject) -> None:
    """Every schema is compiled, and no event is left to the fallback."""
    released = SCHEMAS.current(event_type)
    event = event_from_json(pick.draw(events(SCHEMAS, event_type)), NOW, SCHEMAS)

    written = WIRE.write_fast(event_type, record_of(event), LARGEST_EVENT_BYTES)

    assert written == by_fastavro(released, record_of(event))
    assert WIRE.read_fast(released, written) == read_by_fastavro(released, written)


@EVERY_EVENT
@given(pick=st.data())
@settings(max_examples=cases(10), deadline=None)
def test_an_event_passed_on_is_written_as_an_event_let_in(
    event_type: str, pick: st.DataObject
) -> None:
    """What a door has just checked is the same whether it is checked again or not."""
    event = event_from_json(pick.draw(events(SCHEMAS, event_type)), NOW, SCHEMAS)

    assert avro.encode_event(event) == avro.pass_event_on(event)


@EVERY_OUTCOME
@given(pick=st.data())
@settings(max_examples=cases(40), deadline=None)
def test_an_outcome_is_written_as_by_fastavro(outcome: type[Outcome], pick: st.DataObject) -> None:
    """With every field set and unset, and several in one decision."""
    said = tuple(pick.draw(st.lists(values(outcome), min_size=1, max_size=3)))
    decision = msgspec.structs.replace(WAKE, outcomes=said)

    written = WIRE.write_fast("hub.decision", decision, LARGEST_INNER_BYTES)

    assert written == by_fastavro(SCHEMAS.current("hub.decision"), plain(decision))


@given(record=values(InputRecord), event=st.none() | st.binary(max_size=300))
@settings(max_examples=cases(200), deadline=None)
def test_an_input_is_written_and_read_as_by_fastavro(
    record: InputRecord, event: bytes | None
) -> None:
    """Receipts, notes, teams and whatever bytes the event is."""
    record = msgspec.structs.replace(record, event=event)
    released = SCHEMAS.current("hub.input")

    written = WIRE.write_fast("hub.input", record, LARGEST_INNER_BYTES)

    assert written == by_fastavro(released, plain(record))
    assert WIRE.read_fast(released, written) == record


UNUSUAL: dict[str, dict[str, Any]] = {
    "an instant without a zone": {"at": datetime(2026, 3, 1)},  # noqa: DTZ001  that is the point
    "truth for a number": {"seq": True},
    "a number of more than 32 bits": {"input_partition": 2**31},
    "a number of more than 64 bits": {"input_offset": 2**63},
    "bytes for a text": {"episode_id": b"e"},
    "nothing for a text": {"episode_id": None},
    "a text that is no text": {"episode_id": "\ud800"},
    "a number for a text": {"episode_id": 7},
    "a list of outcomes": {"outcomes": [WakeWanted(at=NOW)]},
    "a stranger among the outcomes": {"outcomes": (NOW,)},
}


@pytest.mark.parametrize("changes", UNUSUAL.values(), ids=UNUSUAL)
def test_what_is_unusual_is_left_to_fastavro(changes: dict[str, Any]) -> None:
    """Compiled code judges nothing: it writes what is plainly right, or steps back."""
    decision = msgspec.structs.replace(WAKE, **changes)

    assert WIRE.write_fast("hub.decision", decision, LARGEST_INNER_BYTES) is None


@pytest.mark.parametrize("at", [datetime(1900, 1, 1, tzinfo=UTC), datetime(1, 1, 2, tzinfo=UTC)])
def test_instants_before_1970_are_written_too(at: datetime) -> None:
    """A negative number of microseconds."""
    decision = msgspec.structs.replace(WAKE, at=at)

    written = WIRE.write_fast("hub.decision", decision, LARGEST_INNER_BYTES)

    assert written == by_fastavro(SCHEMAS.current("hub.decision"), plain(decision))


@EVERY_EVENT
@given(pick=st.data(), at=st.integers(0, 10_000), flip=st.integers(1, 255), cut=st.booleans())
@settings(max_examples=cases(40), deadline=None)
def test_damaged_bytes_are_never_read_otherwise(
    event_type: str, pick: st.DataObject, at: int, flip: int, *, cut: bool
) -> None:
    """Whatever compiled code still reads of damaged bytes, fastavro reads just so."""
    released = SCHEMAS.current(event_type)
    event = event_from_json(pick.draw(events(SCHEMAS, event_type)), NOW, SCHEMAS)
    written = avro.pass_event_on(event)
    place = 5 + at % (len(written) - 5)
    changed = bytes([written[place] ^ flip])
    damaged = written[:place] if cut else written[:place] + changed + written[place + 1 :]

    found = WIRE.read_fast(released, damaged)

    assert found is None or found == read_by_fastavro(released, damaged)


@given(record=values(InputRecord), at=st.integers(0, 10_000), flip=st.integers(1, 255))
@settings(max_examples=cases(400), deadline=None)
def test_a_damaged_input_is_never_read_otherwise(record: InputRecord, at: int, flip: int) -> None:
    """As for events; a Struct is compared with what msgspec makes of fastavro's dictionary."""
    released = SCHEMAS.current("hub.input")
    damaged = bytearray(by_fastavro(released, plain(record)))
    damaged[5 + at % (len(damaged) - 5)] ^= flip

    found = WIRE.read_fast(released, bytes(damaged))

    if found is not None:
        reference = read_by_fastavro(released, bytes(damaged))
        assert found == msgspec.convert(reference, InputRecord)


@given(noise=st.binary(max_size=200), released=st.sampled_from(sorted(SCHEMAS._by_id)))
@settings(max_examples=cases(400), deadline=None)
def test_noise_is_never_read_otherwise(noise: bytes, released: int) -> None:
    """Array bombs, endless numbers and lengths below zero among it."""
    one = SCHEMAS._by_id[released]
    sent = b"\0" + released.to_bytes(4, "big") + noise

    found = WIRE.read_fast(one, sent)

    if found is not None:
        reference = read_by_fastavro(one, sent)
        same = found if one.event else plain(found)
        assert reference is not None
        assert one.event is False or same == reference
