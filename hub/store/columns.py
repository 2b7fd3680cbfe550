"""Columns that behave alike on SQLite and PostgreSQL, and the metadata that holds every table."""

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

metadata = sa.MetaData()

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ONE_MICROSECOND = timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant, exact to the microsecond.

    PostgreSQL has a type for it.  SQLite has none, so there it is a whole number of microseconds
    since 1970, which sorts as time does.  A naive datetime is refused with ValueError: it would be
    read back as another instant.
    """

    impl = sa.BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The native type of each database."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(sa.DateTime(timezone=True))
        return dialect.type_descriptor(sa.BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """To the database."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant must be aware")
        if dialect.name == "postgresql":
            return value
        return (value - EPOCH) // ONE_MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """From the database."""
        if value is None:
            return None
        if dialect.name == "postgresql":
            stored: datetime = value
            return stored.astimezone(UTC)
        return EPOCH + timedelta(microseconds=int(value))


def text(name: str, *, null: bool = False, pk: bool = False) -> "Column[str]":
    """Text."""
    return Column(name, sa.Text, nullable=null, primary_key=pk)


def number(name: str, *, pk: bool = False, default: str | None = None) -> "Column[int]":
    """A whole number."""
    return Column(
        name,
        sa.BigInteger,
        nullable=False,
        primary_key=pk,
        autoincrement=False,
        server_default=default,
    )


def flag(name: str) -> "Column[bool]":
    """Yes or no; no unless said."""
    return Column(name, sa.Boolean, nullable=False, server_default=sa.false())


def instant(name: str, *, null: bool = False) -> "Column[object]":
    """An instant."""
    return Column(name, Instant, nullable=null)


def json(name: str) -> "Column[object]":
    """A list of records or words."""
    return Column(name, sa.JSON, nullable=False)
