"""Plays scenarios on the pure core: no Kafka, no clock, milliseconds.

hub simulate tests/scenarios --json
"""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from hub.core.faults import HubFault, SenderFault
from hub.core.policy import Policy
from hub.demo.compare import compare, forbids
from hub.demo.faults import CannotPlayError
from hub.demo.fill import fill
from hub.demo.naming import check_names
from hub.demo.near import about, near
from hub.demo.rig import CoreRig
from hub.demo.rows import Row, in_words
from hub.demo.scenario import Scenario, instant, load_scenario
from hub.demo.tidy import Slip
from hub.edges.schemas import Schemas
from hub.policy.loader import load_policy


def result(scenario: Scenario, rows: Iterable[Row]) -> dict[str, Any]:
    """How a story went: its id, whether all is well, what was missing or unexpected."""
    # Several stories share one clock on the whole stack; each is judged up to its own end.
    until = instant(scenario.then.until)
    actual = [row for row in rows if instant(row.at) <= until]
    then = scenario.then
    missing, unexpected = compare(then.expected, actual)
    forbidden = [row for row in actual if any(forbids(never, row) for never in then.never)]
    if then.unlisted == "allow":
        # What nobody took makes nothing happen: a scenario that waits for that would pass.
        unexpected = [row for row in unexpected if row.quarantined is not None]
    # A row that must never be is unexpected, whatever else the scenario lists or allows.
    unexpected += [row for row in forbidden if row not in unexpected]
    return {
        "id": scenario.id,
        "ok": not missing and not unexpected,
        "expected": len(then.expected),
        "matched": len(then.expected) - len(missing),
        "missing": [in_words(r) for r in missing],
        "instead": [near(r, actual) for r in missing],
        "unexpected": [in_words(r) for r in unexpected],
    }


def simulate(
    path: Path, policy: Policy, schemas: Schemas | None = None, show: Sequence[str] = ()
) -> dict[str, Any]:
    """Play one file on the core, and show what followed of some gaps or rules.

    Raises ValueError, LookupError, SenderFault or HubFault for a story that cannot be played.
    """
    scenario = load_scenario(path)
    try:
        check_names(scenario, policy)
    except Slip as slip:
        raise ValueError(f"{path}{slip}") from None
    rig = CoreRig(scenario, policy, schemas)
    rows = rig.run()
    return result(scenario, rows) | {
        "notes": rig.notes,
        "shown": [in_words(row) for row in rows if about(row, show)],
    }


def files_of(paths: Iterable[Path]) -> Iterator[Path]:
    """The files given, and every scenario below the folders given, in the order of their names."""
    for path in paths:
        if path.is_dir():
            yield from sorted(path.rglob("*.toml"))
        else:
            yield path


def played(path: Path, policy: Policy, show: Sequence[str] = ()) -> dict[str, Any]:
    """As `simulate`; for a file that cannot be read or played the result says why, in words."""
    try:
        return simulate(path, policy, show=show) | {"file": str(path)}
    except OSError as error:
        words = f"{path}: cannot be read: {error.strerror or error}"
    except SenderFault as fault:
        words = f"{path}: {fault.field}: {fault.message}; {fault.remedy}"
    except CannotPlayError as error:
        words = f"{path}:{error.line}: cannot be played: {error}"
    except (ValueError, LookupError, HubFault) as error:
        words = str(error) if str(path) in str(error) else f"{path}: cannot be played: {error}"
    empty: dict[str, Any] = {"id": path.stem, "ok": False, "missing": [], "unexpected": []}
    return empty | {"error": words, "file": str(path)}


def main(
    paths: list[Path], *, as_json: bool = False, refill: bool = False, show: Sequence[str] = ()
) -> int:
    """Play every file, those in folders too; the exit code is 0 when all went as told.

    With `as_json` one line a file: {"id", "ok", "missing", "unexpected", ...}.
    """
    policy = load_policy()
    files = list(files_of(paths))
    if not files:
        sys.stderr.write("no scenario was found: name files that end in .toml, or their folder\n")
        return 1
    failed = 0
    for path in files:
        if refill:
            _refill(path, policy)
        found = played(path, policy, show)
        failed += not found["ok"]
        if as_json:
            sys.stdout.write(json.dumps(found) + "\n")
        else:
            _say(found, path)
    return 1 if failed else 0


def _refill(path: Path, policy: Policy) -> None:
    """Write what follows besides; of what cannot be played the reason is said with its result."""
    with suppress(CannotPlayError):
        try:
            sys.stdout.write(f"{path.name}: {fill(path, policy)} rows follow besides\n")
        except ValueError as error:
            sys.stdout.write(f"{error}\n")


def _say(found: dict[str, Any], path: Path) -> None:
    sys.stdout.write(f"{'ok  ' if found['ok'] else 'FAIL'} {found['id']} {path.name}\n")
    if "error" in found:
        sys.stdout.write(f"     {found['error']}\n")
    for note in () if found["ok"] else found.get("notes", ()):
        sys.stdout.write(f"     {path}:{note}\n")
    for row in found.get("shown", ()):
        sys.stdout.write(f"     followed: {row}\n")
    for row, instead in zip(found["missing"], found.get("instead", ()), strict=True):
        sys.stdout.write(f"     missing: {row}\n")
        for other in instead:
            sys.stdout.write(f"       there was: {other}\n")
    for row in found["unexpected"]:
        sys.stdout.write(f"     unexpected: {row}\n")
