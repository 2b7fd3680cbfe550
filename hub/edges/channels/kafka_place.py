"""The topic of a subscription over Kafka, and its rights there: made, and taken back.

The hub does it where the brokers let it; where they do not, it says what a person is to run.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from aiokafka.errors import KafkaError
from sqlalchemy import Connection, Engine

from hub.core.placing import STANDING, Place, Todo, place_of, to_take, todo
from hub.edges.channels.kafka_topic import KafkaTopicChannel
from hub.edges.directory import Directory
from hub.ops import limits_subscriptions as limits
from hub.ops.kafka_access import Rule, receipt_rules, subscriber_rules
from hub.ops.kafka_giving import Gave, RefusedError, give, take
from hub.ops.logs import log
from hub.ops.settings import Settings
from hub.ops.topics import Topic, TopicsUnfitError, create_one, notices_topic_of
from hub.store import agreements
from hub.store.agreements import Agreement
from hub.store.engine import reading, writing

KAFKA: Final = KafkaTopicChannel.name
ANSWER_SECONDS: Final = float(limits.BROKERS_SECONDS.value)


def rules_of(each: Agreement) -> tuple[Rule, ...]:
    """What a subscriber may do on the brokers: read its own topic, and perhaps write receipts."""
    answers = receipt_rules(each.organisation, each.login) if each.receipts else ()
    return (*subscriber_rules(each.organisation, each.login), *answers)


def rules_to_take(each: Agreement, every: Sequence[Agreement], rows: Directory) -> list[Rule]:
    """What was given for one that has ended and is needed by nothing that stands."""
    others = {
        one.agreement_id: rules_of(one)
        for one in every
        if one.channel == KAFKA and one.state in STANDING
    }
    for row in rows.endpoints.values():
        if KAFKA in (row.channel, *(further.channel for further in row.then)):
            others[f"row:{row.organisation}"] = subscriber_rules(row.organisation)
    return to_take(rules_of(each), others)


def commands(settings: Settings, each: Agreement, take_back: Sequence[Rule]) -> list[str]:
    """What a person runs where the hub may not, one command a line."""
    match todo(each.state, place_of(each.brokers)):
        case Todo.OPEN:
            topic = notices_topic_of(settings, each.organisation)
            return [_made_by_hand(topic), *(rule.command() for rule in rules_of(each))]
        case Todo.CLOSE:
            return [rule.command(take=True) for rule in take_back]
        case Todo.NOTHING:
            return []


def _made_by_hand(topic: Topic) -> str:
    configs = " ".join(f"--config {name}={value}" for name, value in topic.configs.items())
    return (
        f"kafka-topics --create --if-not-exists --topic {topic.name} "
        f"--partitions {topic.partitions} --replication-factor {topic.replication} {configs}"
    )


class Places:
    """Keeps the brokers in step with the subscriptions over Kafka."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        directory: Directory,
        now: Callable[[], datetime],
    ) -> None:
        """`now` is real time."""
        self._engine, self._settings, self._now = engine, settings, now
        self._directory = directory

    async def keep(self) -> int:
        """Do what is to be done; returns for how many something has changed.

        Brokers that are away are asked again at the next look, and change nothing until then.
        """
        changed = 0
        every = await asyncio.to_thread(self._every) if self._settings.kafka else []
        for each in every:
            then = await self._served(each, every)
            if then is not None and then != each.brokers:
                await asyncio.to_thread(self._note, each, then)
                log().info("brokers_changed", agreement_id=each.agreement_id, place=then.value)
                changed += 1
        return changed

    async def _served(self, each: Agreement, every: Sequence[Agreement]) -> Place | None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._do(each, every)
        except (KafkaError, RefusedError, OSError, TimeoutError) as error:
            log().warning(
                "brokers_not_asked", agreement_id=each.agreement_id, reason=type(error).__name__
            )
            return None

    async def _do(self, each: Agreement, every: Sequence[Agreement]) -> Place | None:
        match todo(each.state, place_of(each.brokers)):
            case Todo.OPEN:
                return await self._open(each)
            case Todo.CLOSE:
                return await self._close(rules_to_take(each, every, self._directory))
            case Todo.NOTHING:
                return None

    async def _open(self, each: Agreement) -> Place:
        whole = Place.OPEN
        try:
            await create_one(self._settings, notices_topic_of(self._settings, each.organisation))
        except TopicsUnfitError:
            whole = Place.OPEN_BY_HAND
        gave = await give(self._settings, rules_of(each))
        return Place.OPEN_BY_HAND if gave is Gave.MAY_NOT else whole

    async def _close(self, rules: Sequence[Rule]) -> Place:
        took = await take(self._settings, rules)
        return Place.CLOSED_BY_HAND if took is Gave.MAY_NOT else Place.CLOSED

    # --- in the database, on a thread --------------------------------------------------------

    def _every(self) -> list[Agreement]:
        with reading(self._engine) as conn:
            return _over_kafka(conn)

    def _note(self, each: Agreement, place: Place) -> None:
        with writing(self._engine) as conn:
            agreements.note_brokers(conn, each.agreement_id, place, self._now())


def _over_kafka(conn: Connection) -> list[Agreement]:
    return [each for each in agreements.agreements(conn) if each.channel == KAFKA]
