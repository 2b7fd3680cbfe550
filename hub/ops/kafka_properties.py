"""The broker's settings: a single node, on the loopback, that forgets nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hub.ops.kafka_login import KafkaLogin


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the broker and the controller listen, on the loopback only."""

    broker: int
    controller: int


@dataclass(frozen=True, slots=True)
class Access:
    """Who may connect, by name and password; the first is the broker's own operator.

    With it the broker refuses whatever no rule allows.
    """

    people: Mapping[str, str] = field(repr=False)

    @property
    def operator(self) -> str:
        """Who may do anything."""
        return next(iter(self.people))

    def login(self, name: str = "") -> KafkaLogin:
        """What one of them shows the broker."""
        who = name or self.operator
        return KafkaLogin("sasl_plaintext", "PLAIN", who, self.people[who])

    def format_words(self) -> tuple[str, ...]:
        """What the tool that formats the storage must be told besides; nothing."""
        return ()

    def properties(self) -> dict[str, str]:
        """The settings that make it so."""
        known = " ".join(f'user_{name}="{word}"' for name, word in self.people.items())
        own = f'username="{self.operator}" password="{self.people[self.operator]}"'
        module = "org.apache.kafka.common.security.plain.PlainLoginModule"
        return {
            "listener.security.protocol.map": "BROKER:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
            "sasl.enabled.mechanisms": "PLAIN",
            "sasl.mechanism.inter.broker.protocol": "PLAIN",
            "listener.name.broker.plain.sasl.jaas.config": f"{module} required {own} {known};",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "allow.everyone.if.no.acl.found": "false",
            # The controller has no clients but this broker, over the loopback and without a name.
            "super.users": f"User:{self.operator};User:ANONYMOUS",
        }


def broker_properties(folder: Path, ports: Ports, access: Access | None = None) -> str:
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
    if access is not None:
        settings |= access.properties()
    return "".join(f"{name}={value}\n" for name, value in settings.items())
