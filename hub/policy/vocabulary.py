"""The vocabulary of conditions, as a table for docs/policy-format.md made from the facts.

python -m hub.policy.vocabulary          writes the table into the document
"""

import inspect
import re
import sys
from pathlib import Path

from hub.core.facts import FACTS
from hub.core.kinds import Code, Fact, Kind, Record

BEGIN, END = "<!-- facts: made by hub/policy/vocabulary.py -->", "<!-- end of facts -->"


def facts_table() -> str:
    """Every fact with what it takes, what it gives and what it means, by name."""
    rows = [
        f"| `{_call(name, fact)}` | {_kind(fact.gives)} | {_meaning(fact)} |"
        for name, fact in sorted(FACTS.items())
    ]
    return "\n".join(["| fact | gives | means |", "|---|---|---|", *rows])


def _call(name: str, fact: Fact) -> str:
    """A fact as it is written, with `=` and the default after what may be left out."""
    defaults = inspect.signature(fact.function).parameters
    takes = [
        n if defaults[n].default is inspect.Parameter.empty else f"{n}={defaults[n].default}"
        for n in fact.takes
    ]
    return f"{name}({', '.join(takes)})"


def _kind(kind: Kind) -> str:
    if isinstance(kind, Code | Record):
        return "text"
    return {"truth": "true or false"}.get(kind, kind)


def _meaning(fact: Fact) -> str:
    """The first paragraph of the docstring, on one line."""
    first = (inspect.getdoc(fact.function) or "").partition("\n\n")[0]
    return " ".join(first.split()).replace("|", "/")


def with_facts(document: str) -> str:
    """A document with the table between its two marks brought up to date.  Raises ValueError."""
    if BEGIN not in document or END not in document:
        raise ValueError(f"the document lacks {BEGIN!r} or {END!r}")
    made = f"{BEGIN}\n{facts_table()}\n{END}"
    return re.sub(
        f"{re.escape(BEGIN)}.*{re.escape(END)}", lambda _: made, document, flags=re.DOTALL
    )


def main() -> int:
    """Write the table into docs/policy-format.md."""
    path = Path(__file__).parents[2] / "docs" / "policy-format.md"
    path.write_text(with_facts(path.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
