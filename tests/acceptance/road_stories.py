"""The stories that are played over channels, who is on which road, and what is looked at when."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import pytest

from hub.demo.play import SCENARIOS
from hub.demo.scenario import Scenario, event_of, instant, load_scenario
from tests.acceptance.road_played import Played
from tests.acceptance.road_stage import RoadWatcher, play, running_stage
from tests.acceptance.roads import Post, running_roads
from tests.servers.mesh import OTHER, PRACTICE
from tests.servers.postgres import running_postgres
from tests.store.conftest import new_database

FILES: Final = {
    "SC1": "sc1-gp-never-learns",
    "SC3": "sc3-concealed-over-easter",
    "SC4": "sc4-discharge-without-safeguarding",
    "SC9": "sc9-always-accompanied",
    "SC10": "sc10-stillbirth",
}

LOST_WHILE_WAITING: Final = Path(__file__).parent / "lost_while_waiting.toml"

LOSS: Final = instant("2026-07-31 19:00")


def posts() -> list[Post]:
    """Who is reached how; whoever is not named has the worklist."""
    return [
        Post("Y00002", "webhook"),
        Post("Y00001", "mesh", mailbox=PRACTICE),
        Post("RYV", "kafka"),
        Post("MAT3", "kafka"),
        Post("HV3", "mesh", mailbox=OTHER),
        Post("GP3", "fhir"),
        Post("LA3", "email"),
        Post("MH3", "mesh", mailbox=PRACTICE),
        Post("CHI3", "webhook"),
        Post("Y00003", "webhook"),
        Post("RCH", "kafka"),
        Post("RXB", "fhir"),
        Post("RYW", "mesh", mailbox=OTHER),
        Post("L98", "email"),
        Post("GP9", "webhook"),
        Post("GP9", "fhir", role="GP_SG_LEAD"),
        Post("HV9", "fhir"),
        Post("MAT9", "webhook"),
        Post("DA9", "kafka"),
        Post("LA9", "email"),
        Post("HV10", "webhook"),
        Post("GP10", "mesh", mailbox=PRACTICE),
        Post("MAT10", "kafka"),
        Post("HV11", "webhook"),
        Post("GP11", "mesh", mailbox=OTHER),
        Post("MAT11", "fhir"),
    ]


OVER_MESH: Final = frozenset({"Y00001"})
"""Whose acceptances are ITK3 acknowledgements: of an organisation, without a person."""


def stories() -> dict[str, Scenario]:
    """The stories by id, with one more."""
    paths = [*(SCENARIOS / f"{stem}.toml" for stem in FILES.values()), LOST_WHILE_WAITING]
    return {story.id: story for story in map(load_scenario, paths)}


def event_id(story: Scenario, kind: str) -> str:
    """The id of the last event of a kind in a story, as the player sends it."""
    found = [n for n, given in enumerate(story.given) if given.event == kind]
    return event_of(story, story.given[found[-1]], found[-1] + 1).id


def looks(played: Played, told: Mapping[str, Scenario]) -> dict[datetime, Callable[[], None]]:
    """What is looked at on the way, when, and kept under which name."""
    seen = played.seen
    booking = event_id(told["SC1"], "pregnancy.booked")
    concealed = event_id(told["SC3"], "pregnancy.concealment")

    def see(name: str, look: Callable[[], object]) -> Callable[[], None]:
        return lambda: seen.__setitem__(name, look())

    def partners_side() -> bytes:
        return b"\n".join(
            played.roads.raw(p) for p in played.roads.posts if p.organisation == "GP9"
        )

    return {
        instant("2026-03-24 10:12"): see("turned", lambda: played.coverage(booking, "RXA")),
        instant("2026-03-24 17:00"): see("G01", lambda: played.gap_board("G01", "Y00001")),
        instant("2026-03-30 11:00"): see("filed", lambda: played.coverage(booking, "RXA")),
        instant("2026-04-02 12:00"): see(
            "noon",
            lambda: (played.coverage(concealed, "MAT3"), played.gap_board("G06", "MAT3")),
        ),
        instant("2026-04-07 10:00"): see(
            "written", lambda: (played.gap_board("G06", "MAT3"), played.coverage(concealed, "MAT3"))
        ),
        instant("2026-05-23 11:00"): see("G13", lambda: played.gap_board("G13", "RXB")),
        instant("2026-08-23 18:00"): see("not yet chosen", partners_side),
    }


TOLD: Final = (
    "domestic abuse",
    "disclos",
    "coercive",
    "high risk",
    "seen alone",
    "not alone",
    "safe route",
    "redacted",
    "withheld",
)
"""What could tell her partner's side that she has spoken, or that something is kept from it."""

CHEERFUL: Final = (
    "congratulat",
    "new birth visit",
    "your baby",
    "expecting",
    "due date",
    "looking forward",
    "antenatal contact",
    "feeding",
    "newborn",
)
"""No word of joy or of routine behind the word of a loss."""


@pytest.fixture(scope="module")
def told() -> dict[str, Scenario]:
    """The stories."""
    return stories()


@pytest.fixture(scope="module")
def played(told: dict[str, Scenario], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """A hub on which all of them were played at once; it still runs."""
    folder, every = tmp_path_factory.mktemp("over-channels"), list(told.values())
    with (
        running_postgres() as server,
        running_roads(posts(), folder) as roads,
        running_stage(folder, every, roads, new_database(server)) as stage,
    ):
        watcher = RoadWatcher(stage, stage.running.settings.partitions, looks(stage, told))
        line = roads.post_of("HV11", "HV_TEAM")
        assert line is not None
        assert line.tap is not None
        line.tap.cut, watcher.dead = True, {"HV11"}

        def mend() -> None:
            assert line.tap is not None
            line.tap.cut, watcher.dead = False, set()

        watcher.then(LOSS, mend, after=event_id(told["SC10-waiting"], "pregnancy.ended"))
        asyncio.run(play(stage, every, watcher, OVER_MESH))
        yield stage
