"""Filters on the road: what each subscription takes, what is left beneath, and nothing lost."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from hub.core.circumstances import Circumstances
from hub.core.foreseen import LEAST, Foreseen
from hub.core.model import NoticeReason, Purpose
from hub.core.subscribing import SubscriptionSignal
from hub.edges.directory import directory_from
from hub.edges.records import DecisionRecord
from hub.roles.queueing import take_in
from hub.store import agreements
from hub.store import tables as t
from hub.store.dry_runs import dry_run
from hub.store.engine import reading, writing
from tests.servers.webhooks import receiving
from tests.store.records import GP, T0, decision, issued, raised
from tests.store.test_subscribed import DAY, RULES, Site

G = SubscriptionSignal
FLAGGED = "relation = registered AND gestation_weeks >= 28 AND flag = safeguarding"
GROUND = {
    "endpoint": [
        {"organisation": GP, "channel": "webhook", "address": "https://ground.example/notices"}
    ]
}
FITS: dict[str, Any] = {
    "event": "pregnancy.booked",
    "audience": "gp",
    "stage": "pregnancy",
    "gestation_days": 200,
    "relations": ("registered",),
    "flags": ("safeguarding",),
}


@pytest.fixture
def site(engine: Engine) -> Iterator[Site]:
    """A subscriber's system that really listens, and a database of both kinds."""
    with receiving() as receiver:
        yield Site(engine, receiver)


def told(n: int, known: dict[str, Any] | None = None, **more: Any) -> DecisionRecord:
    """A decision that issues one notice in some circumstances; an older hub knew of none."""
    circumstances = None if known is None else Circumstances(**known)
    notice = issued(f"n-{n}", f"o-{n}", circumstances=circumstances, **more)
    return decision(n, raised(f"o-{n}"), notice)


def roads(engine: Engine) -> dict[str, str]:
    """To which destination each notice goes."""
    with reading(engine) as conn:
        x = t.outbox.c
        return {row[0]: row[1] for row in conn.execute(sa.select(x.notice_id, x.destination_id))}


MISFITS = (FITS | {"gestation_days": 27 * 7 + 6}, FITS | {"flags": ()}, FITS | {"relations": ()})


@pytest.mark.parametrize(("rows", "beneath"), [({}, f"worklist:{GP}"), (GROUND, f"webhook:{GP}")])
def test_what_is_not_picked_takes_the_road_beneath(
    site: Site, rows: dict[str, Any], beneath: str
) -> None:
    """The row of the directory where there is one, else the worklist; never nothing."""
    site.directory.endpoints = directory_from(rows).endpoints
    site.subscribe(filter=FLAGGED)
    site.subscribed.keep()
    site.decided(told(1, FITS), *(told(2 + n, each) for n, each in enumerate(MISFITS)))
    assert {"n-1": "webhook:sub-1"} | dict.fromkeys(("n-2", "n-3", "n-4"), beneath) == roads(
        site.engine
    )
    if not rows:
        site.deliver()
        assert ["n-1"] == [each["notice_id"] for each in site.arrived()]
        assert {"n-1", "n-2", "n-3", "n-4"} == set(site.channels())


@pytest.mark.parametrize(
    ("purpose", "road"),
    [(Purpose.SAFEGUARDING, "webhook:sub-1"), (Purpose.DIRECT_CARE, f"worklist:{GP}")],
)
def test_what_cannot_be_judged_is_picked_when_it_is_about_safeguarding(
    site: Site, purpose: Purpose, road: str
) -> None:
    """Of an older hub's decision nothing is known, and of some women no due date is."""
    site.subscribe(filter="gestation_weeks >= 28")
    site.subscribed.keep()
    site.decided(
        told(1, None, purpose=purpose), told(2, FITS | {"gestation_days": None}, purpose=purpose)
    )
    assert {"n-1": road, "n-2": road} == roads(site.engine)


def test_several_are_asked_the_newest_first(site: Site) -> None:
    """A new one lies over an old one, and what it does not pick the old one may."""
    site.subscribe(agreement_id="sub-old", filter="relation = registered")
    site.now += DAY / 24
    site.subscribe(agreement_id="sub-new", filter="flag = safeguarding")
    site.subscribed.keep()
    site.decided(
        told(1, FITS), told(2, FITS | {"flags": ()}), told(3, FITS | {"flags": (), "relations": ()})
    )
    expected = ("webhook:sub-new", "webhook:sub-old", f"worklist:{GP}")
    assert dict(zip(("n-1", "n-2", "n-3"), expected, strict=True)) == roads(site.engine)


def test_what_takes_back_goes_where_the_first_went(site: Site) -> None:
    """After a loss she has no weeks any more: the withdrawal takes the road all the same."""
    site.subscribe(filter=FLAGGED)
    site.subscribed.keep()
    site.decided(told(1, FITS), told(2, FITS | {"flags": ()}))
    lost = FITS | {"stage": "loss", "gestation_days": None}
    back = {"reason": NoticeReason.WITHDRAWN, "round": 2, "circumstances": Circumstances(**lost)}
    site.decided(
        decision(3, issued("n-3", "o-1", in_reply_to="n-1", **back)),
        decision(4, issued("n-4", "o-2", in_reply_to="n-2", **back)),
    )
    found = roads(site.engine)
    assert ("webhook:sub-1", f"worklist:{GP}") == (found["n-3"], found["n-4"])


def test_what_takes_back_within_one_batch_goes_there_too(site: Site) -> None:
    """The first notice is not in the outbox yet when the second is queued."""
    site.subscribe(filter=FLAGGED)
    site.subscribed.keep()
    lost = Circumstances(stage="loss")
    back = issued("n-2", "o-1", reason=NoticeReason.WITHDRAWN, round=2, in_reply_to="n-1")
    both = [told(1, FITS), decision(2, msgspec.structs.replace(back, circumstances=lost))]
    take_in(site.engine, site.directory, both, {("hub.decisions", 0): 2})
    assert {"webhook:sub-1"} == set(roads(site.engine).values())


def test_a_reroute_is_judged_by_its_own_recipient(site: Site) -> None:
    """The ties and flags of the practice before are not those of the practice after."""
    site.subscribe(filter="relation = registered", organisation="A81002")
    site.subscribed.keep()
    moved = {"organisation": "A81002", "reason": NoticeReason.REROUTED, "round": 2}
    site.decided(
        told(1, FITS | {"relations": ()}),
        decision(
            2, issued("n-2", "o-1", in_reply_to="n-1", circumstances=Circumstances(**FITS), **moved)
        ),
    )
    assert "webhook:sub-1" == roads(site.engine)["n-2"]


def test_a_change_moves_only_what_it_picks(site: Site) -> None:
    """What waits is given its road anew, notice by notice, and back when it has ended."""
    site.directory.endpoints = directory_from(GROUND).endpoints
    site.decided(told(1, FITS), told(2, FITS | {"flags": ()}), told(3, None))
    site.subscribe(filter=FLAGGED)
    site.subscribed.keep()
    assert ["webhook:sub-1", f"webhook:{GP}", f"webhook:{GP}"] == [
        roads(site.engine)[each] for each in ("n-1", "n-2", "n-3")
    ]
    site.move(G.REVOKE)
    site.subscribed.keep()
    assert {f"webhook:{GP}"} == set(roads(site.engine).values())


def test_a_pause_holds_only_what_was_picked(site: Site) -> None:
    """The others go out over the road beneath."""
    site.subscribe(filter=FLAGGED)
    site.subscribed.keep()
    site.move(G.PAUSE)
    site.decided(told(1, FITS), told(2, FITS | {"flags": ()}))
    site.deliver()
    assert (["n-2"], []) == (list(site.channels()), site.arrived())


def test_a_late_joiner_gets_only_what_it_picks(site: Site) -> None:
    """Open notices that stay on the road beneath are not sent again."""
    site.decided(told(1, FITS), told(2, FITS | {"flags": ()}))
    site.deliver()
    site.subscribe(filter=FLAGGED)
    site.deliver()
    site.deliver()
    assert ["n-1"] == [each["notice_id"] for each in site.arrived()]


def families(
    many: int, begin: int, known: dict[str, Any] | None, **more: Any
) -> list[DecisionRecord]:
    """A notice for each of so many families."""
    return [
        msgspec.structs.replace(told(n, known, **more), episode_id=f"ep-{n}", seq=1)
        for n in range(begin, begin + many)
    ]


def test_a_dry_run_counts_with_the_filter(site: Site) -> None:
    """What it takes by event type, what it leaves, and what it could not judge."""
    grave = {"purpose": Purpose.SAFEGUARDING}
    site.decided(
        *families(LEAST, 100, FITS),
        *families(LEAST + 1, 200, FITS | {"flags": ()}),
        *families(LEAST + 2, 300, None),
        *families(LEAST + 3, 400, None, **grave),
    )
    site.subscribe(filter=FLAGGED)
    with reading(site.engine) as conn:
        ran = dry_run(conn, agreements.agreement(conn, "sub-1"), T0 - DAY, RULES, site.directory)
    expected = Foreseen(
        taken={"pregnancy.booked": 2 * LEAST + 3},
        together=2 * LEAST + 3,
        left=2 * LEAST + 3,
        unknown_taken=LEAST + 3,
        unknown_left=LEAST + 2,
    )
    assert expected == ran


def test_a_dry_run_shows_nothing_of_few_families(site: Site) -> None:
    """However many notices they had, nor what is left, from which it would follow."""
    site.decided(
        *families(LEAST * 3, 100, FITS | {"flags": ()}), *(told(n, FITS) for n in range(LEAST))
    )
    site.subscribe(filter=FLAGGED)
    with reading(site.engine) as conn:
        ran = dry_run(conn, agreements.agreement(conn, "sub-1"), T0 - DAY, RULES, site.directory)
    hidden = {"together": None, "left": None, "unknown_taken": 0, "unknown_left": 0}
    assert Foreseen(taken={"pregnancy.booked": None}, **hidden) == ran  # type: ignore[arg-type]  # fitting values


def test_a_replay_takes_the_road_of_the_filter_too(site: Site) -> None:
    """A notice of an older hub is judged by what the read model says of it."""
    site.decided(told(1, None, purpose=Purpose.SAFEGUARDING), told(2, None))
    with writing(site.engine) as conn:
        conn.execute(sa.update(t.outbox).values(traits=None))
    site.deliver()
    site.subscribe(filter="gestation_weeks >= 28")
    site.deliver()
    site.deliver()
    assert ["n-1"] == [each["notice_id"] for each in site.arrived()]


def test_a_row_of_the_directory_may_have_a_filter() -> None:
    """One that cannot be read is refused with the place in the file and in the text."""
    row = GROUND["endpoint"][0]
    (kept,) = directory_from({"endpoint": [row | {"filter": FLAGGED}]}).every_endpoint()
    assert FLAGGED == kept.filter
    with pytest.raises(msgspec.ValidationError, match=r"column 1: .* write as gestation_weeks.*\$"):
        directory_from({"endpoint": [row | {"filter": "gestation > 28"}]})


def test_a_board_is_that_of_her_practice_by_the_directory(site: Site) -> None:
    """Of a practice of which the directory names none, it is unknown."""
    boards = {"Y00001": "QWO", "Y00002": "QZZ", "Y00003": ""}
    rows = [
        {"ods": ods, "name": ods, "kind": "practice", "icb": icb} for ods, icb in boards.items()
    ]
    site.directory.organisations = directory_from({"organisation": rows}).organisations
    site.subscribe(filter="icb = QWO")
    site.subscribed.keep()
    site.decided(*(told(n, FITS | {"practice": f"Y0000{n}"}) for n in (1, 2, 3)))
    grave = {"purpose": Purpose.SAFEGUARDING}
    site.decided(told(4, FITS | {"practice": "Y00003"}, **grave))
    found = roads(site.engine)
    assert {"n-1", "n-4"} == {each for each, road in found.items() if road == "webhook:sub-1"}
