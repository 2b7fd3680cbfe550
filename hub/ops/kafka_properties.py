"""The broker's settings: a single node, on the loopback, that forgets nothing."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the broker and the controller listen, on the loopback only."""

    broker: int
    controller: int


def broker_properties(folder: Path, ports: Ports) -> str:
    """Settings of a single node that is broker and controller at once."""
    broker, controller = f"127.0.0.1:{ports.broker}", f"127.0.0.1:{ports.controller}"
    settings = {
        "process.roles": "broker,controller",
        "node.id": "1",
        # A static voter, not a formatted one: the address may then change between starts.
        "controller.quorum.voters": f"1@{controller}",
        "listeners": f"BROKER://{broker},CONTROLLER://{controller}",
        "advertised.listeners": f"BROKER://{broker}",
        "listener.security.protocol.map": "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "BROKER",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": str(folder),
        "auto.create.topics.enable": "false",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        # Readers wait for an open transaction: one that a publisher leaves behind ends by itself.
        "transaction.max.timeout.ms": "60000",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
        # The log is the record: nothing is forgotten by age or by size.
        "log.retention.ms": "-1",
        "log.retention.bytes": "-1",
        "offsets.retention.minutes": str(10 * 365 * 24 * 60),
        # Small machines: a segment is created in full size only when it is written.
        "log.index.size.max.bytes": "1048576",
        "group.min.session.timeout.ms": "2000",
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())
