"""`hub check`: reads everything a hub would read at its start, and says what is wrong with it.

It starts nothing and changes nothing.  Each fault is one line, `file:line: what is wrong -> what to
write`, in the form that editors jump to.
"""

import json
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from hub.core.filter_text import FilterFault, read_filter
from hub.core.policy import Policy
from hub.edges import mesh
from hub.edges.channels import mail
from hub.edges.choosing import places_in
from hub.edges.directory import Directory, load_directory
from hub.edges.schemas import Schemas
from hub.governance.catalogue import event_codes, policies_of
from hub.ops.settings import PACKAGE, Settings
from hub.policy.loader import load_policy
from hub.policy.source import PolicyFault, PolicyFaults

SCENARIOS = PACKAGE.parent / "tests" / "scenarios"
"""Where the worked examples of the packaged event types lie; an installed wheel has none."""

AREA_CODE = re.compile(r"(?:E0[6-9]|E10|N09|S12|W06)\d{6}|AREA\d+")
"""A local authority as the Office for National Statistics codes it, or an invented one of a
scenario."""

CHANNELS = ("worklist", "webhook", "kafka", "mesh", "email", "fhir")

ADDRESSES = {
    "mesh": (
        mesh.ADDRESS,
        "write mesh://MAILBOX?workflow_id=WORKFLOW; without MAILBOX to look it up",
    ),
    "email": (mail.ADDRESS, "write one address, and nothing else"),
}
"""The form of an address, where the channel has one of its own."""


@dataclass
class Findings:
    """What a check has found so far."""

    faults: list[PolicyFault] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(
        default_factory=lambda: {"event_types": 0, "policies": 0, "gaps": 0}
    )

    def fault(self, path: Path, line: int, message: str, remedy: str) -> None:
        """Note a fault."""
        self.faults.append(PolicyFault(str(path), line, message, remedy))


def main(settings: Settings, *, as_json: bool = False) -> int:
    """Check schemas, policy, directory and settings; the exit code is 1 when anything is wrong."""
    found = check(settings)
    faults = sorted(set(found.faults))
    counts = {**found.counts, "warnings": len(found.warnings)}
    if as_json:
        said = {**counts, "faults": [str(f) for f in faults], "warned": found.warnings}
        sys.stdout.write(json.dumps(said) + "\n")
        return 1 if faults else 0
    for fault in faults:
        sys.stdout.write(f"{fault}\n")
    for warning in found.warnings:
        sys.stdout.write(f"warning: {warning}\n")
    sys.stdout.write(json.dumps(counts) + "\n")
    return 1 if faults else 0


def check(settings: Settings, scenarios: Path = SCENARIOS) -> Findings:
    """Everything that is wrong, and everything that is only unfinished."""
    found = Findings()
    schemas = _check_schemas(found, settings.schemas_dir)
    policy = _check_policy(found, settings)
    directory = _check_directory(found, settings.directory)
    if policy is not None and directory is not None:
        found.faults += _strange_rows(settings.directory, directory, policy)
    _check_settings(found, settings)
    _check_carriers(found, directory, settings)
    types = set(schemas.event_types()) if schemas is not None else set()
    found.warnings += _strange_areas(policy) if policy is not None else ()
    found.warnings += _unfinished(types, settings.policy_dir / "events", scenarios)
    return found


def _check_schemas(found: Findings, folder: Path) -> Schemas | None:
    try:
        schemas = Schemas.load(folder)
    except (OSError, ValueError, KeyError) as error:
        found.fault(*_split(str(error), folder))
        return None
    for problem in schemas.problems():
        stem, _, words = problem.partition(": ")
        message, _, remedy = words.partition("; ")
        remedy = remedy or "run python -m tests.schemas.regenerate"
        found.fault(folder / "events" / f"{stem}.avsc", 1, message, remedy)
    found.counts["event_types"] = len(event_codes(schemas))
    return schemas


def _split(words: str, otherwise: Path) -> tuple[Path, int, str, str]:
    """File, line, message and remedy of a fault that a loader told as `file: message; remedy`."""
    told = re.match(r"(/.+?\.(?:avsc|toml)): (.+)", words, re.DOTALL)
    path, rest = (Path(told[1]), told[2]) if told else (otherwise, words)
    message, _, remedy = rest.partition("; ")
    return path, 1, message, remedy or "mend or restore this file"


def _check_policy(found: Findings, settings: Settings) -> Policy | None:
    folder = settings.policy_dir
    try:
        policy = load_policy(folder, [settings.schemas_dir / "events"])
    except PolicyFaults as faults:
        for one in faults.faults:
            found.fault(folder / one.file, one.line, one.message, one.remedy)
        return None
    except OSError as error:
        path = Path(error.filename or folder)
        found.fault(path, 1, f"cannot be read: {error.strerror}", "restore this file")
        return None
    except ValueError as error:
        found.fault(settings.schemas_dir, 1, f"cannot be read: {error}", "mend the schemas first")
        return None
    found.counts["policies"] = len(policies_of(policy))
    found.counts["gaps"] = len(policy.gaps)
    return policy


def _check_directory(found: Findings, path: Path) -> Directory | None:
    try:
        return load_directory(path)
    except OSError as error:
        message, remedy = f"cannot be read: {error.strerror}", "set HUB_DIRECTORY to your directory"
        found.fault(path, 1, message, remedy)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        message, remedy = f"this is not TOML: {error}", "mend the syntax at that line"
        found.fault(path, int(line[1]) if line else 1, message, remedy)
    except msgspec.ValidationError as error:
        found.fault(path, 1, str(error), "use only the words of hub/demo/directory.toml")
    return None


def _strange_rows(path: Path, directory: Directory, policy: Policy) -> Iterator[PolicyFault]:
    """Rows that name a role, an organisation or a channel that nobody knows."""
    name_one = "add the organisation, or mend the code"
    named = [
        *((row.organisation, f"holds the role {row.role}") for row in directory.roles),
        *((row.practice, "is a registered practice") for row in directory.registrations),
        *((row.organisation, "has an endpoint") for row in directory.every_endpoint()),
        *((row.organisation, "has staff") for row in directory.staff_members.values()),
        *((ods, "has a publisher's key") for ods in directory.publishers.values()),
        *((ods, "is a sender") for ods in directory.senders),
    ]
    for ods, words in named:
        if not directory.knows(ods):
            yield _row_fault(path, ods, f"{ods!r} {words}, and is no organisation here", name_one)
    for role in directory.roles:
        if role.role not in policy.roles:
            words = f"unknown role {role.role!r}"
            yield _row_fault(path, role.role, words, "name a role of hub/policy/roles.toml")
    yield from _strange_order(path, directory)
    for endpoint in directory.every_endpoint():
        if endpoint.channel not in CHANNELS:
            words = f"unknown channel {endpoint.channel!r}"
            yield _row_fault(path, endpoint.channel, words, f"write one of {', '.join(CHANNELS)}")
        elif endpoint.channel in ADDRESSES:
            form, remedy = ADDRESSES[endpoint.channel]
            if not form.fullmatch(endpoint.address):
                words = f"the endpoint of {endpoint.organisation} has no address of its channel"
                yield _row_fault(path, endpoint.organisation, words, remedy)
    yield from _strange_filters(path, directory, policy)
    yield from _strange_senders(path, directory)


def _strange_filters(path: Path, directory: Directory, policy: Policy) -> Iterator[PolicyFault]:
    """Filters that ask for what neither the policy nor the directory knows: they pick nothing."""
    allowed = {
        "eventType": policy.events,
        "role": policy.roles,
        "service": {role.audience for role in policy.roles.values()},
        "label": policy.labels,
        **places_in(directory),
    }
    for row in directory.endpoints.values():
        if not row.filter:
            continue
        try:
            read_filter(row.filter, allowed)
        except FilterFault as fault:
            words = f"the filter of {row.organisation} cannot be used: {fault}"
            yield _row_fault(path, row.organisation, words, "docs/subscribe.md lists the terms")


def _strange_senders(path: Path, directory: Directory) -> Iterator[PolicyFault]:
    """Senders who asked for posts that could not be sent, or that nobody could verify."""
    for sender in directory.senders.values():
        if sender.webhook and not sender.secret:
            words = f"the sender {sender.organisation} has a webhook and no secret"
            remedy = "give it a secret that begins with whsec_"
            yield _row_fault(path, sender.organisation, words, remedy)
        if sender.coverage and not sender.webhook:
            words = f"the sender {sender.organisation} asked for posts, and has no webhook"
            yield _row_fault(path, sender.organisation, words, "add webhook and secret")


def _strange_order(path: Path, directory: Directory) -> Iterator[PolicyFault]:
    """Channels that cannot be one recipient's first and next."""
    for row in directory.endpoints.values():
        channels = [row.channel, *(each.channel for each in row.then)]
        if "worklist" in channels[1:]:
            words = f"the worklist is a further channel of {row.organisation}"
            remedy = "take it out: every notice stands on the worklist in any case"
            yield _row_fault(path, row.organisation, words, remedy)
        for only_once in ("kafka", "mesh", "fhir"):
            if channels.count(only_once) > 1:
                words = f"{row.organisation} has the channel {only_once} twice in one row"
                remedy = "keep one: an organisation has one topic, mailbox and subscription a role"
                yield _row_fault(path, row.organisation, words, remedy)


def _row_fault(path: Path, needle: str, message: str, remedy: str) -> PolicyFault:
    """A fault at the first line that holds a word, in the file of a folder that holds it."""
    for file in sorted(path.glob("*.toml")) if path.is_dir() else [path]:
        text = file.read_text(encoding="utf-8")
        at = text.find(f'"{needle}"')
        if at >= 0:
            return PolicyFault(str(file), text.count("\n", 0, at) + 1, message, remedy)
    return PolicyFault(str(path), 1, message, remedy)


def _check_settings(found: Findings, settings: Settings) -> None:
    """What the settings ask for must be there; nothing is made, not even the secret."""
    no_secret = not settings.secret_key.get_secret_value() and not settings.secret_file().exists()
    if not settings.embedded and no_secret:
        remedy = "set the same HUB_SECRET_KEY for every role that shares this Kafka"
        found.fault(settings.secret_file(), 1, "there is no secret", remedy)
    clock = Path(settings.clock.removeprefix("file:"))
    if settings.clock != "real" and not clock.exists():
        found.fault(clock, 1, "the clock file does not exist", "set HUB_CLOCK to 'real'")


def _check_carriers(found: Findings, directory: Directory | None, settings: Settings) -> None:
    """An endpoint whose carrier this hub was not given would wait for days, and come back."""
    used = {each.channel for each in directory.every_endpoint()} if directory else set()
    if directory and any(each.contact for each in directory.senders.values()):
        used.add("email")
    needed = {
        "mesh": ("HUB_MESH_URL", bool(settings.mesh_url and settings.mesh_mailbox)),
        "email": ("HUB_SMTP_HOST", bool(settings.smtp_host and settings.smtp_sender)),
    }
    for channel, (name, is_set) in needed.items():
        if channel in used and not is_set:
            remedy = f"set {name} and those beside it, or give the endpoint another channel"
            words = f"an endpoint or a contact uses {channel}, which is not set up"
            found.fault(settings.directory, 1, words, remedy)
    if used & {"email", "fhir"} and not settings.public_url.startswith("https://"):
        remedy = "set HUB_PUBLIC_URL to where recipients find this hub"
        found.fault(settings.directory, 1, "what is sent would have links to nowhere", remedy)


def _strange_areas(policy: Policy) -> Iterator[str]:
    """Codes of areas.toml in which nobody can live: no local authority has such a code."""
    for code in sorted(policy.settings.areas):
        if not AREA_CODE.fullmatch(code):
            yield (
                f"areas.toml: {code!r} does not look like the code of a local authority, such as "
                "E10000012, so nobody may live there: mend it"
            )


def _unfinished(types: Iterable[str], policies: Path, scenarios: Path) -> Iterator[str]:
    """Event types that lack one of their three files."""
    for event_type in sorted(types):
        if not (policies / f"{event_type}.toml").exists():
            yield f"{event_type} has no policy file: add {policies / event_type}.toml"
        if scenarios.is_dir() and not any(scenarios.rglob(f"{event_type}.toml")):
            yield f"{event_type} has no worked scenario: add {scenarios / event_type}.toml"
