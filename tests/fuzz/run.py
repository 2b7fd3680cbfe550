"""One door fuzzed for so many bytes, watched: what became of every input, and what was found."""

import faulthandler
import gc
import hashlib
import logging
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

import structlog

from tests.fuzz.doors import FuzzedDoor
from tests.fuzz.kept import Verdict
from tests.fuzz.mutate import luck_of
from tests.fuzz.ways import DOORS

STUCK_SECONDS: Final = 20.0
"""One input of at most some 700 kB; the slowest takes well under a second on a quiet machine."""

WARM_UP_SHARE: Final = 0.2
GROWTH_BYTES: Final = 32 * 1024 * 1024
"""What the process may be larger at the end than after its first fifth: fragments of the
allocator, and tables of the interpreter.  A leak of one input in a hundred would be more."""

MOST_FAILURES: Final = 20


@dataclass
class Found:
    """What a run found."""

    door: str
    seed: int
    inputs: int = 0
    bytes: int = 0
    messages: int = 0
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    slowest_seconds: float = 0.0
    seconds: float = 0.0
    resident_after_warm_up: int = 0
    resident_at_end: int = 0
    failures: list[str] = field(default_factory=list)

    @property
    def grown(self) -> int:
        """How much larger the process has become since its first fifth."""
        return self.resident_at_end - self.resident_after_warm_up

    @property
    def right(self) -> bool:
        """No failure, and every message accounted for."""
        return not self.failures and self.messages == self.verdicts.total()

    def as_json(self) -> dict[str, Any]:
        """For people and for files."""
        return {
            "door": self.door,
            "seed": self.seed,
            "inputs": self.inputs,
            "bytes": self.bytes,
            "messages": self.messages,
            **{verdict.value: self.verdicts[verdict] for verdict in Verdict},
            "adds_up": self.messages == self.verdicts.total(),
            "slowest_seconds": round(self.slowest_seconds, 3),
            "seconds": round(self.seconds, 1),
            "resident_after_warm_up": self.resident_after_warm_up,
            "resident_at_end": self.resident_at_end,
            "grown": self.grown,
            "failures": self.failures,
        }


def run(name: str, wanted: int, seed: int, keep: Path | None = None) -> Found:
    """Fuzz one door until its inputs have `wanted` bytes.  What fails is kept in a folder."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    door, found = DOORS[name](), Found(name, seed)
    began, told = time.monotonic(), time.monotonic()
    try:
        while found.bytes < wanted and len(found.failures) < MOST_FAILURES:
            _one(door, found, keep)
            if not found.resident_after_warm_up and found.bytes >= wanted * WARM_UP_SHARE:
                found.resident_after_warm_up = resident()
            if keep and time.monotonic() - told > 2:
                told = time.monotonic()
                words = f"… {name}: {found.bytes:,} of {wanted:,} bytes"
                print(words, flush=True)  # noqa: T201  progress of a command
    finally:
        door.close()
    found.seconds, found.resident_at_end = time.monotonic() - began, resident()
    return found


def input_of(door: FuzzedDoor, seed: int, number: int) -> tuple[bytes, Random]:
    """The input of this number, which depends on no other."""
    luck = luck_of(f"{door.name}-{seed}-{number}")
    return door.make(luck), luck


def _one(door: FuzzedDoor, found: Found, keep: Path | None) -> None:
    body, luck = input_of(door, found.seed, found.inputs)
    found.inputs += 1
    found.bytes += len(body)
    # Ends the process with a traceback, even in the middle of C code.
    faulthandler.dump_traceback_later(STUCK_SECONDS, exit=True)
    began = time.monotonic()
    try:
        verdicts = door.take(body, luck)
    except Exception as error:  # noqa: BLE001  that is what is looked for
        door.written.taken()
        found.failures.append(_described(error, found.inputs - 1, body, keep))
    else:
        found.verdicts.update(verdicts)
        found.messages += door.messages_in(body)
    finally:
        faulthandler.cancel_dump_traceback_later()
    found.slowest_seconds = max(found.slowest_seconds, time.monotonic() - began)


def _described(error: Exception, number: int, body: bytes, keep: Path | None) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    cause = error.__cause__ or error
    where = f"{Path(last.filename).name}:{last.lineno}"
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        name = hashlib.blake2b(body, digest_size=6).hexdigest()
        (keep / f"{name}.bin").write_bytes(body)
        (keep / f"{name}.txt").write_text("".join(traceback.format_exception(error)))
        where += f", kept as {name}"
    return f"input {number}: {type(error).__name__} ({type(cause).__name__}) at {where}: {error}"


def resident() -> int:
    """The resident bytes of this process, its garbage collected."""
    gc.collect()
    with Path("/proc/self/statm").open(encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096
