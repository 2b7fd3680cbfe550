"""`hub scorecard`: what people assessed and what the hub computed, side by side."""

import json
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from msgspec import structs, to_builtins
from sqlalchemy.exc import OperationalError

from hub.core.scorecard import Facts, scorecard
from hub.core.scored import Measured, Overall, Row, Scorecard, ScoredRow, light
from hub.edges.directory import load_directory
from hub.edges.schemas import Schemas
from hub.governance.asking import events_in, time_from
from hub.governance.faults import CannotAnswerError
from hub.ops.clock import clock_from
from hub.ops.settings import Settings
from hub.policy.loader import load_policy
from hub.policy.scorecard import ScorecardFile, read_scorecard, unknown_names
from hub.store.engine import make_engine, reading
from hub.store.scorecard_reads import scorecard_facts

ASSESSED = "pathway.assessment"


def main(
    settings: Settings, at: str = "", assessment: Path | None = None, *, as_json: bool = False
) -> int:
    """Print the scorecard of the twelve months up to a time, which is now unless one is given."""
    until = time_from(at) if at else clock_from(settings.clock).now()
    policy = load_policy(settings.policy_dir, [settings.schemas_dir / "events"])
    schemas = Schemas.load(settings.schemas_dir)
    stated = read_scorecard(settings.policy_dir)
    if assessment is not None:
        stated = assessed_in(assessment, stated, until, schemas)
    rows = stated.row
    areas = {
        ods: each.area for ods, each in load_directory(settings.directory).organisations.items()
    }
    facts = facts_of(settings, rows, areas, until)
    unknown = unknown_names(rows, policy, schemas.event_types())
    card = scorecard(rows, stated.assessed, facts, unknown)
    if as_json:
        sys.stdout.write(json.dumps(plain(card, stated, until)) + "\n")
    else:
        sys.stdout.write("\n".join(lines_of(card, stated, until)) + "\n")
    return 0


def facts_of(
    settings: Settings, rows: tuple[Row, ...], areas: dict[str, str], until: datetime
) -> Facts:
    """What the read model says.  Raises CannotAnswerError where there is none yet."""
    remedy = "run `hub up` once, or say with HUB_DATABASE_URL where the database is"
    url = settings.real_database_url()
    engine = make_engine(url)
    file = engine.url.database
    if engine.dialect.name == "sqlite" and not (file and Path(file).exists()):
        raise CannotAnswerError(f"this hub has no read model yet; {remedy}")
    try:
        if not sa.inspect(engine).has_table("gaps"):
            raise CannotAnswerError(f"this database holds no read model; {remedy}")
        with reading(engine) as conn:
            return scorecard_facts(conn, rows, areas, until)
    except OperationalError:
        # The driver's own words may carry the address with its password.
        raise CannotAnswerError(f"the database does not answer; {remedy}") from None
    finally:
        engine.dispose()


def assessed_in(file: Path, stated: ScorecardFile, at: datetime, schemas: Schemas) -> ScorecardFile:
    """The scorecard with a later assessment in place of the packaged one; the measures stay.

    A row of the assessment that is not measured stands at the end with its score alone; one that
    the assessment leaves out has no assessed score, because an old one is not this one's.
    Raises CannotAnswerError for a file that holds no assessment.
    """
    events = [event for event in events_in(file, at, schemas) if event.type == ASSESSED]
    if not events:
        raise CannotAnswerError(f"{file} holds no {ASSESSED}; name a file that holds one")
    body = events[-1].body
    given = {row["service"]: row.get("score") for row in body["rows"]}
    known = [
        structs.replace(row, assessed=given.get(row.name), gaps=(), source="") for row in stated.row
    ]
    names = {row.name for row in known}
    added = [Row(name=n, assessed=s, standards=()) for n, s in given.items() if n not in names]
    return structs.replace(
        stated,
        area=body["area"],
        tool=body["tool"],
        assessed_in=f"{body['assessed_on']:%Y-%m}",
        source=f"event {events[-1].id}",
        row=(*known, *added),
    )


def plain(card: Scorecard, stated: ScorecardFile, until: datetime) -> dict[str, Any]:
    """The scorecard as it is printed with `--json`."""
    rows = []
    for row in card.rows:
        lights = {"assessed_light": light(row.assessed), "computed_light": light(row.computed)}
        rows.append(to_builtins(row) | lights)
    return {
        "area": stated.area,
        "assessed_in": stated.assessed_in,
        "source": stated.source,
        "until": until.isoformat(),
        "overall": {"assessed": to_builtins(card.assessed), "computed": to_builtins(card.computed)},
        "smallest": card.smallest,
        "rows": rows,
    }


def lines_of(card: Scorecard, stated: ScorecardFile, until: datetime) -> Iterator[str]:
    """The scorecard in words."""
    yield f"{stated.area}: assessed {stated.assessed_in} ({stated.source}); computed for the"
    yield f"twelve months to {until:%d %B %Y}. The one never replaces the other."
    for row in card.rows:
        yield ""
        yield f"{row.name}: assessed {_score(row.assessed)}, computed {_score(row.computed)}"
        if row.computed is not None:
            yield f"  {stated.anchors[row.computed]}"
        if row.review:
            yield "  REVIEW: the two lie two points or more apart; look at both"
        if row.red:
            yield "  a grave gap has come more than once this quarter"
        yield from (f"  listed gap: {gap.text} ({gap.finding})" for gap in row.gaps)
        if not row.gaps:
            yield "  gaps: none listed"
        yield from _standards(row, card.smallest)
    yield ""
    yield f"Overall assessed: {_overall(card.assessed)}"
    yield f"Overall computed: {_overall(card.computed)}"


def _standards(row: ScoredRow, smallest: int) -> Iterator[str]:
    for each in row.standards:
        yield f"  - {each.text}: {_measured(each, smallest)}"
    if row.outcome:
        yield f"  = {row.outcome.text}: {_measured(row.outcome, smallest)}"


def _measured(each: Measured, smallest: int) -> str:
    if each.not_measured:
        return f"not measured, {each.not_measured}"
    if not each.places:
        return f"too few to show (under {smallest})" if each.too_few else "nothing seen yet"
    words = f"met in {len(each.met)} of {len(each.places)} places"
    if each.families is not None and each.target is not None:
        words += f", for {each.good} of {each.families} families (target {each.target:.0%})"
    return words + (", other places too few to show" if each.too_few else "")


def _score(score: int | None) -> str:
    return "not rated" if score is None else f"{score} ({light(score)})"


def _overall(overall: Overall) -> str:
    if overall.rounded is None:
        return f"not rated (0 of {overall.of} rows)"
    return (
        f"{overall.rounded} (mean {overall.mean}, median {overall.median:g}, "
        f"{overall.rated} of {overall.of} rows rated)"
    )
