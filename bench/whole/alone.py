"""The core alone, without any Kafka: `python -m bench.whole.alone LOG RESULT`.

Decode, step and encode in one loop over the saved log, state in a dict.  The first fifth is
warm-up, as for every host.
"""

import hashlib
import json
import sys
import time
from pathlib import Path

from bench.rig import WARM_UP_SHARE
from bench.whole.inputs import load
from bench.whole.work import Core


def main(log: Path, result: Path) -> None:
    """Run once and write {"rate", "cpu_seconds", "digest"}."""
    rows = load(log)
    work = Core().work
    states: dict[bytes, bytes] = {}
    said: list[bytes] = []
    warm = int(len(rows) * WARM_UP_SHARE)
    began = time.perf_counter()
    for number, row in enumerate(rows):
        if number == warm:
            began = time.perf_counter()
        key = row.key
        states[key], decision = work(key, row.partition, row.offset, row.value, states.get(key))
        said.append(decision)
    rate = (len(rows) - warm) / (time.perf_counter() - began)
    found = {"rate": rate, "cpu_seconds": time.process_time(), "digest": digest(said)}
    result.write_text(json.dumps(found), encoding="utf-8")


def digest(decisions: list[bytes]) -> str:
    """One figure for all decisions in the order of the log."""
    total = hashlib.sha256()
    for each in decisions:
        total.update(hashlib.sha256(each).digest())
    return total.hexdigest()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
