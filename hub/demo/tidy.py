"""Takes harmless variation out of a scenario before it is read, and finds the line of a fault.

Whoever writes a scenario may write a time in any ISO form, a code with hyphens, `true` for `y`,
or a day without quotes.  What is left after that is one form, and a slip is told with its line.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from difflib import get_close_matches
from itertools import zip_longest
from typing import Any

from hub.core.deadlines import LOCAL
from hub.demo.holding import Held
from hub.edges.schemas import Schemas, default_schemas

TIMES = ("at", "occurred_at", "until", "due", "from")
"""Keys of rows that hold a local time."""
SECOND = " GMT"
"""What stands behind a time of the hour that comes twice, the second time."""
ROWS = ("outcomes", "also", "never")
YES_OR_NO = {True: "y", False: "n", "yes": "y", "no": "n", "unknown": "u"}

type_of_tables = dict[str, Any]


class Slip(ValueError):  # noqa: N818  the file's, not ours
    """Something in a scenario that cannot be read.  Operator action: mend it at its line."""

    def __init__(self, line: int, words: str):
        super().__init__(f":{line}: {words}; see docs/scenarios.md")


def tidied(tables: type_of_tables, text: str, schemas: Schemas | None = None) -> type_of_tables:
    """The tables of a scenario file in one form, each row with its line.

    Raises Slip for a time that is none.
    """
    out = dict(tables)
    own = schemas or default_schemas()
    if isinstance(out.get("given"), list):
        held = Held(out)
        types = {r.get("id"): r.get("event") for r in out["given"] if isinstance(r, dict)}
        lines = lines_of(text, "given")
        out["given"] = [
            _given(_row(row, line), types, own, held)
            for row, line in zip_longest(out["given"], lines[: len(out["given"])], fillvalue=1)
        ]
    then = out.get("then")
    if isinstance(then, dict):
        out["then"] = _times(then, lines_of(text, "then", table=True)[0]) | {
            name: [
                _row(row, line)
                for row, line in zip_longest(
                    then[name], lines_of(text, name)[: len(then[name])], fillvalue=1
                )
            ]
            for name in ROWS
            if isinstance(then.get(name), list)
        }
    return out


def _times(row: type_of_tables, line: int) -> type_of_tables:
    """A table with its times as rows hold them."""
    try:
        return row | {key: local_time(row[key]) for key in TIMES if key in row}
    except ValueError as error:
        raise Slip(line, str(error)) from None


def _row(row: Any, line: int) -> Any:
    """One row, with its times local and its words spelled as the hub spells them."""
    if not isinstance(row, dict):
        return row
    out = _times(row, line) | {"line": line}
    for key in ("state", "receipt", "reason", "purpose"):
        if isinstance(out.get(key), str):
            out[key] = re.sub(r"[\s-]+", "_", out[key].strip())
    for key in ("gap", "escalated"):
        if isinstance(out.get(key), str):
            out[key] = out[key].strip().upper()
    return out


def _given(row: Any, types: dict[Any, Any], schemas: Schemas, held: Held) -> Any:
    if not isinstance(row, dict):
        return row
    out = dict(row)
    if isinstance(out.get("actor"), str):
        out["actor"] = {"role": out["actor"]}
    actor = out.get("actor")
    if "event" in out and "source" not in out:
        if not isinstance(actor, dict):
            raise Slip(out["line"], "nobody says so: an event has an 'actor' or a 'source'")
        try:
            out["source"] = actor.get("org") or held.organisation(actor.get("role"), out)
        except LookupError as error:
            raise Slip(out["line"], str(error.args[0])) from None
    source = out.get("source")
    if isinstance(source, str):
        if ":" not in source:
            out["source"] = f"{source}:SYSTEM"
        if isinstance(actor, dict) and not actor.get("org"):
            out["actor"] = actor | {"org": out["source"].partition(":")[0]}
    event = types.get(out["corrects"]) if "corrects" in out else out.get("event")
    if isinstance(out.get("body"), dict) and event in schemas.event_types():
        avsc = schemas.avsc(event)
        fields = {field["name"]: field["type"] for field in avsc["fields"]}
        out["body"] = _record(out["body"], fields, dict(_named(avsc)))
    return out


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
    if kind == "array" and isinstance(value, list):
        return [_value(item, avro["items"], named) for item in value]
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


def local_time(written: Any) -> Any:
    """A time as rows hold it, `2026-03-24 17:00`; a day alone is its beginning.

    Raises ValueError for words that are no time, and for an hour that the change of clocks skips.
    """
    if isinstance(written, str) and written.strip().endswith(SECOND):
        # Said of the hour that comes twice; at any other time of the year it is an offset.
        written = f"{written.strip().removesuffix(SECOND)}+00:00"
    if isinstance(written, str):
        text = re.sub(r"(?i)^(mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+", "", written.strip())
        try:
            written = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError(
                f"{written!r} is no time; write it like '2026-03-24 17:00' (local)"
            ) from None
    if isinstance(written, date) and not isinstance(written, datetime):
        written = datetime.combine(written, time())
    if not isinstance(written, datetime):
        return written
    second = ""
    if written.tzinfo is not None:
        written = written.astimezone(LOCAL)
        second = SECOND if written.fold else ""
        written = written.replace(tzinfo=None)
    elif written.replace(tzinfo=LOCAL).astimezone(UTC).astimezone(LOCAL).hour != written.hour:
        raise ValueError(f"{written:%Y-%m-%d %H:%M} does not exist: the clocks go forward then")
    return written.strftime("%Y-%m-%d %H:%M:%S" if written.second else "%Y-%m-%d %H:%M") + second


# --- where a fault stands ------------------------------------------------------------------------


def lines_of(text: str, name: str, *, table: bool = False) -> list[int]:
    """The lines at which the rows of a list stand; of a table, the line of its heading.

    There is at least one: the first line of the file, where nothing is found.
    """
    heads = list(re.finditer(rf"^[ \t]*\[\[?(?:\w+\.)*{name}\]\]?", text, re.MULTILINE))
    places = [found.start() for found in heads]
    begins = re.search(rf"(?<![\w.]){name}\s*=\s*\[", text)
    if not places and begins is not None and not table:
        places = list(_inline(text, begins.end()))
    return [text.count("\n", 0, place) + 1 for place in places] or [1]


def _inline(text: str, start: int) -> Iterator[int]:
    """Where each inline table of a list begins."""
    depth = 0
    for found in re.finditer(r'"""|"(?:\\.|[^"\\])*"|#[^\n]*|[{}\[\]]', text[start:]):
        if found[0] == "{":
            if depth == 0:
                yield start + found.start()
            depth += 1
        elif found[0] == "}":
            depth -= 1
        elif found[0] == "]" and depth == 0:
            return
        elif found[0] == "[":
            depth += 1
        elif found[0] == "]":
            depth -= 1


def line_of(text: str, refusal: str) -> int:
    """The line that a refusal's path, such as `$.then.outcomes[12]`, leads to."""
    quoted = re.findall(r"`([^`]*)`", refusal)
    steps = re.findall(r"\.(\w+)(?:\[(\d+)\])?", next((q for q in quoted if q[:1] == "$"), "$"))
    line = 1
    for name, number in steps:
        lines = lines_of(text, name)
        line = lines[min(int(number), len(lines) - 1)] if number else max(line, lines[0])
    own = [] if "missing" in refusal else [word for word in quoted if word[:1] != "$"]
    for word in (*(name for name, number in steps[-1:] if not number), *own):
        rows = text.splitlines()
        found = next(
            (i for i in range(line - 1, len(rows)) if re.search(rf"\b{word}\b", rows[i])), None
        )
        line = line if found is None else found + 1
    return line


def nearest(word: str, words: tuple[str, ...]) -> str:
    """A hint at the word that was probably meant, or all that are known."""
    found = get_close_matches(word, words, n=1, cutoff=0.6)
    return f"did you mean {found[0]!r}?" if found else "known: " + ", ".join(sorted(words))
