"""Scenarios as evidence: which rule, which gap and which finding each of them shows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hub.demo.scenario import Scenario, load_scenario
from hub.governance.faults import CannotAnswerError
from hub.ops.settings import PACKAGE

SCENARIOS = PACKAGE.parent / "tests" / "scenarios"
"""Where the worked scenarios of the packaged policy lie; an installed wheel has none."""


@dataclass(frozen=True, slots=True)
class Story:
    """A scenario and the file it stands in."""

    path: Path
    scenario: Scenario

    @property
    def opened(self) -> frozenset[str]:
        """The codes of the gaps that it says are opened."""
        rows = self.scenario.then.expected
        return frozenset(row.gap for row in rows if row.gap and row.state == "opened")


def stories_below(paths: Iterable[Path]) -> Iterator[Story]:
    """Every scenario of these files and folders, by name.

    Raises CannotAnswerError where there is none, or where one cannot be read.
    """
    found = False
    for path in paths:
        for file in sorted(path.rglob("*.toml")) if path.is_dir() else [path]:
            found = True
            try:
                yield Story(file, load_scenario(file))
            except (OSError, ValueError) as error:
                words = str(error) if str(file) in str(error) else f"{file}: {error}"
                raise CannotAnswerError(words) from None
    if not found:
        raise CannotAnswerError(
            "no scenario was found: name files that end in .toml, or their folder"
        )
