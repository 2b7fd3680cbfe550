"""No person stands where no person may: metrics, logs, keys, topic names, addresses, answers."""

import asyncio
import re
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from hub.demo.scenario import Scenario, event_of
from hub.demo.stage import PASSWORD, demo_key
from hub.edges.doors import event_to_json
from tests.acceptance.staged import Staged, staged
from tests.house.identities import Finding, find_identities
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.stack

CLINICAL = ("basis_text", "clinical", "text", "summary", "name", "phone")
"""Fields of the stories' bodies that hold free text or the name of somebody."""

FIRST_PAGES = ("/", "/worklist", "/worklist?show=done", "/gaps", "/quarantine")

SHORTEST = 5


def canaries_of(stories: Iterable[Scenario]) -> set[str]:
    """Everything in the stories by which somebody could be recognised."""
    found: set[str] = set()
    for story in stories:
        for person in story.people.values():
            parts = (
                person.nhs_number,
                person.family_name,
                person.given_name,
                person.birth_date,
                person.postcode,
                person.reference,
            )
            found |= {part for part in parts if part}
        for given in story.given:
            found |= set(_texts(given.body))
    return {each for each in found if len(each) >= SHORTEST}


def _texts(value: Any, name: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _texts(each, str(key))
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each, name)
    elif isinstance(value, str) and name in CLINICAL:
        yield value


@dataclass
class Seen:
    """Every place that was looked at, with its text."""

    places: dict[str, str] = field(default_factory=dict)

    def found(self, canaries: Iterable[str]) -> list[tuple[str, Finding]]:
        """Place and finding of every identity."""
        wanted = sorted(canaries)
        return [
            (place, finding)
            for place, text in self.places.items()
            for finding in find_identities(text, wanted)
        ]


async def keys_of_every_topic(bootstrap: str) -> dict[str, str]:
    """Every topic's name, and the keys of all its records, one a line."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        described = await admin.describe_topics()
    finally:
        await admin.close()
    parts = [
        TopicPartition(each["topic"], one["partition"])
        for each in described
        for one in each["partitions"]
    ]
    keys: dict[str, list[str]] = {part.topic: [] for part in parts}
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, group_id=None, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        consumer.assign(parts)
        ends = await consumer.end_offsets(parts)
        while any([await consumer.position(part) < ends[part] for part in parts]):
            for part, records in (await consumer.getmany(timeout_ms=300)).items():
                # latin-1 shows every byte, so that no key is skipped for being no text.
                keys[part.topic] += [(each.key or b"").decode("latin-1") for each in records]
    finally:
        await consumer.stop()
    return {topic: "\n".join(found) for topic, found in keys.items()}


def provoke(stage: Staged, client: httpx.Client) -> str:
    """Send what every door must refuse, with people in it; returns all that was answered."""
    story = stage.scenarios[0]
    given = next(each for each in story.given if each.event)
    whole = event_to_json(event_of(story, given, 0))
    organisation = str(given.source).partition(":")[0]
    key = {"authorization": f"Bearer {demo_key(organisation)}"}
    name = story.people["mother"].family_name
    bad = (
        {**whole, "id": "p1", "subject": {**whole["subject"], "nhs_number": "9990000019"}},
        {**whole, "id": "p2", "type": f"{name}.booked"},
        {**whole, "id": "p3", "time": "2099-01-01T00:00:00Z"},
        {**whole, "id": "p4", "data": {name: name, "received_on": name}},
        {**whole, "id": "p5", "source": f"{name}:X"},
    )
    answers = [client.post("/events", json=each, headers=key).text for each in bad]
    broken = f'{{"subject": {{"family_name": "{name}"'
    answers.append(
        client.post(
            "/events", content=broken, headers={**key, "content-type": "application/json"}
        ).text
    )
    answers.append(_over_mllp(stage, str(name)))
    assert 7 == len(answers)
    return "\n".join(answers)


def _over_mllp(stage: Staged, name: str) -> str:
    settings = stage.running.settings
    message = (
        f"MSH|^~\\&|MAT_PAS|RXA|HUB||20260312101500||ADT^A01|P-7|P|2.4\r"
        f"PID|1||9990000019^^^NHS^NH||{name.upper()}^PETRA||19940211|F\r{name}"
    )
    with socket.create_connection(
        (settings.mllp_host, settings.mllp_port), PATIENCE_SECONDS
    ) as door:
        door.sendall(b"\x0b" + message.encode() + b"\x1c\r")
        answer = b""
        while not answer.endswith(b"\x1c\r"):
            piece = door.recv(4096)
            assert piece, "the door closed without an answer"
            answer += piece
    # MSA-2 gives the sender's own control id back, and nothing else of the message is repeated.
    assert b"MSA|AE|P-7" in answer
    return answer.decode().replace("\r", "\n")


def addresses_on_pages(client: httpx.Client, logins: Iterable[str]) -> list[str]:
    """Every link and form address on the pages that each of `logins` can reach from home."""
    found: list[str] = []
    for login in logins:
        client.cookies.clear()
        signed_in = client.post("/login", data={"login": login, "password": PASSWORD})
        assert 303 == signed_in.status_code, login
        waiting, asked = list(FIRST_PAGES), set[str]()
        while waiting and len(asked) < 25:
            path = waiting.pop(0)
            if path in asked:
                continue
            asked.add(path)
            html = client.get(path).text
            links = re.findall(r'(?:href|action|src)="([^"#]*)"', html)
            found += links
            waiting += [link for link in links if re.match(r"/(n|p|gaps?|quarantine)/", link)]
    return found


def look(stage: Staged) -> Seen:
    """Everything a stranger could read without opening a payload."""
    seen, settings = Seen(), stage.running.settings
    with httpx.Client(base_url=stage.running.page(), timeout=PATIENCE_SECONDS) as client:
        seen.places["answers to what was refused"] = provoke(stage, client)
        logins = ("operator", "y00001-gp-practice", "ryv-hv-team", "y00003-gp-practice")
        links = addresses_on_pages(client, logins)
        assert any(link.startswith("/n/") for link in links)
        assert any(link.startswith("/p/") for link in links)
        assert any(link.startswith("/quarantine/") for link in links)
        seen.places["addresses on pages"] = "\n".join(links)
    seen.places["addresses asked by the stories"] = "\n".join(stage.asked)
    seen.places["addresses of webhooks"] = "\n".join(stage.receiver.asked)
    for role, address in stage.running.supervisor.metrics_addresses().items():
        seen.places[f"metrics of {role}"] = httpx.get(
            f"http://{address}/metrics", timeout=PATIENCE_SECONDS
        ).text
    for log in sorted(settings.data_dir.rglob("*.log")):
        if {"kafka", "worker"} & set(log.relative_to(settings.data_dir).parts[:-1]):
            continue  # Segments and write-ahead logs are the data itself; keys are read below.
        seen.places[log.name] = log.read_text(encoding="utf-8", errors="replace")
    seen.places["what the hub said"] = stage.said.getvalue()
    keys = asyncio.run(keys_of_every_topic(settings.kafka))
    seen.places["names of topics"] = "\n".join(keys)
    seen.places |= {f"keys of {topic}": text for topic, text in keys.items()}
    return seen


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Seen, set[str]]]:
    """What can be seen of a hub on which every story was played, and the stories' people."""
    with staged(tmp_path_factory.mktemp("privacy")) as stage:
        played = stage.play()
        assert all(story["ok"] for story in played)
        yield look(stage), canaries_of(stage.scenarios)


def test_nobody_is_seen_anywhere(after: tuple[Seen, set[str]]) -> None:
    """Metrics, logs, topic names, record keys, addresses and refusals name nobody."""
    seen, canaries = after
    assert [] == seen.found(canaries)


def test_everything_was_looked_at(after: tuple[Seen, set[str]]) -> None:
    """An empty place proves nothing, so each kind of place is there and has text."""
    seen, canaries = after
    for role in ("worker", "project", "deliver", "gateway", "mllp"):
        assert "hub_events_in_total" in seen.places[f"metrics of {role}"]
        assert f"{role}.log" in seen.places
    for name in ("mllp.log", "kafka.log", "what the hub said", "names of topics"):
        assert seen.places[name].strip(), name
    assert "/events" in seen.places["addresses asked by the stories"]
    assert "/hooks/Y00002" in seen.places["addresses of webhooks"]
    with_keys = {name for name, text in seen.places.items() if name.startswith("keys") and text}
    wanted = {"perinatal.pregnancy", "hub.persons", "hub.inputs", "hub.decisions", "notices.RCH"}
    wanted |= {"hub-persons-changelog", "hub-episodes-changelog", "hub.quarantine"}
    assert {f"keys of {topic}" for topic in wanted} <= with_keys
    assert {"9990000018", "Ashdown", "ZZ99 3AA", "1994-02-11"} <= canaries
    assert {"invented for the story", "Well after an ordinary birth."} <= canaries


@pytest.mark.parametrize(
    "leak",
    [
        'hub_events_in_total{type="Ashdown"} 1.0',
        '{"event": "quarantined", "who": "ASHDOWN"}',
        "GET /p/9990000018",
        "?born=11%2F02%2F1994",
        "ZZ993AA",
        "x: Well after an ordinary birth.",
        "Invented%20for%20the%20story",
    ],
)
def test_a_leak_would_be_found(after: tuple[Seen, set[str]], leak: str) -> None:
    """The same search over the same places finds a person planted in any of them."""
    seen, canaries = after
    for place, text in seen.places.items():
        planted = Seen({place: f"{text}\n{leak}"})
        assert 1 == len(planted.found(canaries)), place
