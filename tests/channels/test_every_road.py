"""The delivery role as a process with every channel it has, killed on the way: nothing is lost."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub.core.model import Signal
from hub.edges.avro import decode_input
from hub.edges.records import DecisionRecord
from hub.listen.manners import Line, Listener, Manners
from hub.listen.posts import listening
from hub.ops.kafka_embedded import EmbeddedKafka
from hub.ops.settings import Settings
from hub.ops.topics import INPUTS, create_topics
from hub.store import tables as t
from hub.store.engine import make_engine, migrate, reading
from tests.channels.tools import SECRET
from tests.mesh.stage import acknowledgement
from tests.patience import wait_until
from tests.servers.mail import receiving_mail
from tests.servers.mesh import KEY, OURS, PASSWORD, PRACTICE, Mesh, running_mesh
from tests.store.records import decision, issued, raised, recorded
from tests.store.test_roles import Role, in_kafka, publish, running
from tests.topics import all_values

pytestmark = pytest.mark.stack

ROADS = ("worklist", "webhook", "fhir", "kafka", "email", "mesh")
EACH = 10
TAKES = {"webhook": Signal.DELIVERED, "fhir": Signal.DELIVERED}
"""Where the recipient's own system answers; all the others prove *sent* and no more."""


def decisions() -> list[DecisionRecord]:
    """Ten families, each with a notice over every road."""
    made = []
    for family in range(EACH):
        outcomes = [recorded(f"e-{family}")]
        for road in ROADS:
            duty, notice = f"o-{road}-{family}", f"n-{road}-{family}"
            outcomes += [raised(duty), issued(notice, duty, organisation=f"R{road.upper()}")]
        made.append(decision(1, *outcomes, episode_id=f"ep-{family}", input_id=f"i-{family}"))
    return made


def directory(webhook: str, fhir: str) -> str:
    """A row for each road; what is not named has the worklist."""
    rows = {
        "RWEBHOOK": ("webhook", webhook),
        "RFHIR": ("fhir", fhir),
        "RKAFKA": ("kafka", ""),
        "REMAIL": ("email", "team@practice.example"),
        "RMESH": ("mesh", f"mesh://{PRACTICE}?workflow_id=TEST_WORKFLOW"),
    }
    return "".join(
        f'[[endpoint]]\norganisation = "{ods}"\nchannel = "{channel}"\n'
        f'address = "{address}"\nsecret = "{SECRET}"\n'
        for ods, (channel, address) in rows.items()
    )


def settings_of(kafka: str, mesh: Mesh, mail_port: int, folder: Path) -> Settings:
    """A hub that has every channel."""
    return Settings(
        data_dir=folder,
        kafka=kafka,
        secret_key="x" * 32,
        directory=folder / "directory.toml",
        allow_loopback_webhooks=True,
        public_url="https://hub.example",
        mesh_url=mesh.url,
        mesh_mailbox=OURS,
        mesh_password=PASSWORD,
        mesh_shared_key=KEY,
        mesh_poll_seconds=0.5,
        smtp_host="127.0.0.1",
        smtp_port=mail_port,
        smtp_security="none",
        smtp_sender="hub@hub.example",
    )


def expected() -> set[tuple[str, Signal]]:
    """What the core must hear: over MESH what was collected and answered, else what each proves."""
    plain = [road for road in ROADS if road != "mesh"]
    proved = {
        (f"n-{road}-{n}", TAKES.get(road, Signal.SENT)) for road in plain for n in range(EACH)
    }
    collected = {(f"n-mesh-{n}", Signal.DELIVERED) for n in range(EACH)}
    return proved | collected | {("n-mesh-0", Signal.ACCEPTED), ("n-mesh-1", Signal.NOT_OURS)}


def told(bootstrap: str) -> dict[tuple[str, Signal], int]:
    """What the core has been told, and by how many different inputs."""
    inputs = map(decode_input, asyncio.run(all_values(bootstrap, INPUTS)))
    found: dict[tuple[str, Signal], set[str]] = {}
    for given in inputs:
        if given.receipt is not None:
            key = (given.receipt.notice_id, given.receipt.signal)
            found.setdefault(key, set()).add(given.input_id)
    return {key: len(ids) for key, ids in found.items()}


def test_every_road_arrives_and_each_proves_what_it_can(
    own_kafka: EmbeddedKafka, tmp_path: Path
) -> None:
    """Killed twice; one effect per notice, and the core hears what each recipient has proved."""
    hooks: list[Line] = []
    subscriber: list[Line] = []
    with (
        running_mesh(tmp_path) as mesh,
        receiving_mail() as mail,
        listening(Listener(Manners(), hooks.append), [SECRET]) as webhook,
        listening(Listener(Manners(), subscriber.append), [SECRET], channel="fhir") as fhir,
    ):
        (tmp_path / "directory.toml").write_text(directory(webhook, fhir))
        settings = settings_of(own_kafka.bootstrap, mesh, mail.port, tmp_path)
        made = create_topics(own_kafka.bootstrap, settings, subscribers=("RKAFKA",))
        asyncio.run(made)
        asyncio.run(publish(own_kafka.bootstrap, in_kafka(decisions())))
        migrate(settings.real_database_url())
        role = Role("deliver", settings)
        for share in (1, EACH // 2):
            role.killed_once(_at_least(mail.taken, share))
        with running(role):
            # In the book, too: what MESH took at a kill is sent again, and answered after that.
            wait_until(lambda: _in_book(settings) == EACH)
            mesh.answer(acknowledgement("41001", "n-mesh-0"))
            mesh.answer(acknowledgement("41002", "n-mesh-1"))
            mesh.collect()
            wait_until(lambda: expected() <= set(told(own_kafka.bootstrap)))
    heard = told(own_kafka.bootstrap)
    # What was collected before *sent* was told is told as *delivered* alone, which says more.
    overtaken = {(f"n-mesh-{n}", Signal.SENT) for n in range(EACH)}
    assert expected() == set(heard) - overtaken
    assert {1} == set(heard.values())
    assert {f"n-webhook-{n}" for n in range(EACH)} == {x.notice_id for x in hooks if x.notice_id}
    assert list(range(1, EACH + 1)) == sorted({x.number for x in subscriber if x.number})
    assert EACH == len({line for raw in mail.taken for line in raw.split(b"\n") if b"/n/" in line})


def _at_least(taken: list[bytes], share: int) -> Callable[[], bool]:
    return lambda: len(taken) >= share


def _in_book(settings: Settings) -> int:
    engine = make_engine(settings.real_database_url())
    with reading(engine) as conn:
        many = conn.scalar(sa.select(sa.func.count(t.mesh_book.c.notice_id.distinct())))
    engine.dispose()
    return many or 0
