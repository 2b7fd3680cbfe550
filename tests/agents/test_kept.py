"""A stored value that no crash can lose anything from."""

from datetime import UTC, datetime

import msgspec
import pytest

from agents.kept import HEADER, Kept, close_kept, next_wake_of, open_kept
from agents.outputs import Output

WAKE = datetime(2026, 3, 25, 17, 0, 0, 123456, tzinfo=UTC)
STATE = msgspec.msgpack.encode({"seq": 3})
ONE = (Output("hub.decisions", b"ep-1", b"one"),)
TWO = (Output("hub.decisions", b"ep-1", b"two"), Output("hub.quarantine", b"q-1", b"kept"))


def test_a_key_that_nothing_is_known_of_is_empty() -> None:
    """Its first input is new, whatever its offset."""
    kept = open_kept(None)
    assert (b"", -1, ()) == (kept.state, kept.last_offset, kept.said)
    assert kept.again(0) is None


@pytest.mark.parametrize("wake", [WAKE, None])
def test_what_is_closed_opens_as_it_was(wake: datetime | None) -> None:
    """State, offset, outputs and wake survive the journey through the store."""
    kept = Kept().after(7, STATE, ONE, confirmed=0, next_wake=wake)
    assert kept == open_kept(close_kept(kept))


def test_an_absorbed_input_is_answered_as_before() -> None:
    """Redelivered: the same outputs, byte for byte, and the value is not touched."""
    kept = Kept().after(7, STATE, ONE, confirmed=0).after(9, STATE, TWO, confirmed=0)
    opened = open_kept(close_kept(kept))
    assert (ONE, TWO) == (opened.again(7), opened.again(9))
    assert opened.again(10) is None


def test_an_input_between_two_absorbed_ones_was_of_another_key() -> None:
    """An offset below the last that this key never had leads to nothing, not to a decision."""
    kept = Kept().after(7, STATE, ONE, confirmed=0).after(9, STATE, TWO, confirmed=0)
    assert () == kept.again(8)


def test_outputs_of_confirmed_inputs_are_forgotten() -> None:
    """A crash can no longer lose them; the last input's are always kept."""
    kept = Kept().after(7, STATE, ONE, confirmed=0).after(9, STATE, TWO, confirmed=8)
    assert [9] == [offset for offset, _ in kept.said]
    assert () == kept.again(7)
    assert [9] == [offset for offset, _ in Kept().after(9, STATE, TWO, confirmed=99).said]


def test_the_first_offset_not_committed_is_still_kept() -> None:
    """`committed` is the next offset to read: that one may come again."""
    kept = Kept().after(7, STATE, ONE, confirmed=7).after(8, STATE, TWO, confirmed=7)
    assert ONE == kept.again(7)


def test_the_wake_is_read_without_opening_the_value() -> None:
    """The header alone is enough: what follows it need not even be readable."""
    stored = close_kept(Kept().after(7, STATE, ONE, confirmed=0, next_wake=WAKE))
    assert WAKE == next_wake_of(stored[: HEADER.size] + b"\xc1\xc1")


def test_no_wake_is_none_and_not_the_year_1970() -> None:
    """-1 says that nothing is waiting; the epoch itself is a time like others."""
    assert next_wake_of(close_kept(Kept().after(7, STATE, (), confirmed=0))) is None
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    stored = close_kept(Kept().after(7, STATE, (), confirmed=0, next_wake=epoch))
    assert epoch == next_wake_of(stored)


def test_equal_values_are_equal_bytes() -> None:
    """A value written twice is one value: changelog and replay compare."""
    first, second = (Kept().after(7, STATE, TWO, confirmed=0, next_wake=WAKE) for _ in range(2))
    assert close_kept(first) == close_kept(second)
