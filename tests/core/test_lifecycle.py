"""Every state with every signal, against a table written here in another way than the code's."""

import pytest

from hub.core.lifecycle import ENDED, EVIDENCE_LEVEL, TABLE, IllegalSignal, step
from hub.core.model import Level, ObligationState, Signal

RULES = """
              sent      delivered opened    accepted  acted    bounced  not_ours refused stale_recipient reissue withdraw  waive   retract   suppress   decline
owed          sent      delivered opened    accepted  acted    bounced  not_ours refused owed            owed    withdrawn waived  retracted suppressed declined
sent          sent      delivered opened    accepted  acted    bounced  not_ours refused sent            owed    withdrawn waived  retracted suppressed declined
delivered     delivered delivered opened    accepted  acted    bounced  not_ours refused delivered       owed    withdrawn waived  retracted suppressed declined
opened        opened    opened    opened    accepted  acted    opened   not_ours refused opened          owed    withdrawn waived  retracted suppressed declined
accepted      accepted  accepted  accepted  accepted  acted    accepted not_ours refused accepted        owed    withdrawn waived  retracted suppressed declined
acted         acted     acted     acted     acted     acted    acted    not_ours refused acted           owed    withdrawn waived  retracted suppressed declined
bounced       =         =         =         =         =        =        =        =       =               owed    withdrawn waived  retracted suppressed declined
not_ours      =         =         =         =         =        =        =        =       =               owed    withdrawn waived  retracted suppressed declined
refused       =         =         =         =         =        =        =        =       =               owed    withdrawn waived  retracted suppressed declined
suppressed    =         =         =         =         =        =        =        =       =               -       =         -       retracted -          -
declined      =         =         =         =         =        =        =        =       =               -       =         -       retracted -          -
withdrawn     =         =         =         =         =        =        =        =       =               -       =         -       retracted -          -
waived        =         =         =         =         =        =        =        =       =               -       =         -       retracted -          -
retracted     =         =         =         =         =        =        =        =       =               -       =         -       retracted -          -
"""  # noqa: E501  a table reads better as a table
"""`=` leaves the state as it is; `-` is illegal."""


def expected() -> list[tuple[ObligationState, Signal, ObligationState | None]]:
    """The rows of the table above."""
    heads, *rows = [line.split() for line in RULES.strip().splitlines()]
    return [
        (
            ObligationState(row[0]),
            Signal(head),
            None if word == "-" else ObligationState(row[0] if word == "=" else word),
        )
        for row in rows
        for head, word in zip(heads, row[1:], strict=True)
    ]


@pytest.mark.parametrize(
    ("state", "signal", "follows"),
    expected(),
    ids=lambda value: value.value if value else "illegal",
)
def test_every_pair(
    state: ObligationState, signal: Signal, follows: ObligationState | None
) -> None:
    """A pair leads where the table says; an illegal one raises and names both."""
    if follows is not None:
        assert follows is step(state, signal)
        return
    with pytest.raises(IllegalSignal, match=f"'{signal.value}' .* {state.value}"):
        step(state, signal)


def test_the_table_above_is_complete() -> None:
    """Every state and every signal has its place, so that a new one must be thought about."""
    pairs = {(state, signal) for state, signal, _ in expected()}
    assert {(state, signal) for state in ObligationState for signal in Signal} == pairs
    assert len(pairs) == len(expected())


def test_an_illegal_pair_changes_nothing() -> None:
    """The table is the same after it was asked for what it does not hold."""
    before = dict(TABLE)
    with pytest.raises(IllegalSignal):
        step(ObligationState.WITHDRAWN, Signal.REISSUE)
    assert before == TABLE


@pytest.mark.parametrize("signal", EVIDENCE_LEVEL)
@pytest.mark.parametrize("state", [s for s in ObligationState if s.name in Level.__members__])
def test_evidence_never_lowers_a_level(state: ObligationState, signal: Signal) -> None:
    """What was known stays known, whatever comes late or twice."""
    after = step(state, signal)
    assert Level[after.name] >= max(Level[state.name], EVIDENCE_LEVEL[signal])


@pytest.mark.parametrize("state", sorted(ENDED))
@pytest.mark.parametrize("signal", Signal)
def test_nothing_brings_an_ended_duty_back(state: ObligationState, signal: Signal) -> None:
    """A duty that has ended is never owed again under the same id."""
    try:
        after = step(state, signal)
    except IllegalSignal:
        return
    assert after in ENDED
