"""Organisations, who holds which role, where to send, and who may sign in: data in TOML.

`team_for` answers, purely, who holds each role for one pregnancy at one moment, and says how each
was found.  It is asked once, when an input enters `hub.inputs`, and its answer travels with the
input, so that a replay of the log never needs the directory of that day.
"""

import tomllib
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from hub.core.model import Holder
from hub.core.person import PersonState


class Organisation(Struct, frozen=True, kw_only=True):
    """A practice, trust, council or other body, by its ODS code."""

    ods: str
    name: str
    kind: str
    area: str = ""
    closed: str | None = None
    successor: str | None = None


class Serves(Struct, frozen=True, kw_only=True):
    """For whom an organisation fills a role: by practice link, by maternity provider, by area."""

    practice: tuple[str, ...] = ()
    provider: tuple[str, ...] = ()
    area: tuple[str, ...] = ()


class RoleHolder(Struct, frozen=True, kw_only=True):
    """An organisation that fills a role for those it serves, for a period."""

    role: str
    organisation: str
    person: str | None = None
    serves: Serves = Serves()
    since: datetime | None = None
    until: datetime | None = None

    def in_force(self, at: datetime) -> bool:
        """Whether the role is filled so at an instant."""
        begun = self.since is None or self.since <= at
        return begun and (self.until is None or at < self.until)

    def holder(self, found_by: str) -> Holder:
        """The holder, and how it was found."""
        return Holder(
            role=self.role,
            organisation=self.organisation,
            person=self.person,
            since=self.since,
            until=self.until,
            found_by=found_by,
        )


class Registration(Struct, frozen=True, kw_only=True):
    """At which practice a person is registered, and from when the hub could have known."""

    nhs_number: str
    practice: str
    area: str = ""
    since: datetime
    known_from: datetime | None = None


class Endpoint(Struct, frozen=True, kw_only=True):
    """Where notices for a role at an organisation go."""

    organisation: str
    role: str = "*"
    channel: str = "worklist"
    address: str = ""
    secret: str | None = None
    secret_before: str | None = None
    """The secret that `secret` replaces: both sign until this row is taken away."""
    payload: Literal["id-only", "full-resource", "mns"] = "full-resource"
    """What a FHIR subscription carries: a reference, the notice, or a signal in the form of MNS."""
    heartbeat_minutes: int = 0
    """How long a FHIR subscription may be silent; 0 means that silence says nothing."""
    destination_id: str = ""


class StaffMember(Struct, frozen=True, kw_only=True):
    """Somebody who may sign in, and the roles in which she acts."""

    login: str
    person_id: str
    name: str
    organisation: str
    roles: tuple[str, ...]
    password_hash: str = ""


class PublisherKey(Struct, frozen=True, kw_only=True):
    """An organisation's credential, as the SHA-256 of its key."""

    ods: str
    key_sha256: str
    sandbox: bool = False
    """Whether nothing may come of what is sent with it."""


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    """What one directory file may hold."""

    organisation: tuple[Organisation, ...] = ()
    role: tuple[RoleHolder, ...] = ()
    registration: tuple[Registration, ...] = ()
    endpoint: tuple[Endpoint, ...] = ()
    staff: tuple[StaffMember, ...] = ()
    publisher: tuple[PublisherKey, ...] = ()


class Directory:
    """Everything the hub knows about who is who, read once and asked often."""

    def __init__(self, files: Iterable[_File]):
        """Index the rows of all files; a later row wins over an earlier one."""
        rows = list(files)
        self.organisations = {o.ods: o for f in rows for o in f.organisation}
        self.roles = tuple(r for f in rows for r in f.role)
        self.registrations = tuple(r for f in rows for r in f.registration)
        self.endpoints = {(e.organisation, e.role): e for f in rows for e in f.endpoint}
        self.staff_members = {s.login: s for f in rows for s in f.staff}
        self.publishers = {p.key_sha256: p.ods for f in rows for p in f.publisher}
        self.sandbox_keys = {p.key_sha256 for f in rows for p in f.publisher if p.sandbox}

    def knows(self, ods: str) -> bool:
        """Whether an ODS code belongs to an organisation in the directory."""
        return ods in self.organisations

    def organisation(self, ods: str) -> Organisation:
        """The organisation of a code.  Raises KeyError when it is unknown."""
        return self.organisations[ods]

    def endpoint(self, organisation: str, role: str) -> Endpoint:
        """Where to send for a role there; the hub's own worklist when nothing else is set."""
        found = self.endpoints.get((organisation, role)) or self.endpoints.get((organisation, "*"))
        if found is None:
            found = Endpoint(organisation=organisation, role=role)
        if not found.destination_id:
            found = msgspec.structs.replace(found, destination_id=f"{found.channel}:{organisation}")
        return found

    def subscriptions(self) -> tuple[Endpoint, ...]:
        """The endpoints that are FHIR subscriptions."""
        return tuple(
            self.endpoint(each.organisation, each.role)
            for each in self.endpoints.values()
            if each.channel == "fhir"
        )

    def kafka_subscribers(self) -> tuple[str, ...]:
        """The organisations that read notices from a Kafka topic of their own."""
        reading = {e.organisation for e in self.endpoints.values() if e.channel == "kafka"}
        return tuple(sorted(reading))

    def staff(self, login: str) -> StaffMember | None:
        """Who signs in under a name, or None."""
        return self.staff_members.get(login)

    def publisher_of(self, key_sha256: str) -> str | None:
        """The organisation that owns a key, or None."""
        return self.publishers.get(key_sha256)

    def registration(self, nhs_number: str | None, at: datetime) -> Registration | None:
        """The registration in force at an instant, as far as it could be known then."""
        known = [
            r
            for r in self.registrations
            if r.nhs_number == nhs_number and r.since <= at and (r.known_from or r.since) <= at
        ]
        return max(known, key=lambda r: r.since, default=None)


def _found_by(role: RoleHolder, practice: str, provider: str, area: str) -> str | None:
    """How a holder serves this pregnancy: by GP link first, provider next, address last."""
    if practice in role.serves.practice:
        return "gp_link"
    if provider in role.serves.provider:
        return "provider"
    if area in role.serves.area:
        return "address"
    return None


PRACTICE_ROLES = ("GP_PRACTICE", "GP_SG_LEAD", "GP_PRACTICE_BABY")
"""Roles that the registered practice fills."""

_ORDER = ("gp_link", "provider", "address")


def surroundings(
    directory: Directory,
    at: datetime,
    *,
    nhs_number: str | None = None,
    practice: str | None = None,
    provider: str | None = None,
    area: str | None = None,
    area_since: datetime | None = None,
    practice_since: datetime | None = None,
    reported_by: str | None = None,
) -> tuple[tuple[Holder, ...], str]:
    """Who holds each role for one pregnancy at `at`, and the area whose settings hold for it.

    Nobody's team is found by who `reported_by`, but a woman of whom nothing else is known falls
    under the settings of the area in which she was first seen.
    """
    registered = directory.registration(nhs_number, at) if nhs_number else None
    moved = registered and area_since is not None and area_since > registered.since
    if registered and practice_since is not None and practice_since > registered.since:
        registered = None
    ods = registered.practice if registered else (practice or "")
    stated = area if moved else ((registered.area if registered else "") or area)
    where = stated or _area(directory, (ods, provider))
    holders: list[Holder] = []
    if ods and directory.knows(ods):
        how = "registration" if registered else "event"
        holders += [Holder(role=r, organisation=ods, found_by=how) for r in PRACTICE_ROLES]
    for how in _ORDER:
        for row in directory.roles:
            if row.in_force(at) and _found_by(row, ods, provider or "", where) == how:
                holders.append(row.holder(how))
    return tuple(holders), where or _area(directory, (reported_by,))


def team_for(
    directory: Directory,
    at: datetime,
    *,
    nhs_number: str | None = None,
    practice: str | None = None,
    provider: str | None = None,
    area: str | None = None,
    area_since: datetime | None = None,
    practice_since: datetime | None = None,
) -> tuple[Holder, ...]:
    """Who holds each role for one pregnancy at `at`.

    The registered practice wins over the `practice` that an event claims, unless a change of
    practice reported since (`practice_since`) is later than the registration, and so does the area
    of the registration over the `area` of an address.  Health visitors are found by GP link first
    and by address second, and both are kept, in that order.
    """
    return surroundings(
        directory,
        at,
        nhs_number=nhs_number,
        practice=practice,
        provider=provider,
        area=area,
        area_since=area_since,
        practice_since=practice_since,
    )[0]


def surroundings_of(
    directory: Directory, state: PersonState, at: datetime
) -> tuple[tuple[Holder, ...], str]:
    """As `surroundings`, by all that is known of a person."""
    return surroundings(
        directory,
        at,
        nhs_number=state.nhs_number,
        practice=state.practice,
        provider=state.provider,
        area=state.area,
        area_since=state.area_since,
        practice_since=state.practice_since,
        reported_by=state.reported_by,
    )


def _area(directory: Directory, organisations: tuple[str | None, ...]) -> str:
    """Where she lives, as far as the organisations around her say: the first that has an area."""
    known = (
        directory.organisation(ods).area for ods in organisations if ods and directory.knows(ods)
    )
    return next(filter(None, known), "")


def read_directory(raw: bytes) -> Directory:
    """A directory from the bytes of a TOML file.  Raises msgspec.ValidationError with the path."""
    return Directory([msgspec.convert(tomllib.loads(raw.decode()), _File, strict=False)])


def directory_from(tables: dict[str, object]) -> Directory:
    """A directory from tables already read, such as those inside a scenario file."""
    return Directory([msgspec.convert(tables, _File, strict=False)])


def load_directory(path: Path) -> Directory:
    """A directory from one TOML file, or from all of a folder in the order of their names."""
    paths = sorted(path.glob("*.toml")) if path.is_dir() else [path]
    return Directory(
        msgspec.convert(tomllib.loads(p.read_text(encoding="utf-8")), _File, strict=False)
        for p in paths
    )
