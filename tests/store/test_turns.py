"""Writers of one SQLite file take turns: nobody who is busy can keep the others out."""

import threading
import time
from pathlib import Path

from hub.store.engine import make_engine, migrate, writing

HOLD_SECONDS = 0.03
ASKED = 10


def test_a_busy_writer_lets_the_next_one_in(tmp_path: Path) -> None:
    """Whoever asks waits for the transaction under way and for no more than one after it."""
    url = f"sqlite:///{tmp_path / 'hub.db'}"
    migrate(url)
    busy, other = make_engine(url), make_engine(url)
    done: list[float] = []
    enough = threading.Event()

    def write_on_and_on() -> None:
        while not enough.is_set():
            with writing(busy):
                time.sleep(HOLD_SECONDS)
            done.append(time.monotonic())

    writer = threading.Thread(target=write_on_and_on)
    writer.start()
    waited = []
    try:
        for _ in range(ASKED):
            before = len(done)
            while len(done) == before:
                time.sleep(HOLD_SECONDS / 10)
            before = len(done)
            with writing(other):
                waited.append(len(done) - before)
    finally:
        enough.set()
        writer.join()
        busy.dispose()
        other.dispose()

    assert max(waited) <= 2, waited
