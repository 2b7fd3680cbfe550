"""Every story as told while every role is killed again and again, at moments nobody chose."""

import os
import random
import signal
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub.ops.supervisor import ROLES, Supervisor
from hub.store import tables as t
from hub.store.engine import make_engine, reading
from tests.acceptance.staged import staged
from tests.patience import wait_until

pytestmark = pytest.mark.stack

KILLS = (
    *("worker", "worker"),
    *("project", "project"),
    *("deliver", "deliver"),
    *("gateway", "gateway"),
    "mllp",
)
"""Each role that keeps something twice: the second kill often meets the recovery from the first."""

PAUSE_SECONDS = 0.15
"""Before each thing given: 137 of them, so that the stories last longer than the killing."""

SPREAD_SECONDS = 28.0


@dataclass
class Killer:
    """Kills roles with SIGKILL at random moments that a seed decides."""

    supervisor: Supervisor
    seed: int
    killed: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Kill every role of KILLS, in random order, at random moments of the spread."""
        chance = random.Random(self.seed)  # noqa: S311  a seed must give the same run again
        order = chance.sample(KILLS, len(KILLS))
        moments = sorted(chance.uniform(0.5, SPREAD_SECONDS) for _ in order)
        began = time.monotonic()
        for role, moment in zip(order, moments, strict=True):
            if self.ended.wait(max(0.0, began + moment - time.monotonic())):
                return
            while not self._kill(role):
                if self.ended.wait(0.05):
                    return

    def _kill(self, role: str) -> bool:
        """False while the role is down already, from the kill before."""
        pid = self.supervisor.pids().get(role)
        if pid is None:
            return False
        os.kill(pid, signal.SIGKILL)
        self.killed.append(role)
        return True


def conflicts(url: str) -> int:
    """How many decisions came with two contents."""
    engine = make_engine(url)
    try:
        with reading(engine) as conn:
            return conn.scalar(sa.select(sa.func.count()).select_from(t.conflicts)) or 0
    finally:
        engine.dispose()


def test_nothing_is_lost_when_every_role_is_killed(tmp_path: Path) -> None:
    """Nine SIGKILLs spread over the stories: the same outcomes at the same times, no conflict."""
    seed = int(os.environ.get("HUB_TEST_SEED", "20260324"))
    with staged(tmp_path) as stage:
        killer = Killer(stage.running.supervisor, seed)
        thread = threading.Thread(target=killer.run)
        thread.start()
        try:
            played = stage.play(PAUSE_SECONDS)
        finally:
            killer.ended.set()
            thread.join()
        # The last of the kills may have been a moment ago.
        wanted = {role: KILLS.count(role) for role in ROLES}
        with suppress(AssertionError):
            wait_until(lambda: stage.running.supervisor.restarts() == wanted)
        restarts = stage.running.supervisor.restarts()
        found = conflicts(stage.running.settings.real_database_url())
    detail = f"seed {seed}\n{stage.said.getvalue()}"
    wrong = [story for story in played if not story["ok"]]
    assert [] == wrong, detail
    assert sorted(KILLS) == sorted(killer.killed), detail
    assert wanted == restarts, detail
    assert (0, 0) == (found, stage.receiver.refused), detail
