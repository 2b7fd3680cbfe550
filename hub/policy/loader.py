"""Reads the policy folder, checks every word of it, and compiles it once.

Everything wrong is collected and reported with file, line, what is wrong and what to write; a
policy with a fault is never used.
"""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from hub.core.deadlines import Calendar
from hub.core.kinds import Record
from hub.core.policy import EventRule, FieldRule, Policy
from hub.core.settings import NO_SETTINGS
from hub.policy import files
from hub.policy.fields import read_fields
from hub.policy.kinds import event_kinds
from hub.policy.rules import RuleBuilder
from hub.policy.settings import check_used, read_areas
from hub.policy.sharing import with_shared
from hub.policy.source import PolicyFault, PolicyFaults, Source, version_of
from hub.policy.tables import read_gaps, read_ladders, read_roles

HERE = Path(__file__).parent
SCHEMAS = HERE.parent.parent / "schemas" / "events"


def load_policy(folder: Path = HERE, schemas: Iterable[Path] = (SCHEMAS,)) -> Policy:
    """The policy of a folder.  Raises PolicyFaults with everything that is wrong."""
    kinds: dict[str, Record] = {}
    for place in schemas:
        kinds |= event_kinds(place)
    return Loader(folder, kinds).load()


class Loader:
    """Reads each kind of file in turn and puts the policy together."""

    def __init__(self, folder: Path, kinds: dict[str, Record]):
        """Take a policy folder and the fields of every event type."""
        self.folder = folder
        self.kinds = dict(kinds)
        self.faults: list[PolicyFault] = []
        self.sources: list[Source] = []

    def source(self, path: Path) -> Source:
        """Open one file."""
        found = Source(path, self.folder, self.faults)
        self.sources.append(found)
        return found

    def load(self) -> Policy:
        """The whole policy, or PolicyFaults."""
        roles_source = self.source(self.folder / "roles.toml")
        roles = read_roles(roles_source)
        ladders = read_ladders(self.source(self.folder / "ladders.toml"), roles)
        gaps = read_gaps(self.source(self.folder / "gaps.toml"), ladders, roles)
        fields = read_fields(self.source(self.folder / "fields.toml"), roles, roles_source)
        calendar = self.calendar()
        path = self.folder / "areas.toml"
        # A policy from before there were any settings has none.
        areas = self.source(path) if path.exists() else None
        settings = read_areas(areas, roles) if areas is not None else NO_SETTINGS
        builder = RuleBuilder(self.kinds, gaps, roles, fields, settings, ladders)
        events = self.events(builder, fields.common)
        if areas is not None and not self.faults:
            check_used(settings, areas, builder.settings_used)
        if self.faults:
            raise PolicyFaults(self.faults)
        return Policy(
            version=version_of(self.sources),
            events=events,
            gaps=gaps,
            ladders=ladders,
            roles=roles,
            groups=fields.groups,
            labels=fields.labels,
            family=fields.family,
            publishers=fields.publishers,
            calendar=calendar,
            tells={t.basis.rule: t for e in events.values() for t in e.tells},
            requirements={r.basis.rule: r for e in events.values() for r in e.requirements},
            settings=settings,
        )

    def calendar(self) -> Calendar:
        """The bank holidays."""
        source = self.source(self.folder / "calendar.toml")
        found = source.read(files.CalendarFile)
        days: set[date] = set()
        for word in found.holidays if found else ():
            try:
                days.add(date.fromisoformat(word))
            except ValueError:
                source.fault(f"{word!r} is no day", "write it as 2026-12-25", f'"{word}"')
        return Calendar(frozenset(days))

    def events(self, builder: RuleBuilder, common: tuple[FieldRule, ...]) -> dict[str, EventRule]:
        """Every event file, those of the hub's own inner events among them."""
        read: list[tuple[Source, files.EventFile]] = []
        for path in sorted((self.folder / "events").glob("*.toml")) + sorted(
            (self.folder / "inner").glob("*.toml")
        ):
            source = self.source(path)
            found = source.read(files.EventFile)
            if found is None:
                continue
            if found.event != path.stem:
                source.fault(
                    f"event {found.event!r} stands in a file called {path.stem!r}",
                    "give the file the name of its event type",
                    "event =",
                )
            builder.declare(source, found)
            read.append((source, found))
        events = {found.event: builder.event(source, found, common) for source, found in read}
        builder.check_twice()
        return {name: with_shared(event, builder.shared) for name, event in events.items()}
