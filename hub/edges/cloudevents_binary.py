"""CloudEvents in binary mode over HTTP: the attributes in headers, what is told in the body.

The event is put together in structured form and then read and kept as any other, so that no mode is
wider than another and a redrive needs no headers.  Header values are percent-encoded UTF-8
(CloudEvents HTTP protocol binding 1.0.2, 3.1.3.2).
"""

import base64
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from hub.core.faults import FaultReason, SenderFault

PREFIX: Final = "ce-"
_MARKS: Final = ("ce-specversion", "ce-id", "ce-type", "ce-source")
_ATTRIBUTE: Final = re.compile(r"[a-z0-9]{1,40}", re.ASCII)
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPED: Final = re.compile(r"\\(.)")
_PERCENT: Final = re.compile(rb"%([0-9A-Fa-f]{2})|%")
_IN_BODY: Final = frozenset({"data", "data_base64", "datacontenttype"})
"""What a header cannot say: the body and its content type do."""


def is_binary(headers: Mapping[str, str]) -> bool:
    """Whether a request is in binary mode: a content type of CloudEvents' own says that it is not.

    Any one of the attributes that an event must have will do, so that a slip is answered as one.
    """
    content_type = headers.get("content-type", "").strip().lower()
    return not content_type.startswith("application/cloudevents") and any(
        mark in headers for mark in _MARKS
    )


def whole_event(headers: Iterable[tuple[str, str]], content_type: str, body: bytes) -> bytes:
    """The event in structured form, as far as it can be read; `check_headers` says what cannot."""
    event: dict[str, Any] = {}
    for name, value in attributes(headers):
        try:
            decoded = decoded_value(value)
        except ValueError:
            decoded = value
        event[name] = _subject(decoded) if name == "subject" else decoded
    if content_type not in {"", "application/json"}:
        event["datacontenttype"] = content_type
    try:
        msgspec.json.decode(body or b"null")
        # As it came, so that no digit of a number is lost in what is kept.
        event["data"] = msgspec.Raw(body or b"null")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        event["data_base64"] = base64.b64encode(body).decode()
    return msgspec.json.encode(event)


def check_headers(headers: Iterable[tuple[str, str]]) -> None:
    """Refuse headers that say nothing for sure.  Raises SenderFault, without what they hold."""
    seen: set[str] = set()
    for name, value in headers:
        if not name.startswith(PREFIX):
            continue
        own = name.removeprefix(PREFIX)
        if not _ATTRIBUTE.fullmatch(own) or own in _IN_BODY:
            raise _wrong("ce-", "is no name of an attribute", "use a to z and 0 to 9 in names")
        if own in seen:
            raise _wrong(f"ce-{own}", "is there more than once", "send it once")
        seen.add(own)
        try:
            decoded_value(value)
        except ValueError:
            raise _wrong(
                f"ce-{own}",
                "is not percent-encoded UTF-8",
                "write % and what is not ASCII as %XX, byte by byte of its UTF-8",
            ) from None


def attributes(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The attributes of an event, with their values as they came."""
    named = ((name.removeprefix(PREFIX), value) for name, value in headers if _is_ours(name))
    return [(name, value) for name, value in named if _ATTRIBUTE.fullmatch(name)]


def _is_ours(name: str) -> bool:
    return name.startswith(PREFIX) and name.removeprefix(PREFIX) not in _IN_BODY


def decoded_value(value: str) -> str:
    """The text of a header's value.  Raises ValueError for what is no percent-encoded UTF-8.

    A value in quotation marks is taken out of them first, as the binding says.  Bytes that a sender
    left as they are count as themselves: HTTP hands them on as Latin-1.
    """
    stripped = value.strip()
    quoted = _QUOTED.fullmatch(stripped)
    plain = _ESCAPED.sub(r"\1", quoted[1]) if quoted else stripped

    def byte_of(found: re.Match[bytes]) -> bytes:
        if found[1] is None:
            raise ValueError("a % without two digits")
        return bytes([int(found[1], 16)])

    return _PERCENT.sub(byte_of, plain.encode("latin-1")).decode()


def _subject(text: str) -> Any:
    """A subject of ours is a person, written as JSON; the national service's is an NHS number."""
    if not text.startswith("{"):
        return text
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text


def _wrong(name: str, problem: str, remedy: str) -> SenderFault:
    return SenderFault(
        FaultReason.SCHEMA_VIOLATION, f"the header {name} {problem}", field=name, remedy=remedy
    )
