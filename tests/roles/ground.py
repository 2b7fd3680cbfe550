"""What roles of their own processes stand on: a real Kafka, a PostgreSQL, and their settings."""

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Engine

from hub.ops.kafka_embedded import EmbeddedKafka
from hub.ops.settings import Settings
from hub.ops.topics import create_topics
from hub.store.engine import make_engine, migrate
from tests.servers.postgres import running_postgres


@contextlib.contextmanager
def ground(folder: Path) -> Iterator[tuple[Settings, Engine]]:
    """Both servers, the tables and the topics, inside the `with`; the directory is still empty."""
    with contextlib.ExitStack() as stack:
        kafka = stack.enter_context(EmbeddedKafka(folder / "kafka"))
        url = f"{stack.enter_context(running_postgres())}/postgres"
        migrate(url)
        engine = make_engine(url)
        stack.callback(engine.dispose)
        settings = Settings(
            data_dir=folder,
            kafka=kafka.bootstrap,
            database_url=url,
            secret_key="x" * 32,
            directory=folder / "directory.toml",
            allow_loopback_webhooks=True,
        )
        asyncio.run(create_topics(kafka.bootstrap, settings, subscribers=("RYX",)))
        yield settings, engine
