"""A small, faultless run without Kafka: what the stack would leave behind, made by its own parts.

It serves the tests of the auditor, which need evidence that they can spoil.
"""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zlib import crc32

from agents.guard import quarantined
from agents.kept import close_kept, next_wake_of, open_kept
from agents.step import Place, step
from hub.core.faults import SenderFault
from hub.core.identity import identify
from hub.core.model import Event, Input, InputKind
from hub.core.outcomes import NoticeIssued
from hub.core.person import PersonState, person_key
from hub.edges.avro import (
    decode_decision,
    decode_event,
    decode_quarantine,
    encode_input,
    event_from_json,
)
from hub.edges.directory import Directory, read_directory
from hub.edges.surroundings import team_for
from hub.ops.topics import DECISIONS, INPUTS, PERSONS, QUARANTINE, changelog_topic
from hub.policy.loader import load_policy
from hub.roles.queueing import notice_of
from hub.store.engine import make_engine, migrate, writing
from hub.store.outbox import queue_notice
from hub.store.projector import apply_decision
from hub.store.quarantine import apply_quarantine
from tests.chaos.evidence import LocalStore, Raw
from tests.chaos.load import records
from tests.chaos.place import directory_toml
from tests.chaos.publisher import Sent
from tests.chaos.run import HUB_START, HUB_TIME

END = HUB_START + HUB_TIME
SECRET = b"small"
PARTITIONS = 2
EVENTS = 400


@dataclass
class SmallRun:
    """Topics, ledger, database and one local store of a finished run."""

    database: Path
    directory: Directory = field(default_factory=lambda: read_directory(directory_toml().encode()))
    ledger: list[Sent] = field(default_factory=list)
    topics: dict[str, list[Raw]] = field(default_factory=dict)
    states: dict[bytes, bytes] = field(default_factory=dict)
    people: dict[str, PersonState] = field(default_factory=dict)
    stores: list[LocalStore] = field(default_factory=list)

    def rows(self, query: str, removed: dict[str, str]) -> Iterable[tuple[Any, ...]]:
        """Rows of a copy of the database in which some are missing."""
        with closing(sqlite3.connect(self.database)) as conn:
            for table, condition in removed.items():
                conn.execute(f"DELETE FROM {table} WHERE {condition}")  # noqa: S608  words of our tests
            # Never committed: the next question finds everything again.
            yield from conn.execute(query).fetchall()

    def append(self, topic: str, key: bytes, value: bytes) -> Raw:
        """Add a record to a topic."""
        partition = crc32(key) % PARTITIONS
        there = self.topics.setdefault(topic, [])
        offset = sum(raw.partition == partition for raw in there)
        there.append(Raw(partition, offset, key, value))
        return there[-1]


def play(database: Path) -> SmallRun:
    """Publish, decide, let the time pass, and fold."""
    run = SmallRun(database)
    for record in records(7, EVENTS, HUB_START):
        sent = Sent(record)
        sent.state, sent.partition, sent.offset = "ok", 0, len(run.ledger)
        run.ledger.append(sent)
        try:
            event = decode_event(record.value, HUB_START)
        except SenderFault as fault:
            kept = quarantined(fault, agent="intake", original=record.value, received_at=HUB_START)
            run.append(kept.topic, kept.key, kept.value)
            continue
        run.append(PERSONS, person_key(event, SECRET).encode(), record.value)
        _hear(run, event)
    _say_again(run)
    while _wake(run):
        pass
    _keep_locally(run)
    _fold(run)
    return run


def _hear(run: SmallRun, event: Event) -> None:
    """One event becomes one input, and is decided."""
    key = person_key(event, SECRET)
    before = run.people.get(key, PersonState())
    episode_id, state = identify(before, event, key=key, secret=SECRET, opens_episode=True)
    run.people[key] = state
    team = team_for(run.directory, HUB_START, practice=state.practice, provider=state.provider)
    _decide(
        run,
        Input(
            input_id=event.id,
            kind=InputKind.EVENT,
            at=HUB_START,
            episode_id=episode_id,
            event=event,
            team=team,
        ),
    )


def _decide(run: SmallRun, given: Input) -> None:
    key = given.episode_id.encode()
    raw = run.append(INPUTS, key, encode_input(given))
    if given.event is not None and given.event.type == "event.corrected":
        body = str(given.event.body["replacement"]).encode()
        given = _with_replacement(given, event_from_json(body, given.at))
    place = Place(key, raw.partition, raw.offset, raw.offset)
    kept, _ = step(_POLICY, open_kept(run.states.get(key)), place, given)
    for output in kept.again(raw.offset) or ():
        run.append(output.topic, output.key, output.value)
    run.states[key] = close_kept(kept)
    run.append(changelog_topic("episodes"), key, run.states[key])


def _with_replacement(given: Input, whole: Event) -> Input:
    return Input(
        input_id=given.input_id,
        kind=given.kind,
        at=given.at,
        episode_id=given.episode_id,
        event=given.event,
        team=given.team,
        replacement=whole,
    )


def _wake(run: SmallRun) -> bool:
    """Wake everybody whose time comes by the end, each at her time; whether there was anybody."""
    due = [(wake, key) for key in run.states if (wake := _wanted(run, key)) is not None]
    for wake, key in sorted(due):
        episode = key.decode()
        identity = f"wake:{episode}:{wake.isoformat()}"
        at = max(wake, HUB_START + timedelta(seconds=1))
        _decide(run, Input(input_id=identity, kind=InputKind.WAKE, at=at, episode_id=episode))
    return bool(due)


def _wanted(run: SmallRun, key: bytes) -> datetime | None:
    wake = next_wake_of(run.states[key])
    return wake if wake is not None and wake <= END else None


def _say_again(run: SmallRun) -> None:
    """Some decisions are said twice, as after a crash."""
    for raw in run.topics[DECISIONS][5:12]:
        run.append(DECISIONS, raw.key, raw.value)


def _keep_locally(run: SmallRun) -> None:
    """A worker's disk that holds one partition, up to its end."""
    log = [raw for raw in run.topics[changelog_topic("episodes")] if raw.partition == 0]
    items = {raw.key: raw.value for raw in log}
    run.stores.append(LocalStore("hub-episodes", "w1", 0, log[-1].offset, items))


def _fold(run: SmallRun) -> None:
    """The projector's and the delivery role's part."""
    url = f"sqlite:///{run.database}"
    migrate(url)
    engine = make_engine(url)
    with writing(engine) as conn:
        for raw in run.topics[QUARANTINE]:
            apply_quarantine(conn, decode_quarantine(raw.value))
        for raw in run.topics[DECISIONS]:
            decision = decode_decision(raw.value)
            apply_decision(conn, decision)
            for outcome in decision.outcomes:
                if isinstance(outcome, NoticeIssued):
                    endpoint = run.directory.endpoint(outcome.organisation, outcome.role)
                    queue_notice(conn, notice_of(decision, outcome), endpoint, HUB_START)
    engine.dispose()


_POLICY = load_policy()
