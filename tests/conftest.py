"""What every test may ask for.  Only stack tests ask for Kafka; it starts once a session."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.ops.kafka_embedded import EmbeddedKafka


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedKafka]:
    """A real Kafka with no topics; each test makes its own under names of its own."""
    folder: Path = tmp_path_factory.mktemp("kafka")
    with EmbeddedKafka(folder) as broker:
        yield broker


@pytest.fixture
def own_kafka(tmp_path: Path) -> Iterator[EmbeddedKafka]:
    """A broker of one test, for those that speak of every topic or every record there is."""
    with EmbeddedKafka(tmp_path / "own-kafka") as broker:
        yield broker
