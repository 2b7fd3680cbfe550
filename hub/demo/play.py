"""`hub demo`: everything up, invented families, and the stories played through the real doors."""

import asyncio
import json
import shutil
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

from hub.demo.doors import Doors
from hub.demo.hooks import HookReceiver
from hub.demo.judge import read_decisions, rows_by_story
from hub.demo.player import BEFORE, Player
from hub.demo.quiet import Watcher
from hub.demo.rows import Row, in_words
from hub.demo.scenario import Scenario, instant, load_scenario
from hub.demo.simulate import result
from hub.demo.stage import PASSWORD, Stage
from hub.ops.clock import HeldClock
from hub.ops.lock import is_held, lock_file
from hub.ops.settings import Settings, load_settings
from hub.ops.steps import Steps
from hub.store.engine import make_engine
from hub.up import CannotStartError, Running, running_hub

SCENARIOS = Path(__file__).parent.parent.parent / "tests" / "scenarios"


SHOWN = ("SC1", "SC4", "SC6")
"""The stories that `hub demo` plays unasked: under a minute on two cores."""


def all_story_files() -> list[Path]:
    """Every numbered story of the domain; other scenarios are smaller."""
    return sorted(SCENARIOS.glob("sc[0-9]*.toml"))


def story_files() -> list[Path]:
    """The stories that are played unasked."""
    return [path for path in all_story_files() if path.stem.partition("-")[0].upper() in SHOWN]


def chosen(stories: Sequence[str]) -> list[Path]:
    """The files of the stories asked for: by id, by path, or `all` that are numbered.

    Raises CannotStartError for a story that is not there.
    """
    found: list[Path] = [] if stories else story_files()
    for story in stories:
        if story == "all":
            found += all_story_files()
        elif story.endswith(".toml"):
            found.append(Path(story))
        else:
            found += _by_id(story)
    missing = [path for path in found if not path.is_file()]
    if missing:
        raise CannotStartError(f"there is no file {missing[0]}; give the path of a scenario")
    return list(dict.fromkeys(found))


def _by_id(story: str) -> list[Path]:
    named = [path for path in SCENARIOS.glob("*.toml") if path.stem.lower() == story.lower()]
    found = named or [path for path in all_story_files() if load_scenario(path).id == story]
    if not found:
        raise CannotStartError(
            f"there is no story {story!r}; name one of {SCENARIOS}/*.toml, or give a path"
        )
    return found


def main(
    *, until_done: bool = False, json_path: Path | None = None, stories: Sequence[str] = ()
) -> int:
    """Play the stories.  With `until_done`, end when they have; else stay up to be looked at."""
    began = time.monotonic()
    steps = Steps()
    scenarios = [load_scenario(path) for path in chosen(stories)]
    stage = Stage(scenarios)
    receiver = HookReceiver(stage.secrets)
    settings = prepare(load_settings(), stage, receiver)
    seconds: dict[str, float] = {}
    try:
        with running_hub(settings, steps, subscribers=stage.subscribers()) as running:
            seconds["setup"] = round(time.monotonic() - began, 1)
            if not until_done:
                _where_to_look(running, steps)
            with steps.step("stories") as step:
                played = asyncio.run(play(running, scenarios, steps if not until_done else None))
                step.now(f"stories: {sum(s['ok'] for s in played)} of {len(played)} as told")
            seconds["stories"] = round(time.monotonic() - began - seconds["setup"], 1)
            seconds["kafka_ready"] = round(running.kafka_ready_seconds, 1)
            report = {
                "ok": all(s["ok"] for s in played) and receiver.refused == 0,
                "stories": played,
                "seconds": seconds,
            }
            tell(report, json_path, steps)
            if not until_done:
                _where_to_look(running, steps)
                Thread(target=_let_the_clock_run, args=(running.settings,), daemon=True).start()
                running.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        receiver.stop()
    return 0 if report["ok"] else 1


def prepare(settings: Settings, stage: Stage, receiver: HookReceiver) -> Settings:
    """A fresh stage: its own data folder, its directory, its clock.

    Raises CannotStartError while another demonstration plays in that folder.
    """
    data_dir = settings.data_dir / "demo"
    if is_held(lock_file(data_dir)):
        raise CannotStartError(
            f"a demonstration is running in {data_dir}; stop it, or set HUB_DATA_DIR to another "
            "folder"
        )
    # What the last demonstration left is invented too; a real hub never lives in this folder.
    shutil.rmtree(data_dir, ignore_errors=True)
    data_dir.mkdir(parents=True)
    stage.write(data_dir / "directory.toml", receiver.address)
    clock = HeldClock(data_dir / "clock")
    clock.move(min(instant(g.at) for s in stage.stories for g in s.given) - BEFORE)
    return settings.model_copy(
        update={
            "data_dir": data_dir,
            "directory": data_dir / "directory.toml",
            "clock": f"file:{data_dir / 'clock'}",
            "kafka": "",
            "database_url": "",
            "demo_logins": True,
            "allow_loopback_webhooks": True,
        }
    )


def doors_of(running: Running) -> Doors:
    """The doors of a hub that is up."""
    settings = running.settings
    return Doors(running.page(), (settings.mllp_host, settings.mllp_port), settings.kafka)


async def play(
    running: Running,
    scenarios: list[Scenario],
    steps: Steps | None,
    *,
    doors: Doors | None = None,
    pause_seconds: float = 0.0,
) -> list[dict[str, Any]]:
    """Play on a hub that is up, and compare what followed with what was told."""
    settings = running.settings
    engine = make_engine(settings.real_database_url())
    doors = doors or doors_of(running)
    watcher = Watcher(settings.kafka, engine, settings.partitions)
    clock = HeldClock(Path(settings.clock.removeprefix("file:")))
    say = steps.say if steps is not None else _silent
    player = Player(scenarios, clock, doors, watcher, engine, say=say, pause_seconds=pause_seconds)
    await doors.start()
    await watcher.start()
    try:
        await player.play()
        decisions = await read_decisions(settings.kafka, settings.partitions)
    finally:
        await watcher.stop()
        await doors.stop()
        engine.dispose()
    rows = rows_by_story(decisions, player.sent)
    return [
        result(scenario, rows.get(scenario.id, []))
        | {"outcomes": [in_words(row) for row in _in_order(rows.get(scenario.id, []))]}
        for scenario in scenarios
    ]


def _in_order(rows: list[Row]) -> list[Row]:
    """What people see, in the order of time."""
    return sorted((row for row in rows if row.told is None), key=lambda row: instant(row.at))


def _let_the_clock_run(settings: Settings) -> None:
    """When the stories are over a second is a second: whoever accepts at once has read nothing."""
    clock = HeldClock(Path(settings.clock.removeprefix("file:")))
    while True:
        time.sleep(1)
        clock.move(clock.now() + timedelta(seconds=1))


def _silent(line: str) -> None:
    """Say nothing."""


def tell(report: dict[str, Any], json_path: Path | None, steps: Steps) -> None:
    """Write the report, and say in words what did not go as told."""
    if json_path is not None:
        text = json.dumps(report, indent=1) + "\n"
        if str(json_path) == "-":
            sys.stdout.write(text)
        else:
            json_path.write_text(text, encoding="utf-8")
    for story in report["stories"]:
        words = f"{story['matched']} of {story['expected']} outcomes"
        steps.say(f"{'✓' if story['ok'] else '✗'} {story['id']}: {words}")
        for kind in ("missing", "unexpected"):
            for row in story[kind]:
                steps.say(f"    {kind}: {row}")


def _where_to_look(running: Running, steps: Steps) -> None:
    """Addresses and logins."""
    steps.say("")
    for name, address in running.addresses().items():
        steps.say(f"  {name:<22} {address}")
    steps.say(f"  logins                 listed on {running.page()}/login, password '{PASSWORD}'")
    steps.say("  gap board              as 'safeguarding-lead'; quarantine as 'operator'")
    steps.say("  Ctrl-C stops everything")
    steps.say("")
