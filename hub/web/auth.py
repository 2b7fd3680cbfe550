"""Who is asking: people by session, organisations by key.

Rules: a session is a row here and an opaque signed id in a cookie, so it can be ended; it lives by
the real clock even when the hub's clock is held; every form carries a token bound to its session.
A key is compared by its SHA-256 and never written anywhere.  Nothing in this module may log a
login, a password or a key.
"""

import hmac
import secrets
from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from urllib.parse import urlsplit

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from itsdangerous import BadSignature, Signer
from msgspec import Struct
from starlette.requests import Request

from hub.edges.directory import Directory, StaffMember

SESSION_LIFE = timedelta(hours=12)
"""One long shift, so that nobody is signed out in the middle of a birth."""

COOKIE = "hub_session"

DEMO_PASSWORD = "demo"  # noqa: S105  it is printed on the sign-in page of a demonstration
DEMO_SANDBOX = "sandbox-"
"""After the prefix: the demonstration's key of which nothing comes, `demo-sandbox-RXX`."""
DEMO_KEY_PREFIX = "demo-"
"""With demo logins on, the key of any known organisation is this and its ODS code: `demo-RXX`."""

MAX_FAILURES = 10
FAILURE_WINDOW = timedelta(minutes=15)
MAX_LOGINS_REMEMBERED = 10_000
"""A bound on memory: whoever tries more names than this pushes out the oldest."""

SAFEGUARDING_ROLES = frozenset({"NAMED_NURSE_SG", "DESIGNATED"})
"""Safeguarding leads of a whole area; those of one practice or trust look after their own."""
OPERATOR_ROLE = "HUB_OPERATOR"
GUARDIAN_ROLE = "CALDICOTT_GUARDIAN"
"""Looks after the log of accesses, and sees no family by it (domain section 8, rule 5)."""
PATHWAY_ROLES = frozenset({"COMMISSIONER", "PATHWAY_LEAD"})
"""Those who answer for the pathway as a whole; they need no family for it."""
LEAD_ROLES = frozenset(
    {
        "TEAM_LEAD",
        "TEAM_LEAD_HV",
        "OPERATIONAL_MANAGER",
        "SERVICE_MANAGER",
        "HEAD_OF_SERVICE",
        "PATHWAY_LEAD",
        "NAMED_PROFESSIONAL",
        "SG_MIDWIFE",
        "GP_SG_LEAD",
    }
)
"""Roles that look after a team's duties, and so see the gaps of their whole organisation."""


class Viewer(Struct, frozen=True, kw_only=True):
    """The person behind a request."""

    person_id: str
    name: str
    organisation: str
    organisation_name: str
    roles: tuple[str, ...]
    session_id: str
    csrf: str

    @property
    def safeguards(self) -> bool:
        """Whether she may see a whole family across agencies."""
        return not SAFEGUARDING_ROLES.isdisjoint(self.roles)

    @property
    def operates(self) -> bool:
        """Whether she keeps the hub running: identity and envelopes, but no clinical content."""
        return OPERATOR_ROLE in self.roles

    @property
    def leads(self) -> bool:
        """Whether she sees all the gaps of her organisation, not only those of her own roles."""
        return not LEAD_ROLES.isdisjoint(self.roles)

    @property
    def sees_scorecard(self) -> bool:
        """Whether she may read the scorecard: numbers of families, and none of them."""
        return self.safeguards or not PATHWAY_ROLES.isdisjoint(self.roles)

    @property
    def sees_quarantine(self) -> bool:
        """Whether she may open quarantine and send an input through again."""
        return self.operates or self.safeguards

    @property
    def reports(self) -> bool:
        """Whether one of her roles works with families, so that she says what happened to them."""
        return not set(self.roles) <= {OPERATOR_ROLE, GUARDIAN_ROLE, *PATHWAY_ROLES}

    @property
    def guards(self) -> bool:
        """Whether she may read who was shown what."""
        return GUARDIAN_ROLE in self.roles


class Seal:
    """Signs session ids and makes form tokens from one secret."""

    def __init__(self, secret: bytes):
        self._signer = Signer(secret, salt="hub-session")
        self._key = sha256(b"hub-csrf\x00" + secret).digest()

    def close(self, session_id: str) -> str:
        """The value of the cookie for a session."""
        return self._signer.sign(session_id).decode("ascii")

    def open(self, cookie: str) -> str | None:
        """The session id in a cookie, or None when the seal is not ours."""
        try:
            return self._signer.unsign(cookie).decode("ascii")
        except (BadSignature, UnicodeDecodeError):
            return None

    def form_token(self, session_id: str) -> str:
        """The token that every form of a session carries."""
        return hmac.new(self._key, session_id.encode(), "sha256").hexdigest()

    def token_fits(self, session_id: str, token: str) -> bool:
        """Whether a form's token belongs to the session."""
        return hmac.compare_digest(self.form_token(session_id).encode(), token.encode())


@cache
def _hash_of_nobody() -> str:
    """A hash that no password fits, so that an unknown name takes as long as a known one."""
    return PasswordHasher().hash(secrets.token_hex(16))


class Doorman:
    """Checks passwords, slowly on purpose, and stops guessing after a few failures."""

    def __init__(self, directory: Directory, *, demo_logins: bool):
        self._directory = directory
        self._demo_logins = demo_logins
        self._hasher = PasswordHasher()
        self._nobody = _hash_of_nobody()
        self._failures: OrderedDict[str, tuple[int, datetime]] = OrderedDict()

    def barred(self, login: str) -> bool:
        """Whether this name has failed too often lately."""
        count, since = self._failures.get(login, (0, datetime.now(UTC)))
        return count >= MAX_FAILURES and datetime.now(UTC) - since < FAILURE_WINDOW

    def admit(self, login: str, password: str) -> StaffMember | None:
        """The staff member, or None.  Takes as long for a name that does not exist."""
        member = self._directory.staff(login)
        if self._fits(member, password):
            self._failures.pop(login, None)
            return member
        count, since = self._failures.pop(login, (0, datetime.now(UTC)))
        if datetime.now(UTC) - since >= FAILURE_WINDOW:
            count, since = 0, datetime.now(UTC)
        self._failures[login] = (count + 1, since)
        while len(self._failures) > MAX_LOGINS_REMEMBERED:
            self._failures.popitem(last=False)
        return None

    def _fits(self, member: StaffMember | None, password: str) -> bool:
        if member is not None and not member.password_hash:
            return self._demo_logins and hmac.compare_digest(
                DEMO_PASSWORD.encode(), password.encode()
            )
        stored = self._nobody if member is None else member.password_hash
        try:
            return self._hasher.verify(stored, password) and member is not None
        except (VerificationError, InvalidHashError):
            return False


def organisation_of_key(
    directory: Directory, authorization: str, *, demo_logins: bool
) -> str | None:
    """The ODS code behind an `Authorization: Bearer` header, or None."""
    key = _bearer(authorization)
    if not key:
        return None
    if demo_logins and key.startswith(DEMO_KEY_PREFIX):
        ods = key.removeprefix(DEMO_KEY_PREFIX).removeprefix(DEMO_SANDBOX)
        return ods if directory.knows(ods) else None
    return directory.publisher_of(sha256(key.encode()).hexdigest())


def roles_of_key(directory: Directory, authorization: str) -> tuple[str, ...]:
    """The roles whose notices a key reads; none named means all of its organisation's."""
    return directory.roles_of_keys.get(sha256(_bearer(authorization).encode()).hexdigest(), ())


def sandbox_key(directory: Directory, authorization: str, *, demo_logins: bool) -> bool:
    """Whether nothing may come of what is sent with a key."""
    key = _bearer(authorization)
    if demo_logins and key.startswith(DEMO_KEY_PREFIX + DEMO_SANDBOX):
        return True
    return bool(key) and sha256(key.encode()).hexdigest() in directory.sandbox_keys


def _bearer(authorization: str) -> str:
    scheme, _, key = authorization.partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def from_elsewhere(request: Request) -> bool:
    """Whether a form was sent by a page of another site, as far as the browser tells.

    A second lock beside the token: it also covers signing in, where there is no session yet.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    # Our own pages send "null" here, because their referrer policy is no-referrer.
    origin = request.headers.get("origin", "null")
    return origin != "null" and urlsplit(origin).netloc != request.headers.get("host", "")
