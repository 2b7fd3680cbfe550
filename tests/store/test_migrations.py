"""The schema: up and down on both databases, and never apart from `tables.py`."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine

from hub.store.engine import make_engine, migrate, reading, writing
from hub.store.tables import metadata
from tests.store.records import T0


def tables_of(url: str) -> set[str]:
    """The tables that a database has now."""
    engine = make_engine(url)
    try:
        return set(sa.inspect(engine).get_table_names())
    finally:
        engine.dispose()


def test_up_makes_every_table_and_down_takes_all_away(empty_url: str) -> None:
    """Up, down and up again end where they began."""
    migrate(empty_url)
    assert {*metadata.tables, "alembic_version"} == tables_of(empty_url)
    migrate(empty_url, "base")
    assert {"alembic_version"} == tables_of(empty_url)
    migrate(empty_url)
    assert {*metadata.tables, "alembic_version"} == tables_of(empty_url)


def test_the_migrations_make_exactly_the_tables_of_the_code(engine: Engine) -> None:
    """No column or index is in `tables.py` and not in a revision, nor the other way round."""
    with reading(engine) as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        assert [] == compare_metadata(context, metadata)


def test_all_roles_may_migrate_at_once(empty_url: str) -> None:
    """Five roles start together: one migrates, four wait and find it done."""
    with ThreadPoolExecutor(5) as roles:
        assert [None] * 5 == list(roles.map(migrate, [empty_url] * 5))
    assert set(metadata.tables) < tables_of(empty_url)


def test_a_writer_waits_for_another_and_readers_for_nobody(engine: Engine) -> None:
    """A read goes on while somebody writes, and sees what was committed before."""
    with writing(engine) as conn:
        conn.execute(sa.insert(metadata.tables["destinations"]).values(destination_id="d"))
        with reading(engine) as other:
            assert None is other.scalar(sa.select(metadata.tables["destinations"].c.paused_until))
            assert 0 == other.scalar(
                sa.select(sa.func.count()).select_from(metadata.tables["destinations"])
            )


def test_a_naive_instant_is_refused(engine: Engine) -> None:
    """It would come back as another instant."""
    naive = sa.insert(metadata.tables["destinations"]).values(
        destination_id="d", paused_until=T0.replace(tzinfo=None)
    )
    with writing(engine) as conn, pytest.raises(sa.exc.StatementError, match="must be aware"):
        conn.execute(naive)
