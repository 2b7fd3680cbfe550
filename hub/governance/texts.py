"""The policy as it is written: every file in its form, before anything is compiled.

What people read is made from these words, so that nobody signs what a program thought of them.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from hub.policy import files
from hub.policy.source import PolicyFault, PolicyFaults, Source

T = TypeVar("T")
AREAS = "areas.toml"


@dataclass(frozen=True)
class Texts:
    """All files of a policy folder, by what they hold."""

    folder: Path
    events: dict[str, files.EventFile]
    inner: dict[str, files.EventFile]
    gaps: dict[str, files.GapTable]
    ladders: dict[str, files.LadderTable]
    roles: dict[str, files.RoleTable]
    fields: files.GroupsFile
    calendar: files.CalendarFile
    areas: files.AreasFile

    def label(self, role: str) -> str:
        """A role in words."""
        found = self.roles.get(role)
        return found.label if found else role.replace("_", " ").lower()

    @property
    def every_event(self) -> dict[str, files.EventFile]:
        """Event types from outside and the hub's own."""
        return self.events | self.inner


def read_texts(folder: Path) -> Texts:
    """The files of a policy folder.  Raises PolicyFaults for one that is not in its form."""
    faults: list[PolicyFault] = []
    gaps = _read(folder, "gaps.toml", files.GapsFile, faults)
    ladders = _read(folder, "ladders.toml", files.LaddersFile, faults)
    roles = _read(folder, "roles.toml", files.RolesFile, faults)
    fields = _read(folder, "fields.toml", files.GroupsFile, faults)
    calendar = _read(folder, "calendar.toml", files.CalendarFile, faults)
    areas: files.AreasFile | None = files.AreasFile(setting=())
    if (folder / AREAS).exists():  # A policy from before there were any settings has none.
        areas = _read(folder, AREAS, files.AreasFile, faults)
    events, inner = (
        [_read(folder, str(p.relative_to(folder)), files.EventFile, faults) for p in paths]
        for paths in (sorted((folder / each).glob("*.toml")) for each in ("events", "inner"))
    )
    if faults or not (gaps and ladders and roles and fields and calendar and areas):
        raise PolicyFaults(faults)
    return Texts(
        folder=folder,
        events={each.event: each for each in events if each},
        inner={each.event: each for each in inner if each},
        gaps={row.code: row for row in gaps.gap},
        ladders={row.ladder: row for row in ladders.ladder},
        roles={row.role: row for row in roles.role},
        fields=fields,
        calendar=calendar,
        areas=areas,
    )


def _read(folder: Path, name: str, form: type[T], faults: list[PolicyFault]) -> T | None:
    """One file in its form; what is wrong with it is noted."""
    path = folder / name
    if not path.exists():
        faults.append(PolicyFault(name, 1, "there is no such file", f"restore {name}"))
        return None
    return Source(path, folder, faults).read(form)
