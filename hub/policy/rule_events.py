"""What of the policy a subscription's filter goes by: events of rules, labels, kinds of service."""

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


@cache
def labels_of(policy_dir: Path) -> frozenset[str]:
    """The labels of events that the policy knows."""
    return frozenset(each["label"] for each in _table(policy_dir, "fields").get("label", ()))


@cache
def services_of(policy_dir: Path) -> frozenset[str]:
    """The kinds of service that roles of the policy are."""
    return frozenset(each["audience"] for each in _table(policy_dir, "roles").get("role", ()))


def _table(policy_dir: Path, stem: str) -> dict[str, Any]:
    return tomllib.loads((policy_dir / f"{stem}.toml").read_text(encoding="utf-8"))


def _rules_in(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _rules_in(each)
    elif isinstance(value, dict):
        if isinstance(value.get("rule"), str):
            yield value["rule"]
        for each in value.values():
            yield from _rules_in(each)
