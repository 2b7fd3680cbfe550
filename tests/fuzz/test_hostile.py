"""Inputs made to hurt: each is answered within bounds of time and of memory, in its own process."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.fuzz.hostile import BODIES, STREAMS
from tests.house.tree import ROOT

SECONDS = 15
"""On a machine that does much else; the slowest takes two."""

BYTES = 96 * 1024 * 1024
"""A hundred times the largest body; an entity bomb would want ten thousand times its own size."""


def _measured(names: list[str]) -> dict[str, dict[str, Any]]:
    command = [sys.executable, "-m", "tests.fuzz.hostile", *names]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=400, check=False)
    assert ended.returncode == 0, ended.stderr[-2000:].decode()
    return {row["name"]: row for row in map(json.loads, ended.stdout.splitlines())}


@pytest.fixture(scope="module")
def bodies() -> dict[str, dict[str, Any]]:
    """All bodies, one after the other in one process."""
    return _measured(list(BODIES))


@pytest.mark.long
@pytest.mark.parametrize("name", BODIES)
def test_a_hostile_body_is_answered_within_bounds(
    bodies: dict[str, dict[str, Any]], name: str
) -> None:
    """Refused or without anything to pass on; never read into something large or slow."""
    row = bodies[name]

    assert row["seconds"] < SECONDS
    assert row["grown"] < BYTES
    assert row["verdicts"]
    if not name.startswith("avro"):
        assert "event" not in row["verdicts"]


@pytest.mark.long
@pytest.mark.parametrize("name", STREAMS)
def test_a_hostile_connection_costs_one_frame(name: str) -> None:
    """A gigabyte is answered once, its beginning kept, and the message behind it is answered."""
    row = _measured([name])[name]

    assert row["verdicts"] == {"quarantined": 2}
    assert row["seconds"] < 4 * SECONDS
    assert row["grown"] < 16 * 1024 * 1024
