"""The gateway makes its own tables while the other roles start, and write."""

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from hub.store.engine import make_engine
from hub.web import accepted, drafts


@pytest.mark.parametrize("prepare", [accepted.prepare, drafts.prepare], ids=["accepted", "drafts"])
def test_a_role_that_writes_meanwhile_keeps_no_gateway_from_starting(
    tmp_path: Path, prepare: Callable[[Engine], None]
) -> None:
    """Another role writes after the look whether a table is there, and before it is made."""
    path = tmp_path / "hub.db"
    engine = make_engine(f"sqlite:///{path}")
    with engine.connect() as conn:
        conn.execute(sa.text("SELECT 1"))
    tried: list[str] = []

    @sa.event.listens_for(engine, "before_cursor_execute")
    def meanwhile(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.lstrip().startswith("CREATE") or tried:
            return
        tried.append(statement)
        other = sqlite3.connect(path, timeout=0.1)
        with contextlib.closing(other), contextlib.suppress(sqlite3.OperationalError):
            # It waits in vain where the gateway is the writer: then it comes after.
            other.execute("CREATE TABLE of_another_role (a INTEGER)")

    prepare(engine)
    assert len(tried) == 1
    engine.dispose()
