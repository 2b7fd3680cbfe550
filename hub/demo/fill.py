"""Writes what follows besides into a scenario file: the list `also`, in the order of time.

What a story is about stands in `outcomes`, is written by people and never touched.  The rest is
read over by people too, as a difference in review: it proves only that nothing
changed unseen.
"""

import re
from pathlib import Path

import msgspec

from hub.core.policy import Policy
from hub.demo.compare import compare
from hub.demo.rig import CoreRig
from hub.demo.rows import Row, in_words
from hub.demo.scenario import instant, load_scenario

ORDER = ("at", "notice", "gap", "escalated", "ended", "quarantined", "reason", "state")


def as_toml(row: Row) -> str:
    """A row as a line of a scenario file."""
    words = in_words(row)
    names = [*(n for n in ORDER if n in words), *(n for n in words if n not in ORDER)]
    pairs = (
        f"{n} = {msgspec.json.encode(words[n]).decode()}"
        for n in names
        if n not in ("line", "levels")
    )
    return "{ " + ", ".join(pairs) + " }"


def fill(path: Path, policy: Policy) -> int:
    """Rewrite the list `also` of a file; how many rows it holds now.

    Raises ValueError for a file that cannot be read or played, or that has no such list.
    """
    scenario = load_scenario(path)
    until = instant(scenario.then.until)
    rows = [row for row in CoreRig(scenario, policy).run() if instant(row.at) <= until]
    _, rest = compare(scenario.then.outcomes, rows)
    text = path.read_text(encoding="utf-8")
    found = re.search(r"^also = \[\n(?:.*\n)*?\]$", text, re.MULTILINE)
    if found is None:
        raise ValueError(f"{path}: write an empty list first: a line 'also = [' and a line ']'")
    lines = "".join(f"  {as_toml(row)},\n" for row in rest)
    path.write_text(
        f"{text[: found.start()]}also = [\n{lines}]{text[found.end() :]}", encoding="utf-8"
    )
    return len(rest)
