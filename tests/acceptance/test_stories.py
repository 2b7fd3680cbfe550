"""`hub demo` as a stranger runs it: everything up, every story as told, everything down."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hub.demo.play import all_story_files, story_files
from tests.house.tree import ROOT
from tests.machine import Machine

pytestmark = pytest.mark.stack

SHOWN_SECONDS = 85
"""For each part of a demonstration, on two cores."""

PATIENCE_SECONDS = 1200
"""All stories take some minutes; only a failure takes so long."""


def demo(folder: Path, *words: str) -> dict[str, Any]:
    """What a demonstration reports that ended well."""
    report = folder / "report.json"
    done = subprocess.run(
        [sys.executable, "-m", "hub.cli", "demo", "--until-done", *words, "--json", str(report)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
        env={
            "PYTHONPATH": str(ROOT),
            "PATH": "",
            "HOME": str(Path.home()),
            "HUB_DATA_DIR": str(folder / "data"),
            "HUB_GATEWAY_PORT": "0",
            "HUB_MLLP_PORT": "0",
        },
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return found


def test_every_story_goes_as_told(tmp_path: Path) -> None:
    """Exit code 0, every outcome of every story and no other, and how long it took.

    The time is that of two cores of our own: what others work meanwhile is added to it.
    """
    before = Machine.now()
    report = demo(tmp_path)
    most = SHOWN_SECONDS + Machine.now().others_since(before)
    assert report["ok"]
    assert len(story_files()) == len(report["stories"])
    for story in report["stories"]:
        assert (story["expected"], [], []) == (
            story["matched"],
            story["missing"],
            story["unexpected"],
        )
        assert 0 < story["expected"]
    assert {"setup", "stories", "kafka_ready"} == set(report["seconds"])
    assert all(0 < seconds < most for seconds in report["seconds"].values())


def test_every_story_of_the_domain_goes_as_on_the_core(tmp_path: Path) -> None:
    """All numbered stories at once on one hub: the same outcomes as on the core, and no other."""
    stories = demo(tmp_path, "--story", "all")["stories"]
    assert len(all_story_files()) == len(stories)
    assert [] == [s["id"] for s in stories if s["missing"] or s["unexpected"] or not s["expected"]]


def test_a_story_that_is_not_as_told_is_said_and_fails(tmp_path: Path) -> None:
    """A report that is always green would prove nothing: one outcome too many is found."""
    done = subprocess.run(
        [sys.executable, "-m", "hub.cli", "simulate", str(_with_one_more(tmp_path))],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
    )
    assert 1 == done.returncode, done.stdout + done.stderr
    assert "P99.nobody" in done.stdout


def _with_one_more(folder: Path) -> Path:
    """A story that says of itself something that does not follow."""
    told = story_files()[0].read_text(encoding="utf-8")
    wrong = '{ at = "2026-03-21 10:00", notice = "P99.nobody" },\n]'
    path = folder / "wrong.toml"
    path.write_text(wrong.join(told.rsplit("]", 1)), encoding="utf-8")
    return path
