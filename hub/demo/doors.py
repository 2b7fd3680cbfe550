"""The real doors, used as strangers use them: MLLP, HTTPS and Kafka."""

import asyncio
import hashlib

import httpx
from aiokafka import AIOKafkaProducer

from hub.core.model import Event
from hub.demo.stage import demo_key
from hub.edges.avro import encode_event
from hub.edges.doors import event_to_json
from hub.edges.numbered import KAFKA_HEADER, headers_of
from hub.edges.schemas import default_schemas

TRIES = 120
"""A door that is being restarted comes back within seconds; a story asks for two minutes."""

START, END = b"\x0b", b"\x1c\r"


class DoorRefused(Exception):  # noqa: N818  it names what happened
    """A door said no.  Operator action: the answer says what is wrong with the story."""


class Doors:
    """Connections to the doors of one running hub."""

    def __init__(self, page: str, mllp: tuple[str, int], bootstrap: str):
        """Name the doors; nothing is opened yet."""
        self._mllp = mllp
        self.asked: list[str] = []
        """Every address asked over HTTP; no identity may stand in one."""
        self._http = httpx.AsyncClient(
            base_url=page, timeout=20, event_hooks={"request": [self._note]}
        )
        self._kafka = AIOKafkaProducer(
            bootstrap_servers=bootstrap, enable_idempotence=True, acks="all"
        )

    async def start(self) -> None:
        """Open what stays open."""
        await self._kafka.start()

    async def stop(self) -> None:
        """Close."""
        await self._kafka.stop()
        await self._http.aclose()

    async def _note(self, request: httpx.Request) -> None:
        self.asked.append(str(request.url))

    async def post(self, path: str, organisation: str, body: object) -> None:
        """Post to the gateway, again while it is away.  Raises DoorRefused for any other answer."""
        headers = {"authorization": f"Bearer {demo_key(organisation)}"}
        answer = "no answer"
        for _ in range(TRIES):
            try:
                found = await self._http.post(path, json=body, headers=headers)
            except httpx.TransportError as error:
                answer = type(error).__name__
            else:
                if found.status_code < 300:
                    return
                answer = f"{found.status_code} {found.text[:400]}"
                # 404 for a notice that the read model has not seen yet: asked again like a 503.
                if found.status_code not in (404, 503):
                    break
            await asyncio.sleep(1)
        raise DoorRefused(f"{path} answered {answer}")

    async def https(self, event: Event) -> None:
        """An event over HTTPS."""
        body = event_to_json(event)
        if event.numbered is not None:
            body["sequence"] = str(event.numbered.number)
        await self.post("/events", event.organisation, body)

    async def kafka(self, event: Event) -> None:
        """An event straight onto its public topic, keyed by a reference of the publisher's own."""
        topic = default_schemas().topic_of(event.type)
        key = hashlib.sha256(f"{event.source}{event.subject.reference}".encode()).digest()
        headers = [head for head in headers_of(event.numbered) if head[0] == KAFKA_HEADER]
        await self._kafka.send_and_wait(
            "perinatal.pregnancy" if topic == "same" else topic,
            encode_event(event),
            key=key,
            headers=headers,
        )

    async def mllp(self, message: str) -> None:
        """An HL7 message in its frame; the answer must be AA.  Raises DoorRefused."""
        body = message.strip().replace("\n", "\r").encode()
        answer = "no answer"
        for _ in range(TRIES):
            try:
                answer = await self._exchange(body)
            except OSError as error:
                answer = type(error).__name__
            else:
                if "MSA|AA" in answer:
                    return
                if "|207^" not in answer:
                    break
            await asyncio.sleep(1)
        raise DoorRefused(f"MLLP answered {answer}")

    async def _exchange(self, body: bytes) -> str:
        reader, writer = await asyncio.open_connection(*self._mllp)
        try:
            writer.write(START + body + END)
            await writer.drain()
            found = await asyncio.wait_for(reader.readuntil(END), 20)
        except (asyncio.IncompleteReadError, TimeoutError):
            raise ConnectionResetError from None
        finally:
            writer.close()
        return found.strip(START + END).decode()
