"""The benchmark command in a small size, ours alone: what it judges is real, and it says so."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.empty.work import Judge, inputs, output_of
from bench.rig import HostFailedError, rate_of
from bench.whole.part import compare
from tests.house.tree import ROOT

PATIENCE_SECONDS = 600
"""A part takes a minute or two on idle cores; only a failure takes so long."""


@pytest.mark.stack
def test_the_command_measures_our_worker_and_judges_its_outputs(tmp_path: Path) -> None:
    """The empty and the whole core run on a real Kafka; every output is read and compared."""
    figures = tmp_path / "bench.json"
    command = [sys.executable, "-m", "bench", "--quick", "--no-peers", "--only", "empty,whole"]

    ended = subprocess.run(
        [*command, "--json", str(figures)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )

    assert 0 == ended.returncode, ended.stderr[-2000:]
    parts = json.loads(figures.read_text(encoding="utf-8"))["parts"]
    assert parts["empty"]["events"] == parts["empty"]["ours"]["outputs"]
    # A key that changes often between two commits is written once.
    (written,) = parts["empty"]["ours"]["changelog_records"]
    assert 0 < written <= parts["empty"]["events"]
    assert parts["whole"]["inputs"] == parts["whole"]["ours"]["outputs"]
    assert parts["whole"]["inputs"] == parts["whole"]["core_alone"]["outputs"]
    assert 0 < parts["whole"]["ours_to_core_alone"]
    assert "whole core: ours to the core alone" in ended.stdout


@pytest.mark.stack
def test_the_mllp_part_holds_bad_neighbours_and_beats_time(tmp_path: Path) -> None:
    """The real role on a real Kafka beside the library's server; every answer was AA."""
    figures = tmp_path / "bench.json"
    command = [sys.executable, "-m", "bench", "--quick", "--no-peers", "--only", "mllp"]

    ended = subprocess.run(
        [*command, "--json", str(figures)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )

    assert 0 == ended.returncode, ended.stderr[-2000:]
    found = json.loads(figures.read_text(encoding="utf-8"))["parts"]["mllp"]
    assert found["neighbours"]["rounds"][0]["beside"]["messages"] > 100
    assert 0 < found["neighbours"]["ratio"]
    for host in ("ours_on_1", "ours_on_50", "hl7_library_on_1", "hl7_library_on_50"):
        assert found["rates"][host]["per_second"] > 0
    assert "ratio of the two" in ended.stdout


@pytest.mark.stack
def test_the_channels_part_has_dead_destinations_and_a_limit(tmp_path: Path) -> None:
    """The real role on a real Kafka beside plain loops; what answers got everything.

    Each channel has neighbours that fail in its own way, and the delivery log says so of them.
    """
    figures = tmp_path / "bench.json"
    command = [sys.executable, "-m", "bench", "--quick", "--no-peers", "--only", "channels"]

    ended = subprocess.run(
        [*command, "--json", str(figures)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=6 * PATIENCE_SECONDS,
        check=False,
    )

    assert 0 == ended.returncode, ended.stderr[-2000:]
    found = json.loads(figures.read_text(encoding="utf-8"))["parts"]["channels"]
    failing = {
        "webhook": {"unreachable"},
        "fhir": {"unreachable"},
        "kafka": set(),
        "email": {"their_error"},
        "mesh": {"no_such_mailbox"},
    }
    for name, reasons in failing.items():
        (only,) = found[name]["rounds"]
        assert min(only["alone"]["notices"], only["beside"]["notices"]) > 20
        assert 0 < only["alone"]["p50_ms"] <= only["alone"]["p99_ms"]
        assert 0 < min(found[name][f"{word}_ratio"] for word in ("p50", "p99", "rate"))
        assert 0 < min(found[name][turn]["per_second"] for turn in ("alone", "beside"))
        assert 0 < found[name]["plain_loop"]["per_second"]
        assert reasons <= set(only["beside"]["others"]["dead"])
        assert {"slow": {}, "dead": {}, "left_alone_at_the_end": 0} == only["alone"]["others"]
    assert "beside" not in found["worklist"]
    assert 0 < found["worklist"]["alone"]["per_second"]
    assert "mesh:   alone to the plain loop" in ended.stdout


def test_the_read_side_has_a_command_of_its_own() -> None:
    """Decisions are folded and taken into the outbox, and each notice is written down."""
    command = [sys.executable, "-m", "bench.projector", "--decisions", "300", "--json", "-"]
    ended = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )
    assert 0 == ended.returncode, ended.stderr[-2000:]
    assert json.loads(ended.stdout)["worklist"]["notices"] > 0


def outputs(events: int) -> list[tuple[bytes, bytes]]:
    """What a right host would write, in one partition."""
    states: dict[bytes, tuple[int, int]] = {}
    said = []
    for key, value in inputs(events):
        seq, total = states.get(key, (0, 0))
        output, total = output_of(value, seq + 1, total)
        states[key] = (seq + 1, total)
        said.append((key, output))
    return said


def test_the_judge_finds_what_is_lost_repeated_and_wrong() -> None:
    """A judge that cannot fail would call any peer right, and us too."""
    right = outputs(500)
    for written, wanted in (
        (right, {"lost": 0, "repeated": 0, "wrong_keys": 0}),
        (right[:-1], {"lost": 1, "repeated": 0, "wrong_keys": 1}),
        ([*right, right[-1]], {"lost": 0, "repeated": 1, "wrong_keys": 0}),
    ):
        judge = Judge(500)
        for key, value in written:
            judge.see(key, value)

        assert wanted == judge.faults()


def test_a_host_that_decides_differently_is_no_peer() -> None:
    """One byte in one decision is enough."""
    wanted = {b"ep-1": [b"decision 1", b"decision 2"]}
    compare("ours", {b"ep-1": [b"decision 1", b"decision 2"]}, wanted)
    for other in ({b"ep-1": [b"decision 2", b"decision 1"]}, {b"ep-1": [b"decision 1"]}, {}):
        with pytest.raises(HostFailedError, match="differently on 1 of 1"):
            compare("ours", other, wanted)


def test_the_rate_leaves_out_the_warm_up_and_counts_the_last_write() -> None:
    """100 outputs, one every 10 ms: after the first fifth 79 are left, in 790 ms and 210 more."""
    stamps = [1000 + 10 * n for n in range(100)]

    assert 100 == pytest.approx(rate_of(stamps, stamps[-1]))
    assert 79 == pytest.approx(rate_of(stamps, stamps[-1] + 210))
