"""The whole core on bare confluent-kafka: `python bare.py BROKER APP INPUT OUTPUT DATA`."""

import sys
from pathlib import Path

from bench.confluent import Worker
from bench.whole.work import Core

if __name__ == "__main__":
    broker, group, source, sink, folder = sys.argv[1:]
    Worker(broker, group, Path(folder), Core().work).run(source, sink)
