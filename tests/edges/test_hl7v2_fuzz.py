"""Invariant: any bytes become events or a sender's fault, never any other exception."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.core.faults import SenderFault
from hub.edges import hl7v2_ack
from hub.edges.hl7v2 import events_from
from hub.edges.hl7v2_message import EARLIEST_DAY, LOCAL, instant
from hub.edges.hl7v2_profile import load_profile
from tests.edges.hl7_messages import message, names
from tests.effort import cases

NOW = datetime(2026, 3, 12, 12, 0, tzinfo=UTC)
PROFILE = load_profile()
ALL = [message(name) for name in names()]


def read(body: bytes) -> None:
    """Map, and answer whatever came of it: both must hold for any bytes."""
    header = hl7v2_ack.header_of(body)
    try:
        events_from(body, PROFILE, NOW)
    except SenderFault as fault:
        answer = hl7v2_ack.not_taken(header, NOW, fault, "q-1")
    else:
        answer = hl7v2_ack.taken(header, NOW)
    segments = answer.decode("utf-8").split("\r")
    assert segments[0].startswith("MSH|^~\\&|PERINATAL_HUB|")
    assert segments[1].startswith(("MSA|AA", "MSA|AE", "MSA|AR"))
    assert not {b"\x0b", b"\x1c"} & {answer[i : i + 1] for i in range(len(answer))}


@settings(max_examples=cases(300), deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes(body: bytes) -> None:
    """Noise."""
    read(body)


@settings(max_examples=cases(300), deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_behind_a_header(body: bytes) -> None:
    """Noise behind the letters MSH."""
    read(b"MSH" + body)


@settings(max_examples=cases(800), deadline=None)
@given(
    original=st.sampled_from(ALL),
    place=st.floats(0, 1),
    length=st.integers(0, 12),
    put=st.one_of(st.binary(max_size=8), st.sampled_from([b"|", b"^", b"\\", b"~", b"\r", b'""'])),
)
def test_a_message_with_a_piece_replaced(
    original: bytes, place: float, length: int, put: bytes
) -> None:
    """One field lost, cut, doubled or garbled."""
    at = int(place * len(original))
    read(original[:at] + put + original[at + length :])


@pytest.mark.parametrize(
    "body",
    [
        b"MSH|^~\\&|" + b"|" * 1_000_000,
        b"MSH|^~\\&|A|B|C|D|2026||ADT^A01|1|P|2.4\r" + b"PID|" + b"~" * 1_000_000,
        b"MSH|^~\\&|A|B|C|D|2026||ADT^A01|1|P|2.4\r" + b"Z\r" * 500_000,
        b"MSH|^~\\&|A|B|C|D|2026||ADT^A01|1|P|2.4\r" + b"ZZZ\r" * 250_000,
        b"MSH|^~\\&|A|B|C|D|2026||ADT^A01|1|P|2.4\rPID|1||" + b"\\" * 1_000_000,
    ],
    ids=["fields", "repetitions", "stray lines", "segments", "escapes"],
)
def test_a_mebibyte_of_separators_is_read_quickly(body: bytes) -> None:
    """No message may hold up the other senders; five seconds of processor time are many."""
    began = time.process_time()
    read(body)
    assert time.process_time() - began < 5


def as_the_library_reads_it(written: str) -> datetime | None:
    """The same time by the standard library's own format, or None where it is none."""
    digits, offset = (written[:-5], written[-5:]) if written[-5] in "+-" else (written, "")
    whole = digits.ljust(14, "0") + offset
    try:
        form = "%Y%m%d%H%M%S%z" if offset else "%Y%m%d%H%M%S"
        read_as = datetime.strptime(whole, form)  # noqa: DTZ007  the zone comes next
        local = read_as if offset else read_as.replace(tzinfo=LOCAL)
        return local.astimezone(UTC) if digits >= EARLIEST_DAY else None
    except (ValueError, OverflowError):
        return None


@settings(max_examples=cases(600), deadline=None)
@given(
    day=st.tuples(st.integers(1890, 2110), st.integers(0, 13), st.integers(0, 32)),
    clock=st.lists(st.integers(0, 61), max_size=3),
    offset=st.one_of(st.just(""), st.from_regex(r"[+-][0-9]{4}", fullmatch=True)),
)
def test_a_time_is_what_the_library_reads(
    day: tuple[int, int, int], clock: list[int], offset: str
) -> None:
    """Times are taken apart by hand, because strptime is slow; right and wrong are the same."""
    year, month, date = day
    written = f"{year:04}{month:02}{date:02}" + "".join(f"{each:02}" for each in clock) + offset
    expected = as_the_library_reads_it(written)
    if expected is not None:
        assert expected == instant(written, "EVN-2")
        return
    with pytest.raises(SenderFault):
        instant(written, "EVN-2")
