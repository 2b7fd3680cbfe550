"""The shape of an original without identities, so that its kind can be recognised."""

import json
import re
from typing import Any

from hub.core.faults import SenderFault
from hub.edges.csv_rows import CSV_TYPE, read_sheet
from hub.store.read_lines import QuarantineItem

PREVIEW_LINES = 60
PREVIEW_DEPTH = 6
"""A preview is for recognising the shape of a message, not for reading it."""

KNOWN_WORD = re.compile(r"^[A-Za-z][A-Za-z0-9_]{0,39}$")
PLAIN_FIELDS = frozenset({"type", "specversion", "purpose", "status", "signal", "kind"})
"""JSON members whose values are codes and never identify anybody."""


def preview(item: QuarantineItem) -> tuple[str, ...]:
    """The shape of an original with every value masked: letters become x, digits #."""
    original = item.original
    if item.line.door == "mllp":
        lines = _hl7_shape(original.decode("utf-8", "replace"))
    elif item.line.door == "https" and original.lstrip()[:1] == b"<":
        lines = _xml_shape(original)
    elif item.line.content_type == CSV_TYPE:
        lines = _csv_shape(original)
    elif item.line.door == "https":
        lines = _json_shape(original)
    else:
        lines = [f"Avro record of {len(original)} bytes"]
    if len(lines) > PREVIEW_LINES:
        lines = [*lines[:PREVIEW_LINES], f"… and {len(lines) - PREVIEW_LINES} lines more"]
    return tuple(lines)


def masked(text: str) -> str:
    """A value with its letters and digits hidden; its length and punctuation show what it was.

    Digits become # and not 9: ten nines are a valid NHS number.
    """
    return re.sub(r"[^\W\d_]", "x", re.sub(r"\d", "#", text))[:80]


def _hl7_shape(text: str) -> list[str]:
    shape = []
    for segment in filter(None, re.split(r"[\r\n]+", text)):
        name, _, rest = segment.partition("|")
        if re.fullmatch(r"[A-Z][A-Z0-9]{2}", name) is None:
            shape.append("(a line that is not a segment)")
        elif name == "MSH":
            fields = rest.split("|")
            kind = fields[7] if len(fields) > 7 else ""
            known = re.fullmatch(r"[A-Z]{3}(\^[A-Z0-9]{3}){0,1}(\^[A-Z0-9_]{1,7})?", kind)
            shape.append(f"MSH  {len(fields) + 1} fields, type {kind if known else masked(kind)}")
        else:
            shape.append(f"{name}|{masked(rest)}")
    return shape


def _xml_shape(original: bytes) -> list[str]:
    """The elements, by name; every value and every text is hidden."""
    names = re.findall(rb"<([A-Za-z][A-Za-z0-9]{0,39})[\s/>]", original[:200_000])
    return [name.decode() for name in names] or [f"{len(original)} bytes of XML"]


def _csv_shape(original: bytes) -> list[str]:
    """The names of the columns, and every cell hidden."""
    try:
        rows = read_sheet(original).rows
    except SenderFault:
        return [f"{len(original)} bytes of CSV without a header"]
    return [
        line
        for row in rows[:PREVIEW_LINES]
        for line in (
            f"row {row.number}",
            *(f"  {name}: {masked(text)}" for name, text in row.cells.items() if text),
        )
    ]


def _json_shape(original: bytes) -> list[str]:
    try:
        value = json.loads(original)
    except (ValueError, RecursionError):
        return [f"{len(original)} bytes that are not valid JSON"]
    return list(_walk("", value, 0))


def _walk(name: str, value: Any, depth: int) -> list[str]:
    indent = "  " * depth
    shown = name if not name or KNOWN_WORD.match(name) else masked(name)
    head = f"{indent}{shown}: " if shown else indent
    if depth >= PREVIEW_DEPTH:
        return [f"{head}…"]
    if isinstance(value, dict):
        inner = [line for key, each in value.items() for line in _walk(str(key), each, depth + 1)]
        return [f"{head}{{", *inner, f"{indent}}}"]
    if isinstance(value, list):
        inner = [line for each in value[:10] for line in _walk("", each, depth + 1)]
        return [f"{head}[{len(value)}]", *inner]
    text = "null" if value is None else str(value)
    plain = name in PLAIN_FIELDS and re.fullmatch(r"[a-z0-9_.\-]{1,40}", text)
    return [f"{head}{text if plain else masked(text)}"]
