"""The soak: chaos round after round, each with a fresh seed, until the time is over."""

import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.chaos.run import Wanted, run, say

ROUNDS_FILE = Path("soak.jsonl")


def soak(wanted: Wanted, hours: float, rounds_file: Path | None) -> int:
    """Rounds until `hours` are over; one JSON line each is appended.  Returns the exit code.

    A round that has begun is finished.  The soak ends at the first round that found something:
    its evidence is worth more than further rounds.
    """
    until = time.monotonic() + hours * 3600
    path = rounds_file or ROUNDS_FILE
    rounds: list[dict[str, Any]] = []
    while time.monotonic() < until and (not rounds or rounds[-1]["ok"]):
        verdict = run(replace(wanted, seed=wanted.seed + len(rounds)))
        rounds.append(verdict)
        with path.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(verdict) + "\n")
        say(f"round {len(rounds)}, seed {verdict['seed']}: {'ok' if verdict['ok'] else 'NOT ok'}")
    told = summary(rounds)
    sys.stdout.write(json.dumps(told) + "\n")
    return 0 if told["ok"] else 1


def summary(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """All rounds together, with the rule-of-three bounds.

    When nothing was found in n independent trials, then with 95 % confidence the true rate is below
    3/n: for faults, the chance that one fault loses something; for events, that one is lost.
    """
    faults = sum(len(each["faults"]) for each in rounds)
    events = sum(each["confirmed"] for each in rounds)
    clean = all(each["ok"] for each in rounds)
    return {
        "rounds": len(rounds),
        "events": events,
        "decisions": sum(each["decisions"] for each in rounds),
        "faults": faults,
        "duplicates_dropped": sum(each["duplicates_dropped"] for each in rounds),
        "loss_per_fault_below": min(1.0, 3 / faults) if clean and faults else None,
        "loss_per_event_below": min(1.0, 3 / events) if clean and events else None,
        "seconds": round(sum(each["seconds"] for each in rounds), 1),
        "ok": clean and bool(rounds),
    }
