"""Signing secrets of subscriptions, sealed where they are kept.

A signing secret lets whoever has it speak for the hub, so that a copy of the database must not be
enough.  It is sealed with AES-256-GCM under a key that comes from the hub's secret and serves
nothing else, and bound to its subscription: what is moved to another row does not open.  Only the
delivery role, which signs, and the page that sends a test open it.

The key is the hub's secret, or one of its own (`HUB_SEALING_KEY`), which can be changed while the
hub runs: `resealing.py`.  What a row was sealed under is found out by trying.

A row of an earlier release holds its secret in clear; such a one is read as it is, and sealed when
a role starts.
"""

import base64
import secrets
from hashlib import blake2b
from typing import Final, NewType

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec.structs import replace
from sqlalchemy import Connection, Engine

from hub.core.subscribing import CARRIES
from hub.edges.directory import Endpoint
from hub.store import tables as t
from hub.store.engine import reading, writing

Sealed = NewType("Sealed", str)
"""A secret as it is kept; only `Vault.seal` makes one."""

PREFIX: Final = "sealed:1:"
"""How a sealed secret begins; the number is that of the way in which it was sealed."""

NONCE_BYTES: Final = 12
"""What GCM asks for; random, and drawn anew each time."""

_COLUMNS: Final = ("secret", "secret_before")


class SealedOtherwiseError(Exception):
    """A secret was sealed under another secret of the hub, or is damaged.

    Operator action: give the roles the HUB_SECRET_KEY, or the file secret.key, with which the
    subscription was made, or the HUB_SEALING_KEY where there was one; where that is lost, revoke
    the subscription and ask for it again.
    """

    def __init__(self, agreement_id: str):
        super().__init__(
            f"the signing secret of the subscription {agreement_id} does not open with this hub's "
            "secret. Give every role the HUB_SECRET_KEY (or the file secret.key) with which the "
            "subscription was made, and the HUB_SEALING_KEY where there was one, with "
            "HUB_SEALING_KEY_BEFORE until 'hub secrets rotate' is done. Where that is lost: revoke "
            "the subscription on the page "
            f"/subscriptions/{agreement_id} and ask for it again"
        )
        self.agreement_id = agreement_id


class Vault:
    """Seals with one key; opens with it, and with those that came before it."""

    def __init__(self, secret: bytes, *before: bytes):
        """From each of these a key is derived; `secret` is the one that seals."""
        self._ciphers = tuple(
            AESGCM(blake2b(each, digest_size=32, person=b"hub-agreements").digest())
            for each in (secret, *before)
        )

    def seal(self, agreement_id: str, secret: str) -> Sealed:
        """A secret as it is kept, for one subscription."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        closed = self._ciphers[0].encrypt(nonce, secret.encode(), _bound_to(agreement_id))
        return Sealed(PREFIX + base64.b64encode(nonce + closed).decode("ascii"))

    def open(self, agreement_id: str, kept: str) -> str:
        """The secret; one that an earlier release kept in clear is given as it is.

        Raises SealedOtherwiseError.
        """
        return self._opened(agreement_id, kept)[0] if is_sealed(kept) else kept

    def is_current(self, agreement_id: str, kept: str) -> bool:
        """Whether a secret is sealed under the key that seals now.  Raises SealedOtherwiseError."""
        return is_sealed(kept) and self._opened(agreement_id, kept)[1] == 0

    def _opened(self, agreement_id: str, kept: str) -> tuple[str, int]:
        """A sealed secret, and the place of the key that opened it."""
        try:
            raw = base64.b64decode(kept.removeprefix(PREFIX), validate=True)
        except ValueError as error:
            raise SealedOtherwiseError(agreement_id) from error
        nonce, closed = raw[:NONCE_BYTES], raw[NONCE_BYTES:]
        for place, cipher in enumerate(self._ciphers):
            try:
                return cipher.decrypt(nonce, closed, _bound_to(agreement_id)).decode(), place
            except (InvalidTag, ValueError):
                # ValueError: too short for a nonce, and so for every key.
                continue
        raise SealedOtherwiseError(agreement_id)

    def opened(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint of a subscription with secrets that sign.  Raises SealedOtherwiseError."""
        agreement_id = endpoint.destination_id.removeprefix(f"{endpoint.channel}:")
        now, before = endpoint.secret, endpoint.secret_before
        return replace(
            endpoint,
            secret=self.open(agreement_id, now) if now else now,
            secret_before=self.open(agreement_id, before) if before else before,
        )


def is_sealed(kept: str) -> bool:
    """Whether a secret is kept sealed."""
    return kept.startswith(PREFIX)


def _bound_to(agreement_id: str) -> bytes:
    return f"subscription:{agreement_id}".encode()


def seal_kept(engine: Engine, vault: Vault) -> int:
    """Seal whatever an earlier release kept in clear; returns how many rows that were.

    SQLite overwrites what stood there and empties its log.  Copies that were made before hold the
    secrets as they were: docs/operate.md says what to do about those.
    """
    with reading(engine) as conn:
        if not _in_clear(conn):
            return 0
    with writing(engine) as conn:
        overwrite(conn)
        found = _in_clear(conn)
        for row in found:
            fresh = {
                name: vault.seal(row["agreement_id"], row[name])
                for name in _COLUMNS
                if row[name] and not is_sealed(row[name])
            }
            one = t.agreements.c.agreement_id == row["agreement_id"]
            conn.execute(sa.update(t.agreements).where(one).values(**fresh))
    empty_log(engine)
    return len(found)


def overwrite(conn: Connection) -> None:
    """Let SQLite overwrite what stood where something else is written."""
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql("PRAGMA secure_delete=ON")


def empty_log(engine: Engine) -> None:
    """Empty SQLite's log, which holds what stood there before."""
    if engine.dialect.name == "sqlite":
        # Outside of any transaction, and so past SQLAlchemy, which would begin one.
        raw = engine.raw_connection()
        try:
            raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            raw.close()


def _in_clear(conn: Connection) -> list[sa.RowMapping]:
    a = t.agreements.c
    kept = sa.select(a.agreement_id, a.secret, a.secret_before)
    return [
        row
        for row in conn.execute(kept).mappings()
        if any(row[name] and not is_sealed(row[name]) for name in _COLUMNS)
    ]


def check_opens(engine: Engine, vault: Vault) -> None:
    """Open the secret of every subscription that carries.  Raises SealedOtherwiseError."""
    a = t.agreements.c
    carrying = sa.select(a.agreement_id, a.secret, a.secret_before).where(
        a.state.in_(sorted(CARRIES))
    )
    with reading(engine) as conn:
        rows = conn.execute(carrying).mappings().all()
    for row in rows:
        for name in _COLUMNS:
            vault.open(row["agreement_id"], row[name] or "")
