"""INSERT ... ON CONFLICT, which SQLite and PostgreSQL share but SQLAlchemy spells twice.

The statements are built once for each table and set of columns: building one costs more than
running it.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

type_of_insert = postgresql.Insert | sqlite.Insert


def put(
    conn: Connection, table: sa.Table, row: Mapping[str, Any], *, keep: Sequence[str] = ()
) -> None:
    """Insert `row`, or set its columns on the row with the same primary key.

    Columns named in `keep` are written only when the row is new.
    """
    conn.execute(_put(conn.dialect.name, table, tuple(row), tuple(keep)), dict(row))


def put_once(conn: Connection, table: sa.Table, row: Mapping[str, Any]) -> bool:
    """Insert `row` unless its key is there already; True when it was new."""
    return was_new(conn.execute(_put_once(conn.dialect.name, table), dict(row)))


def put_many(
    conn: Connection,
    table: sa.Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    keep: Sequence[str] = (),
) -> None:
    """As `put`, for rows of the same columns; of the same key, the last one stays."""
    conn.execute(_put(conn.dialect.name, table, tuple(rows[0]), tuple(keep)), rows)


def put_once_many(conn: Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """As `put_once`, for rows of the same columns; returns how many were new."""
    return conn.execute(_put_once(conn.dialect.name, table), rows).rowcount


def insert_for(conn: Connection, table: sa.Table) -> type_of_insert:
    """An insert in the dialect of this connection, for statements with conditions of their own."""
    return _insert(conn.dialect.name, table)


def was_new(result: sa.CursorResult[Any]) -> bool:
    """Whether an insert of one row wrote it, or (with a condition) changed the row that was there.

    Its statement must have been made here: other inserts do not keep their count.
    """
    return result.rowcount == 1


def _insert(dialect: str, table: sa.Table) -> type_of_insert:
    insert = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    # SQLAlchemy forgets the count of an INSERT unless it is told to keep it.
    return insert.execution_options(preserve_rowcount=True)


@lru_cache(maxsize=256)
def _put(
    dialect: str, table: sa.Table, columns: tuple[str, ...], keep: tuple[str, ...]
) -> type_of_insert:
    key = [column.name for column in table.primary_key]
    insert = _insert(dialect, table)
    change = {name: insert.excluded[name] for name in columns if name not in {*key, *keep}}
    if not change:
        return insert.on_conflict_do_nothing(index_elements=key)
    return insert.on_conflict_do_update(index_elements=key, set_=change)


@lru_cache(maxsize=64)
def _put_once(dialect: str, table: sa.Table) -> type_of_insert:
    return _insert(dialect, table).on_conflict_do_nothing()
