"""Signing secrets sealed anew under another key, while the hub runs.

Every role opens with both keys meanwhile and seals with the new one, so that a row may be under
either at any moment: nothing has to be stopped, and whoever is killed in the middle begins again
and finds less to do.  Whether every row opens is found out before the first one is changed.
"""

from collections.abc import Iterator
from typing import Final

import sqlalchemy as sa
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection, Engine

from hub.core.subscribing import ENDED
from hub.store import tables as t
from hub.store.engine import reading, writing
from hub.store.sealing import SealedOtherwiseError, Vault, empty_log, is_sealed, overwrite

ROWS_AT_ONCE: Final = 50
"""Rows in one transaction: short, so that no role waits for it."""

COLUMNS: Final = ("secret", "secret_before")


class Counted(Struct, frozen=True, kw_only=True):
    """How the kept secrets are sealed, by the number of secrets; a subscription has one or two."""

    new: int = 0
    """Under the key that seals now."""
    before: int = 0
    """Under the key before."""
    clear: int = 0
    """Not sealed: by an earlier release, and no role has been started since."""
    closed: tuple[str, ...] = ()
    """Subscriptions in use, or asked for, with a secret that opens with neither key."""
    ended: int = 0
    """Of subscriptions that have ended, and open with neither key; nobody needs them."""


class NoSuchKeyError(Exception):
    """Some secrets open with neither of the two keys; nothing was changed.

    Operator action: set HUB_SEALING_KEY_BEFORE to the key under which they were sealed.
    """

    def __init__(self, counted: Counted):
        known = counted.new + counted.before + counted.clear
        super().__init__(
            f"the secrets of {len(counted.closed)} subscriptions open with neither key "
            f"(of {known} other secrets each does): {', '.join(counted.closed[:5])}"
            f"{' and others' if len(counted.closed) > 5 else ''}. Nothing was changed. Set "
            "HUB_SEALING_KEY_BEFORE to the key under which they were sealed; leave it empty where "
            "that was the hub's secret. Where the key is lost, revoke those subscriptions and ask "
            "for them again"
        )
        self.counted = counted


def count(engine: Engine, vault: Vault) -> Counted:
    """How the secrets are sealed now; changes nothing."""
    found = Counted()
    with reading(engine) as conn:
        for row in conn.execute(_kept()).mappings():
            for name in COLUMNS:
                found = _counted(found, vault, row, name)
    return replace(found, closed=tuple(sorted(set(found.closed))))


def reseal(engine: Engine, vault: Vault) -> int:
    """Seal everything under the key that seals; returns how many secrets that were.

    Raises NoSuchKeyError before anything is changed.  Looks again until there is nothing more,
    because a page may have written beside it what it had read before.
    """
    done = 0
    while True:
        counted = count(engine, vault)
        if counted.closed:
            raise NoSuchKeyError(counted)
        if not counted.before + counted.clear:
            break
        done += sum(_pieces(engine, vault))
    # At the end of every run, also of one that finds nothing: one before may have been killed.
    empty_log(engine)
    return done


def _pieces(engine: Engine, vault: Vault) -> Iterator[int]:
    """Seal a piece after the other; each is on disk before the next one begins."""
    last = ""
    while True:
        with writing(engine) as conn:
            overwrite(conn)
            asked = _kept().where(t.agreements.c.agreement_id > last).limit(ROWS_AT_ONCE)
            rows = conn.execute(asked.with_for_update()).mappings().all()
            made = sum(_seal_row(conn, vault, row) for row in rows)
        if not rows:
            return
        last = rows[-1]["agreement_id"]
        yield made


def _seal_row(conn: Connection, vault: Vault, row: sa.RowMapping) -> int:
    agreement_id = row["agreement_id"]
    fresh = {}
    for name in COLUMNS:
        kept = row[name]
        try:
            if kept and not vault.is_current(agreement_id, kept):
                fresh[name] = vault.seal(agreement_id, vault.open(agreement_id, kept))
        except SealedOtherwiseError:
            # One that has ended, or that came since all were tried, which the next look tells.
            continue
    if fresh:
        one = t.agreements.c.agreement_id == agreement_id
        conn.execute(sa.update(t.agreements).where(one).values(**fresh))
    return len(fresh)


def _kept() -> "sa.Select[tuple[str, str, str | None, str | None]]":
    a = t.agreements.c
    kept = sa.select(a.agreement_id, a.state, a.secret, a.secret_before)
    return kept.order_by(a.agreement_id)


def _counted(so_far: Counted, vault: Vault, row: sa.RowMapping, name: str) -> Counted:
    kept, agreement_id = row[name], row["agreement_id"]
    if not kept:
        return so_far
    if not is_sealed(kept):
        return replace(so_far, clear=so_far.clear + 1)
    try:
        if vault.is_current(agreement_id, kept):
            return replace(so_far, new=so_far.new + 1)
    except SealedOtherwiseError:
        if row["state"] in ENDED:
            return replace(so_far, ended=so_far.ended + 1)
        return replace(so_far, closed=(*so_far.closed, agreement_id))
    return replace(so_far, before=so_far.before + 1)
