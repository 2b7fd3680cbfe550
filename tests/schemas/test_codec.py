"""The codec: everything written is read back the same, and nothing else is read at all."""

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.core.faults import FaultReason, SenderFault
from hub.core.model import Input, InputKind
from hub.core.outcomes import Outcome, WakeWanted, type_of_outcome
from hub.edges import avro
from hub.edges.access import AccessRecord, access_codec
from hub.edges.avro import DecisionRecord, NoticeRecord, QuarantineRecord
from hub.edges.schemas import default_schemas
from tests.effort import cases
from tests.schemas.examples import REPLACEMENT
from tests.schemas.strategies import events, values

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SCHEMAS = default_schemas()
EVENT = avro.event_from_json(REPLACEMENT, NOW)
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
WRITTEN: dict[str, tuple[bytes, Callable[[bytes], Any]]] = {
    "event": (avro.encode_event(EVENT), lambda sent: avro.decode_event(sent, NOW)),
    "input": (
        avro.encode_input(
            Input(input_id="i", kind=InputKind.EVENT, at=NOW, episode_id="e", event=EVENT)
        ),
        avro.decode_input,
    ),
    "decision": (avro.encode_decision(WAKE), avro.decode_decision),
}
EVERY_KIND = pytest.mark.parametrize("kind", WRITTEN)


@pytest.mark.parametrize("event_type", SCHEMAS.event_types())
@given(pick=st.data())
@settings(max_examples=cases(25), deadline=None)
def test_every_event_survives_every_journey(event_type: str, pick: st.DataObject) -> None:
    """JSON to event, to Avro, back, into an input, back, and to JSON again: the same event."""
    sent = pick.draw(events(SCHEMAS, event_type))

    event = avro.event_from_json(sent, NOW)

    assert event == avro.decode_event(avro.encode_event(event), datetime(2030, 1, 1, tzinfo=UTC))
    assert event == avro.event_from_json(msgspec.json.encode(avro.event_to_json(event)), NOW)
    told = Input(input_id="i", kind=InputKind.EVENT, at=NOW, episode_id="e", event=event)
    assert told == avro.decode_input(avro.encode_input(told))


@given(told=values(Input))
@settings(max_examples=cases(200), deadline=None)
def test_every_input_is_read_as_it_was_written(told: Input) -> None:
    """Receipts, wakes, quarantine notes and teams, with every field set and unset."""
    assert told == avro.decode_input(avro.encode_input(told))


@pytest.mark.parametrize("outcome", get_args(type_of_outcome), ids=lambda it: it.__name__)
@given(pick=st.data())
@settings(max_examples=cases(40), deadline=None)
def test_every_outcome_is_read_as_it_was_written(
    outcome: type[Outcome], pick: st.DataObject
) -> None:
    """A field added to the core and forgotten in the schema is lost here, and seen."""
    said = tuple(pick.draw(st.lists(values(outcome), min_size=1, max_size=2)))
    decision = msgspec.structs.replace(WAKE, outcomes=said)

    assert decision == avro.decode_decision(avro.encode_decision(decision))


@given(decision=values(DecisionRecord), notice=values(NoticeRecord), kept=values(QuarantineRecord))
@settings(max_examples=cases(50), deadline=None)
def test_every_record_is_read_as_it_was_written(
    decision: DecisionRecord, notice: NoticeRecord, kept: QuarantineRecord
) -> None:
    """Decisions with mixed outcomes, notices, and quarantined originals byte for byte."""
    assert decision == avro.decode_decision(avro.encode_decision(decision))
    assert notice == avro.decode_notice(avro.encode_notice(notice))
    assert kept == avro.decode_quarantine(avro.encode_quarantine(kept))


@given(access=values(AccessRecord))
@settings(max_examples=cases(50), deadline=None)
def test_an_access_is_read_as_it_was_written(access: AccessRecord) -> None:
    """Of a person and of a system, with and without an episode."""
    codec = access_codec(SCHEMAS)
    assert access == codec.decode(codec.encode(access))


def test_an_event_keeps_the_arrival_that_our_edge_stamped() -> None:
    """A later reader's own clock must not move the time of arrival."""
    later = datetime(2026, 3, 2, tzinfo=UTC)

    assert avro.decode_event(avro.encode_event(EVENT), later).received_at == NOW


@EVERY_KIND
def test_trailing_bytes_are_refused(kind: str) -> None:
    """The library alone would pass over them in silence."""
    written, decode = WRITTEN[kind]

    assert _fault(lambda: decode(written + b"\0")) is FaultReason.UNPARSEABLE


@EVERY_KIND
def test_every_truncation_is_refused(kind: str) -> None:
    """A record cut at any byte is no record."""
    written, decode = WRITTEN[kind]

    found = {_fault(partial(decode, written[:cut])) for cut in range(len(written))}

    assert found == {FaultReason.UNPARSEABLE}


@EVERY_KIND
def test_a_number_that_is_not_ours_is_refused(kind: str) -> None:
    """Whatever a foreign registry says, only our own list counts."""
    written, decode = WRITTEN[kind]

    assert _fault(lambda: decode(b"\0\0\0\0\7" + written[5:])) is FaultReason.UNKNOWN_SCHEMA


@EVERY_KIND
def test_another_schema_of_ours_is_refused_too(kind: str) -> None:
    """A notice on the topic of decisions is as wrong as a stranger."""
    _, decode = WRITTEN[kind]
    notice = b"\0" + SCHEMAS.current("hub.notice").id.to_bytes(4, "big")

    assert _fault(lambda: decode(notice + b"\0" * 40)) is FaultReason.UNKNOWN_SCHEMA


@EVERY_KIND
def test_another_first_byte_is_refused(kind: str) -> None:
    """Plain JSON on an Avro topic, for instance."""
    written, decode = WRITTEN[kind]

    assert _fault(lambda: decode(b"{" + written[1:])) is FaultReason.UNPARSEABLE


@pytest.mark.parametrize(("kind", "largest"), [("event", 262_144), ("decision", 1_000_000)])
def test_what_is_too_large_is_refused_before_it_is_read(kind: str, largest: int) -> None:
    """One byte over is over; at the limit it is judged by its content."""
    written, decode = WRITTEN[kind]
    at_the_limit = written + b"\0" * (largest - len(written))

    assert _fault(lambda: decode(at_the_limit)) is FaultReason.UNPARSEABLE
    assert _fault(lambda: decode(at_the_limit + b"\0")) is FaultReason.OVERSIZE


def test_what_nobody_could_read_is_not_written() -> None:
    """Writer and reader share the limits, so that no record of ours stops a consumer."""
    long = {**REPLACEMENT, "data": {**REPLACEMENT["data"], "reason": "x" * 262_144}}

    event = avro.event_from_json(long, NOW)

    assert _fault(lambda: avro.encode_event(event)) is FaultReason.OVERSIZE


@pytest.mark.parametrize("count", [10**6, 10**9, 2**62])
def test_a_short_payload_cannot_claim_a_long_list(count: int) -> None:
    """The array bomb: a few bytes that promise a billion items end at the missing bytes."""
    head = avro.encode_decision(msgspec.structs.replace(WAKE, outcomes=()))[:-1]

    assert _fault(lambda: avro.decode_decision(head + _long(count))) is FaultReason.UNPARSEABLE


def test_no_schema_has_items_that_take_no_bytes() -> None:
    """The array bomb needs an item of zero bytes; no array of ours has one."""
    arrays = [
        one for held in SCHEMAS.subjects().values() for it in held for one in _arrays(it.avsc)
    ]

    assert len(arrays) > 20
    assert [one for one in arrays if _can_be_empty(one["items"])] == []


@given(noise=st.binary(max_size=300), number=st.sampled_from(sorted(SCHEMAS._by_id)))
@settings(max_examples=cases(400), deadline=None)
def test_noise_is_answered_with_a_fault(noise: bytes, number: int) -> None:
    """Whatever the bytes, the answer is a value or a fault of the sender, never another error."""
    sent = b"\0" + number.to_bytes(4, "big") + noise
    decoders: list[Callable[[bytes], object]] = [
        lambda it: avro.decode_event(it, NOW),
        avro.decode_input,
        avro.decode_decision,
        avro.decode_notice,
        avro.decode_quarantine,
        access_codec(SCHEMAS).decode,
    ]
    for decode in decoders:
        with contextlib.suppress(SenderFault):
            decode(sent)


@given(at=st.integers(0, 10_000), flip=st.integers(1, 255), kind=st.sampled_from(sorted(WRITTEN)))
@settings(max_examples=cases(400), deadline=None)
def test_a_damaged_record_is_answered_with_a_fault_or_read(at: int, flip: int, kind: str) -> None:
    """Nearly right bytes reach further into the reader than noise does."""
    written, decode = WRITTEN[kind]
    damaged = bytearray(written)
    damaged[at % len(written)] ^= flip
    with contextlib.suppress(SenderFault):
        decode(bytes(damaged))


def test_an_event_says_the_type_of_its_schema() -> None:
    """A birth inside the record of a due date is refused."""
    written = avro.encode_event(EVENT)
    lying = written.replace(b"\x1epregnancy.dated", b"\x1epregnancy.wrong")

    with pytest.raises(SenderFault) as caught:
        avro.decode_event(lying, NOW)

    assert lying != written
    assert (FaultReason.SCHEMA_VIOLATION, "type") == (caught.value.reason, caught.value.field)


def _fault(act: Callable[[], object]) -> FaultReason | None:
    try:
        act()
    except SenderFault as fault:
        return fault.reason
    return None


def _long(number: int) -> bytes:
    """Avro's zigzag variable-length integer, for a number that is not negative."""
    number <<= 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _arrays(avsc: Any) -> list[dict[str, Any]]:
    inside = avsc.values() if isinstance(avsc, dict) else avsc if isinstance(avsc, list) else ()
    found = [one for it in inside for one in _arrays(it)]
    is_array = isinstance(avsc, dict) and avsc.get("type") == "array"
    return [avsc, *found] if is_array else found


def _can_be_empty(items: Any) -> bool:
    if isinstance(items, dict) and items["type"] == "record":
        return all(_can_be_empty(one["type"]) for one in items["fields"])
    if isinstance(items, dict) and items["type"] == "fixed":
        return bool(items["size"] == 0)
    return bool(items == "null")
