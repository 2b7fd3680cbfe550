"""Which event type each rule of the policy belongs to: what a subscription's filter goes by."""

import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any


@cache
def events_of_rules(policy_dir: Path) -> dict[str, str]:
    """The event type of every rule of the event files, as far as they name one."""
    found: dict[str, str] = {}
    for file in sorted((policy_dir / "events").glob("*.toml")):
        whole = tomllib.loads(file.read_text(encoding="utf-8"))
        found |= {rule: whole["event"] for rule in _rules_in(whole) if "event" in whole}
    return found


def _rules_in(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _rules_in(each)
    elif isinstance(value, dict):
        if isinstance(value.get("rule"), str):
            yield value["rule"]
        for each in value.values():
            yield from _rules_in(each)
