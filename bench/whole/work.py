"""The whole core for one input, as every host but ours calls it: decode, step, encode.

The peers keep the episode alone.  Ours also keeps the outputs that a crash could still lose, so
that a redelivered input is answered with the same bytes; that is more work, and not counted off.
"""

from agents.kept import Kept
from agents.step import Place, step
from hub.core.outcomes import Decision
from hub.core.policy import Policy
from hub.edges.avro import decode_input
from hub.policy.loader import load_policy


class Core:
    """The full policy, loaded once."""

    def __init__(self) -> None:
        self.policy: Policy = load_policy()

    def decide(
        self, key: bytes, partition: int, offset: int, value: bytes, state: bytes | None
    ) -> tuple[bytes, bytes, Decision]:
        """From an input and the stored episode to the new episode, the decision as bytes, and
        the decision.

        Raises SenderFault for an input that cannot be decided; the prepared log has none.
        """
        # Nothing earlier need be kept: an input's own offset stands for all that is committed.
        place = Place(key, partition, offset, offset)
        fresh, decision = step(self.policy, Kept(state=state or b""), place, decode_input(value))
        ((_, (output,)),) = fresh.said
        return fresh.state, output.value, decision

    def work(
        self, key: bytes, partition: int, offset: int, value: bytes, state: bytes | None
    ) -> tuple[bytes, bytes]:
        """As `decide`, for a host: the new episode and the decision, both bytes."""
        return self.decide(key, partition, offset, value, state)[:2]
