"""The stage of a demonstration: one directory for all its stories, with keys, logins and doors.

Everything here is invented and works on this machine only.  The keys and the password are
printed, because a demonstration that nobody can enter shows nothing.
"""

import hashlib
import secrets
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import tomli_w
from argon2 import PasswordHasher

from hub.demo.scenario import Scenario

PASSWORD = "demo"  # noqa: S105  a login of the demonstration, said aloud on its own page
OPERATOR = "HUB"
OWN_LOGINS = {"operator": "HUB_OPERATOR", "safeguarding-lead": "NAMED_NURSE_SG"}


def demo_key(ods: str) -> str:
    """The API key of an organisation on the stage."""
    return f"demo-{ods}"


class Stage:
    """The directory of several stories, and where their webhooks go."""

    def __init__(self, stories: Iterable[Scenario]):
        """Put the directories of the stories together."""
        self.stories = list(stories)
        self.secrets: dict[str, str] = {}
        self.tables: dict[str, list[dict[str, Any]]] = {}
        for story in self.stories:
            for name, rows in story.directory.items():
                self.tables.setdefault(name, []).extend(rows)

    def organisations(self) -> list[str]:
        """The ODS codes on the stage."""
        return [row["ods"] for row in self.tables.get("organisation", [])]

    def subscribers(self) -> list[str]:
        """Organisations that have their notices on a Kafka topic of their own."""
        rows = self.tables.get("endpoint", [])
        return sorted({r["organisation"] for r in rows if r["channel"] == "kafka"})

    def write(self, path: Path, hooks: str) -> None:
        """Write the directory; `hooks` is the address of the webhook receiver of the stage."""
        tables: dict[str, Any] = {name: list(rows) for name, rows in self.tables.items()}
        tables["endpoint"] = [self._endpoint(row, hooks) for row in tables.get("endpoint", [])]
        tables["organisation"].append({"ods": OPERATOR, "name": "The hub", "kind": "hub"})
        tables["publisher"] = [
            {"ods": ods, "key_sha256": hashlib.sha256(demo_key(ods).encode()).hexdigest()}
            for ods in self.organisations()
        ]
        tables["staff"] = self._staff()
        path.write_text(tomli_w.dumps(tables), encoding="utf-8")

    def _endpoint(self, row: dict[str, Any], hooks: str) -> dict[str, Any]:
        """A webhook of a story gets an address on this machine and a fresh secret.

        One that brings a secret brings an address too: somebody else listens there.
        """
        if row["channel"] != "webhook" or row.get("secret"):
            return row
        ods = row["organisation"]
        secret = "whsec_" + b64encode(secrets.token_bytes(24)).decode()
        self.secrets.setdefault(ods, secret)
        return {**row, "address": f"{hooks}/{ods}", "secret": self.secrets[ods]}

    def _staff(self) -> list[dict[str, Any]]:
        """A login for each role that anybody plays at each organisation."""
        hashed = PasswordHasher(time_cost=1, memory_cost=8192).hash(PASSWORD)
        parts: dict[str, set[str]] = {ods: set() for ods in self.organisations()}
        kinds = {row["ods"]: row["kind"] for row in self.tables["organisation"]}
        for story in self.stories:
            for row in story.directory.get("role", ()):
                parts[row["organisation"]].add(row["role"])
            for given in story.given:
                if given.receipt is not None and given.organisation and given.role:
                    parts[given.organisation].add(given.role)
        for ods, kind in kinds.items():
            if kind == "practice":
                parts[ods] |= {"GP_PRACTICE", "GP_SG_LEAD"}
        people = [
            {
                "login": f"{ods.lower()}-{role.lower().replace('_', '-')}",
                "person_id": f"{ods.lower()}-{role.lower().replace('_', '-')}",
                "name": f"{role.replace('_', ' ').title()} of {ods}",
                "organisation": ods,
                "roles": [role],
                "password_hash": hashed,
            }
            for ods, roles in parts.items()
            for role in sorted(roles)
        ]
        return [*people, *(_own(login, role, hashed) for login, role in OWN_LOGINS.items())]


def _own(login: str, role: str, hashed: str) -> dict[str, Any]:
    """A login at the hub itself."""
    return {
        "login": login,
        "person_id": login,
        "name": login.replace("-", " ").capitalize(),
        "organisation": OPERATOR,
        "roles": [role],
        "password_hash": hashed,
    }
