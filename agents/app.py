"""The composition root of a worker: one Faust app, its agents, and nothing found by magic."""

import faust

from agents.agenda import Agenda, add_clock
from agents.context import Context
from agents.episodes import TABLE as EPISODES
from agents.episodes import add_episodes
from agents.feeds import add_feeds
from agents.identity import add_identity
from agents.intake import add_intake
from agents.matters import TABLE as MATTERS_TABLE
from agents.transport import make_app
from hub.ops.settings import Settings
from hub.ops.topics import APP, FEEDS, INPUTS, MATTERS, PERSONS


def build(settings: Settings, context: Context) -> faust.App:
    """The worker's app, ready to run."""
    (settings.data_dir / "worker" / settings.worker_id).mkdir(parents=True, exist_ok=True)
    app = make_app(
        APP,
        broker=settings.kafka,
        data_dir=settings.data_dir / "worker",
        partitions=settings.partitions,
        replication=settings.replication,
        worker_id=settings.worker_id,
        gapless=(PERSONS, INPUTS, MATTERS, FEEDS),
        login=settings.shown_to_kafka(),
    )
    add_intake(app, context)
    add_identity(app, context)
    for table, topic in ((EPISODES, INPUTS), (MATTERS_TABLE, MATTERS)):
        agenda = Agenda()
        decided = add_episodes(app, context, agenda, table=table, topic=topic)
        add_clock(app, context.clock, agenda, decided, topic=topic)
    agenda = Agenda()
    add_clock(app, context.clock, agenda, add_feeds(app, context, agenda), topic=FEEDS)
    return app
