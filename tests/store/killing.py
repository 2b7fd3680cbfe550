"""A process killed between two statements of the database."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Engine, event


class Killed(BaseException):
    """The process is gone; nothing of ours may catch this."""


@contextmanager
def killed_before(engine: Engine, statement: int) -> Iterator[None]:
    """Kill whatever runs here before its n-th statement, if it comes so far."""
    left = [statement]

    def count(*_: object) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Killed

    event.listen(engine, "before_cursor_execute", count)
    try:
        with suppress(Killed):
            yield
    finally:
        event.remove(engine, "before_cursor_execute", count)
