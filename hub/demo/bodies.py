"""The body of an event as its schema has it, where only the spelling differs.

A code with hyphens or capitals, `true` for `y`, one value where a list is wanted, a local time.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from hub.core.deadlines import LOCAL
from hub.demo.spelling import NO_MATTER

YES_OR_NO = {True: "y", False: "n", "yes": "y", "no": "n", "unknown": "u"}


def in_its_form(body: dict[str, Any], avsc: dict[str, Any]) -> Any:
    """A body with its values as the schema of its event wants them."""
    fields = {field["name"]: field["type"] for field in avsc["fields"]}
    return _record(body, fields, dict(_named(avsc)))


def _named(avro: Any) -> Iterator[tuple[str, Any]]:
    """Every named type of a schema; it is written out where it first stands."""
    if isinstance(avro, list):
        for kind in avro:
            yield from _named(kind)
    elif isinstance(avro, dict):
        if avro.get("type") in ("enum", "record"):
            yield avro["name"].rpartition(".")[2], avro
        for inner in (avro.get("type"), avro.get("items"), *avro.get("fields", ())):
            yield from _named(inner)


def _record(body: Any, fields: dict[str, Any], named: dict[str, Any]) -> Any:
    if not isinstance(body, dict):
        return body
    return {k: _value(v, fields[k], named) if k in fields else v for k, v in body.items()}


def _value(value: Any, avro: Any, named: dict[str, Any]) -> Any:
    """A value as its Avro type wants it, where only the spelling differs."""
    if isinstance(avro, list):
        kinds = [kind for kind in avro if kind != "null"]
        return _value(value, kinds[0], named) if len(kinds) == 1 else value
    if isinstance(avro, str):
        avro = named.get(avro.rpartition(".")[2], avro)
    if not isinstance(avro, dict):
        return value
    kind = avro.get("type")
    if kind == "enum":
        return _symbol(value, avro["symbols"])
    if kind == "record":
        return _record(value, {f["name"]: f["type"] for f in avro["fields"]}, named)
    if kind == "array" and value is not None:
        items = value if isinstance(value, list) else [value]
        return [_value(item, avro["items"], named) for item in items]
    if avro.get("logicalType") == "date" and isinstance(value, datetime):
        return value.date().isoformat()
    if avro.get("logicalType", "").startswith("timestamp"):
        return _instant(value)
    return value


def _symbol(value: Any, symbols: list[str]) -> Any:
    """The code of a closed list that a word means; the word itself where none fits."""
    if value in symbols:
        return value
    known = YES_OR_NO.get(value) if isinstance(value, bool | str) else None
    if known in symbols:
        return known
    if str(value).lower() in ("n/a", "na"):
        return next((symbol for symbol in symbols if symbol in NO_MATTER), value)
    plain = {_plain(symbol): symbol for symbol in symbols}
    return plain.get(_plain(str(value)), value)


def _plain(word: str) -> str:
    # Weeks and months are told without their letter too: `16-28` is `w16_28`, `3-4mo` is `m3_4`.
    plain = re.sub(r"[\s_-]+", "", word).lower()
    return re.sub(r"^[wm](?=\d)|(?<=\d)(?:mo|wk|w)$", "", plain)


def _instant(value: Any) -> Any:
    """An instant with its offset; a time without one is local, as everywhere in a scenario."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return value
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=LOCAL)
    return value
