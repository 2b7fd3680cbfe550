"""Fuzz the doors: `python -m tests.fuzz --bytes 10000000 --seed 1 --json fuzz.json` (`make fuzz`).

Each door runs in a process of its own, whose memory is read before and after.  A process that
hangs in one input ends itself and says where.  What fails is kept in `build/fuzz`; one input comes
again with `--door hl7 --seed 1 --input 1234`.  The exit code is 0 when nothing was found.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.fuzz.kept import Verdict
from tests.fuzz.run import GROWTH_BYTES, input_of, run
from tests.fuzz.ways import DOORS
from tests.house.tree import ROOT

KEEP = ROOT / "build" / "fuzz"


def main() -> int:
    """All doors, one after the other; or what a child was started for."""
    asked = _asked()
    if asked.input is not None:
        door = DOORS[asked.door]()
        body, luck = input_of(door, asked.seed, asked.input)
        print(repr(body[:2000]), len(body))  # noqa: T201  a command speaks
        print(door.take(body, luck))  # noqa: T201  as above
        door.close()
        return 0
    if asked.child:
        found = run(asked.door, asked.bytes, asked.seed, KEEP)
        asked.child.write_text(json.dumps(found.as_json()), encoding="utf-8")
        return 0
    names = [asked.door] if asked.door else list(DOORS)
    results = []
    for name in names:
        results.append(_in_a_child(name, asked.bytes, asked.seed))
        if asked.json:
            asked.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
        _tell(results[-1])
    return 0 if all(each["ok"] for each in results) else 1


def _in_a_child(name: str, wanted: int, seed: int) -> dict[str, Any]:
    KEEP.mkdir(parents=True, exist_ok=True)
    out = KEEP / f"{name}-{seed}-{int(time.time())}.json"
    command = [sys.executable, "-m", "tests.fuzz", "--door", name, "--bytes", str(wanted)]
    command += ["--seed", str(seed), "--child", str(out)]
    ended = subprocess.run(command, cwd=ROOT, check=False)
    if not out.exists():
        return {"door": name, "seed": seed, "ok": False, "ended": ended.returncode}
    found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    out.unlink()
    right = not found["failures"] and found["adds_up"] and found["grown"] <= GROWTH_BYTES
    return found | {"ok": right}


def _tell(found: dict[str, Any]) -> None:
    if "bytes" not in found:
        print(f"{found['door']}: ended with {found['ended']}: it hung or died")  # noqa: T201  a command speaks
        return
    verdicts = ", ".join(f"{found[each]:,} {each}" for each in Verdict)
    mib = 1024 * 1024
    print(  # noqa: T201  a command speaks
        f"{found['door']}: {found['bytes']:,} bytes in {found['inputs']:,} inputs, "
        f"{found['messages']:,} messages: {verdicts}; "
        f"{'adds up' if found['adds_up'] else 'DOES NOT ADD UP'}; "
        f"slowest {found['slowest_seconds']} s; resident "
        f"{found['resident_after_warm_up'] / mib:.0f} to {found['resident_at_end'] / mib:.0f} MiB; "
        f"{found['seconds']} s; failures: {len(found['failures'])}"
    )
    for failure in found["failures"]:
        print(f"  {failure}")  # noqa: T201  as above


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--bytes", type=int, default=10_000_000, help="for each door (10,000,000)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same inputs")
    parser.add_argument("--door", choices=list(DOORS), help="one door alone")
    parser.add_argument("--json", type=Path, help="where the figures go, after every door")
    parser.add_argument("--input", type=int, help="one input of one door again")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
