"""What recipients hold in their hands: letters, read out of the bytes that came over their road."""

import base64
import email
import email.policy
import json
import quopri
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from hub.edges.avro import decode_notice
from tests.house.identities import Finding, find_identities

LINK: Final = re.compile(r"/n/([A-Za-z0-9_-]+)")
_NOTE: Final = re.compile(r"(\w+) notice for (\w+)")
_DUE: Final = re.compile(r"must be \w+ by (\S+)")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]{24,}={0,2}")
_GZIP: Final = b"\x1f\x8b\x08"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One notice as it came; a mail does not say for which role, why, or what."""

    notice_id: str
    text: str
    """All that the recipient can read of it."""
    role: str = ""
    reason: str = ""
    in_reply_to: str | None = None
    episode_id: str = ""
    header_id: str = ""
    """The id by which an answer over MESH names it."""
    due: datetime | None = None


def in_posts(connections: Iterable[bytes | bytearray]) -> list[Letter]:
    """The letters in HTTP requests to a webhook or a FHIR subscription, a connection each."""
    found: list[Letter] = []
    for heard in map(bytes, connections):
        head, _, body = heard.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        if length is None or len(body) < int(length[1]):
            continue
        content = json.loads(body[: int(length[1])])
        if "data" in content:
            found.append(_plain(content["data"]))
        else:
            found += _communications(content)
    return found


def in_message(body: bytes) -> list[Letter]:
    """The letter in a FHIR message that came over MESH."""
    return _communications(json.loads(body))


def in_record(value: bytes) -> Letter:
    """The letter in a record of a topic."""
    notice = decode_notice(value)
    return Letter(
        notice_id=notice.notice_id,
        text=_lines([notice.title, notice.because, *(x.value for x in notice.content)]),
        role=notice.role,
        reason=notice.reason.value,
        in_reply_to=notice.in_reply_to,
        episode_id=notice.episode_id,
        due=notice.due_at,
    )


def in_mail(raw: bytes) -> Letter:
    """The letter in a mail: a link, and nothing else."""
    mail = email.message_from_bytes(raw.partition(b"\n")[2], policy=email.policy.default)
    text = mail.get_content()
    found = LINK.search(text)
    assert found is not None, "a mail without a link"
    return Letter(notice_id=found[1], text=_lines([str(mail["Subject"]), text]))


def _plain(data: Any) -> Letter:
    lines = [f"{each['label']}: {each['value']}" for each in data["content"]]
    return Letter(
        notice_id=data["notice_id"],
        text=_lines([data["title"], data["because"], *lines]),
        role=data["role"],
        reason=data["reason"],
        in_reply_to=data.get("in_reply_to"),
        episode_id=data["episode_id"],
        due=datetime.fromisoformat(data["due_at"]),
    )


def _communications(bundle: Any) -> list[Letter]:
    resources = [each["resource"] for each in bundle["entry"]]
    header = next((r["id"] for r in resources if r["resourceType"] == "MessageHeader"), "")
    return [
        _communication(each, header)
        for each in resources
        if each["resourceType"] == "Communication"
    ]


def _communication(told: Any, header_id: str) -> Letter:
    notes = "\n".join(each["text"] for each in told["note"])
    note, due = _NOTE.match(notes), _DUE.search(notes)
    assert note is not None, "a Communication says for whom it is and why"
    assert due is not None, "and by when it must be reached"
    replies = [each["identifier"]["value"] for each in told.get("inResponseTo", ())]
    lines = [each["contentString"] for each in told["payload"]]
    reasons = [each["text"] for each in told["reasonCode"]]
    return Letter(
        notice_id=told["identifier"][0]["value"],
        text=_lines([told["topic"]["text"], *reasons, *lines]),
        role=note[2],
        reason=note[1],
        in_reply_to=replies[0] if replies else None,
        header_id=header_id,
        due=datetime.fromisoformat(due[1]),
    )


def _lines(parts: Iterable[Any]) -> str:
    return "\n".join(str(each) for each in parts)


# --- looking for words in bytes --------------------------------------------------------------


def readings(raw: bytes) -> str:
    """Bytes as anybody may read them: as they stand, and with each usual wrapping taken off."""
    return "\n".join(_readings(raw))


def _readings(raw: bytes) -> Iterator[str]:
    yield raw.decode("utf-8", "replace")
    yield quopri.decodestring(raw).decode("utf-8", "replace")
    for found in _BASE64.finditer(re.sub(r"(?<=\S)\r?\n(?=\S)", "", raw.decode("latin-1"))):
        whole = found[0].rstrip("=")
        with_end = whole[: len(whole) // 4 * 4] if len(whole) % 4 == 1 else whole
        decoded = base64.b64decode(with_end + "=" * (-len(with_end) % 4))
        yield decoded.decode("utf-8", "replace")
    for start in (found.start() for found in re.finditer(re.escape(_GZIP), raw)):
        unpacked = zlib.decompressobj(wbits=31)
        try:
            yield unpacked.decompress(raw[start:]).decode("utf-8", "replace")
        except zlib.error:
            continue  # The three bytes stood there by chance.


def spoken(raw: bytes, words: Iterable[str]) -> list[Finding]:
    """Every place of these bytes where one of the words can be read."""
    wanted = set(words)
    return [each for each in find_identities(readings(raw), wanted) if each.canary in wanted]
