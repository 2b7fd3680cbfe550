"""`hub replay`: a preview, or the deed on what a preview showed, for whoever runs the hub."""

import json
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from hub.cli_words import give_up
from hub.core.replaying import Actor, Refused, ReplayReason, ReplayState
from hub.edges.access import AccessRecord, Ground, What, access_codec
from hub.edges.directory import Directory, load_directory
from hub.edges.schemas import Schemas
from hub.ops.settings import Settings
from hub.policy.rule_events import events_of_rules
from hub.store import agreement_reads, replays
from hub.store.access import add_access
from hub.store.engine import make_engine, reading, writing
from hub.store.replay_rows import Chosen
from hub.web.auth import OPERATOR_ROLE

REFUSED_WORDS: Mapping[Refused, str] = {
    Refused.OTHER_SET: "the token is not that of this preview",
    Refused.NOTHING: "no notice of this preview can be sent again",
    Refused.TOO_OLD: "the preview is too old; make it again",
    Refused.SECOND_PERSON: "somebody else than who looked or asked must agree",
    Refused.NOT_SIGNED_IN: (
        f"more than {replays.ALONE} notices need two people who have signed in: "
        "open the preview on the page /deliveries"
    ),
}


def preview(
    settings: Settings, filters: Mapping[str, Any], why: str, by: str, *, as_json: bool
) -> int:
    """Keep and print a preview; sends nothing."""
    if why not in set(ReplayReason):
        give_up(f"--why is one of {', '.join(ReplayReason)}")
    said = {name: _aware(value) for name, value in filters.items()}
    if not any(said.values()):
        give_up("choose which notices: --organisation, --channel, --state, --since or --notice")
    directory = _directory(settings, by)
    asked = replays.Asked(
        replay_id=f"rp-{secrets.token_hex(8)}", reason=why, person_id=by, now=datetime.now(UTC)
    )
    with _database(settings) as engine:
        try:
            with writing(engine) as conn:
                seen = replays.preview(
                    conn, _roads(settings, conn, directory), Chosen(**said), asked
                )
        except replays.TooManyError as many:
            give_up(str(many))
        _write_down(settings, engine, directory, by, asked.replay_id)
    _print(seen, as_json=as_json)
    return 0


def act(settings: Settings, replay_id: str, token: str, by: str, *, as_json: bool) -> int:
    """Send the previewed set again, and print what came of it."""
    directory = _directory(settings, by)
    actor = Actor(person_id=by, signed_in=False)
    with _database(settings) as engine:
        _write_down(settings, engine, directory, by, replay_id)
        with reading(engine) as conn:
            roads = _roads(settings, conn, directory)
        try:
            stands = replays.act(engine, roads, replay_id, token, actor, datetime.now(UTC))
        except replays.UnknownReplayError:
            give_up(f"there is no preview {replay_id}")
        if isinstance(stands, Refused):
            give_up(f"nothing was sent: {REFUSED_WORDS[stands]}")
        with reading(engine) as conn:
            seen = replays.seen(conn, replay_id)
    _print(seen, as_json=as_json)
    return 0


def _roads(settings: Settings, conn: Connection, directory: Directory) -> Directory:
    """The directory, and the subscriptions over it."""
    over = agreement_reads.endpoints(conn, events_of_rules(settings.policy_dir))
    return agreement_reads.laid_over(directory, over)


def _aware(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and not value.tzinfo else value


def _directory(settings: Settings, by: str) -> Directory:
    """The directory, in which whoever calls is an operator."""
    directory = load_directory(settings.directory)
    people = {each.person_id: each for each in directory.staff_members.values()}
    if by not in people or OPERATOR_ROLE not in people[by].roles:
        give_up(f"--by {by} is nobody who operates this hub; use your person id of the directory")
    return directory


@contextmanager
def _database(settings: Settings) -> Iterator[Engine]:
    engine = make_engine(settings.real_database_url())
    try:
        yield engine
    except SQLAlchemyError:
        give_up("the database cannot be used; is HUB_DATABASE_URL or HUB_DATA_DIR right?")
    finally:
        engine.dispose()


def _write_down(
    settings: Settings, engine: Engine, directory: Directory, by: str, replay_id: str
) -> None:
    """Into the chained log, as the pages do."""
    person = next(each for each in directory.staff_members.values() if each.person_id == by)
    access = AccessRecord(
        access_id=f"a-{secrets.token_hex(12)}",
        at=datetime.now(UTC),
        person_id=by,
        organisation=person.organisation,
        roles=(OPERATOR_ROLE,),
        what=What.REPLAY,
        subject_id=replay_id,
        ground=Ground.OPERATOR,
    )
    with writing(engine) as conn:
        add_access(conn, access_codec(Schemas.load(settings.schemas_dir)), access)


def _print(seen: replays.Seen, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(msgspec.to_builtins(seen), indent=2) + "\n")
        return
    lines = [f"{seen.notices} notices to {len(seen.recipients)} recipients, {seen.state}"]
    for each in seen.recipients:
        oldest, newest = (when.isoformat(timespec="minutes") for when in (each.oldest, each.newest))
        lines.append(f"  {each.organisation:<12} {each.notices:>6}  {oldest} to {newest}")
    for title, counts in (("not among them", seen.left_out), ("came of them", seen.came_of)):
        lines += [f"  {title}: {name} {many}" for name, many in sorted(counts.items())]
    if seen.state is ReplayState.PREVIEWED:
        lines.append(
            f"Nothing has been sent. To send exactly these:  hub replay --by {seen.previewed_by}"
        )
        lines.append(f"  --act {seen.replay_id} --token {seen.token}")
    sys.stdout.write("\n".join(lines) + "\n")
