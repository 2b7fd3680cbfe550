"""What is too large for Kafka: refused inside the guard, or said now instead of kept.

A state or an output that no record can hold goes to quarantine with the input that led to it.  A
state that only grew too large by the outputs beside it is stored without them, once they are
confirmed: then no crash can lose them any more.
"""

from collections.abc import Callable
from dataclasses import replace

from agents.kept import Kept, type_of_outputs
from agents.outputs import Sender
from agents.transport import RecordTooLargeError, check_fits, check_state_fits


def check_all_fit(table: str, key: bytes, fresh: Kept) -> None:
    """Raises RecordTooLargeError when the state, or what was just said, fits into no record.

    For the inside of a guard, where the input can still be kept back.
    """
    check_state_fits(table, key, fresh.state)
    for output in fresh.again(fresh.last_offset) or ():
        check_fits(output.topic, output.key, output.value)


async def closed_to_fit(
    table: str, key: bytes, fresh: Kept, close: Callable[[Kept], bytes], sender: Sender
) -> tuple[bytes, type_of_outputs]:
    """A value as it is stored, and what the agent still has to say of its last input."""
    outputs = fresh.again(fresh.last_offset) or ()
    stored = close(fresh)
    try:
        check_fits(table, key, stored)
    except RecordTooLargeError:
        # What a crash could lose is too much to keep: it is said now, for good.
        await sender.append(outputs)
        await sender.settle()
        return close(replace(fresh, said=())), ()
    return stored, outputs
