"""A subscription's topic and rights on brokers that enforce rules: made, and taken back."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from hub.core.placing import Place
from hub.core.subscribing import SubscriptionSignal
from hub.edges.avro import decode_notice
from hub.edges.channels.base import Delivered
from hub.edges.channels.kafka_place import Places, commands, rules_of, rules_to_take
from hub.edges.channels.kafka_topic import KafkaTopicChannel
from hub.edges.channels.trial import trial
from hub.edges.directory import Directory, Endpoint, directory_from
from hub.ops.kafka_access import giving_rules, hub_rules, receipt_rules
from hub.ops.kafka_embedded import EmbeddedKafka
from hub.ops.kafka_properties import Access
from hub.ops.settings import Settings
from hub.ops.topics import RECEIPTS, notices_topic
from hub.store import agreements
from hub.store.engine import make_engine, migrate, reading, writing
from hub.store.sealing import Vault
from tests.channels.test_kafka_access import give, make_topics, read, refusal, write
from tests.ports import reserved_port

pytestmark = pytest.mark.stack

G = SubscriptionSignal
TWICE, MANY, ALONE = "TPL001", "TPL002", "TPL003"
PEOPLE = ("keeper", "hub", "poor", TWICE, MANY, "supplier")
TOPIC_REFUSED, GROUP_REFUSED = "TOPIC_AUTHORIZATION_FAILED", "GROUP_AUTHORIZATION_FAILED"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedKafka]:
    """A broker with a hub that may give rules, one that may not, and two subscribers."""
    people = {name: f"word-of-{name}" for name in PEOPLE}
    with EmbeddedKafka(tmp_path_factory.mktemp("places"), access=Access(people)) as broker:
        give(broker, [*hub_rules("hub"), *giving_rules("hub"), *hub_rules("poor")])
        asyncio.run(make_topics(broker, [RECEIPTS]))
        yield broker


@dataclass
class Site:
    """Subscriptions, and the brokers on which they are served."""

    broker: EmbeddedKafka
    engine: Engine
    settings: Settings
    directory: Directory

    def subscribe(self, organisation: str, agreement_id: str = "sub-1", **more: object) -> None:
        """Asked for by Ada and approved by Bea."""
        now = datetime.now(UTC)
        wanted = agreements.Wanted(
            agreement_id=agreement_id,
            organisation=organisation,
            role="*",
            channel="kafka",
            address="",
            level="full",
            events=(),
            basis="direct_care",
            secret=Vault(b"x").seal(agreement_id, "whsec_eA=="),
            expires_at=now + timedelta(days=1),
            requested_by="ada",
            requested_at=now,
            **more,  # type: ignore[arg-type]  # fitting values
        )
        with writing(self.engine) as conn:
            agreements.request(conn, wanted)
        self.move(G.APPROVE, agreement_id)

    def move(self, signal: SubscriptionSignal, agreement_id: str = "sub-1") -> None:
        """Bea moves it on."""
        with writing(self.engine) as conn:
            agreements.move(conn, agreement_id, signal, "bea", datetime.now(UTC))

    def keep(self) -> int:
        """Do what is to be done on the brokers."""
        places = Places(self.engine, self.settings, self.directory, lambda: datetime.now(UTC))
        return asyncio.run(places.keep())

    def found(self, agreement_id: str = "sub-1") -> agreements.Agreement:
        """As it stands."""
        with reading(self.engine) as conn:
            return agreements.agreement(conn, agreement_id)

    def by_hand(self, agreement_id: str = "sub-1") -> list[str]:
        """What a person is to run."""
        with reading(self.engine) as conn:
            every = agreements.agreements(conn)
        found = self.found(agreement_id)
        return commands(self.settings, found, rules_to_take(found, every, self.directory))

    def tests(self, organisation: str) -> bool:
        """The test notice of the page gets through."""
        channel = KafkaTopicChannel(self.settings.kafka, login=self.settings.shown_to_kafka())
        endpoint = Endpoint(organisation=organisation, channel="kafka")
        made = trial({"kafka": channel}, endpoint, "t1", datetime.now(UTC))
        return isinstance(asyncio.run(made), Delivered)


def site_of(broker: EmbeddedKafka, folder: Path, who: str) -> Site:
    """A hub with a database of its own, that shows the brokers a name."""
    url = f"sqlite:///{folder / 'hub.db'}"
    migrate(url)
    settings = Settings(
        data_dir=folder,
        kafka=broker.bootstrap,
        kafka_security="sasl_plaintext",
        kafka_mechanism="PLAIN",
        kafka_login=who,
        kafka_password=f"word-of-{who}",
        secret_key="x" * 32,
        partitions=1,
    )
    return Site(broker, make_engine(url), settings, directory_from({}))


def test_a_place_is_made_and_taken_back(guarded: EmbeddedKafka, tmp_path: Path) -> None:
    """The subscriber reads its own topic and answers, from the approval on and until the end."""
    site, topic = site_of(guarded, tmp_path, "hub"), notices_topic(TWICE)
    groups = iter(f"{TWICE}-{n}" for n in range(9))
    assert refusal(guarded, TWICE, topic, next(groups)) in (TOPIC_REFUSED, GROUP_REFUSED)
    site.subscribe(TWICE, receipts=True)
    assert (1, Place.OPEN, []) == (site.keep(), site.found().brokers, site.by_hand())
    assert 0 == site.keep()
    assert site.tests(TWICE)
    rows = asyncio.run(read(guarded, TWICE, topic, next(groups)))
    assert ["test-t1"] == [decode_notice(row).notice_id for row in rows]
    asyncio.run(write(guarded, TWICE, RECEIPTS))
    site.move(G.REVOKE)
    assert (1, Place.CLOSED) == (site.keep(), site.found().brokers)
    assert refusal(guarded, TWICE, topic, next(groups)) in (TOPIC_REFUSED, GROUP_REFUSED)
    assert rows == asyncio.run(read(guarded, "", topic))


def test_what_another_needs_is_left(guarded: EmbeddedKafka, tmp_path: Path) -> None:
    """Two subscriptions of one organisation share its topic; receipts were for one alone."""
    site, topic = site_of(guarded, tmp_path, "hub"), notices_topic(MANY)
    login = {"login": "supplier"}
    site.subscribe(MANY, "sub-1", receipts=True, **login)
    site.subscribe(MANY, "sub-2", **login)
    assert 2 == site.keep()
    asyncio.run(write(guarded, "supplier", RECEIPTS))
    site.move(G.REVOKE, "sub-1")
    assert 1 == site.keep()
    assert site.tests(MANY)
    assert "read" == refusal(guarded, "supplier", topic, f"{MANY}-a")
    assert TOPIC_REFUSED == refusal(guarded, "supplier", RECEIPTS, f"{MANY}-a")
    assert set(receipt_rules(MANY, "supplier")) == set(rules_of(site.found("sub-1"))) - set(
        rules_of(site.found("sub-2"))
    )
    site.move(G.REVOKE, "sub-2")
    assert 1 == site.keep()
    met = refusal(guarded, "supplier", topic, f"{MANY}-b")
    assert met in (TOPIC_REFUSED, GROUP_REFUSED)


def test_a_hub_that_may_not_says_what_a_person_runs(guarded: EmbeddedKafka, tmp_path: Path) -> None:
    """The topic is its own to make, the rules are not; both ways the commands are all there."""
    site = site_of(guarded, tmp_path, "poor")
    site.subscribe(ALONE, receipts=True)
    assert (1, Place.OPEN_BY_HAND) == (site.keep(), site.found().brokers)
    rules = rules_of(site.found())
    made, *given = site.by_hand()
    assert made.startswith(f"kafka-topics --create --if-not-exists --topic notices.{ALONE} ")
    assert [rule.command() for rule in rules] == given
    assert site.tests(ALONE)
    site.move(G.REVOKE)
    assert (1, Place.CLOSED_BY_HAND) == (site.keep(), site.found().brokers)
    assert [line.replace("--add", "--remove --force") for line in given] == site.by_hand()


def test_brokers_that_are_away_are_asked_again(guarded: EmbeddedKafka, tmp_path: Path) -> None:
    """Nothing is said to be done, and the next look does it."""
    site = site_of(guarded, tmp_path, "hub")
    site.subscribe(ALONE)
    closed = reserved_port()
    there = site.settings
    site.settings = there.model_copy(update={"kafka": f"127.0.0.1:{closed}"})
    assert (0, Place.NONE) == (site.keep(), site.found().brokers)
    site.settings = there
    assert (1, Place.OPEN) == (site.keep(), site.found().brokers)
