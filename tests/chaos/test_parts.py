"""The small parts of chaos that need no stack."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from hub.edges.avro import DecisionRecord, decode_event, encode_decision
from hub.edges.directory import read_directory
from hub.edges.intake import check_event
from tests.chaos.__main__ import arguments, wanted_of
from tests.chaos.faults import KINDS, plan, thresholds
from tests.chaos.load import Record, records
from tests.chaos.place import directory_toml
from tests.chaos.run import HUB_START
from tests.chaos.slow_disk import SLOW_MS, compile_shim
from tests.chaos.soak import summary
from tests.chaos.watch import Head, head_of

EVENTS = 1500


def test_the_load_can_be_decided_at_any_time_of_the_run() -> None:
    """Every event passes the door when the hub's clock starts: none is from the future."""
    directory = read_directory(directory_toml().encode())
    load = records(3, EVENTS, HUB_START)
    for record in load:
        if record.kind != "poison":
            check_event(decode_event(record.value, HUB_START), directory, HUB_START)

    kinds = Counter(record.kind for record in load)
    assert EVENTS == len(load)
    assert {"event.corrected", "event.retracted", "poison", "duplicate"} <= set(kinds)
    assert {"conference.attendance", "discharge.summary", "pregnancy.dated"} <= set(kinds)


def test_a_seed_gives_the_same_load() -> None:
    """A failed run can be run again; another seed is another load."""
    first, second = records(3, 200, HUB_START), records(3, 200, HUB_START)

    assert first == second
    assert first != records(4, 200, HUB_START)


def test_an_event_of_the_load_has_one_id() -> None:
    """What counts as sent twice is exactly what is called a duplicate."""
    load = [r for r in records(5, EVENTS, HUB_START) if r.kind not in ("poison", "duplicate")]
    ids: list[Record] = [r for r in load if r.event_id]

    assert len(ids) == len({r.event_id for r in ids})


def test_every_kind_of_fault_comes_before_any_comes_again() -> None:
    """And in another order for another seed."""
    planned = plan(KINDS, 10, seed=1)

    assert set(KINDS) == set(planned[: len(KINDS)])
    assert 10 == len(planned)
    assert planned != plan(KINDS, 10, seed=2)


@pytest.mark.parametrize("seed", range(20))
def test_faults_strike_in_order_and_in_the_middle_of_the_work(seed: int) -> None:
    """None before the first twentieth, none after nine tenths."""
    when = thresholds(8, 10_000, seed)

    assert sorted(set(when)) == when
    assert when[0] >= 500
    assert when[-1] <= 9000


def test_the_head_of_a_decision_is_read_from_its_bytes() -> None:
    """With numbers that need several bytes."""
    value = encode_decision(
        DecisionRecord(
            episode_id="ep-" + "a" * 90,
            seq=300,
            input_id="wake:1",
            input_partition=3,
            input_offset=1_234_567,
            at=HUB_START,
            policy_version="p",
            outcomes=(),
        )
    )

    assert Head("ep-" + "a" * 90, 300, "wake:1", 3, 1_234_567) == head_of(value)


def test_the_slow_disk_slows_files_and_nothing_else(tmp_path: Path) -> None:
    """Only while the flag is there, and never a pipe."""
    slow = compile_shim(tmp_path)
    script = (
        "import os, time\n"
        "def took(fd):\n"
        "    began = time.monotonic(); os.write(fd, b'x'); return time.monotonic() - began\n"
        "file = os.open('written', os.O_CREAT | os.O_WRONLY)\n"
        "print(took(file), took(os.pipe()[1]))\n"
    )

    def times() -> list[float]:
        done = subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, **slow.environment()},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        return [float(each) for each in done.stdout.split()]

    slow.switch(on=True)
    file, pipe = times()
    slow.switch(on=False)
    quick, _ = times()

    assert file >= SLOW_MS / 1000
    assert pipe < file
    assert quick < file


def test_a_fault_that_is_none_is_refused_in_words() -> None:
    """The known ones are named."""
    with pytest.raises(ValueError, match="explode; known are kill, pause"):
        wanted_of(arguments(["--faults", "kill,explode"]))


def test_the_rule_of_three_holds_only_for_a_clean_soak() -> None:
    """Three divided by the trials, when nothing was found; no bound otherwise."""
    clean = {
        "faults": [{}] * 8,
        "confirmed": 1000,
        "decisions": 1500,
        "duplicates_dropped": 7,
        "seconds": 60.0,
        "ok": True,
    }
    both = summary([clean, clean])

    assert (2, 16, 2000) == (both["rounds"], both["faults"], both["events"])
    assert (3 / 16, 3 / 2000) == (both["loss_per_fault_below"], both["loss_per_event_below"])
    assert both["ok"]
    assert summary([clean, {**clean, "ok": False}])["loss_per_fault_below"] is None
    assert not summary([])["ok"]
