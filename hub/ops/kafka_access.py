"""Who may do what on the brokers: the rules that an operator gives them, where they enforce any.

A subscriber reads its own topic and nothing else; the hub writes what it alone may write.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from hub.ops.topics import APP, RECEIPTS, notices_topic

ALL: Final = ("read", "write", "create", "describe", "describe_configs")
"""What the hub does with its own topics.  It deletes and alters none."""

CLUSTER: Final = "cluster"

OWN_PREFIXES: Final = (f"{APP}.", f"{APP}-", "perinatal.", "notices.")


@dataclass(frozen=True, slots=True)
class Rule:
    """Somebody may do something with a topic or group of this name, or that begins with it."""

    who: str
    operation: str
    kind: str
    """topic or group, or the cluster itself."""
    name: str
    prefix: bool = False

    def command(self, *, take: bool = False) -> str:
        """As Kafka's own `kafka-acls` takes it; with `take`, the one that takes it back."""
        operation = "".join(word.capitalize() for word in self.operation.split("_"))
        pattern = " --resource-pattern-type prefixed" if self.prefix else ""
        what = "--cluster" if self.kind == CLUSTER else f"--{self.kind} {self.name}"
        do = "--remove --force" if take else "--add"
        who = f"--allow-principal User:{self.who}"
        return f"kafka-acls {do} {who} --operation {operation} {what}{pattern}"


def hub_rules(login: str) -> tuple[Rule, ...]:
    """What the hub itself needs."""
    topics = (
        Rule(login, operation, "topic", prefix, prefix=True)
        for prefix in OWN_PREFIXES
        for operation in ALL
    )
    groups = (Rule(login, each, "group", APP, prefix=True) for each in ("read", "describe"))
    return (*topics, *groups)


def giving_rules(login: str) -> tuple[Rule, ...]:
    """What the hub needs besides to give and take the rules of subscriptions by itself.

    Whoever has it may give anybody anything on the brokers; without it a person gives them.
    """
    return (Rule(login, "alter", CLUSTER, "kafka-cluster"),)


def subscriber_rules(organisation: str, login: str = "") -> tuple[Rule, ...]:
    """What a subscriber needs to read its own topic; its groups begin with ODS code and dash."""
    who, topic = login or organisation, notices_topic(organisation)
    return (
        Rule(who, "read", "topic", topic),
        Rule(who, "describe", "topic", topic),
        Rule(who, "read", "group", f"{organisation}-", prefix=True),
        Rule(who, "describe", "group", f"{organisation}-", prefix=True),
    )


def receipt_rules(organisation: str, login: str = "") -> tuple[Rule, ...]:
    """What a subscriber needs besides to write receipts, if its word is to be taken on Kafka."""
    who = login or organisation
    return tuple(Rule(who, each, "topic", RECEIPTS) for each in ("write", "describe"))


def commands(rules: Iterable[Rule]) -> list[str]:
    """One line for each rule."""
    return [rule.command() for rule in rules]
