"""The gateway as it runs, fuzzed through real HTTP requests; and CDA through its reader.

Only Kafka is stood in for.  What the sender is answered is held against what was written: 2xx for
an event or for nothing to pass on, a problem with a quarantine id for what is kept, and a problem
without one for what is not taken at all.
"""

import base64
import json
import re
import shutil
import tempfile
from pathlib import Path
from random import Random
from typing import Any, Final

from starlette.testclient import TestClient

from hub.edges import avro
from hub.edges.cda.document import fhir_from_cda
from hub.edges.directory import directory_from
from hub.edges.doors import event_to_json
from hub.edges.fhir.reader import events_from as fhir_events
from hub.edges.fhir.written import to_xml
from hub.edges.formats import Format
from hub.edges.mapped import Mapped
from hub.edges.publish import Original
from hub.ops.clock import HeldClock
from hub.ops.settings import Settings
from hub.ops.topics import QUARANTINE
from hub.store.engine import make_engine, migrate_engine
from hub.web.app import make_app
from tests.fuzz.doors import NOW, FuzzedDoor, Read
from tests.fuzz.kept import Verdict, WrongError, verdict_of
from tests.fuzz.mutate import mutated
from tests.fuzz.seeds import EXAMPLES, fhir_examples, golden_events

KEY: Final = {"Authorization": "Bearer demo-RXX"}
_ID: Final = re.compile(rb"quarantine as (q-[0-9a-f]+)|\"quarantine_id\": ?\"(q-[0-9a-f]+)\"")
_NOT_KEPT: Final = frozenset({400, 403, 404, 408, 413, 415, 422})


class Cda(Read):
    """The CDA reader."""

    name, content_type = "cda", "application/xml"

    def all_seeds(self) -> list[bytes]:
        """The example, and one in an envelope."""
        example = (EXAMPLES / "cda-discharge.xml").read_bytes()
        inner = example.partition(b"?>")[2]
        return [example, b"<e:envelope xmlns:e='urn:e'>" + inner + b"</e:envelope>"]

    def read(self, original: Original) -> Mapped:
        """As `POST /cda` does."""
        root = fhir_from_cda(original.body)
        return fhir_events(root, Format.CDA, original.received_at, "RXX")


class Http(FuzzedDoor):
    """A publisher's requests, over the web app: addresses, headers, bodies and their answers."""

    name = "http"

    def __init__(self) -> None:
        super().__init__()
        folder = self.folder = Path(tempfile.mkdtemp(prefix="hub-fuzz-"))
        engine = self.engine = make_engine(f"sqlite:///{folder / 'hub.db'}")
        migrate_engine(engine)
        clock = HeldClock(folder / "clock")
        clock.move(NOW)
        known = directory_from({"organisation": [{"ods": "RXX", "name": "Ours", "kind": "trust"}]})
        app = make_app(
            Settings(data_dir=folder, secret_key="s" * 32, demo_logins=True),
            publisher=self.publisher,
            engine=engine,
            directory=known,
            clock=clock,
        )
        self.client = TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)
        self.client.__enter__()
        self.chosen = ""

    def close(self) -> None:
        """Stop the gateway, and take its database away."""
        self.client.__exit__(None, None, None)
        self.engine.dispose()
        shutil.rmtree(self.folder)

    def all_seeds(self) -> list[bytes]:
        """All of all addresses; `make` takes those of one."""
        self.by_address = _seeds()
        return [seed for seeds in self.by_address.values() for seed in seeds]

    def make(self, luck: Random) -> bytes:
        """An address, and a damaged body of its kind; now and then one of another kind."""
        self.chosen = luck.choice(sorted(self.by_address))
        if luck.random() < 0.05:
            return mutated(self.seeds, luck)
        return mutated(self.by_address[self.chosen], luck)

    def take(self, body: bytes, luck: Random) -> list[Verdict]:
        """Post it, and hold the answer against what was written."""
        address = self._address_of(body)
        headers = {**KEY, "Content-Type": TYPES[address]}
        path = address.partition(" ")[0]
        if address.endswith("binary"):
            headers |= _binary_headers(luck)
        answer = self.client.post(path, content=body, headers=headers)
        records = self.written.taken()
        if answer.status_code >= 500:
            raise WrongError(f"{address} answered {answer.status_code}")
        kept = [value for topic, value in records if topic == QUARANTINE]
        if kept and address.endswith("binary"):
            body = _original_of(avro.decode_quarantine(kept[0]).original, body)
        verdict = verdict_of(records, body, NOW)
        return [_agreed(answer.status_code, answer.content, verdict, records)]

    def _address_of(self, body: bytes) -> str:
        """Where it was made for; a seed that comes as it is goes to its own address."""
        own = [name for name, seeds in self.by_address.items() if body in seeds]
        return own[0] if own else self.chosen


TYPES: Final = {
    "/events": "application/json",
    "/cloudevents": "application/cloudevents+json",
    "/cloudevents binary": "application/json",
    "/fhir": "application/fhir+json",
    "/fhir xml": "application/fhir+xml",
    "/cda": "application/xml",
}
"""Each address that takes one original, with its content type."""


def _seeds() -> dict[str, list[bytes]]:
    events = [event_to_json(avro.decode_event(each, NOW)) for each in golden_events()]
    ours = [
        json.dumps(each | {"source": "RXX:FUZZ", "id": f"fuzz-{number}"}).encode()
        for number, each in enumerate(events)
    ]
    booking = (EXAMPLES / "booking.json").read_bytes()
    national = [file.read_bytes() for file in sorted(EXAMPLES.glob("mns-change*.json"))]
    xml = [file.read_bytes() for file in sorted(EXAMPLES.glob("*.xml")) if "cda" not in file.name]
    return {
        "/events": [booking, *ours],
        "/cloudevents": [booking, *national, *ours[:10]],
        "/cloudevents binary": [json.dumps(json.loads(booking)["data"]).encode()],
        "/fhir": fhir_examples(),
        "/fhir xml": xml + [to_xml(json.loads(each)).encode() for each in fhir_examples()],
        "/cda": [(EXAMPLES / "cda-discharge.xml").read_bytes()],
    }


def _binary_headers(luck: Random) -> dict[str, str]:
    """The attributes of a booking; damaged in one of four requests, within what HTTP can carry."""
    event = json.loads((EXAMPLES / "booking.json").read_bytes())
    found = {
        f"ce-{name}": value if isinstance(value, str) else json.dumps(value)
        for name, value in event.items()
        if name != "data"
    }
    found["ce-id"] = f"fuzz-{luck.getrandbits(64):x}"
    if luck.random() < 0.25:
        name = luck.choice(sorted(found))
        damaged = mutated([found[name].encode()], luck)[:2000]
        found[name] = "".join(chr(each) for each in damaged if 32 <= each < 127).strip()
    return found


def _original_of(kept: bytes, body: bytes) -> bytes:
    """What is kept of binary mode, where it holds the body that came.  Raises WrongError."""
    if len(kept) >= avro.LARGEST_INNER_BYTES - 16 * 1024:
        return kept
    event: dict[str, Any] = json.loads(kept)
    encoded = event.get("data_base64")
    same = (
        base64.b64decode(encoded) == body
        if encoded is not None
        else event.get("data") == (json.loads(body) if body else None)
    )
    if not same:
        raise WrongError("what is in quarantine does not hold the body that came")
    return kept


def _agreed(
    code: int, answer: bytes, verdict: Verdict, records: list[tuple[str, bytes]]
) -> Verdict:
    """The verdict, where the sender was told the same.  Raises WrongError."""
    found = _ID.search(answer)
    if verdict is Verdict.QUARANTINED:
        kept = avro.decode_quarantine(records[0][1]).quarantine_id
        if code < 400 or found is None or kept.encode() not in (found[1], found[2]):
            raise WrongError(f"it is kept, and the answer {code} does not say where")
    elif verdict is Verdict.EVENT:
        if code != 202:
            raise WrongError(f"it is an event, and the answer is {code}")
    elif code in _NOT_KEPT and found is None:
        return Verdict.REFUSED
    elif code != 202:
        raise WrongError(f"nothing was written, and the answer is {code}")
    return verdict
