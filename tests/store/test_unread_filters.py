"""A stored filter that this version cannot read: nobody is silenced, and the operator sees it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine
from typer.testing import CliRunner

from hub.cli import app
from hub.edges.directory import directory_from
from hub.ops import metrics_channels as metrics
from hub.roles.attempts import Means
from hub.roles.failover import FailOver
from hub.store import agreement_reads, agreements
from hub.store import tables as t
from hub.store.dry_runs import dry_run
from hub.store.engine import make_engine, migrate, reading, writing
from tests.servers.webhooks import receiving
from tests.store.records import GP, T0
from tests.store.test_filtered import FITS, FLAGGED, GROUND, told
from tests.store.test_subscribed import DAY, RULES, Site

NEWER = "postcode_of_a_newer_hub = LS6 AND relation = registered"


@pytest.fixture
def site(engine: Engine) -> Iterator[Site]:
    """A subscriber's system that really listens, and a database of both kinds."""
    with receiving() as receiver:
        yield Site(engine, receiver)


def spoil(site: Site, agreement_id: str = "sub-1", kept: str = NEWER) -> None:
    """As after a downgrade, or a hand in the database."""
    one = t.agreements.c.agreement_id == agreement_id
    with writing(site.engine) as conn:
        conn.execute(sa.update(t.agreements).where(one).values(filter=kept))


def ways(site: Site) -> dict[str, set[str]]:
    """To which destinations each notice goes, on whatever channel of its recipient."""
    found: dict[str, set[str]] = {}
    with reading(site.engine) as conn:
        for table in (t.outbox, t.copies):
            for row in conn.execute(sa.select(table.c.notice_id, table.c.destination_id)):
                found.setdefault(row.notice_id, set()).add(row.destination_id)
    return found


def look_further(site: Site) -> None:
    """The next channels are looked at, by a clock that has not moved."""
    means = Means(
        engine=site.engine,
        directory=site.directory,
        channels={},
        core=None,
        clock=Clock(site),  # type: ignore[arg-type]  # nothing is told to the core here
    )
    FailOver(means, lambda: None).look()


class Clock:
    """The hub's time is the test's."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def now(self) -> Any:
        """The moment of the test, and a second for what is to be done at once."""
        return self._site.now + timedelta(seconds=1)


def test_without_a_row_beneath_it_gets_a_signal_of_everything(site: Site) -> None:
    """What it would have picked cannot be known, so it hears of all, and nothing of what is in it.

    Every notice stands on the worklist as well, whole.
    """
    site.subscribe(filter=FLAGGED)
    spoil(site)
    site.subscribed.keep()
    site.decided(told(1, FITS), told(2, FITS | {"flags": ()}), told(3, None))
    site.deliver()
    assert {"n-1", "n-2", "n-3"} == {each["notice_id"] for each in site.arrived()}
    assert {("A notice", 0, "")} == {
        (each["title"], len(list(each["content"])), each["rule"])  # type: ignore[call-overload]  # a list in JSON
        for each in site.arrived()
    }


def test_the_road_beneath_loses_nothing(site: Site) -> None:
    """The directory's row has every notice as ever, and the subscription a copy at once."""
    site.directory.endpoints = directory_from(GROUND).endpoints
    site.subscribe(filter=FLAGGED)
    spoil(site)
    site.subscribed.keep()
    site.decided(told(1, FITS), told(2, FITS | {"flags": ()}))
    assert {"n-1": {f"webhook:{GP}"}, "n-2": {f"webhook:{GP}"}} == ways(site)
    look_further(site)
    # Else evidence over one of them would not stop the other.
    assert site.directory.has_further_channels()
    both = {f"webhook:{GP}", "webhook:sub-1"}
    assert {"n-1": both, "n-2": both} == ways(site)


def test_another_subscription_goes_on(site: Site) -> None:
    """One that can be read picks what it picks, whichever was asked for later."""
    site.subscribe(agreement_id="sub-old", filter=FLAGGED)
    site.now += DAY / 24
    site.subscribe(agreement_id="sub-new", filter="relation = registered")
    site.subscribe(agreement_id="sub-else", organisation="A81002", filter=FLAGGED)
    spoil(site, "sub-new")
    site.subscribed.keep()
    site.decided(
        told(1, FITS),
        told(2, FITS | {"flags": ()}),
        told(3, FITS, organisation="A81002"),
    )
    look_further(site)
    assert {
        "n-1": {"webhook:sub-old", "webhook:sub-new"},
        "n-2": {"webhook:sub-new"},
        "n-3": {"webhook:sub-else"},
    } == ways(site)


def test_event_types_that_were_agreed_still_narrow_it(site: Site) -> None:
    """What it was never to have does not go there because its filter is damaged."""
    site.subscribe(events=("measurement.infant",), filter=FLAGGED)
    spoil(site)
    site.subscribed.keep()
    site.decided(told(1, FITS))
    assert {"n-1": {f"worklist:{GP}"}} == ways(site)


def test_what_waits_is_kept_and_it_mends_itself(site: Site) -> None:
    """The newer version comes back, or the hand is taken back: the filter picks again."""
    site.subscribe(filter=FLAGGED)
    site.subscribed.keep()
    site.decided(told(1, FITS), told(2, FITS | {"flags": ()}))
    spoil(site)
    site.subscribed.keep()
    assert {"n-1": {"webhook:sub-1"}, "n-2": {"webhook:sub-1"}} == ways(site)
    spoil(site, kept=FLAGGED)
    site.subscribed.keep()
    assert {"n-1": {"webhook:sub-1"}, "n-2": {f"worklist:{GP}"}} == ways(site)


def test_the_operator_sees_it(site: Site) -> None:
    """A number that alerts, the list of incidents, and a dry run that does not break."""
    site.subscribe(filter=FLAGGED)
    site.subscribed.keep()
    assert 0 == metrics.SUBSCRIPTIONS_UNREADABLE._value.get()
    spoil(site)
    site.subscribed.keep()
    assert 1 == metrics.SUBSCRIPTIONS_UNREADABLE._value.get()
    site.decided(told(1, FITS))
    with reading(site.engine) as conn:
        (found,) = agreement_reads.unreadable(conn)
        ran = dry_run(conn, agreements.agreement(conn, "sub-1"), T0 - DAY, RULES, site.directory)
    assert "sub-1" == found.agreement_id
    assert {"pregnancy.booked": None} == ran.taken


def test_a_level_of_a_newer_version_is_the_least(site: Site) -> None:
    """How much may travel is unknown: only that there is a notice."""
    site.subscribe(level="outline")
    site.subscribed.keep()
    site.decided(told(1, FITS))
    site.deliver()
    assert ["A notice"] == [each["title"] for each in site.arrived()]


def test_it_is_among_the_incidents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its id, the column and what to do; and nothing of what somebody wrote there."""
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path))
    url = f"sqlite:///{tmp_path / 'hub.db'}"
    migrate(url)
    made = make_engine(url)
    with receiving() as receiver:
        site = Site(made, receiver)
        site.subscribe(filter=FLAGGED)
        spoil(site, kept="surname = Quillfeather")
    made.dispose()
    result = CliRunner().invoke(app, ["incidents"])
    assert 1 == result.exit_code
    assert f"subscription sub-1 of {GP}: its filter cannot be read (column 1: " in result.output
    assert "Quillfeather" not in result.output
