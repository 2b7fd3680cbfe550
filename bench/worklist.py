"""How long a worklist page takes with a million notices: `python bench/worklist.py [COUNT]`.

Notices of 2,000 organisations, one of them fifty times the size of the rest; a tenth is open.
The promise is 100 ms at the 95th percentile on SQLite.
"""

import random
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Engine

from hub.core.model import Level, NoticeReason, Purpose
from hub.store import read_model as read
from hub.store import tables as t
from hub.store.engine import make_engine, migrate, reading, writing

ORGANISATIONS, LARGEST_SHARE = 2000, 0.025
ROLES = ("GP_PRACTICE", "GP_SG_LEAD", "GP_PRACTICE_BABY")
START = datetime(2026, 10, 20, tzinfo=UTC)
CHUNK = 20_000
PAGES = 400


def notices(count: int, draw: random.Random) -> Iterator[dict[str, object]]:
    """Invented notices."""
    for n in range(count):
        large = draw.random() < LARGEST_SHARE
        yield {
            "notice_id": f"n-{n:08}",
            "obligation_id": f"o-{n}",
            "episode_id": f"ep-{n // 20}",
            "seq": 1,
            "reason": NoticeReason.FIRST,
            "role": draw.choice(ROLES),
            "organisation": "G0" if large else f"G{draw.randrange(1, ORGANISATIONS)}",
            "round": 1,
            "purpose": Purpose.DIRECT_CARE,
            "title": "Pregnancy booked",
            "level_needed": Level.ACCEPTED,
            "due_at": START + timedelta(minutes=draw.randrange(500_000)),
            "content": [{"group": "who", "field": "edd", "label": "Due date", "value": "x"}],
            "rule": "booking.gp",
            "policy": "2026.1",
            "because": "The practice must know of every pregnancy.",
            "authority": "NG201 1.1.7",
            "issued_at": START,
            "level": Level.OWED,
            "state": "owed",
            "listed": "open" if draw.random() < 0.1 else "done",
            "rank": draw.randrange(7),
        }


def fill(engine: Engine, count: int) -> float:
    """Write the notices; returns the seconds it took."""
    began, rows = time.perf_counter(), []
    for row in notices(count, random.Random(7)):  # noqa: S311  invented rows, not a secret
        rows.append(row)
        if len(rows) == CHUNK:
            with writing(engine) as conn:
                conn.execute(sa.insert(t.notices), rows)
            rows.clear()
    if rows:
        with writing(engine) as conn:
            conn.execute(sa.insert(t.notices), rows)
    return time.perf_counter() - began


def measure(engine: Engine, organisation: str, state: str) -> list[float]:
    """Milliseconds of pages at random depths, with the figures above them."""
    draw, taken = random.Random(11), []  # noqa: S311  as above
    for _ in range(PAGES):
        began = time.perf_counter()
        with reading(engine) as conn:
            read.worklist(
                conn,
                organisation=organisation,
                roles=ROLES,
                person="P-1",
                now=START,
                state=state,
                offset=50 * draw.randrange(5),
            )
            read.worklist_counts(
                conn, organisation=organisation, roles=ROLES, person="P-1", now=START
            )
        taken.append((time.perf_counter() - began) * 1000)
    return sorted(taken)


def main() -> None:
    """Fill, measure, print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as folder:
        url = f"sqlite:///{Path(folder) / 'hub.db'}"
        migrate(url)
        engine = make_engine(url)
        print(f"{count} notices written in {fill(engine, count):.0f} s")
        for organisation, size in (("G0", "the largest"), ("G7", "an ordinary one")):
            for state in ("open", "done", "mine"):
                taken = measure(engine, organisation, state)
                middle, high = taken[PAGES // 2], taken[PAGES * 95 // 100]
                print(f"{size}, {state}: median {middle:.1f} ms, p95 {high:.1f} ms")
        engine.dispose()


if __name__ == "__main__":
    main()
