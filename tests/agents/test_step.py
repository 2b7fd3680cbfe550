"""What an input that could not be decided leads to, and that a crash cannot lose any of it."""

from datetime import UTC, datetime

from agents.kept import Kept, close_kept, open_kept
from agents.outputs import Output
from agents.step import Place, step_undecided
from hub.edges.avro import decode_decision
from hub.ops.topics import DECISIONS, QUARANTINE
from tests.core.stage import policy

AT = datetime(2026, 3, 23, 10, 0, tzinfo=UTC)
PLACE = Place(key=b"ep-1", partition=2, offset=7, confirmed=5)
BESIDE = Output(QUARANTINE, b"q-1", b"the original, whole")


def test_a_redelivered_input_says_its_quarantine_record_again() -> None:
    """The changelog was confirmed, the quarantine record was not, and the worker was killed."""
    kept = step_undecided(policy(), Kept(), PLACE, AT, BESIDE)
    stored = open_kept(close_kept(kept))
    again = stored.again(PLACE.offset)
    assert again is not None
    assert [DECISIONS, QUARANTINE] == [output[0] for output in again]
    assert BESIDE == Output(*again[1])


def test_an_undecided_input_has_its_decision_and_repeats_it_to_the_byte() -> None:
    """One record for every input, at the time at which the input reached the log."""
    first = step_undecided(policy(), Kept(), PLACE, AT, BESIDE)
    second = step_undecided(policy(), Kept(), PLACE, AT, BESIDE)
    assert first.again(7) == second.again(7)
    decision = decode_decision((first.again(7) or ())[0][2])
    assert (1, AT, ()) == (decision.seq, decision.at, decision.outcomes)
