"""Databases for the tests of the store: each test has an empty one of its own."""

import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from hub.store.engine import make_engine, migrate
from tests.servers.postgres import running_postgres

CONNECT_SECONDS = 20.0


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A running PostgreSQL, without a database."""
    with running_postgres() as url:
        yield url


def new_database(server: str) -> str:
    """The URL of a database of its own on a server."""
    engine = sa.create_engine(
        f"{server}/postgres".replace("postgresql:", "postgresql+psycopg:"),
        isolation_level="AUTOCOMMIT",
    )
    name = f"hub_{uuid4().hex[:12]}"
    deadline = time.monotonic() + CONNECT_SECONDS
    created = False
    while not created:
        try:
            with engine.connect() as conn:
                conn.exec_driver_sql(f"CREATE DATABASE {name}")
                created = True
        except sa.exc.OperationalError:
            # The port answers a moment before the server does.
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
    engine.dispose()
    return f"{server}/{name}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.stack)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without any table, of both kinds."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'hub.db'}"
    return new_database(request.getfixturevalue("postgres_url"))


@pytest.fixture
def engine(empty_url: str) -> Iterator[Engine]:
    """A database at the newest revision, of both kinds."""
    migrate(empty_url)
    made = make_engine(empty_url)
    yield made
    made.dispose()


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[Engine]:
    """SQLite only, for tests whose subject is not the SQL."""
    url = f"sqlite:///{tmp_path / 'lite.db'}"
    migrate(url)
    made = make_engine(url)
    yield made
    made.dispose()
