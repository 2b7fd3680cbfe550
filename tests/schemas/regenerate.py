"""Freeze what is new: `python -m tests.schemas.regenerate`.

For every schema in `schemas/ids.toml` whose present version has no frozen text, or no golden
bytes, this writes them.  What exists is never touched: bytes written years ago must be readable
for ever, so a golden file that no longer fits means that the schema is wrong, not the file.
"""

import json
import sys
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro

from hub.edges.schemas import Released, Schemas
from tests.schemas.examples import examples

GOLDEN = Path(__file__).parent / "golden"


def main() -> int:
    """Write what is missing and name each file written."""
    schemas = Schemas.load()
    for held in schemas.subjects().values():
        for one in held:
            for path in (*_freeze(schemas, one), *_record_golden(one)):
                sys.stdout.write(f"{path}\n")
    return 0


def golden_name(one: Released) -> str:
    """The stem of the golden files of one released version."""
    return f"{one.subject}.{one.version}"


def readable(value: Any) -> Any:
    """The value as JSON that a person can compare with the bytes."""
    if isinstance(value, dict):
        return {key: readable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [readable(inner) for inner in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else value


def read_plainly(one: Released, written: bytes) -> Any:
    """The bytes read with fastavro alone and the schema they were written with."""
    source = BytesIO(written)
    source.seek(5)
    return fastavro.schemaless_reader(source, one.parsed, None)


def write_plainly(one: Released, value: Any) -> bytes:
    """The value in the wire format, with fastavro alone."""
    out = BytesIO(b"\0" + one.id.to_bytes(4, "big"))
    out.seek(5)
    fastavro.schemaless_writer(out, one.parsed, value)
    return out.getvalue()


def _freeze(schemas: Schemas, one: Released) -> list[Path]:
    path = schemas.folder / "released" / one.subject / f"{one.version}.avsc"
    if path.exists() or one is not schemas.current(one.stem):
        return []
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(one.avsc, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return [path]


def _record_golden(one: Released) -> list[Path]:
    bytes_path = GOLDEN / f"{golden_name(one)}.hex"
    if bytes_path.exists():
        return []
    written = [write_plainly(one, value) for value in examples(one)]
    bytes_path.write_text("".join(f"{each.hex()}\n" for each in written), encoding="ascii")
    said = [readable(read_plainly(one, each)) for each in written]
    values_path = bytes_path.with_suffix(".json")
    values_path.write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return [bytes_path, values_path]


if __name__ == "__main__":
    sys.exit(main())
