"""A log of `hub.inputs` as families make it, and the decisions that every host must come to.

What the core refuses (a sender's fault) is left out, so that every input has one decision on
every host and nothing has to be said of quarantine.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from agents.transport import partition_of
from bench.whole.lives import Lives
from bench.whole.work import Core
from hub.core.faults import SenderFault
from hub.core.outcomes import Decision
from hub.edges.avro import encode_input

PARTITIONS = 4
INPUTS_A_FAMILY = 20
"""Fewer than a family has, so that there are always enough families for a log."""


class Row(msgspec.Struct, frozen=True, array_like=True):
    """One input where it stands in the log."""

    key: bytes
    partition: int
    offset: int
    value: bytes


@dataclass
class Prepared:
    """The log, and the decisions that any host must come to, by key and in order."""

    rows: list[Row] = field(default_factory=list)
    decisions: dict[bytes, list[bytes]] = field(default_factory=lambda: defaultdict(list))

    def save(self, path: Path) -> None:
        """Write the log for a host that reads no Kafka."""
        path.write_bytes(msgspec.msgpack.encode(self.rows))


def load(path: Path) -> list[Row]:
    """Read a saved log."""
    return msgspec.msgpack.decode(path.read_bytes(), type=list[Row])


def prepare(inputs: int) -> Prepared:
    """A log of so many inputs; the same for the same number."""
    core = Core()
    prepared = Prepared()
    states: dict[bytes, bytes] = {}
    ends = [0] * PARTITIONS
    lives = Lives(core.policy, families=inputs // INPUTS_A_FAMILY + 1).run()
    given = next(lives)
    while len(prepared.rows) < inputs:
        key, value = given.episode_id.encode(), encode_input(given)
        partition = partition_of(key, PARTITIONS)
        decision: Decision | None = None
        try:
            state, said, decision = core.decide(
                key, partition, ends[partition], value, states.get(key)
            )
        except SenderFault:
            pass
        else:
            states[key] = state
            prepared.rows.append(Row(key, partition, ends[partition], value))
            prepared.decisions[key].append(said)
            ends[partition] += 1
        given = lives.send(decision)
    return prepared
