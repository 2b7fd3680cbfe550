"""`hub send FILE`: one message over its own protocol to a hub that runs, and the answer in words.

It is what a publisher tries first, so it speaks as a publisher's system does: a file `.hl7` goes
over MLLP; a file `.json`, `.xml` or `.csv` over HTTPS with the publisher's key, to the door of its
language (events, CloudEvents or FHIR).
"""

import json
import socket
import sys
from pathlib import Path
from typing import Any, Final

import httpx

from hub.core.faults import SenderFault
from hub.demo.stage import demo_key
from hub.edges.anything import Reader, read_anything
from hub.edges.fhir.codes import meaning
from hub.edges.fhir.source import STAND_IN
from hub.edges.formats import Format, pieces_of
from hub.edges.hl7v2_message import Message, Segment, read
from hub.edges.hl7v2_profile import load_profile
from hub.edges.mllp import END, START
from hub.edges.mllp_sandbox import APPLICATION
from hub.ops.clock import RealClock
from hub.ops.settings import Settings

ANSWER_SECONDS: Final = 30.0
"""A door answers within its 5 s for Kafka; a sender that gives up sooner than 30 s is rare."""

SENT, NOT_SENT = 0, 1

_DOORS: Final = {
    Format.FHIR_JSON: "fhir",
    Format.FHIR_XML: "fhir",
    Format.CDA: "cda",
    Format.CLOUDEVENT: "cloudevents",
    Format.HUB_CSV: "events/csv",
}
_TYPES: Final = {
    Format.FHIR_XML: "application/xml",
    Format.CDA: "application/xml",
    Format.HUB_CSV: "text/csv",
}
_INVENTED_HOSPITAL: Final = "RXX"
"""Brings, in a demonstration, what does not say whose it is, and what is a national body's."""


def main(settings: Settings, file: Path, *, sandbox: bool = False) -> int:
    """Send one file and print what was answered: 0 when the hub has it, 1 when it has not."""
    doors = {".hl7": _over_mllp, **dict.fromkeys((".json", ".xml", ".csv"), _over_https)}
    door = doors.get(file.suffix.lower())
    if door is None:
        return _say(
            NOT_SENT,
            f"{file.name} is none of .hl7 (over MLLP), .json, .xml and .csv (HTTPS)",
        )
    try:
        return door(settings, file.read_bytes(), sandbox=sandbox)
    except FileNotFoundError:
        return _say(NOT_SENT, f"there is no file {file}")
    except (httpx.TransportError, OSError) as error:
        return _say(
            NOT_SENT,
            f"no answer ({type(error).__name__}): nothing is promised, so send it again; "
            f"is the hub up, and are HUB_GATEWAY_PORT and HUB_MLLP_PORT those it was given?",
        )


def _say(code: int, *lines: str) -> int:
    """Print lines, to stderr when the hub does not have it."""
    sys.stdout.flush()
    print(*lines, sep="\n", file=sys.stderr if code else sys.stdout)
    return code


def _reachable(host: str) -> str:
    """A wildcard address is asked on the loopback."""
    return "127.0.0.1" if host in ("0.0.0.0", "::", "") else host  # noqa: S104  compared only


# --- HL7 v2 ----------------------------------------------------------------------------------


def _over_mllp(settings: Settings, message: bytes, *, sandbox: bool) -> int:
    """A message in its frame.  Segments may end in LF in the file, as editors like it."""
    body = message.replace(b"\r\n", b"\r").replace(b"\n", b"\r").strip(b"\r") + b"\r"
    body = _for_the_sandbox(body) if sandbox else body
    where = (_reachable(settings.mllp_host), settings.mllp_port)
    with socket.create_connection(where, ANSWER_SECONDS) as door:
        door.sendall(START + body + END)
        received = b""
        while not received.endswith(END):
            piece = door.recv(65536)
            if not piece:
                raise ConnectionResetError
            received += piece
    return _say_ack(received.removeprefix(START).removesuffix(END))


def _for_the_sandbox(body: bytes) -> bytes:
    """The message addressed to the sandbox: MSH-5 and MSH-11 say so, both."""
    first, end, rest = body.partition(b"\r")
    mark = first[3:4] or b"|"
    fields = first.split(mark)
    fields += [b""] * (11 - len(fields))
    # MSH-1 is the mark itself, so that MSH-5 is the fifth piece, counted from MSH.
    fields[4], fields[10] = APPLICATION.encode(), b"T"
    return mark.join(fields) + end + rest


def _say_ack(answer: bytes) -> int:
    """The acknowledgement in words."""
    try:
        ack: Message = read(answer)
        (said,) = ack.all("MSA")
    except (SenderFault, ValueError):
        return _say(NOT_SENT, "the answer is no HL7 acknowledgement: is this the MLLP port?")
    code, text = said.value(1), said.value(3)
    if code == "AA" and text.startswith("sandbox"):
        return _say(SENT, f"AA: {text}")
    if code == "AA":
        taken = f"AA: the hub has message {said.value(2)}, confirmed by Kafka"
        return _say(SENT, f"{taken}; {text}" if text else taken)
    errors: list[Segment] = list(ack.all("ERR"))
    lines = [f"{code}: not taken. {text}"]
    for error in errors:
        lines += [f"  reason: {error.value(5)}"]
        lines += [f"  {error.value(7)}"] if error.value(7) else []
    return _say(NOT_SENT, *lines)


# --- JSON ------------------------------------------------------------------------------------


def _over_https(settings: Settings, body: bytes, *, sandbox: bool) -> int:
    """A message with the key of its source: HUB_API_KEY, else the demonstration's."""
    form = next(pieces_of(body)).format
    page = f"http://{_reachable(settings.gateway_host)}:{settings.gateway_port}"
    headers = {
        "authorization": f"Bearer {_key(settings, body)}",
        "content-type": _TYPES.get(form, "application/json"),
        "accept": "application/json",
        "hub-sandbox": "true" if sandbox else "false",
    }
    door = _DOORS.get(form, "events")
    answer = httpx.post(f"{page}/{door}", content=body, headers=headers, timeout=ANSWER_SECONDS)
    try:
        said: dict[str, Any] = answer.json()
    except ValueError:
        said = {}
    if "would" in said:
        return _say_would(said)
    if "answers" in said:
        return _say_rows(said)
    if form in _DOORS:
        return _say_outcome(answer.status_code, said)
    if answer.status_code == httpx.codes.ACCEPTED:
        return _say(
            SENT,
            f"202: the hub has event {said['id']}, confirmed by Kafka on {said['topic']}",
            f"  receipt: {said['receipt']}",
            f"  who has been told: GET {page}{said['coverage']}",
        )
    lines = [f"{answer.status_code}: not taken. {said.get('detail', 'The answer says no more.')}"]
    for name in ("reason", "field", "remedy", "quarantine_id"):
        lines += [f"  {name.replace('_id', '')}: {said[name]}"] if said.get(name) else []
    return _say(NOT_SENT, *lines)


def _say_would(said: dict[str, Any]) -> int:
    """What would come of one event; nothing was done with it."""
    would = said["would"] or {"told": [], "because": "this hub cannot say who would be told"}
    lines = [f"200: event {said['id']} is right, and nothing was done with it"]
    lines += [f"  {would['because']}"] if would["because"] else []
    for one in would["told"]:
        owed = ", ".join(f"{level['level']} by {level['by']}" for level in one["owed"])
        lines += [f"  would be told: {one['role_in_words']}, {one['organisation'] or '?'}: {owed}"]
    return _say(SENT, *lines)


def _say_rows(said: dict[str, Any]) -> int:
    """What became of each row of a file."""
    done = "right, and nothing was done" if said["sandbox"] else "taken, confirmed by Kafka"
    lines = [f"200: {said['accepted']} of {said['rows']} rows {done}"]
    for one in said["answers"]:
        where = f"  row {one['row']}: "
        if said["sandbox"] and one["outcome"] == "accepted":
            lines += [f"{where}right; nothing was done with it"]
        elif one["outcome"] == "accepted":
            lines += [f"{where}event {one['id']}; who has been told: GET {one['coverage']}"]
        else:
            lines += [f"{where}refused ({one['reason']}, {one['field']}): {one['detail']}"]
            lines += [f"    remedy: {one['remedy']}; quarantine: {one['quarantine_id']}"]
    return _say(NOT_SENT if said["refused"] else SENT, *lines)


def _say_outcome(code: int, said: dict[str, Any]) -> int:
    """What the doors for other languages answered: an OperationOutcome, or a list of events."""
    words: dict[int, str] = {
        httpx.codes.ACCEPTED: "the hub has it, confirmed by Kafka",
        httpx.codes.OK: "it is right, and nothing was done with it",
    }
    taken = code in words
    lines = [f"{code}: {words.get(code, 'not taken')}"]
    for one in said.get("issue") or []:
        places = one.get("expression") or []
        lines += [f"  {one.get('diagnostics', '')}", *(f"  place: {place}" for place in places)]
    events = said.get("events") or []
    for one in events:
        lines += [f"  event {one['id']} ({one['type']}) on {one['topic']}"]
        lines += [f"    who has been told: GET {one['coverage']}"] if "coverage" in one else []
    for name in ("because", "detail", "reason", "field", "remedy", "quarantine_id"):
        lines += [f"  {name.replace('_id', '')}: {said[name]}"] if said.get(name) else []
    return _say(SENT if taken else NOT_SENT, *lines)


def _key(settings: Settings, body: bytes) -> str:
    """The publisher's key; without one, the demonstration's key of the organisation that speaks."""
    given = settings.api_key.get_secret_value()
    if given:
        return given
    reader = Reader(received_at=RealClock().now(), profile=load_profile())
    events = [event for part in read_anything(body, reader) for event in part.events]
    speakers = [event.organisation for event in events] or [_stated(body)]
    nobody = ("", STAND_IN, *meaning("national")["organisations"])
    return demo_key(speakers[0] if speakers[0] not in nobody else _INVENTED_HOSPITAL)


def _stated(body: bytes) -> str:
    """The organisation in the source of an event that could not be read."""
    try:
        return str(json.loads(body)["source"]).partition(":")[0]
    except (ValueError, KeyError, TypeError):
        return ""
