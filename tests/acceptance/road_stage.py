"""Stories on the whole stack, with Kafka and PostgreSQL, and every recipient on her own road."""

import asyncio
import contextlib
import io
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from msgspec import structs

from hub.demo.hooks import HookReceiver
from hub.demo.judge import read_decisions, rows_by_story
from hub.demo.play import prepare
from hub.demo.player import Player
from hub.demo.quiet import Watcher
from hub.demo.scenario import Scenario
from hub.demo.simulate import result
from hub.demo.stage import Stage
from hub.ops.clock import HeldClock
from hub.ops.settings import Settings
from hub.ops.steps import Steps
from hub.store import mesh_book
from hub.store import tables as t
from hub.store.engine import make_engine, reading
from hub.up import running_hub
from tests.acceptance.road_answers import RoadDoors
from tests.acceptance.road_played import Played
from tests.acceptance.roads import Roads
from tests.ports import reserved_port
from tests.servers.mesh import KEY, OURS
from tests.servers.mesh import PASSWORD as MESH_PASSWORD


class RoadWatcher(Watcher):
    """Waits for what is in the post as well, and looks around at the instants it was told."""

    def __init__(
        self, played: Played, partitions: int, looks: Mapping[datetime, Callable[[], None]]
    ):
        super().__init__(played.running.settings.kafka, played.engine, partitions)
        self._looks = {at: (look, "") for at, look in looks.items()}
        self.dead: set[str] = set()
        """Organisations whose line is cut: what waits for them is not waited for."""

    def then(self, at: datetime, do: Callable[[], None], after: str) -> None:
        """Do something at an instant, when the hub is at rest and has decided an event."""
        self._looks[at] = (do, after)

    async def rest(self, now: datetime, events: Any) -> None:
        """As the hub's own, and until every recipient has collected and MESH has said so."""
        sent = list(events)
        await super().rest(now, sent)
        while await asyncio.to_thread(self._in_the_post):
            await asyncio.sleep(0.05)
            await super().rest(now, sent)
        look, after = self._looks.get(now, (None, ""))
        if look is not None and (not after or after in sent):
            await asyncio.to_thread(look)
            await super().rest(now, sent)

    def _in_the_post(self) -> bool:
        lying = t.mesh_book.c.standing == mesh_book.Standing.ACCEPTED
        with reading(self._engine) as conn:
            return bool(conn.scalar(sa.select(sa.exists().where(lying))))

    def _unrest(self, ends: dict[tuple[str, int], int], now: datetime, sent: list[str]) -> str:
        words = super()._unrest(ends, now, sent)
        return "" if words == "notices wait to go out" and self._only_for_the_dead() else words

    def _only_for_the_dead(self) -> bool:
        o = t.outbox
        waiting = sa.or_(
            sa.and_(o.c.state == "pending", o.c.organisation.not_in(self.dead)),
            sa.and_(o.c.signal.is_not(None), o.c.reported.is_(False)),
        )
        with reading(self._engine) as conn:
            return bool(self.dead) and not conn.scalar(sa.select(sa.exists().where(waiting)))


def settings_of(folder: Path, roads: Roads, database_url: str) -> Settings:
    """A hub with every road, whose MESH and mail server are reached over a wire with an ear."""
    page = reserved_port()
    return Settings(
        data_dir=folder,
        gateway_port=page,
        mllp_port=0,
        database_url=database_url,
        public_url=f"http://127.0.0.1:{page}",
        mesh_url=f"http://127.0.0.1:{roads.mesh_tap.port}",
        mesh_mailbox=OURS,
        mesh_password=MESH_PASSWORD,
        mesh_shared_key=KEY,
        mesh_poll_seconds=0.05,
        smtp_host="127.0.0.1",
        smtp_port=roads.mail_tap.port,
        smtp_security="none",
        smtp_sender="hub@hub.example",
    )


def with_posts(story: Scenario, roads: Roads) -> Scenario:
    """A story whose recipients have the posts of these roads, and the worklist without one."""
    known = {row["ods"] for row in story.directory["organisation"]}
    rows = [post.row() for post in roads.posts if post.organisation in known]
    return structs.replace(story, directory={**story.directory, "endpoint": rows})


@contextlib.contextmanager
def running_stage(
    folder: Path, stories: list[Scenario], roads: Roads, database_url: str
) -> Iterator[Played]:
    """A hub on which the stories can be played."""
    stage = Stage([with_posts(story, roads) for story in stories])
    receiver = HookReceiver(stage.secrets)
    receiver.stop()  # Nobody on this stage is reached there.
    own = settings_of(folder, roads, database_url)
    settings = prepare(own, stage, receiver).model_copy(update={"database_url": database_url})
    said = Steps(io.StringIO())
    with running_hub(settings, said, subscribers=stage.subscribers()) as running:
        engine = make_engine(running.settings.real_database_url())
        try:
            roads.begin(running.settings.kafka, running.settings.partitions)
            yield Played(running, roads, engine)
        finally:
            roads.end()
            engine.dispose()


async def play(
    played: Played,
    stories: list[Scenario],
    watcher: RoadWatcher,
    answers_over_mesh: frozenset[str],
) -> None:
    """Play the stories, and note what followed."""
    settings = played.running.settings
    clock = HeldClock(Path(settings.clock.removeprefix("file:")))
    doors = RoadDoors(played, clock, answers_over_mesh)
    player = Player(stories, clock, doors, watcher, played.engine, say=lambda _: None)
    await doors.start()
    await watcher.start()
    try:
        await player.play()
        played.decisions = await read_decisions(settings.kafka, settings.partitions)
    finally:
        await watcher.stop()
        await doors.stop()
    rows = rows_by_story(played.decisions, player.sent)
    played.results = {each.id: result(each, rows.get(each.id, [])) for each in stories}
    played.seen["ways"] = doors.ways
