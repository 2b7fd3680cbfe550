"""Organisations, who holds which role, where to send, and who may sign in: data in TOML.

`team_for` answers, purely, who holds each role for one pregnancy at one moment, and says how each
was found.  It is asked once, when an input enters `hub.inputs`, and its answer travels with the
input, so that a replay of the log never needs the directory of that day.
"""

import tomllib
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from hub.core.filter_terms import Traits
from hub.core.model import Holder
from hub.edges.roads import WORKLIST, Address, Endpoint, Roads

__all__ = ["WORKLIST", "Address", "Directory", "Endpoint"]


class Organisation(Struct, frozen=True, kw_only=True):
    """A practice, trust, council or other body, by its ODS code."""

    ods: str
    name: str
    kind: str
    area: str = ""
    icb: str = ""
    """The integrated care board that it belongs to, by its code; filters may go by it."""
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
    roles: tuple[str, ...] = ()
    """The roles whose notices it reads and answers for.  Empty: all of the organisation's."""


class Sender(Struct, frozen=True, kw_only=True):
    """What was agreed with an organisation that publishes, beyond its key."""

    organisation: str
    webhook: str = ""
    """Where signed posts about what it sent may go; empty: it asks by itself."""
    secret: str | None = None
    secret_before: str | None = None
    """The secret that `secret` replaces: both sign until this line is taken away."""
    coverage: bool = False
    """Whether it asked for a post when the coverage of one of its events changes."""
    operations: str = ""
    """Its operations contact, in words for people: a desk, a telephone number, a mailbox."""
    contact: str = ""
    """The e-mail address of its integration team, told that something of theirs waits."""
    contact_every: int = 60
    """At most one such mail in so many minutes."""

    def endpoint(self) -> Endpoint:
        """Its webhook, as the posts are signed for it."""
        return Endpoint(
            organisation=self.organisation,
            channel="webhook",
            address=self.webhook,
            secret=self.secret,
            secret_before=self.secret_before,
            destination_id=f"sender:{self.organisation}",
        )


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    """What one directory file may hold."""

    organisation: tuple[Organisation, ...] = ()
    role: tuple[RoleHolder, ...] = ()
    registration: tuple[Registration, ...] = ()
    endpoint: tuple[Endpoint, ...] = ()
    staff: tuple[StaffMember, ...] = ()
    publisher: tuple[PublisherKey, ...] = ()
    sender: tuple[Sender, ...] = ()


class Directory(Roads):
    """Everything the hub knows about who is who, read once and asked often."""

    def __init__(self, files: Iterable[_File]):
        """Index the rows of all files; a later row wins over an earlier one."""
        rows = list(files)
        super().__init__({(e.organisation, e.role): e for f in rows for e in f.endpoint})
        self.organisations = {o.ods: o for f in rows for o in f.organisation}
        self.roles = tuple(r for f in rows for r in f.role)
        self.registrations = tuple(r for f in rows for r in f.registration)
        self.staff_members = {s.login: s for f in rows for s in f.staff}
        self.publishers = {p.key_sha256: p.ods for f in rows for p in f.publisher}
        self.roles_of_keys = {p.key_sha256: p.roles for f in rows for p in f.publisher}
        self.sandbox_keys = {p.key_sha256 for f in rows for p in f.publisher if p.sandbox}
        self.senders = {s.organisation: s for f in rows for s in f.sender}

    def placed(self, traits: Traits) -> Traits:
        """Traits with what this directory says of the practice in them."""
        practice = traits.circumstances.practice if traits.circumstances is not None else ""
        known = self.organisations.get(practice)
        return traits if known is None else replace(traits, icb=known.icb)

    def knows(self, ods: str) -> bool:
        """Whether an ODS code belongs to an organisation in the directory."""
        return ods in self.organisations

    def organisation(self, ods: str) -> Organisation:
        """The organisation of a code.  Raises KeyError when it is unknown."""
        return self.organisations[ods]

    def staff(self, login: str) -> StaffMember | None:
        """Who signs in under a name, or None."""
        return self.staff_members.get(login)

    def publisher_of(self, key_sha256: str) -> str | None:
        """The organisation that owns a key, or None."""
        return self.publishers.get(key_sha256)

    def sender(self, organisation: str) -> Sender:
        """What was agreed with an organisation that publishes; nothing, where nothing was."""
        return self.senders.get(organisation) or Sender(organisation=organisation)

    def tells_coverage(self) -> bool:
        """Whether anybody asked for posts about coverage."""
        return any(each.coverage and each.webhook for each in self.senders.values())

    def registration(self, nhs_number: str | None, at: datetime) -> Registration | None:
        """The registration in force at an instant, as far as it could be known then."""
        known = [
            r
            for r in self.registrations
            if r.nhs_number == nhs_number and r.since <= at and (r.known_from or r.since) <= at
        ]
        return max(known, key=lambda r: r.since, default=None)


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
