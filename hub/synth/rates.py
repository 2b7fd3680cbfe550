"""The rates of a year, read from `rates.toml`, each with the source it was taken from."""

import tomllib
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent


@cache
def rates() -> dict[str, float]:
    """Share by name, between 0 and 1.

    Raises ValueError for a row without a source, or with a share that is none.
    """
    rows = tomllib.loads((HERE / "rates.toml").read_text(encoding="utf-8"))["rate"]
    for row in rows:
        if not row.get("source") or not 0 <= row["share"] <= 1:
            raise ValueError(f"rates.toml: {row.get('name')!r} needs a source and a share")
    return {row["name"]: float(row["share"]) for row in rows}
