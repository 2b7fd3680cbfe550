"""Connections to a carrier of one's own are used again, and never when they may be gone."""

import pytest

from hub.edges.channels import kept
from hub.edges.channels.kept import KeptConnections


class _Line:
    """A connection."""

    def __init__(self) -> None:
        self.closed = False

    def close(self) -> None:
        """It is used no more."""
        self.closed = True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that the connections are judged by."""
    now = [100.0]
    monkeypatch.setattr(kept.time, "monotonic", lambda: now[0])
    return now


def test_a_connection_serves_one_after_the_other(clock: list[float]) -> None:
    """Two at once have two; the one used last comes first."""
    lines = KeptConnections(_Line, _Line.close)
    first, second = lines.borrow(), lines.borrow()
    assert first.connection is not second.connection
    assert (False, False) == (first.used_before, second.used_before)
    lines.give_back(first)
    clock[0] += 1
    lines.give_back(second)
    again = lines.borrow()
    assert (second.connection, True) == (again.connection, again.used_before)
    assert lines.borrow(new=True).connection not in {first.connection, second.connection}


@pytest.mark.parametrize(("step", "steps"), [(kept.IDLE_SECONDS, 1), (1.0, 60)])
def test_one_that_idled_or_is_old_is_closed(clock: list[float], step: float, steps: int) -> None:
    """The other side may have ended it, or a certificate may have been renewed."""
    lines = KeptConnections(_Line, _Line.close)
    lent = first = lines.borrow()
    beneath = lines.borrow()
    lines.give_back(beneath)
    for _ in range(steps):
        lines.give_back(lent)
        clock[0] += step
        lent = lines.borrow()
    assert lent.connection is not first.connection
    assert first.connection.closed
    assert beneath.connection.closed


def test_what_went_wrong_and_what_is_left_over_is_closed(clock: list[float]) -> None:
    """Nothing stays open at the end."""
    lines = KeptConnections(_Line, _Line.close)
    bad, good, late = lines.borrow(), lines.borrow(), lines.borrow()
    lines.let_go(bad)
    lines.give_back(good)
    clock[0] += 1
    lines.close()
    assert bad.connection.closed
    assert good.connection.closed
    assert not late.connection.closed
    lines.give_back(late)
    assert late.connection.closed
