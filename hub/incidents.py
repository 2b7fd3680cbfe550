"""`hub incidents`: destinations that fail, and subscriptions that end soon or cannot be read."""

import json
import sys
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from hub.cli_words import give_up
from hub.ops.settings import Settings
from hub.store.agreement_reads import expiring, unreadable, why_unread
from hub.store.agreements import Agreement
from hub.store.engine import make_engine, reading
from hub.store.incidents import held, incidents

SHOWN = 10_000
"""Notices of one incident that are listed."""


def main(settings: Settings, destination_id: str, *, as_json: bool) -> int:
    """Print the incidents, or what one of them holds up; 1 when there is any."""
    engine = make_engine(settings.real_database_url())
    now = datetime.now(UTC)
    found: list[Any]
    try:
        with reading(engine) as conn:
            if destination_id:
                found = list(held(conn, destination_id, now, SHOWN))
            else:
                found = [*incidents(conn, now), *unreadable(conn), *expiring(conn, now)]
    except SQLAlchemyError:
        give_up("the database cannot be read; is HUB_DATABASE_URL or HUB_DATA_DIR right?")
    finally:
        engine.dispose()
    if as_json:
        sys.stdout.write(json.dumps(msgspec.to_builtins(found), indent=2) + "\n")
    else:
        for one in found:
            sys.stdout.write((_held(one) if destination_id else _incident(one)) + "\n")
    return 1 if found else 0


def _incident(one: Any) -> str:
    if isinstance(one, Agreement) and (unread := why_unread(one.filter)):
        return (
            f"subscription {one.agreement_id} of {one.organisation}: its filter cannot be read "
            f"({unread}); it gets a signal of every notice. Run the version that wrote it, or "
            "revoke it and ask for another"
        )
    if isinstance(one, Agreement):
        ends = one.expires_at.isoformat(timespec="minutes")
        return (
            f"subscription {one.agreement_id} of {one.organisation}: ends {ends}; ask for another"
        )
    since = one.oldest.isoformat(timespec="minutes")
    return (
        f"{one.destination_id}  {one.reason or 'waiting'}: {one.waiting} wait, "
        f"{one.came_back} came back, since {since}"
    )


def _held(one: Any) -> str:
    at = one.created_at.isoformat(timespec="minutes")
    return f"{at}  {one.notice_id}  {one.role}@{one.organisation}  {one.state} {one.reason or ''}"
