"""The agenda at national size, and when very many wakes are due at once."""

import asyncio
import gc
import time
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agents.agenda import (
    AGAIN_SECONDS,
    STALE_ENTRIES,
    TICK_SECONDS,
    UNANSWERED,
    WAKES_A_TURN,
    Agenda,
    read_agenda,
)
from agents.kept import Kept, close_kept
from agents.transport import PartitionStore
from tests.engine.bench_parts import hub_app

NOON = datetime(2026, 3, 25, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
STORM = 100_000


def key_of(number: int) -> bytes:
    """An episode id as long as the real ones."""
    return b"ep-%020x" % number


@pytest.fixture
def storm() -> Agenda:
    """100,000 episodes of one partition due at once, and one on another partition."""
    agenda = Agenda()
    for number in range(STORM):
        agenda.note(0, key_of(number), NOON - timedelta(seconds=number))
    agenda.note(1, b"ep-other", NOON)
    return agenda


def test_a_storm_is_sliced_and_delays_no_other_partition(storm: Agenda) -> None:
    """The first look brings one turn of the storm and the other partition's wake as well."""
    woken = storm.due(NOON, 0.0)

    assert WAKES_A_TURN + 1 == len(woken)
    assert (1, b"ep-other", NOON) == woken[-1]
    assert key_of(STORM - 1) == woken[0][1]


def test_few_of_a_storm_are_on_their_way_at_a_time(storm: Agenda) -> None:
    """However often one looks: what else arrives waits for UNANSWERED decisions at most."""
    sent = [key for tick in range(20) for key in wakes(storm, tick * TICK_SECONDS)]

    assert UNANSWERED == len(sent) == len(set(sent))


def test_a_storm_that_is_answered_ends_with_each_woken_once(storm: Agenda) -> None:
    """All 100,000, in order of their times, none twice, though answers come a tick late."""
    woken: list[bytes] = []
    late: list[bytes] = []
    for tick in range(2 * STORM // WAKES_A_TURN):
        for key in late:
            storm.note(0, key, None)
        late = list(wakes(storm, tick * TICK_SECONDS))
        woken += late
    assert [key_of(number) for number in reversed(range(STORM))] == woken
    assert 1 == storm.size()


def test_a_storm_that_nobody_answers_is_not_looked_through(storm: Agenda) -> None:
    """With all that may be on their way unanswered, a look stays far below its tick."""
    for tick in range(10):
        storm.due(NOON, tick * TICK_SECONDS)

    assert typical_look(storm, monotonic=1.0) < TICK_SECONDS / 10
    assert 2 * UNANSWERED > len(list(wakes(storm, 1.0 + AGAIN_SECONDS)))


def test_a_look_costs_the_same_however_many_are_armed() -> None:
    """No scan: 100,000 that are not due cost what 100 cost."""
    small, large = Agenda(), Agenda()
    for agenda, armed in ((small, 100), (large, 100_000)):
        for number in range(armed):
            agenda.note(0, key_of(number), NOON + MINUTE)

    assert typical_look(large, monotonic=0.0) < 20 * typical_look(small, monotonic=0.0)


def test_an_entry_takes_little_memory() -> None:
    """174 bytes measured at 466,000 entries; a date and a pair for each took 214."""
    gc.collect()
    tracemalloc.start()
    agenda = Agenda()
    for number in range(50_000):
        agenda.note(number % 4, key_of(number), NOON + number * MINUTE)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert taken / agenda.size() < 200


def test_an_episode_that_changes_its_mind_often_leaves_little_behind() -> None:
    """Outdated entries are cleared away, although none of them ever falls due."""
    agenda = Agenda()
    for turn in range(20 * STALE_ENTRIES):
        agenda.note(0, b"ep-0", NOON + turn * MINUTE)

    assert len(agenda.anew(1).heap) == 0
    assert len(agenda._armed[0].heap) <= STALE_ENTRIES + 2
    assert [] == agenda.due(NOON, 0.0)
    assert [b"ep-0"] == [key for _, key, _ in agenda.due(NOON + 20 * STALE_ENTRIES * MINUTE, 0.0)]


def wakes(agenda: Agenda, monotonic: float) -> Iterator[bytes]:
    """Keys of partition 0 that are woken in one look."""
    return (key for partition, key, _ in agenda.due(NOON, monotonic) if partition == 0)


def typical_look(agenda: Agenda, monotonic: float) -> float:
    """Seconds of a look, the best of many: the machine may be busy."""
    looks = []
    for _ in range(200):
        begin = time.perf_counter()
        agenda.due(NOON, monotonic)
        looks.append(time.perf_counter() - begin)
    return min(looks)


# --- reading it from the store ---------------------------------------------------------------


def stored(tmp_path: Path, episodes: int) -> PartitionStore:
    """A store of episodes that want waking at noon; what follows the header is no valid state."""
    app = hub_app(tmp_path, "rocksdb://")
    store = PartitionStore(app, app.Table("episodes"))
    header = close_kept(Kept(b"\xc0", 7, (), NOON))[:16]
    store._confirmed(0, 1, [(key_of(number), header + b"\xff") for number in range(episodes)])
    return store


def test_the_agenda_is_read_without_decoding(tmp_path: Path) -> None:
    """The headers are enough: what follows them here cannot be decoded at all."""
    agenda, store = Agenda(), stored(tmp_path, 3)
    asyncio.run(read_agenda(agenda, store, 0))

    assert [(0, key_of(number), NOON) for number in range(3)] == agenda.due(NOON, 0.0)


def test_what_an_episode_says_while_the_store_is_read_holds(tmp_path: Path) -> None:
    """A value that was read before the episode was decided anew must not win over the decision."""

    async def ours() -> tuple[list[bytes | None], int]:
        agenda, store = Agenda(), stored(tmp_path, 1500)
        reading = asyncio.create_task(read_agenda(agenda, store, 0))
        await asyncio.sleep(0)
        # The first 1,000 have been read, and the page in hand holds the rest as they were.
        agenda.note(0, key_of(0), NOON + MINUTE)
        agenda.note(0, key_of(1400), None)
        agenda.note(0, key_of(1401), NOON - MINUTE)
        await reading
        wanted = agenda._armed[0].wanted
        return [wanted.get(key_of(number)) for number in (0, 1400, 1401)], agenda.size()

    early, late = Agenda(), Agenda()
    early.note(0, key_of(1401), NOON - MINUTE)
    late.note(0, key_of(0), NOON + MINUTE)
    expected = [late._armed[0].wanted[key_of(0)], None, early._armed[0].wanted[key_of(1401)]]
    assert (expected, 1499) == asyncio.run(ours())


def test_a_partition_that_goes_away_is_read_no_further(tmp_path: Path) -> None:
    """Neither does its old agenda come back, nor is the store of another's partition opened."""

    async def ours() -> int:
        agenda, store = Agenda(), stored(tmp_path, 5000)
        reading = asyncio.create_task(read_agenda(agenda, store, 0))
        await asyncio.sleep(0)
        agenda.forget(0)
        await reading
        return agenda.size()

    assert 0 == asyncio.run(ours())
