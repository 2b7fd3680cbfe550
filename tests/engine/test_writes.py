"""Measure 2: an offset is committed only after everything written before it is confirmed."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from faust.transport.drivers import aiokafka as stock
from faust.transport.producer import ProducerBuffer
from faust.types.tuples import FutureMessage, PendingMessage

from agents.transport import PartitionStore, RecordBatch, partition_of
from agents.transport.producer import StrictBuffer, producer_of
from tests.engine.bench_parts import hub_app, no_tasks_left, outcome, stock_app


class StalledTopic:
    """Stands for a topic whose leader is away: a send takes until `leader` is set."""

    def __init__(self) -> None:
        self.leader = asyncio.Event()

    async def publish_message(self, _message: object, *, wait: bool) -> None:
        """Wait for the leader."""
        assert not wait
        await self.leader.wait()


async def flush_while_stalled(kind: type[ProducerBuffer]) -> tuple[bool, int]:
    """Flush five stalled messages: whether it returned within 0.3 s, and what was then unsent."""
    buffer = kind()
    topic: Any = StalledTopic()
    buffer.app = stock_app()
    async with no_tasks_left():
        await buffer.maybe_start()
        for _ in range(5):
            pending = PendingMessage(topic, b"k", b"v", None, None, None, None, None, None)
            buffer.put(FutureMessage(pending))
        flush = asyncio.create_task(buffer.flush())
        done, _ = await asyncio.wait([flush], timeout=0.3)
        unsent = buffer.size
        topic.leader.set()
        await flush
    return bool(done), unsent


def test_a8_a_flush_does_not_give_up() -> None:
    """Faust's flush returns after 100 ms with messages unsent; ours returns when they are sent."""
    assert (True, 4) == asyncio.run(flush_while_stalled(ProducerBuffer))
    assert (False, 4) == asyncio.run(flush_while_stalled(StrictBuffer))


def test_what_comes_after_a_confirmation_waits_for_every_write_before_it(tmp_path: Path) -> None:
    """Two writes under way, answered in the other order: only the last answer counts as all."""

    async def ours() -> list[str]:
        producer = producer_of(hub_app(tmp_path))
        told: list[str] = []
        producer.when_confirmed(lambda: told.append("nothing under way"))
        first, second, later = (asyncio.get_running_loop().create_future() for _ in range(3))
        producer.unconfirmed.update((first, second))
        producer.when_confirmed(lambda: told.append("both"))
        producer.unconfirmed.add(later)
        for step, future in (("second", second), ("first", first)):
            future.set_result(None)
            told.append(step)
            await asyncio.sleep(0)
        return told

    assert ["nothing under way", "second", "first", "both"] == asyncio.run(ours())


def test_a_flush_has_a_deadline(tmp_path: Path) -> None:
    """Writes that stay unconfirmed end the process with code 5 instead of being committed over."""
    code, words = outcome(
        """
        import asyncio, sys
        from pathlib import Path
        from tests.engine.bench_parts import hub_app
        from agents.transport import producer
        producer.FLUSH_SECONDS = 0.2
        async def main():
            ours = producer.producer_of(hub_app(Path(sys.argv[1])))
            ours.unconfirmed.add(asyncio.get_running_loop().create_future())
            await ours.flush()
        asyncio.run(main())
        """,
        tmp_path,
    )

    assert 5 == code
    assert "1 writes unconfirmed" in words


def test_a9_a_failed_delivery_is_only_a_warning_in_faust() -> None:
    """Plain Faust parks the exception on a future nobody awaits, and the worker goes on."""

    async def ask() -> tuple[bool, bool]:
        app = stock_app()
        topic: Any = app.topic("outputs", value_type=bytes)
        failed = asyncio.get_running_loop().create_future()
        failed.set_exception(OSError("gone"))
        pending = PendingMessage(topic, b"k", b"v", None, None, None, None, None, None)
        message = FutureMessage(pending)
        topic._on_published(failed, message, None, None)
        return app.crashed, isinstance(message.exception(), OSError)

    assert (False, True) == asyncio.run(ask())


@pytest.mark.parametrize(
    "what",
    [
        "to._on_published(failed, parked(to), None, dict.fromkeys(app.sensors))",
        "await producer_of(app)._track(answer(failed), 'outputs', None)",
    ],
    ids=["sent by Faust", "sent in a batch"],
)
def test_a9_a_failed_delivery_ends_the_process(tmp_path: Path, what: str) -> None:
    """Ours ends with exit code 5 and says so, without the text of the exception."""
    code, words = outcome(
        f"""
        import asyncio, sys
        from pathlib import Path
        from faust.types.tuples import FutureMessage, PendingMessage
        from tests.engine.bench_parts import hub_app
        from agents.transport.producer import producer_of
        async def answer(value): return value
        def parked(topic):
            return FutureMessage(PendingMessage(topic, b'k', b'v', *[None] * 6))
        async def main():
            app = hub_app(Path(sys.argv[1]))
            failed = asyncio.get_running_loop().create_future()
            failed.set_exception(OSError("Jane Example"))
            to = app.topic('outputs')
            {what}
            await asyncio.sleep(1)
        asyncio.run(main())
        """,
        tmp_path,
    )

    assert 5 == code
    assert "write_failed" in words
    assert "Jane Example" not in words


def test_an_agent_that_raises_ends_the_process(tmp_path: Path) -> None:
    """Exit code 6, the place in the code, and not the text of the exception."""
    code, words = outcome(
        """
        import asyncio, sys
        from pathlib import Path
        from tests.engine.bench_parts import hub_app
        async def main():
            app = hub_app(Path(sys.argv[1]))
            @app.agent(app.topic("inputs"))
            async def episodes(stream): ...
            try:
                raise KeyError("Jane Example")
            except KeyError as error:
                await app._on_agent_error(episodes, error)
        asyncio.run(main())
        """,
        tmp_path,
    )

    assert 6 == code
    assert "KeyError" in words
    assert "Jane Example" not in words.split("cause", 1)[1].splitlines()[0]


def test_a_failed_recovery_ends_the_process(tmp_path: Path) -> None:
    """State that cannot be stored while recovering: Faust logs it and goes on; ours ends."""
    code, words = outcome(
        """
        import dataclasses, sys
        from pathlib import Path
        from faust.types.tuples import TP
        from tests.engine.bench_parts import hub_app, record
        table = hub_app(Path(sys.argv[1]), "rocksdb://").Table("totals")
        cannot_be_stored = dataclasses.replace(record(0), value=object())
        table.read_back(TP("hub-totals-changelog", 0), [cannot_be_stored])
        """,
        tmp_path,
    )

    assert 8 == code
    assert "state of totals was not recovered" in words


def test_a14_the_producer_is_idempotent(tmp_path: Path) -> None:
    """Faust leaves idempotence off in at-least-once mode, where no setting turns it on."""

    async def ask() -> tuple[Any, Any]:
        theirs: Any = stock.Transport([], stock_app()).create_producer()
        return theirs._settings_extra(), producer_of(hub_app(tmp_path))._settings_extra()

    theirs, ours = asyncio.run(ask())
    assert {} == theirs
    assert {"acks": "all", "enable_idempotence": True} == ours


def test_a24_no_web_server(tmp_path: Path) -> None:
    """Faust would serve its tables on 0.0.0.0:6066 to anybody; ours serves nothing."""
    theirs, ours = stock_app(), hub_app(tmp_path)

    assert theirs.conf.web_enabled
    assert ("0.0.0.0", 6066) == (theirs.conf.web_bind, theirs.conf.web_port)  # noqa: S104  what Faust does
    assert not ours.BootStrategy(ours)._should_enable_web()


@pytest.mark.parametrize(
    ("key", "hashed"),
    [(b"21", -973932308), (b"foobar", -790332482), (b"a-little-bit-long-string", -985981536)],
)
def test_keys_find_the_partition_that_java_finds(key: bytes, hashed: int) -> None:
    """The vectors of Kafka's own test of murmur2."""
    assert (hashed & 0x7FFFFFFF) % 12 == partition_of(key, 12)


@pytest.mark.parametrize("kind", ["memory://", "rocksdb://"])
def test_a_value_is_stored_when_its_changelog_record_is_confirmed(
    tmp_path: Path, kind: str
) -> None:
    """A put is read back at once, and on disk only together with the offset that recovers it."""

    async def ours() -> None:
        app = hub_app(tmp_path, kind)
        table = app.Table("totals")
        store = PartitionStore(app, table)
        client = producer_of(app)._producer = AIOKafkaProducer(bootstrap_servers="127.0.0.1:1")
        changes = store.changelog(2)
        await store.put(2, b"k", b"old", changes)
        await store.put(2, b"k", b"new", changes)
        await store.put(2, b"gone", None, changes)
        assert b"new" == store.get(2, b"k")
        assert store.get(1, b"k") is None
        assert [(b"k", b"new")] == list(store.scan(2))
        assert store._read(2, b"k") is None

        store._confirmed(2, 40, [(b"k", b"old")])
        assert b"old" == store._read(2, b"k")
        assert b"new" == store.get(2, b"k")

        store._confirmed(2, 42, [(b"k", b"new"), (b"gone", None)])
        assert b"new" == store._read(2, b"k")
        assert {} == store._unconfirmed[2]
        assert [(b"k", b"new")] == list(store.scan(2))
        assert [] == list(store.scan(1))
        if kind == "rocksdb://":
            assert b"42" == table.data._db_for_partition(2).get(table.data.offset_key)
        await client.stop()

    asyncio.run(ours())


def test_a_scan_of_many_pages_sees_every_key_once(tmp_path: Path) -> None:
    """Pages overlap at one key, which must neither be repeated nor lost."""

    async def ours() -> list[bytes]:
        app = hub_app(tmp_path, "rocksdb://")
        store = PartitionStore(app, app.Table("totals"))
        store._confirmed(0, 1, [(b"%05d" % number, b"v") for number in range(4001)])
        return [key for key, _ in store.scan(0)]

    assert [b"%05d" % number for number in range(4001)] == asyncio.run(ours())


def test_a_full_batch_is_sent_on_the_way(tmp_path: Path) -> None:
    """More than one batch holds is handed over in parts; each part confirms its own records."""

    async def ours() -> list[int]:
        app, parts = hub_app(tmp_path), []
        producer = producer_of(app)
        producer._producer = AIOKafkaProducer(bootstrap_servers="127.0.0.1:1", max_batch_size=1000)

        async def hand_over(_batch: Any, _topic: str, _partition: int, confirmed: Any) -> None:
            parts.append(confirmed)

        producer.hand_over = hand_over  # type: ignore[assignment, method-assign]  # there is no broker
        sizes: list[int] = []
        batch = RecordBatch(app, "outputs", 0, lambda _, records: sizes.append(len(records)))
        for _ in range(10):
            await batch.append(b"k", b"v" * 300)
        await batch.send()
        await batch.send()
        for confirmed in parts:
            confirmed(type("At", (), {"offset": 0})())
        await producer._producer.stop()
        return sizes

    sizes = asyncio.run(ours())
    assert 10 == sum(sizes)
    assert 1 < len(sizes)
