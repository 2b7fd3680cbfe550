"""`hub reconcile`: who would have been told in an outage and is not told yet."""

import json
import sys
from datetime import UTC, datetime

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from hub.cli_words import give_up
from hub.edges.untold_rows import as_csv
from hub.ops.settings import Settings
from hub.store.engine import make_engine, reading
from hub.store.reconciling import MOST, Untold, untold


def main(settings: Settings, since: datetime, until: datetime, form: str) -> int:
    """Print them, gravest first; 1 when there is anybody."""
    since, until = _aware(since), _aware(until)
    if since >= until:
        give_up("--from must be before --to")
    engine = make_engine(settings.real_database_url())
    try:
        with reading(engine) as conn:
            found = untold(conn, since, until, MOST + 1)
    except SQLAlchemyError:
        give_up("the database cannot be read; is HUB_DATABASE_URL or HUB_DATA_DIR right?")
    finally:
        engine.dispose()
    lines = found[:MOST]
    if form == "csv":
        sys.stdout.write(as_csv(lines))
    elif form == "json":
        sys.stdout.write(json.dumps(msgspec.to_builtins(lines), indent=2) + "\n")
    else:
        sys.stdout.write("".join(f"{_line(one)}\n" for one in lines))
    if len(found) > MOST:
        sys.stderr.write(f"hub: only the gravest {MOST} are listed; ask for a shorter time\n")
    return 1 if lines else 0


def _aware(when: datetime) -> datetime:
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _line(one: Untold) -> str:
    due = one.due_at.isoformat(timespec="minutes")
    stands = f"level {one.level} of {one.level_needed}, {one.channel or 'not queued'}"
    return f"{due}  {one.purpose:<18} {one.role}@{one.organisation}  {one.title}  {stands}"
