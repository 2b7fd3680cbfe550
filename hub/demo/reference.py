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
    yield "\n## Gaps\n\n| gap | name | severity | ladder | means |\n|---|---|---|---|---|\n"
    for code, gap in sorted(policy.gaps.items()):
        yield f"| {code} | {gap.name} | {int(gap.severity)} | {gap.ladder} | {gap.explanation} |\n"


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
