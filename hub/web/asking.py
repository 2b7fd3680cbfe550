"""What a form asks for when somebody wants a subscription: each channel with fields of its own."""

import base64
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from hub.core.subscribing import LawfulBasis, PayloadLevel
from hub.edges import mesh
from hub.edges.channels import mail
from hub.edges.channels.trial import NEEDS
from hub.ops import limits_subscriptions as limits
from hub.ops.settings import Settings
from hub.policy.rule_events import events_of_rules
from hub.store import agreements
from hub.web.auth import Viewer
from hub.web.desk import Desk, Refusal, real_time
from hub.web.filters import filter_in
from hub.web.words import role_labels

SECRET_BYTES: Final = 24
PAYLOADS: Final = ("full-resource", "id-only", "mns")
LONGEST_HEARTBEAT: Final = limits.HEARTBEAT.value

LOGIN: Final = re.compile(r"[A-Za-z0-9._=,-]{1,200}")
"""A name on the brokers, or what a certificate is named by; it goes into commands as it is."""

MEND: Final = "Go back, correct it and ask again."

type_of_said = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class What:
    """Which notices somebody asks for."""

    organisation: str
    role: str
    events: tuple[str, ...]
    filter: str


def what_of(desk: Desk, fields: type_of_said) -> What:
    """Which notices a form asks for.  Raises Refusal with the first thing that is wrong."""
    said = _trimmed(fields)
    events = tuple(dict.fromkeys(said.get("events", "").replace(",", " ").split()))
    known = set(events_of_rules(desk.settings.policy_dir).values())
    organisation, role = said.get("organisation", ""), said.get("role", "*")
    _refuse(
        {
            "The recipient is not in the directory": not desk.directory.knows(organisation),
            "There is no such role": role not in {"*", *role_labels()},
            "There is no such event type": not known.issuperset(events),
        }
    )
    kept = filter_in(desk, fields.get("filter", ""))
    return What(organisation=organisation, role=role, events=events, filter=kept)


def _trimmed(fields: type_of_said) -> dict[str, str]:
    return {name: text.strip()[:500] for name, text in fields.items()}


def wanted_of(desk: Desk, viewer: Viewer, fields: type_of_said) -> agreements.Wanted:
    """What a form asks for.  Raises Refusal with the first thing that is wrong."""
    said, what = _trimmed(fields), what_of(desk, fields)
    days = said.get("days", "")
    _refuse(
        {
            "There is no such channel": said.get("channel", "") not in NEEDS,
            "There is no such level": said.get("level", "") not in set(PayloadLevel),
            "There is no such lawful basis": said.get("basis", "") not in set(LawfulBasis),
            f"It lasts for 1 to {agreements.LONGEST_DAYS} days": not _from_to(
                days, 1, agreements.LONGEST_DAYS
            ),
        }
    )
    road = road_of(desk.settings, said)
    agreement_id = f"sub-{secrets.token_hex(6)}"
    return agreements.Wanted(
        agreement_id=agreement_id,
        **asdict(what),
        channel=said["channel"],
        level=said["level"],
        basis=said["basis"],
        secret=desk.vault.seal(agreement_id, new_secret()),
        expires_at=real_time() + timedelta(days=int(days)),
        requested_by=viewer.person_id,
        requested_at=real_time(),
        **road,
    )


def new_secret() -> str:
    """A secret in the form of Standard Webhooks."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode("ascii")


def _refuse(faults: Mapping[str, bool], remedy: str = MEND) -> None:
    if found := next((words for words, wrong in faults.items() if wrong), None):
        raise Refusal(422, found, remedy)


def _from_to(text: str, least: int, most: int) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 9 and least <= int(text) <= most


# --- each channel -----------------------------------------------------------------------------


def road_of(settings: Settings, said: type_of_said) -> dict[str, Any]:
    """Address and settings of the channel that was chosen; what belongs to others is left out."""
    channel = said["channel"]
    if (needed := NEEDS[channel]) and not getattr(settings, needed):
        remedy = f"Give the roles gateway and deliver HUB_{needed.upper()} first (docs/operate.md)."
        raise Refusal(422, f"This hub sends nothing over {channel}", remedy)
    return _ROADS[channel](settings, said)


def _webhook(settings: Settings, said: type_of_said) -> dict[str, Any]:
    address = said.get("address", "")
    good = _is_https(address, loopback=settings.allow_loopback_webhooks)
    name = "FHIR" if said["channel"] == "fhir" else "A webhook"
    _refuse({f"{name} needs an https address": not good})
    return {"address": address}


def _is_https(address: str, *, loopback: bool) -> bool:
    try:
        parts = urlsplit(address)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        return False
    if not host or parts.username or parts.password or re.search(r"\s", address):
        return False
    return parts.scheme == "https" or (loopback and (parts.scheme, host) == ("http", "127.0.0.1"))


def _fhir(settings: Settings, said: type_of_said) -> dict[str, Any]:
    payload, beat = said.get("payload", PAYLOADS[0]), said.get("heartbeat") or "0"
    _refuse(
        {
            "There is no such payload": payload not in PAYLOADS,
            f"A heartbeat is 0 to {LONGEST_HEARTBEAT} minutes": not _from_to(
                beat, 0, LONGEST_HEARTBEAT
            ),
        }
    )
    return {"payload": payload, "heartbeat_minutes": int(beat)} | _webhook(settings, said)


def _mesh(settings: Settings, said: type_of_said) -> dict[str, Any]:
    del settings
    mailbox, workflow = said.get("mailbox", "").upper(), said.get("workflow", "")
    address = f"mesh://{mailbox}?workflow_id={workflow}"
    _refuse(
        {
            "MESH needs the workflow agreed with the recipient": not workflow,
            "That is no mailbox or no workflow of MESH": not mesh.ADDRESS.fullmatch(address),
        },
        "Write the mailbox as X26ABC1, or leave it out and it is looked up by the ODS code.",
    )
    return {"address": address}


def _email(settings: Settings, said: type_of_said) -> dict[str, Any]:
    del settings
    address = said.get("email", "")
    _refuse({"E-mail needs one address": not mail.ADDRESS.fullmatch(address)})
    return {"address": address}


def _kafka(settings: Settings, said: type_of_said) -> dict[str, Any]:
    login = said.get("login", "")
    _refuse(
        {
            "That is no name on the brokers": bool(login) and not LOGIN.fullmatch(login),
            "That is the hub's own name on the brokers": bool(login)
            and login == settings.kafka_login,
        }
    )
    # The topic is that of the organisation, whatever anybody writes.
    return {"address": "", "login": login, "receipts": said.get("receipts") == "yes"}


_ROADS: Final[Mapping[str, Callable[[Settings, type_of_said], dict[str, Any]]]] = {
    "webhook": _webhook,
    "fhir": _fhir,
    "mesh": _mesh,
    "email": _email,
    "kafka": _kafka,
}
