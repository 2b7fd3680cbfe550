"""The Faust app of the hub: its settings with their reasons, and what holds it together.

`make_app` is the only place where a Faust setting is chosen; docs/engine.md repeats the reasons.
"""

import asyncio
import gc
import importlib.util
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import faust
import mode.loop
from faust.sensors.base import Sensor
from faust.transport.drivers import aiokafka as driver
from faust.types.transports import TransportT
from faust.types.tuples import TP
from yarl import URL

from agents.transport.consumer import Consumer, consumer_of
from agents.transport.counters import Counters
from agents.transport.ending import ExitCode, end_process
from agents.transport.fence import Fence
from agents.transport.producer import Producer
from agents.transport.table import StrictTable
from agents.transport.topics import check_topics
from hub.ops.lock import FolderLock, LockedError

# A worker that is silent for this long loses its partitions, and this is how long a restarted
# group waits for a dead member.  With Faust's 60 s each restart took a minute.
SESSION_SECONDS = 8.0
HEARTBEAT_SECONDS = 2.0
# The fence closes one heartbeat interval before the session ends.
FENCE_SECONDS = SESSION_SECONDS - HEARTBEAT_SECONDS
# A batch is as large as the broker takes by default, and a single record fits into one.
BATCH_BYTES = 1 << 20
MEMBERSHIP: dict[str, Any] = {
    "broker_session_timeout": SESSION_SECONDS,
    "broker_heartbeat_interval": HEARTBEAT_SECONDS,
    "broker_request_timeout": 40.0,
    # A revoked worker finishes its slice and its flush first.
    "broker_rebalance_timeout": 30.0,
}
PRODUCER: dict[str, Any] = {
    "producer_acks": -1,
    # Batches are explicit, so that waiting would only add latency.
    "producer_linger": 0,
    "producer_max_batch_size": BATCH_BYTES,
    "producer_max_request_size": BATCH_BYTES,
    "producer_request_timeout": 30.0,
}
# Slices that may wait for one agent.  At 500 records of up to 4 kB, 64 slices are 128 MB at worst.
WAITING_SLICES = 64
# Decoded values live long and hold no cycles: Python's collector looks at them a fifth as often.
COLLECT_AFTER = (3_000, 20, 20)

# Faust's defaults claim gigabytes per partition; these are sized for many partitions.
ROCKSDB_OPTIONS = {
    "driver": "rocksdict",
    "block_cache_size": 8 << 20,
    # Of several kB a value: with 4 MiB the store compacts all the time, and every read pays for it.
    "write_buffer_size": 16 << 20,
    "max_write_buffer_number": 3,
    "max_open_files": 64,
    "bloom_filter_size": 10,
}

Partitions = frozenset[TP]
PartitionsCallback = Callable[[Partitions], Awaitable[None] | None]


class Transport(driver.Transport):
    """Faust's aiokafka transport with our consumer and producer."""

    Consumer = Consumer
    Producer = Producer


class SendsMustSucceed(Sensor):
    """Ends the process when a record that Faust itself sent is not taken; Faust only warns."""

    def on_send_error(
        self,
        producer: Any,  # noqa: ARG002  Faust's signature
        exc: BaseException,
        state: Any,  # noqa: ARG002  Faust's signature
    ) -> None:
        """Faust reports a failed delivery."""
        end_process(ExitCode.WRITE_FAILED, "a record sent by Faust was not taken", exc)


class HubApp(faust.App):
    """A Faust app on the hardened transport, with one rule for every failure: end."""

    fence: Fence
    gapless: frozenset[str]
    brokers: str

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.fence = Fence(FENCE_SECONDS)
        self.gapless = frozenset()
        self.when_ready: list[PartitionsCallback] = []
        self.when_revoked: list[PartitionsCallback] = []
        self.before_commit: list[Callable[[], Awaitable[None]]] = []
        super().__init__(*args, **kwargs)

    def _new_transport(self) -> TransportT:
        return Transport(self.conf.broker_consumer, self)

    def _new_producer_transport(self) -> TransportT:
        return Transport(self.conf.broker_producer, self)

    def agent(self, *args: Any, **kwargs: Any) -> Any:
        """Faust's decorator, for one actor per agent only.

        Raises ValueError for concurrency or isolated partitions: both acknowledge out of order,
        and scaling is by partitions and processes.
        """
        if kwargs.get("concurrency", 1) != 1 or kwargs.get("isolated_partitions"):
            raise ValueError("an agent has one actor; scale by partitions and workers")
        return super().agent(*args, **kwargs)

    def Table(self, *args: Any, **kwargs: Any) -> Any:  # noqa: N802  Faust's own name
        """Faust's table, bounded, of raw bytes, on as many partitions as everything else."""
        options = dict(ROCKSDB_OPTIONS) if self.conf.store.scheme == "rocksdb" else None
        defaults = {"key_type": bytes, "value_type": bytes, "options": options}
        return super().Table(
            *args, **{"partitions": self.conf.topic_partitions, **defaults, **kwargs}
        )

    async def on_start(self) -> None:
        """Check the topics and start the fence before anything is consumed."""
        await check_topics(self, self.brokers)
        self.fence.start()
        await super().on_start()

    async def _on_agent_error(self, agent: Any, exc: BaseException) -> None:
        """An exception in an agent: Faust would acknowledge and go on with the next."""
        end_process(ExitCode.AGENT_FAILED, f"agent {agent.name} raised", exc)

    def _crash(self, reason: BaseException) -> None:
        """Any part of Faust that crashes ends the process; its shutdown would still commit."""
        if not self.should_stop:
            end_process(ExitCode.ENGINE_FAILED, "a part of the engine crashed", reason)
        super()._crash(reason)

    def on_rebalance_start(self) -> None:
        """Everything stands still from here until `on_rebalance_end`."""
        Counters.stood_still_since = time.monotonic()
        Counters.recovered_seconds.clear()
        super().on_rebalance_start()

    def on_rebalance_end(self) -> None:
        """Partitions are assigned, recovered and sought: tell those who keep agendas."""
        super().on_rebalance_end()
        Counters.recoveries += 1
        Counters.recovery_seconds = time.monotonic() - Counters.stood_still_since
        partitions = frozenset(consumer_of(self).runs)
        self.add_future(self._tell(self.when_ready, partitions))

    async def partitions_revoked(self, partitions: Iterable[TP]) -> None:
        """All partitions are gone until the rebalance ends; everything written is confirmed."""
        await self._tell(self.when_revoked, frozenset(partitions))

    async def _tell(self, callbacks: list[PartitionsCallback], partitions: Partitions) -> None:
        try:
            for callback in callbacks:
                answer = callback(partitions)
                if answer is not None:
                    await answer
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001  a half-built agenda would miss deadlines
            end_process(ExitCode.AGENT_FAILED, "a callback on partitions raised", error)


def make_app(
    app_id: str,
    *,
    broker: str,
    data_dir: Path,
    partitions: int,
    replication: int,
    worker_id: str,
    store: str = "rocksdb://",
    gapless: Iterable[str] = (),
    standbys: int = 0,
) -> faust.App:
    """A Faust app on the hardened transport.

    `broker` is host:port, several separated by commas.  `data_dir` is shared by the workers of a
    machine: each keeps its state under its own `worker_id`, which is also its place in the group:
    a worker that is started again within its session takes its partitions up where it left them,
    and no two processes may use one.  `gapless` names the topics whose
    offsets have no holes by construction (never compacted, no transactional producers).  All
    topics must exist: the app declares none.
    """
    app = HubApp(
        app_id,
        broker=[URL(f"kafka://{each}") for each in broker.split(",")],
        store=store,
        datadir=data_dir / worker_id,
        key_serializer="raw",
        value_serializer="raw",
        processing_guarantee="at_least_once",
        stream_wait_empty=True,
        agent_supervisor="mode.CrashingSupervisor",
        topic_partitions=partitions,
        topic_replication_factor=replication,
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=standbys,
        recovery_consistency_check=True,
        broker_client_id=f"{app_id}-{worker_id}",
        consumer_group_instance_id=f"{app_id}-{worker_id}",
        **MEMBERSHIP,
        broker_commit_interval=0.5,
        broker_commit_every=1000,
        broker_max_poll_records=4000,
        consumer_auto_offset_reset="earliest",
        **PRODUCER,
        stream_buffer_maxsize=WAITING_SLICES,
        Table=StrictTable,
        web_enabled=False,
        cython_optimizations=False,
    )
    app.gapless = frozenset(gapless)
    app.brokers = broker
    app.sensors.add(SendsMustSucceed())
    return app


class _Worker(faust.Worker):
    """Faust's worker, without its hand on the logging of the whole process."""

    def _setup_logging(self) -> None:
        for name in ("faust", "mode", "aiokafka"):
            # Debug and info lines of the engine cost a third of the speed even when discarded.
            logging.getLogger(name).setLevel(logging.WARNING)


def run(app: faust.App) -> int:
    """Run the app until SIGTERM or SIGINT; returns the exit code of an orderly end (0).

    On uvloop where it is installed: only speed depends on it.  One process at a time per data
    folder: a second one under the same worker id would push the first out of the group, and be
    pushed out in turn when that one is started again.
    """
    lock = FolderLock(Path(app.conf.datadir) / "worker.lock")
    try:
        lock.take()
    except LockedError as error:
        end_process(ExitCode.PAUSED, "another process runs under this worker id", error)
    # What is loaded by now stays for good: the collector need never look at it again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    if importlib.util.find_spec("uvloop") is not None:
        mode.loop.use("uvloop")
    try:
        _Worker(app, quiet=True, redirect_stdouts=False).execute_from_commandline()
    except SystemExit as ended:
        return int(ended.code or 0)
