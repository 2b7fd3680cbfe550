"""The log of accesses: add one, read it by episode or by person, and prove that nobody changed it.

Each row's digest covers its record and the digest before it, so that a row that was changed, taken
out or put in between breaks the chain from there on (domain 1: the audit is hash-chained).  Rows
cut off at the end break nothing: whoever guards the log keeps its last digest elsewhere, and
`verify` is asked whether that one is still there.
"""

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256

import sqlalchemy as sa
from sqlalchemy import Connection

from hub.core.faults import SenderFault
from hub.edges.access import AccessCodec, AccessRecord
from hub.store import tables as t

FIRST_DIGEST = ""
CHAIN_LOCK = 0x61756469
"""PostgreSQL advisory lock of whoever adds to the chain ('audi' in ASCII); SQLite's writers take
turns anyway."""

COLUMNS = ("access_id", "at", "person_id", "organisation", "what", "subject_id", "episode_id")
"""What the table repeats of a record, to find it by."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the chain says of itself."""

    rows: int
    head: str
    """The last digest: worth keeping where nobody who can write the table can reach."""
    broken_at: int | None = None
    """The first row that does not fit, or None."""
    expected_found: bool = True
    """Whether the digest that was asked for is in the chain."""

    @property
    def whole(self) -> bool:
        """Whether nothing was changed, as far as the log can tell."""
        return self.broken_at is None and self.expected_found


def add_access(conn: Connection, codec: AccessCodec, access: AccessRecord) -> int:
    """Add one access to the end of the chain, and return its place, from 1."""
    if conn.dialect.name == "postgresql":
        conn.execute(sa.select(sa.func.pg_advisory_xact_lock(CHAIN_LOCK)))
    a = t.accesses
    last = conn.execute(sa.select(a.c.n, a.c.digest).order_by(a.c.n.desc()).limit(1)).first()
    n, before = (last.n + 1, last.digest) if last else (1, FIRST_DIGEST)
    written = codec.encode(access)
    row = {name: getattr(access, name) for name in COLUMNS}
    row |= {"n": n, "record": written, "digest": _digest(before, written)}
    conn.execute(sa.insert(a).values(row))
    return int(n)


def accesses(
    conn: Connection,
    codec: AccessCodec,
    *,
    episode_id: str = "",
    person_id: str = "",
    limit: int = 50,
    offset: int = 0,
) -> tuple[AccessRecord, ...]:
    """Accesses, newest first: all, those to one episode, those of one person, or both."""
    a = t.accesses
    asked = sa.select(a.c.record)
    if episode_id:
        asked = asked.where(a.c.episode_id == episode_id)
    if person_id:
        asked = asked.where(a.c.person_id == person_id)
    page = asked.order_by(a.c.n.desc()).limit(limit).offset(offset)
    return tuple(codec.decode(record) for record in conn.scalars(page))


def verify(conn: Connection, codec: AccessCodec, *, expected: str = "") -> Verdict:
    """Walk the whole chain; `expected` is a digest that must be in it, or empty."""
    head, number, found = FIRST_DIGEST, 0, not expected
    with closing(_in_order(conn)) as rows:
        for number, row in enumerate(rows, 1):
            right = row.n == number and row.digest == _digest(head, row.record)
            if not right or not _fits(codec, row):
                return Verdict(number, head, broken_at=number, expected_found=found)
            head = row.digest
            found = found or head == expected
    return Verdict(number, head, expected_found=found)


def _in_order(conn: Connection) -> Generator[sa.Row[tuple[object, ...]], None, None]:
    a = t.accesses
    with conn.execution_options(yield_per=1000).execute(sa.select(a).order_by(a.c.n)) as rows:
        yield from rows


def _fits(codec: AccessCodec, row: sa.Row[tuple[object, ...]]) -> bool:
    """Whether the columns that a row is found by say what its record says."""
    try:
        access = codec.decode(row.record)
    except SenderFault:
        return False
    return all(getattr(row, name) == getattr(access, name) for name in COLUMNS)


def _digest(before: str, written: bytes) -> str:
    return sha256(before.encode("ascii") + written).hexdigest()
