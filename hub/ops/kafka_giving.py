"""Gives and takes rules on the brokers, where the hub may (`kafka_access.giving_rules`).

aiokafka has the requests and no method for them; they are sent as they are.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import ClusterAuthorizationFailedError, NoError, SecurityDisabled, for_code
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest

from hub.ops.kafka_access import Rule
from hub.ops.settings import Settings

# The numbers of Kafka's protocol.
KINDS: Final = {"topic": 2, "group": 3, "cluster": 4}
OPERATIONS: Final = {"read": 3, "write": 4, "create": 5, "alter": 7, "describe": 8}
LITERAL, PREFIXED, ALLOW = 3, 4, 3


class Gave(StrEnum):
    """What became of it."""

    DONE = "done"
    MAY_NOT = "may_not"
    """The hub has no right to; nothing was changed."""
    ASK_NOBODY = "ask_nobody"
    """These brokers enforce no rules, so that there are none to give or to take."""


class RefusedError(Exception):
    """The brokers refused for another reason.

    Operator action: the name of Kafka's error says which; the log of the brokers says more.
    """


async def give(settings: Settings, rules: Iterable[Rule]) -> Gave:
    """Give rules; one that is there stays.  Raises KafkaError, RefusedError."""
    return await _each(settings, CreateAclsRequest, rules)


async def take(settings: Settings, rules: Iterable[Rule]) -> Gave:
    """Take rules back; one that is not there is no fault.  Raises KafkaError, RefusedError."""
    return await _each(settings, DeleteAclsRequest, rules)


async def _each(settings: Settings, request: Any, rules: Iterable[Rule]) -> Gave:
    login = settings.shown_to_kafka()
    client = AIOKafkaClient(bootstrap_servers=settings.kafka, **login.options())
    await client.bootstrap()
    try:
        for rule in rules:
            said = await client.send(client.get_random_node(), request(*_in_numbers(rule)))
            (answer,) = said.to_object()[
                "creation_responses" if request is CreateAclsRequest else "filter_responses"
            ]
            error = for_code(answer["error_code"])
            if error is ClusterAuthorizationFailedError:
                return Gave.MAY_NOT
            if error is SecurityDisabled:
                return Gave.ASK_NOBODY
            if error is not NoError:
                raise RefusedError(f"the brokers answered {error.__name__}")
    finally:
        await client.close()
    return Gave.DONE


def _in_numbers(rule: Rule) -> tuple[int, str, int, str, str, int, int]:
    pattern = PREFIXED if rule.prefix else LITERAL
    operation = OPERATIONS[rule.operation]
    return KINDS[rule.kind], rule.name, pattern, f"User:{rule.who}", "*", operation, ALLOW
