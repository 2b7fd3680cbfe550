"""Rows of one table while a batch is folded: loaded once, changed in memory, written once.

A statement for each outcome cost more than everything else the projector does, so a batch works on
dictionaries instead: the rows that it touches are read with one statement for each table, and what
became of them is written with one statement for each table (and set of changed columns).
"""

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from hub.store.upsert import put_many, put_once_many

type_of_row = dict[str, Any]
type_of_key = Any
"""The primary key: its value, or a tuple when it has several columns."""

ASKED_AT_ONCE = 500
"""Keys in one IN list; far below what either database allows."""

_WAS = "key_of_"


class Rows:
    """The rows of one table that a batch touches."""

    def __init__(self, table: sa.Table, *loaded: str, once: bool = False) -> None:
        """`loaded` are the columns that the fold reads; the others are only ever written.

        With `once`, a row that the database has already stays as it is.
        """
        self.table = table
        self._names = [column.name for column in table.primary_key]
        self._key = itemgetter(*self._names)
        self._loaded = (*self._names, *loaded)
        self._empty: type_of_row = dict.fromkeys(table.c.keys())
        self._once = once
        self._rows: dict[type_of_key, type_of_row] = {}
        self._new: dict[type_of_key, type_of_row] = {}
        self._changed: dict[type_of_key, type_of_row] = {}

    # --- reading ----------------------------------------------------------------------------

    def load(self, conn: Connection, column: str, values: Collection[str]) -> list[type_of_row]:
        """Read the rows whose `column` is one of `values`, and return them.

        A row that is known already is returned as it stands.  Nothing else is asked for: with more
        terms SQLite may take an index that walks over every open notice of a role to find a few.
        """
        found: list[type_of_row] = []
        if not values:
            return found
        wanted = sorted(values)
        asked = _asked(self.table, self._loaded, column)
        for first in range(0, len(wanted), ASKED_AT_ONCE):
            some = wanted[first : first + ASKED_AT_ONCE]
            for values_of_row in conn.execute(asked, {"values": some}):
                row = dict(zip(self._loaded, values_of_row, strict=True))
                found.append(self._rows.setdefault(self._key(row), row))
        return found

    def get(self, key: type_of_key) -> type_of_row | None:
        """A row as it stands now, or None.  Change it with `put` and `change` only."""
        return self._rows.get(key)

    # --- writing ----------------------------------------------------------------------------

    def put(self, row: Mapping[str, Any], *, keep: Sequence[str] = ()) -> None:
        """Add a row, or set its columns on the row with the same key.

        Columns named in `keep` are written only when the row is new.
        """
        key = self._key(row)
        if key not in self._rows:
            self._rows[key] = self._new[key] = {**self._empty, **row}
        elif not self._once:
            self.change(key, {name: value for name, value in row.items() if name not in keep})

    def change(self, key: type_of_key, values: Mapping[str, Any]) -> None:
        """Set columns of a row; nothing happens when there is no such row."""
        row = self._rows.get(key)
        if row is None:
            return
        if key not in self._new:
            different = {
                name: value
                for name, value in values.items()
                if name not in row or row[name] != value
            }
            if different:
                self._changed.setdefault(key, {}).update(different)
        row.update(values)

    def write(self, conn: Connection) -> None:
        """Write what is new and what has changed; call it once."""
        if self._new:
            insert = put_once_many if self._once else put_many
            insert(conn, self.table, list(self._new.values()))
        alike: dict[tuple[str, ...], list[type_of_row]] = {}
        for key, values in self._changed.items():
            where = dict(zip(self._names, _parts(key), strict=True))
            row = {_WAS + name: value for name, value in where.items()} | values
            alike.setdefault(tuple(sorted(values)), []).append(row)
        for names, rows in alike.items():
            conn.execute(_update(self.table, names), rows)


def _parts(key: type_of_key) -> tuple[Any, ...]:
    return key if isinstance(key, tuple) else (key,)


@cache
def _asked(table: sa.Table, loaded: tuple[str, ...], column: str) -> sa.Select[Any]:
    values: sa.BindParameter[Any] = sa.bindparam("values", expanding=True)
    return sa.select(*(table.c[name] for name in loaded)).where(table.c[column].in_(values))


@cache
def _update(table: sa.Table, names: tuple[str, ...]) -> sa.Update:
    where = (column == sa.bindparam(_WAS + column.name) for column in table.primary_key)
    return sa.update(table).where(*where).values({name: sa.bindparam(name) for name in names})
