"""The roles `project` and `deliver` as processes on a real Kafka, killed at any moment."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa
from aiokafka import AIOKafkaProducer
from sqlalchemy import Engine

from hub.core.model import Signal
from hub.edges.avro import (
    DecisionRecord,
    decode_input,
    decode_notice,
    encode_decision,
    encode_quarantine,
)
from hub.ops.kafka_embedded import EmbeddedKafka
from hub.ops.settings import Settings, environment_of
from hub.ops.topics import DECISIONS, INPUTS, QUARANTINE, create_topics, notices_topic
from hub.store import read_model as read
from hub.store import tables as t
from hub.store.engine import make_engine, migrate, reading, writing
from hub.store.projector import apply_decision
from tests.channels.tools import SECRET
from tests.patience import PATIENCE_SECONDS, wait_until
from tests.servers.webhooks import receiving
from tests.store.records import GP, HV, decision, ended, issued, quarantined, raised, recorded
from tests.topics import all_values

pytestmark = pytest.mark.stack

ROOT = Path(__file__).resolve().parents[2]
KAFKA_READER = "RKAFKA"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedKafka]:
    """A Kafka of its own: the roles read topics with fixed names."""
    with EmbeddedKafka(tmp_path / "kafka") as started:
        yield started


def settings_for(broker: EmbeddedKafka, url: str, folder: Path) -> Settings:
    """Settings of a role, and the topics it needs."""
    made = Settings(
        data_dir=folder,
        kafka=broker.bootstrap,
        database_url=url,
        secret_key="x" * 32,
        directory=folder / "directory.toml",
        allow_loopback_webhooks=True,
    )
    asyncio.run(create_topics(broker.bootstrap, made, subscribers=(KAFKA_READER,)))
    return made


class Role:
    """One role as a process of its own."""

    def __init__(self, name: str, settings: Settings) -> None:
        self._program = (
            f"from hub.roles.{name} import main; from hub.ops.settings import load_settings; "
            "raise SystemExit(main(load_settings()))"
        )
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it."""
        environment = {**os.environ, **environment_of(self._settings), "PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen([sys.executable, "-c", self._program], env=environment)

    def killed_once(self, so: Callable[[], bool]) -> None:
        """Start it, and kill it as soon as something is so; or when that never comes."""
        self.start()
        try:
            wait_until(so)
        except BaseException:
            self.kill()
            raise
        self.end(signal.SIGKILL)

    def kill(self) -> None:
        """End it, whether it still runs or not."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def end(self, how: signal.Signals) -> int:
        """End it with a signal and return its exit code."""
        assert self._process is not None
        assert None is self._process.poll(), "it ended by itself"
        self._process.send_signal(how)
        try:
            return self._process.wait(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise


@contextlib.contextmanager
def running(role: Role) -> Iterator[Role]:
    """A role that is asked to stop at the end, and says that all was well."""
    role.start()
    try:
        yield role
    except BaseException:
        role.kill()
        raise
    assert 0 == role.end(signal.SIGTERM)


async def publish(bootstrap: str, records: Sequence[tuple[str, bytes, bytes]]) -> None:
    """Write (topic, key, value) records, confirmed."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        sent = [await producer.send(topic, value, key=key) for topic, key, value in records]
        await asyncio.gather(*sent)
    finally:
        await producer.stop()


def families(many: int, each: int) -> list[DecisionRecord]:
    """Decisions of many families, in the order of time, some of them written twice."""
    made = []
    for seq in range(1, each + 1):
        for family in range(many):
            duty, notice = f"o-{family}-{seq}", f"n-{family}-{seq}"
            outcomes = (recorded(f"e-{family}-{seq}"), raised(duty), issued(notice, duty))
            record = decision(seq, *outcomes, episode_id=f"ep-{family}", input_id=notice)
            made += [record] * (2 if (family + seq) % 5 == 0 else 1)
    return made


def in_kafka(records: Sequence[DecisionRecord]) -> list[tuple[str, bytes, bytes]]:
    """Decisions as records of their topic."""
    return [(DECISIONS, each.episode_id.encode(), encode_decision(each)) for each in records]


def rows_of(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """All rows of the read model."""
    with reading(engine) as conn:
        return {
            name: sorted((tuple(row) for row in conn.execute(sa.select(table))), key=repr)
            for name, table in t.metadata.tables.items()
            if name != "positions"
        }


def _read(engine: Engine, consumer: str) -> int:
    """How many decisions a role has read, by its saved positions."""
    with reading(engine) as conn:
        saved = read.lag(conn, consumer)
    return sum(at for (topic, _), at in saved.items() if topic == DECISIONS)


def test_a_projector_killed_again_and_again_folds_every_decision_once(
    broker: EmbeddedKafka, empty_url: str, tmp_path: Path
) -> None:
    """Five SIGKILLs amid 3,000 decisions: the rows are those of one undisturbed fold."""
    settings = settings_for(broker, empty_url, tmp_path)
    records = families(100, 25)
    asyncio.run(publish(broker.bootstrap, in_kafka(records)))
    asyncio.run(publish(broker.bootstrap, [(QUARANTINE, b"q-1", encode_quarantine(quarantined()))]))
    migrate(empty_url)
    engine = make_engine(empty_url)
    role = Role("project", settings)
    for part in range(1, 6):
        role.killed_once(lambda sixth=part: _read(engine, "project") > len(records) * sixth // 6)
    with running(role):
        wait_until(lambda: _read(engine, "project") == len(records))
        wait_until(lambda: bool(rows_of(engine)["quarantine"]))
    found = rows_of(engine)
    engine.dispose()
    plain = f"sqlite:///{tmp_path / 'plain.db'}"
    migrate(plain)
    alone = make_engine(plain)
    with writing(alone) as conn:
        for record in records:
            apply_decision(conn, record)
    expected = rows_of(alone)
    alone.dispose()
    assert 1 == len(found.pop("quarantine"))
    del expected["quarantine"]
    assert expected == found


def test_a_delivery_role_that_is_killed_loses_no_notice(
    broker: EmbeddedKafka, tmp_path: Path
) -> None:
    """Webhook, Kafka topic and worklist; every notice arrives, and the core hears of each."""
    url = f"sqlite:///{tmp_path / 'hub.db'}"
    with receiving() as receiver:
        (tmp_path / "directory.toml").write_text(
            f'[[endpoint]]\norganisation = "{GP}"\nchannel = "webhook"\n'
            f'address = "{receiver.url}"\nsecret = "{SECRET}"\n'
            f'[[endpoint]]\norganisation = "{KAFKA_READER}"\nchannel = "kafka"\n'
        )
        settings = settings_for(broker, url, tmp_path)
        wanted, records = _notices_for_three(40)
        asyncio.run(publish(broker.bootstrap, in_kafka(records)))
        migrate(url)
        engine = make_engine(url)
        role = Role("deliver", settings)
        for quarter in (1, 2, 3):
            role.killed_once(lambda part=quarter: _told(engine) > len(wanted) * part // 4)
        with running(role):
            wait_until(lambda: _told(engine) == len(wanted))
        states = _states(engine)
        engine.dispose()
    assert "cancelled" == states.pop("n-cancelled")
    expected = {notice: "delivered" if org == GP else "sent" for notice, org in wanted.items()}
    assert expected == states
    by_webhook = {taken.headers["webhook-id"] for taken in receiver.taken}
    assert {notice for notice, org in wanted.items() if org == GP} == by_webhook
    topic = asyncio.run(all_values(broker.bootstrap, notices_topic(KAFKA_READER)))
    in_topic = {decode_notice(value).notice_id for value in topic}
    assert {notice for notice, org in wanted.items() if org == KAFKA_READER} == in_topic
    told = {
        (given.receipt.notice_id, given.receipt.signal, given.input_id)
        for given in map(decode_input, asyncio.run(all_values(broker.bootstrap, INPUTS)))
        if given.receipt is not None
    }
    assert len(wanted) == len(told)
    signals = Counter(signal for _, signal, _ in told)
    assert {Signal.DELIVERED: 40, Signal.SENT: 80} == signals


def _notices_for_three(each: int) -> tuple[dict[str, str], list[DecisionRecord]]:
    """Notices for three recipients, and one whose duty ended in the same breath."""
    wanted, records = {}, []
    for n in range(each):
        for organisation in (GP, KAFKA_READER, HV):
            notice = f"n-{organisation}-{n}"
            wanted[notice] = organisation
            outcome = issued(notice, f"o-{notice}", organisation=organisation)
            records.append(decision(1, outcome, episode_id=f"ep-{notice}"))
    cancelled = (issued("n-cancelled", "o-x"), ended("o-x", notice_ids=("n-cancelled",)))
    return wanted, [*records, decision(1, *cancelled, episode_id="ep-x")]


def _states(engine: Engine) -> dict[str, str]:
    with reading(engine) as conn:
        return {r.notice_id: r.state for r in conn.execute(sa.select(t.outbox))}


def _told(engine: Engine) -> int:
    """Of how many notices the core has been told."""
    with reading(engine) as conn:
        asked = sa.select(sa.func.count()).select_from(t.outbox).where(t.outbox.c.reported)
        return conn.scalar(asked) or 0
