"""The life of an obligation, as one table.

Everything that moves an obligation from one state to another stands in `TABLE`, and as much of
the rule as possible stands in the table itself.  A pair that is not in it is illegal: it raises
and changes nothing.  Levels only rise (evidence that arrives late or twice is noted and moves
nothing back); a side state ends the present round, and `reissue` starts the next.

States are the levels L0 to L5 and the side states of the domain's ground rule 1.1.
"""

from hub.core.model import Level, ObligationState, Signal

S = ObligationState
G = Signal

EVIDENCE_LEVEL: dict[Signal, Level] = {
    G.SENT: Level.SENT,
    G.DELIVERED: Level.DELIVERED,
    G.OPENED: Level.OPENED,
    G.ACCEPTED: Level.ACCEPTED,
    G.ACTED: Level.ACTED,
}

LADDER_OF_KNOWING = (S.OWED, S.SENT, S.DELIVERED, S.OPENED, S.ACCEPTED, S.ACTED)

ENDED = frozenset({S.SUPPRESSED, S.DECLINED, S.WITHDRAWN, S.WAIVED, S.RETRACTED})
"""States in which nothing more is owed."""

RETURNED = frozenset({S.BOUNCED, S.NOT_OURS, S.REFUSED})
"""States in which the notice came back and the duty still stands."""


class IllegalSignal(Exception):  # noqa: N818  it names what was said, not a fault of a machine
    """A signal that means nothing in this state; the obligation is unchanged.

    Operator action: the input is in quarantine; whoever sent it has a defect.
    """


def _table() -> dict[tuple[ObligationState, Signal], ObligationState]:
    """Every legal pair.  Rows are grouped by state, in the order of knowing."""
    table: dict[tuple[ObligationState, Signal], ObligationState] = {}
    for height, state in enumerate(LADDER_OF_KNOWING):
        for signal, level in EVIDENCE_LEVEL.items():
            table[state, signal] = LADDER_OF_KNOWING[max(height, level)]
        # What has come back cannot un-tell somebody who has already opened it, but "not ours"
        # said after opening is the usual way in which a wrong practice finds out.
        table[state, G.BOUNCED] = S.BOUNCED if height <= Level.DELIVERED else state
        table[state, G.NOT_OURS] = S.NOT_OURS
        table[state, G.REFUSED] = S.REFUSED
        table[state, G.STALE_RECIPIENT] = S.OWED if height == 0 else state
        table[state, G.REISSUE] = S.OWED
        table[state, G.SUPPRESS] = S.SUPPRESSED
        table[state, G.DECLINE] = S.DECLINED
        table[state, G.WITHDRAW] = S.WITHDRAWN
        table[state, G.WAIVE] = S.WAIVED
        table[state, G.RETRACT] = S.RETRACTED
    for state in RETURNED:
        # Evidence about a round that has come back moves nothing; only a new round does.
        for signal in (*EVIDENCE_LEVEL, G.BOUNCED, G.NOT_OURS, G.REFUSED, G.STALE_RECIPIENT):
            table[state, signal] = state
        table[state, G.REISSUE] = S.OWED
        table[state, G.WITHDRAW] = S.WITHDRAWN
        table[state, G.WAIVE] = S.WAIVED
        table[state, G.RETRACT] = S.RETRACTED
        table[state, G.SUPPRESS] = S.SUPPRESSED
        table[state, G.DECLINE] = S.DECLINED
    for state in ENDED:
        # Late evidence about an ended duty is noted; orders that repeat the end change nothing.
        for signal in (*EVIDENCE_LEVEL, G.BOUNCED, G.NOT_OURS, G.REFUSED, G.STALE_RECIPIENT):
            table[state, signal] = state
        table[state, G.WITHDRAW] = state
        table[state, G.RETRACT] = S.RETRACTED
    return table


TABLE = _table()


def step(state: ObligationState, signal: Signal) -> ObligationState:
    """The state that follows.  Raises IllegalSignal for a pair the table does not hold."""
    try:
        return TABLE[state, signal]
    except KeyError:
        raise IllegalSignal(
            f"{signal.value!r} means nothing to an obligation {state.value}"
        ) from None
