"""Field groups and labels: who may have how much of what (`fields.toml`, domain section 8)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hub.core.facts import EPISODE
from hub.core.labels import LabelRule
from hub.core.model import Person
from hub.core.policy import FieldRule, GroupRule, RoleRule, Show
from hub.core.redaction import groups_of
from hub.policy import files
from hub.policy.source import Source
from hub.policy.tables import check_once


@dataclass
class Fields:
    """What `fields.toml` says."""

    groups: dict[str, GroupRule] = field(default_factory=dict)
    labels: dict[str, LabelRule] = field(default_factory=dict)
    family: frozenset[str] = frozenset()
    publishers: dict[str, str] = field(default_factory=dict)
    """As which audience an organisation of a kind reads who was told of its event."""
    common: tuple[FieldRule, ...] = ()
    """Fields of the mother and the episode that every notice may draw on."""
    envelope: dict[str, str] = field(default_factory=dict)
    """The group of what an event carries beside its body."""


def read_fields(source: Source, roles: Mapping[str, RoleRule], roles_source: Source) -> Fields:
    """Every field group with its audiences, every label, and the fields of every notice."""
    found = source.read(files.GroupsFile)
    if found is None:
        return Fields()
    check_once(source, "group", (row.group for row in found.group), 'group = "{}"\nlabel')
    groups = {row.group: _group(source, row, found.audiences) for row in found.group}
    _check_names(source, (*found.family, *found.publishers.values()), found.audiences, "audience")
    _check_names(roles_source, filter(None, _revealed(roles)), groups, "field group")
    for role in roles.values():
        if role.audience not in found.audiences:
            roles_source.fault(
                f"role {role.role} reads as {role.audience!r}, which is no audience",
                "name one of the audiences of fields.toml",
                f'role = "{role.role}"',
                f'"{role.audience}"',
            )
    _check_names(source, found.envelope, groups, "field group")
    return Fields(
        groups=groups,
        labels=_labels(source, found, groups),
        family=frozenset(found.family),
        publishers=dict(found.publishers),
        common=tuple(read_field(source, row, groups) for row in found.field),
        envelope=groups_of(found.envelope),
    )


def _revealed(roles: Mapping[str, RoleRule]) -> Iterable[str]:
    return (role.reveals for role in roles.values())


def _group(source: Source, row: files.GroupTable, audiences: tuple[str, ...]) -> GroupRule:
    """One group; it must say something for each audience."""
    here = f'"{row.group}"'
    for audience in (*row.audience, *audiences):
        if audience not in audiences or audience not in row.audience:
            source.fault(
                f"group {row.group} and audience {audience!r} do not fit",
                f"say F, S, P, N or C for each of {', '.join(audiences)}",
                here,
            )
    shows = {
        audience: source.choose(Show, word, Show.POINTER, here)
        for audience, word in row.audience.items()
    }
    return GroupRule(
        name=row.group, label=row.label, audience=shows, hidden_online=row.hidden_online
    )


def _labels(
    source: Source, found: files.GroupsFile, groups: Mapping[str, GroupRule]
) -> dict[str, LabelRule]:
    """Every label; what it refers to must be there."""
    check_once(source, "label", (row.label for row in found.label), 'label = "{}"\ngroup')
    for row in found.label:
        _check_names(source, (row.group, *row.covers), groups, "field group", f'"{row.label}"')
    return {
        row.label: LabelRule(
            label=row.label, group=row.group, covers=frozenset(row.covers), exposes=row.exposes
        )
        for row in found.label
        if row.group in groups
    }


def _check_names(
    source: Source, names: Iterable[str], known: Iterable[str], what: str, *here: str
) -> None:
    for name in names:
        if name not in known:
            source.fault(f"unknown {what} {name!r}", f"name one of {', '.join(known)}", *here, name)


def read_field(source: Source, row: files.FieldTable, groups: Mapping[str, GroupRule]) -> FieldRule:
    """One field of a notice."""
    if row.group not in groups:
        source.fault(
            f"unknown field group {row.group!r}", f"name one of {', '.join(groups)}", row.path
        )
    root, _, rest = row.path.partition(".")
    known = {"mother": Person.__struct_fields__, "episode": tuple(EPISODE.fields)}
    if root != "event" and rest not in known.get(root, ()):
        source.fault(
            f"{row.path!r} leads nowhere",
            "write event. and a field of the event, or one of mother. and episode.",
            row.path,
        )
    return FieldRule(
        group=row.group,
        path=tuple(row.path.split(".")),
        label=row.label,
        family=row.family,
        says=row.says,
    )
