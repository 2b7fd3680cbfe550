"""The worker with stamps: where the time goes between its start and its first decision.

`python -m bench.scale_stamped FILE` is `hub worker`, except that it writes one line of JSON to
FILE when each phase ends.  Nothing of the worker is replaced; what it calls is wrapped.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PHASES = ("python", "imported", "context", "built", "joined", "recovered", "agenda")
"""In order.  `python`: the interpreter runs.  `joined`: partitions are assigned.  `recovered`:
state is read back and inputs flow.  `agenda`: the next wakes are known."""


def _stamp(file: Path, phase: str) -> None:
    with file.open("a", encoding="ascii") as out:
        out.write(json.dumps({"phase": phase, "at": time.time()}) + "\n")


def _after(file: Path, phase: str, work: Callable[..., Any]) -> Callable[..., Any]:
    def stamped(*args: Any, **kwargs: Any) -> Any:
        answer = work(*args, **kwargs)
        _stamp(file, phase)
        return answer

    return stamped


def _after_awaited(file: Path, phase: str, work: Callable[..., Any]) -> Callable[..., Any]:
    async def stamped(*args: Any, **kwargs: Any) -> Any:
        answer = await work(*args, **kwargs)
        _stamp(file, phase)
        return answer

    return stamped


def main(file: Path) -> int:
    """Run the worker; the exit codes are its own."""
    _stamp(file, "python")
    # Imported here, because the time of importing is what is measured.
    from agents import agenda  # noqa: PLC0415  as said above
    from agents.transport.app import HubApp  # noqa: PLC0415  as said above
    from agents.transport.consumer_thread import ConsumerThread  # noqa: PLC0415  as said above
    from hub.ops.settings import load_settings  # noqa: PLC0415  as said above
    from hub.roles import worker  # noqa: PLC0415  as said above

    _stamp(file, "imported")
    wraps: tuple[tuple[Any, str, str, Callable[..., Any]], ...] = (
        (worker, "context_from", "context", _after),
        (worker, "build", "built", _after),
        (ConsumerThread, "on_partitions_assigned", "joined", _after_awaited),
        (HubApp, "on_rebalance_end", "recovered", _after),
        (agenda, "read_agenda", "agenda", _after_awaited),
    )
    for owner, name, phase, wrap in wraps:
        setattr(owner, name, wrap(file, phase, getattr(owner, name)))
    return worker.main(load_settings())


def read_stamps(file: Path) -> dict[str, float]:
    """When each phase ended last, in seconds since the epoch."""
    lines = map(json.loads, file.read_text(encoding="ascii").splitlines())
    return {line["phase"]: line["at"] for line in lines}


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
