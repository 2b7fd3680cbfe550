"""The file of the scorecard: `hub/policy/scorecard.toml` in its form.

Nothing is decided by it: no duty, gap or notice follows from a score.
"""

from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from hub.core.policy import Policy
from hub.core.scored import Row
from hub.policy.source import PolicyFault, PolicyFaults, Source

FILE = "scorecard.toml"
FOLDER = Path(__file__).parent
HIGHEST = 5


class ScorecardFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an area assessed, and what is measured of each row."""

    area: str
    assessed_in: str
    """Year and month."""
    source: str
    tool: str
    anchors: tuple[str, ...]
    """The meaning of each score from 0."""
    needs: dict[str, str]
    """Needs of the service directory in the words of parents, by code."""
    row: tuple[Row, ...]

    @property
    def assessed(self) -> dict[str, int | None]:
        """The assessed score of each row, by its name."""
        return {row.name: row.assessed for row in self.row}


def read_scorecard(folder: Path = FOLDER) -> ScorecardFile:
    """The scorecard of a policy folder.

    Raises PolicyFaults for a file that is missing or not in its form, a score outside 0 to 5, and
    a standard that says in no way, or in two, how it is measured.
    """
    faults: list[PolicyFault] = []
    path = folder / FILE
    if not path.exists():
        raise PolicyFaults([PolicyFault(FILE, 1, "there is no such file", f"restore {FILE}")])
    source = Source(path, folder, faults)
    found = source.read(ScorecardFile)
    if found is not None:
        for row in found.row:
            faults += _faults(source, row)
    if found is None or faults:
        raise PolicyFaults(faults)
    return found


def _faults(source: Source, row: Row) -> Iterable[PolicyFault]:
    line = source.line(f'name = "{row.name}"')
    if row.assessed is not None and not 0 <= row.assessed <= HIGHEST:
        yield PolicyFault(FILE, line, "a score is 0 to 5", "write 0 to 5, or leave it out")
    for each in (*row.standards, *((row.outcome,) if row.outcome else ())):
        if each.ways != 1 or bool(each.seen) != bool(each.without or each.none_open):
            words = f"the standard {each.text!r} does not say in one way how it is measured"
            remedy = "name duties or expected, or without or none_open with seen, or not_measured"
            yield PolicyFault(FILE, line, words, remedy)


def unknown_names(
    rows: Iterable[Row], policy: Policy, event_types: Iterable[str]
) -> frozenset[str]:
    """The rules, gap codes and event types of the rows that this policy does not have."""
    rules = {rule.basis.rule for rule in policy.tells.values()}
    rules |= {rule.basis.rule for rule in policy.requirements.values()}
    known = {*rules, *policy.gaps, *event_types}
    asked = {
        name
        for row in rows
        for each in (*row.standards, *((row.outcome,) if row.outcome else ()))
        for name in each.names
    }
    return frozenset(asked - known)
