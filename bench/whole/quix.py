"""The whole core on Quix Streams: `python quix.py BROKER APP INPUT OUTPUT DATA` (peers' Python)."""

import sys
from pathlib import Path
from typing import Any

from quixstreams import (  # type: ignore[import-not-found]  # only in the peers' Python
    Application,
    State,
    message_context,
)

from bench.empty.quix import PRODUCER
from bench.whole.work import Core


def main(broker: str, group: str, source: str, sink: str, folder: Path) -> None:
    """Run until SIGTERM."""
    core = Core()

    def decide(value: bytes, key: bytes, _timestamp: int, _headers: Any, state: State) -> bytes:
        at = message_context()
        fresh, said = core.work(key, at.partition, at.offset, value, state.get_bytes("s"))
        state.set_bytes("s", fresh)
        return said

    app = Application(
        broker_address=broker,
        consumer_group=group,
        auto_offset_reset="earliest",
        state_dir=folder / "quix",
        producer_extra_config=PRODUCER,
        loglevel="ERROR",
    )
    stream = app.dataframe(app.topic(source, key_deserializer="bytes", value_deserializer="bytes"))
    out = app.topic(sink, key_serializer="bytes", value_serializer="bytes")
    stream.apply(decide, stateful=True, metadata=True).to_topic(out)
    app.run()


if __name__ == "__main__":
    address, app_id, input_topic, output_topic, data = sys.argv[1:]
    main(address, app_id, input_topic, output_topic, Path(data))
