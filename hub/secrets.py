"""`hub secrets rotate`: the signing secrets of subscriptions under another key; none is shown."""

import json
import sys

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from hub.cli_words import give_up
from hub.ops.settings import Settings
from hub.store.engine import make_engine
from hub.store.resealing import Counted, NoSuchKeyError, count, reseal
from hub.store.sealing import Vault


def main(settings: Settings, *, only_count: bool, as_json: bool) -> int:
    """Seal all of them under HUB_SEALING_KEY, or count; 1 when some are not under it yet."""
    vault = Vault(*_keys(settings))
    engine = make_engine(settings.real_database_url())
    try:
        done = 0 if only_count else reseal(engine, vault)
        found = count(engine, vault)
    except NoSuchKeyError as none:
        give_up(str(none))
    except SQLAlchemyError:
        give_up("the database cannot be used; is HUB_DATABASE_URL or HUB_DATA_DIR right?")
    finally:
        engine.dispose()
    if as_json:
        sys.stdout.write(json.dumps({"sealed_now": done} | msgspec.to_builtins(found)) + "\n")
    else:
        sys.stdout.write(_words(done, found))
    return 1 if found.before or found.clear or found.closed else 0


def _keys(settings: Settings) -> tuple[bytes, ...]:
    if not settings.sealing_key.get_secret_value():
        give_up(
            "HUB_SEALING_KEY is not set. Make a random key (openssl rand -hex 32), give it to this "
            "command and to every role, and restart them; what sealed so far goes on to open"
        )
    try:
        new, before = settings.sealing()
    except ValueError as error:
        give_up(f"{error}; it sealed until now, so it is needed here too")
    if new == before:
        give_up("HUB_SEALING_KEY is the key that sealed before; make another one")
    return new, before


def _words(done: int, found: Counted) -> str:
    lines = [f"{done} secrets were sealed under HUB_SEALING_KEY now, {found.new} are under it"]
    if found.before or found.clear:
        lines.append(
            f"{found.before} are under the key before, {found.clear} are not sealed at all"
        )
    if found.closed:
        lines.append(f"{len(found.closed)} subscriptions open with neither key")
    if found.ended:
        lines.append(f"{found.ended} of subscriptions that have ended open with neither key: left")
    if not (found.before or found.clear or found.closed):
        lines.append(
            "All are under it. Take HUB_SEALING_KEY_BEFORE away from every role at its next restart"
        )
    return "".join(f"{line}\n" for line in lines)
