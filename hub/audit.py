"""`hub audit`: the log of accesses at the terminal of whoever guards it."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from hub.cli_words import give_up
from hub.edges.access import access_codec
from hub.edges.schemas import Schemas
from hub.ops.settings import Settings
from hub.store.access import Verdict, accesses, verify
from hub.store.engine import make_engine, reading


def listing(settings: Settings, episode: str, person: str, *, limit: int, as_json: bool) -> None:
    """Print who was shown what, newest first; an empty id asks for all."""
    codec = access_codec(Schemas.load(settings.schemas_dir))
    with _log_of(settings) as conn:
        found = accesses(conn, codec, episode_id=episode, person_id=person, limit=limit)
    if as_json:
        sys.stdout.write(json.dumps(msgspec.to_builtins(found), indent=2) + "\n")
        return
    for one in found:
        who = f"{one.person_id or 'system'}@{one.organisation}"
        sys.stdout.write(
            f"{one.at.isoformat()}  {who:<20} {one.what} {one.subject_id}  {one.ground}\n"
        )


def verification(settings: Settings, expected: str, *, as_json: bool) -> int:
    """Print what the chain says of itself; the exit code is 1 when it is not whole."""
    codec = access_codec(Schemas.load(settings.schemas_dir))
    with _log_of(settings) as conn:
        verdict = verify(conn, codec, expected=expected)
    if as_json:
        said = json.dumps(msgspec.to_builtins(verdict) | {"whole": verdict.whole})
    else:
        said = _in_words(verdict)
    sys.stdout.write(f"{said}\n")
    return 0 if verdict.whole else 1


def _in_words(verdict: Verdict) -> str:
    if verdict.broken_at is not None:
        return f"broken at row {verdict.broken_at}; the last digest that fits: {verdict.head}"
    if not verdict.expected_found:
        return f"the digest asked for is not in the log: rows were cut off; {verdict.rows} are left"
    return f"{verdict.rows} accesses, unchanged; last digest {verdict.head or 'none'}"


@contextmanager
def _log_of(settings: Settings) -> Iterator[Connection]:
    engine = make_engine(settings.real_database_url())
    try:
        with reading(engine) as conn:
            yield conn
    except SQLAlchemyError as error:
        give_up(
            f"the log of accesses cannot be read ({type(error).__name__}): is the address right?"
        )
    finally:
        engine.dispose()
