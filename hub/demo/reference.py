"""Writes docs/scenario-reference.md: what can be given, and what can follow.

python -m hub.demo.reference
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hub.core.policy import Policy, TellRule
from hub.edges.schemas import Schemas, default_schemas
from hub.policy.loader import load_policy

FILE = Path(__file__).parent.parent.parent / "docs" / "scenario-reference.md"

HEAD = """# What a scenario can give, and what can follow

Made by `python -m hub.demo.reference` from schemas and policy; [scenarios](scenarios.md) says how
to write one. **Bold** fields must be given. Codes may be written with hyphens or capitals.
`(a, b)` is an inline table, `[...]` a list, `date` is `"2026-03-24"`, `time` a time, local when it
has no offset.
"""


GAPS = """
## Gaps

The `role` of a row is that of the owner, the `subject` what stands under *about*: a word in quotes
as it is, a field of the event by its value, a fact by what it finds.  `/ROLE` is the role that was
to know or to do it, where another owns the gap.  G60, G63 and what is counted for a service say
more when they open: run the file with `--show` and look.

| gap | name | severity | ladder | owner | about | means |
|---|---|---|---|---|---|---|
"""


def kind_of(avro: Any) -> str:
    """The type of a field, in the words of the reference."""
    if isinstance(avro, list):
        return kind_of(next(kind for kind in avro if kind != "null"))
    if isinstance(avro, str):
        name = avro.rpartition(".")[2]
        return {"string": "text", "int": "number", "long": "number"}.get(name, f"see `{name}`")
    logical = str(avro.get("logicalType", ""))
    if logical:
        return "date" if logical == "date" else "time"
    if avro["type"] == "enum":
        return " ".join(f"`{symbol}`" for symbol in avro["symbols"])
    if avro["type"] == "record":
        return f"({', '.join(map(field_of, avro['fields']))})"
    return f"[{kind_of(avro['items'])}]" if avro["type"] == "array" else kind_of(avro["type"])


def field_of(field: dict[str, Any]) -> str:
    """A field and its type."""
    name = field["name"] if "default" in field else f"**{field['name']}**"
    return f"{name}: {kind_of(field['type'])}"


def events(schemas: Schemas) -> Iterator[str]:
    """The event types, each with its fields and what they mean."""
    yield "\n## Events\n"
    for event in schemas.event_types():
        avsc = schemas.avsc(event)
        yield f"\n### `{event}` ({avsc['code']})\n\n{avsc['doc']}\n\n"
        yield "| field | is | means |\n|---|---|---|\n"
        for field in avsc["fields"]:
            if field["name"] != "envelope":
                name, _, kind = field_of(field).partition(": ")
                yield f"| {name} | {kind.replace('|', '/')} | {field.get('doc', '')} |\n"


def rules(policy: Policy) -> Iterator[str]:
    """The rules that issue notices, and the gaps."""
    yield "\n## Notices\n\nThe name of a rule stands in `notice`, `ended` and in the `rule` of a "
    yield "receipt.\n\n| rule | to | until it is | gap | why |\n|---|---|---|---|---|\n"
    for name, rule in sorted(policy.tells.items()):
        levels = ", ".join(m.level.name.lower() for m in rule.milestones)
        yield f"| `{name}` | {_to(rule)} | {levels} | {rule.gap} | {rule.basis.because} |\n"
    yield "\n## What is waited for\n\n| rule | gap | why |\n|---|---|---|\n"
    for name, want in sorted(policy.requirements.items()):
        yield f"| `{name}` | {want.gap} | {want.basis.because} |\n"
    yield from gaps(policy)


def gaps(policy: Policy) -> Iterator[str]:
    """The gaps: whose each is, and what stands in its `subject`."""
    yield GAPS
    for code, gap in sorted(policy.gaps.items()):
        owner = gap.owner or "whoever owes it"
        abouts = ", ".join(f"`{about}`" for about in _abouts(policy, code)) or "nothing"
        grave = f"{_how_grave(policy, code)} | {gap.ladder}"
        yield f"| {code} | {gap.name} | {grave} | {owner} | {abouts} | {gap.explanation} |\n"


def _how_grave(policy: Policy, code: str) -> str:
    """How grave a gap is: by its code, on a flag, by a rule of its own, or once raised."""
    gap = policy.gaps[code]
    asked = [rule for rule in policy.requirements.values() if rule.gap == code]
    known = {gap.severity, gap.severity_flagged, *(rule.severity for rule in asked)}
    for later in [rule.raises for rule in asked]:
        known.update(each.severity for each in later)
    for told in policy.tells.values():
        known.update(each.severity for each in told.raises if told.gap == code)
    return " or ".join(str(int(each)) for each in sorted(k for k in known if k is not None))


def _abouts(policy: Policy, code: str) -> list[str]:
    """What the gaps of a code are about, as their rules say it."""
    owner = policy.gaps[code].owner
    found = set()
    for rule in policy.tells.values():
        if rule.gap == code:
            beside = "/ROLE" if owner and any(role != owner for role in rule.to or ("",)) else ""
            found.add((rule.subject.text if rule.subject else "") + beside)
    for asked in policy.requirements.values():
        if asked.gap == code:
            beside = "/ROLE" if owner and asked.owner != owner else ""
            found.add((asked.subject.text if asked.subject else "") + beside)
    return sorted(filter(None, found))


def _to(rule: TellRule) -> str:
    return ", ".join(rule.to) or "whom the event names"


def reference() -> str:
    """The whole reference."""
    return "".join([HEAD, *events(default_schemas()), *rules(load_policy())])


def main() -> int:
    """Write it."""
    FILE.write_text(reference(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
