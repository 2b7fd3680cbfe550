"""Opening the database: SQLite with a write-ahead log, or PostgreSQL, by URL alone."""

import fcntl
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, event

BUSY_TIMEOUT_MS = 10_000
"""Several roles write one SQLite file; each transaction is short, so ten seconds means a fault."""

MIGRATION_LOCK = 0x70657269
"""PostgreSQL advisory lock held while migrating: all roles may start at once ('peri' in ASCII)."""

WAL_RETRY_SECONDS = 0.02

CACHE_KIB = 32 * 1024
"""Pages that one connection keeps, at most: ids are spread over an index, so that a batch touches
pages all over it, and SQLite's own 2 MiB held too few of them."""

CHECKPOINT_PAGES = 4000
"""Pages (4 KiB) in the write-ahead log before they are copied into the file.  With four times
SQLite's own 1000, pages that one batch after the other changes are copied less often (measured on
150,000 notices: a fifth more decisions per second)."""

_WRITES = "hub_writes"


def make_engine(url: str) -> Engine:
    """An engine for `sqlite:///path` or `postgresql://...` (driver psycopg 3 unless named).

    On SQLite every connection has WAL, a busy timeout and foreign keys; `synchronous=NORMAL` loses
    nothing when a process dies, and a power cut loses only transactions that the log replays.
    """
    parsed = sa.make_url(url)
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    engine = sa.create_engine(
        parsed, json_serializer=_to_json, json_deserializer=msgspec.json.decode, pool_pre_ping=True
    )
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that will write; commits at the end, rolls back when anything is raised.

    On SQLite it takes the write lock at once: a transaction that reads first and writes later
    would fail, without waiting, when another role has written in between.  Writers take turns.
    """
    with _turn(engine), engine.connect().execution_options(**{_WRITES: True}) as conn, conn.begin():
        yield conn


@contextmanager
def _turn(engine: Engine) -> Iterator[None]:
    """Wait in line for SQLite's one write lock; PostgreSQL needs no line.

    SQLite's own waiters only look again from time to time, and whoever has just let go takes the
    lock back before they do: a projector that was catching up kept the delivery role out until it
    ended on "database is locked", again and again (found under chaos).  So the next writer stands
    at a file lock of its own, and the last one, coming back, has to queue behind it.  The kernel
    lets both locks go when a process dies.
    """
    file = engine.url.database
    if engine.dialect.name != "sqlite" or not file or file == ":memory:":
        yield
        return
    with Path(f"{file}-turn").open("ab") as turn:
        with Path(f"{file}-next").open("ab") as following:
            fcntl.flock(following, fcntl.LOCK_EX)
            fcntl.flock(turn, fcntl.LOCK_EX)
        yield


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that only reads: one snapshot, never blocked by a writer."""
    with engine.connect() as conn, conn.begin():
        yield conn


def migrate(url: str, revision: str = "head") -> None:
    """Bring the schema to `revision`; safe when every role of a start calls it together."""
    engine = make_engine(url)
    try:
        migrate_engine(engine, revision)
    finally:
        engine.dispose()


def migrate_engine(engine: Engine, revision: str = "head") -> None:
    """As `migrate`, on an engine that is already open; `base` takes every table away."""
    with writing(engine) as conn:
        if conn.dialect.name == "postgresql":
            conn.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATION_LOCK)))
        config = alembic_config()
        config.attributes["connection"] = conn
        if revision == "base":
            command.downgrade(config, revision)
        else:
            command.upgrade(config, revision)


def alembic_config() -> Config:
    """Alembic's configuration, without any file: the scripts lie beside this module."""
    config = Config()
    folder = Path(__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _to_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _prepare_sqlite(dbapi_connection: Any, _record: Any) -> None:
    # Python's driver would open transactions by its own rules; SQLAlchemy's begin event does it.
    dbapi_connection.isolation_level = None
    cursor = dbapi_connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    _switch_to_wal(cursor)
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
    cursor.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
    cursor.close()


def _switch_to_wal(cursor: sqlite3.Cursor) -> None:
    """Turn the write-ahead log on; the file remembers it, so that only the first one has to.

    SQLite does not heed the busy timeout for this one statement: roles that start together would
    fail with "database is locked" (seen in a test under load).
    """
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(WAL_RETRY_SECONDS)
        else:
            return


def _begin_sqlite(conn: Connection) -> None:
    writes = conn.get_execution_options().get(_WRITES, False)
    conn.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
