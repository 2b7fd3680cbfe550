"""The sandbox over MLLP: answered like the real door, and nothing comes of it."""

from datetime import UTC, datetime

import pytest

from hub.demo.send import _for_the_sandbox
from hub.edges.hl7v2_profile import load_profile
from hub.edges.mllp import Door, Frame
from hub.ops.metrics import MLLP_MESSAGES
from tests.edges.hl7_messages import message
from tests.fuzz.kept import Everybody, Written, at_once, publisher_to

SPRING = datetime(2026, 4, 12, 12, tzinfo=UTC)
BOOKING = message("a05-booking").replace(b"\n", b"\r")


class _Spring:
    """A clock that stands."""

    def now(self) -> datetime:
        """Always the same."""
        return SPRING


def answered(body: bytes) -> tuple[list[str], int]:
    """MSA and ERR of the answer, and how many records were written for it."""
    written = Written()
    door = Door(publisher_to(written), Everybody(), load_profile(), _Spring())
    answer = at_once(door.answer(Frame(body)))
    return answer.decode().split("\r")[1:-1], len(written.taken())


def counted() -> float:
    """Every message that the door has counted."""
    return sum(each.value for metric in MLLP_MESSAGES.collect() for each in metric.samples)


def test_a_right_message_is_right_and_nothing_is_written() -> None:
    """Nor counted."""
    before = counted()
    (said,), written = answered(_for_the_sandbox(BOOKING))
    assert said.startswith("MSA|AA|")
    assert "sandbox, nothing was done: it would become pregnancy.booked" in said
    assert (0, before) == (written, counted())


def test_a_wrong_message_is_told_what_is_wrong_and_not_kept() -> None:
    """The same place and reason as in earnest, without a quarantine id."""
    wrong = BOOKING.replace(b"9990000018", b"9990000019")
    (said, error), written = answered(_for_the_sandbox(wrong))
    (_, real), kept = answered(wrong)
    assert said.startswith("MSA|AE|")
    assert (0, 1) == (written, kept)
    assert "nhs_number_invalid" in error
    assert error.split("|")[:7] == real.split("|")[:7]
    assert ("", True) == (error.split("|")[7], "kept in quarantine" in real)


@pytest.mark.parametrize("processing", [b"P", b""])
def test_a_real_message_does_not_vanish_in_the_sandbox(processing: bytes) -> None:
    """One field alone may be a slip: it is refused, and its sender sees that."""
    first, _, rest = _for_the_sandbox(BOOKING).partition(b"\r")
    fields = first.split(b"|")
    fields[10] = processing
    (said, error), written = answered(b"|".join(fields) + b"\r" + rest)
    assert said.startswith("MSA|AR|")
    assert ("MSH^1^11^1", 0) == (error.split("|")[2], written)


def test_a_message_that_says_training_is_not_for_the_sandbox() -> None:
    """As before: the door takes what is real, and keeps the rest."""
    first, _, rest = BOOKING.partition(b"\r")
    fields = first.split(b"|")
    fields[10] = b"T"
    (said, _), written = answered(b"|".join(fields) + b"\r" + rest)
    assert (True, 1) == (said.startswith("MSA|AR|"), written)
