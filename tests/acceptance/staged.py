"""A demonstration on a real hub inside this process, so that a test may disturb it and look in."""

import asyncio
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.demo.hooks import HookReceiver
from hub.demo.play import doors_of, play, prepare, story_files
from hub.demo.scenario import Scenario, load_scenario
from hub.demo.stage import Stage
from hub.ops.settings import Settings
from hub.ops.steps import Steps
from hub.up import Running, running_hub


@dataclass
class Staged:
    """A hub with its stage set, and the stories that are to be played on it."""

    running: Running
    scenarios: list[Scenario]
    receiver: HookReceiver
    said: io.StringIO
    """What the supervisor and the player said."""
    asked: list[str] = field(default_factory=list)
    """Every address that the player asked over HTTP."""

    def play(self, pause_seconds: float = 0.0) -> list[dict[str, Any]]:
        """Play every story; what followed, story by story."""
        return asyncio.run(self._play(pause_seconds))

    async def _play(self, pause_seconds: float) -> list[dict[str, Any]]:
        doors, steps = doors_of(self.running), Steps(self.said)
        self.asked = doors.asked
        return await play(
            self.running, self.scenarios, steps, doors=doors, pause_seconds=pause_seconds
        )


@contextmanager
def staged(folder: Path) -> Iterator[Staged]:
    """All stories on a hub of their own."""
    scenarios = [load_scenario(path) for path in story_files()]
    stage = Stage(scenarios)
    receiver = HookReceiver(stage.secrets)
    said = io.StringIO()
    try:
        base = Settings(data_dir=folder, gateway_port=0, mllp_port=0)
        settings = prepare(base, stage, receiver)
        with running_hub(settings, Steps(said), subscribers=stage.subscribers()) as running:
            yield Staged(running, scenarios, receiver, said)
    finally:
        receiver.stop()
