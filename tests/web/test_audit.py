"""Who was shown what leaves a record before it is shown, or is not shown."""

import pytest
import sqlalchemy as sa
from msgspec import structs
from sqlalchemy import Engine
from typer.testing import CliRunner

from hub.cli import app
from hub.core.model import ObligationState
from hub.core.outcomes import ObligationEnded
from hub.core.withholding import Route, Withheld, WithheldGround
from hub.edges.access import AccessRecord, access_codec
from hub.edges.schemas import default_schemas
from hub.store.access import accesses
from hub.store.engine import reading, writing
from hub.store.projector import apply_decision
from hub.store.withheld import withheld_of
from tests.web import scene
from tests.web.conftest import Gateway, key
from tests.web.test_quarantine import keep

IDENTITIES = (scene.NHS_NUMBER, scene.FAMILY_NAME, "Ada", "1996-02-29")


def seen(engine: Engine) -> list[AccessRecord]:
    """The log, oldest first."""
    with reading(engine) as conn:
        return list(reversed(accesses(conn, access_codec(default_schemas()))))


def lose_the_log(engine: Engine) -> None:
    """Make it impossible to write."""
    with writing(engine) as conn:
        conn.execute(sa.text("ALTER TABLE accesses RENAME TO accesses_away"))


@pytest.mark.parametrize(
    ("login", "path", "what", "roles", "ground"),
    [
        ("hv", "/n/n-hv", "notice", ("HV_TEAM",), "addressed"),
        ("gp", f"/p/{scene.EPISODE}", "episode", ("GP_PRACTICE",), "addressed"),
        ("nurse", f"/p/{scene.EPISODE}", "episode", ("NAMED_NURSE_SG",), "safeguarding"),
        ("ops", f"/p/{scene.EPISODE}", "episode", ("HUB_OPERATOR",), "operator"),
        ("hv", "/gaps/g-1", "gap", ("HV_TEAM", "NAMED_HV"), "owner"),
        ("nurse", "/gaps/g-1", "gap", ("NAMED_NURSE_SG",), "safeguarding"),
    ],
)
def test_a_page_leaves_one_record(
    gateway: Gateway, login: str, path: str, what: str, roles: tuple[str, ...], ground: str
) -> None:
    """Who, in which roles, what, why and when; every opening is one of its own."""
    browser = gateway.sign_in(login)
    assert (200, 200) == (browser.get(path).status_code, browser.get(path).status_code)
    found = seen(gateway.engine)
    assert 2 == len({one.access_id for one in found})
    person, organisation = next(each[1::2] for each in scene.PEOPLE if each[0] == login)[:2]
    for one in found:
        assert (person, organisation, roles) == (one.person_id, one.organisation, one.roles)
        assert (what, path.rpartition("/")[2]) == (one.what, one.subject_id)
        assert (ground, scene.EPISODE, scene.NOW) == (one.ground, one.episode_id, one.at)
        assert ("direct_care" if what == "notice" else None) == one.purpose


@pytest.mark.parametrize("path", ["/notices/n-gp", "/events/booked-1/coverage"])
def test_a_system_leaves_a_record_too(gateway: Gateway, path: str) -> None:
    """By its organisation's key, so there is no person to name."""
    what, ods = ("notice", "Y00001") if "notices" in path else ("coverage", "RXX")
    assert 200 == gateway.browse().get(path, headers=key(ods)).status_code
    (one,) = seen(gateway.engine)
    assert (None, ods, what) == (one.person_id, one.organisation, one.what)
    assert path.split("/")[2] == one.subject_id
    assert scene.EPISODE == one.episode_id


def test_an_original_in_quarantine_leaves_a_record(gateway: Gateway) -> None:
    """It may hold an identity, whatever the preview shows."""
    keep(gateway, b"{}")
    assert 200 == gateway.sign_in("ops").get("/quarantine/q-abc").status_code
    (one,) = seen(gateway.engine)
    assert ("quarantine", "q-abc", "operator") == (one.what, one.subject_id, one.ground)


@pytest.mark.parametrize(
    ("login", "path"),
    [
        ("hv", "/n/n-hv"),
        ("nurse", f"/p/{scene.EPISODE}"),
        ("hv", "/gaps/g-1"),
        ("guardian", "/audit"),
    ],
)
def test_without_a_record_nothing_is_shown(gateway: Gateway, login: str, path: str) -> None:
    """No page, no identity, and no evidence that anybody opened it."""
    browser = gateway.sign_in(login)
    lose_the_log(gateway.engine)
    answer = browser.get(path)
    assert 503 == answer.status_code
    for hidden in (*IDENTITIES, "999 000 0018", "QUILLFEATHER", scene.CLINICAL):
        assert hidden not in answer.text
    assert [] == gateway.publisher.signals()


@pytest.mark.parametrize("path", ["/notices/n-gp", "/events/booked-1/coverage"])
def test_without_a_record_a_system_gets_nothing(gateway: Gateway, path: str) -> None:
    """The same for machines, in their own form."""
    lose_the_log(gateway.engine)
    ods = "Y00001" if "notices" in path else "RXX"
    answer = gateway.browse().get(path, headers=key(ods))
    assert 503 == answer.status_code
    assert "Retry-After" in answer.headers


def test_what_is_refused_is_no_access(gateway: Gateway) -> None:
    """Nothing was shown."""
    browser = gateway.sign_in("other")
    for path in (f"/p/{scene.EPISODE}", "/n/n-hv", "/gaps/g-1", "/audit"):
        assert browser.get(path).status_code in {403, 404}
    assert [] == seen(gateway.engine)


def test_the_log_holds_no_identity(gateway: Gateway) -> None:
    """Ids only, in the columns and in the record's bytes."""
    gateway.sign_in("hv").get("/n/n-hv")
    gateway.sign_in("nurse").get(f"/p/{scene.EPISODE}")
    with reading(gateway.engine) as conn:
        rows = str(conn.execute(sa.text("SELECT * FROM accesses")).all())
    assert "e-1f00c0ffee" in rows
    assert [] == [each for each in IDENTITIES if each in rows]


def test_the_guardian_reads_by_episode_and_by_person(gateway: Gateway) -> None:
    """And her reading is in the log as well."""
    gateway.sign_in("hv").get("/n/n-hv")
    gateway.sign_in("ops").get(f"/p/{scene.EPISODE}")
    browser = gateway.sign_in("guardian")
    by_episode = browser.get(f"/audit?episode={scene.EPISODE}").text
    assert "Hana Visitor" in by_episode
    assert "Otto Operator" in by_episode
    by_person = browser.get("/audit?person=hv-1").text
    assert "n-hv" in by_person
    assert "Otto Operator" not in by_person
    assert [] == [each for each in IDENTITIES if each in by_episode + by_person]
    own = [one for one in seen(gateway.engine) if one.what == "audit"]
    assert [(scene.EPISODE, scene.EPISODE), ("hv-1", None)] == [
        (one.subject_id, one.episode_id) for one in own
    ]
    assert {("CALDICOTT_GUARDIAN",)} == {one.roles for one in own}


@pytest.mark.parametrize("asked", ["episode=9990000018", "person=Quillfeather"])
def test_a_name_typed_into_the_search_is_not_kept(gateway: Gateway, asked: str) -> None:
    """What is no id of ours might be an identity."""
    page = gateway.sign_in("guardian").get(f"/audit?{asked}")
    assert "no such episode or person" in page.text
    assert asked.partition("=")[2] not in page.text
    assert ["unknown"] == [one.subject_id for one in seen(gateway.engine)]


@pytest.mark.parametrize("login", ["hv", "nurse", "ops"])
def test_only_the_guardian_reads_the_log(gateway: Gateway, login: str) -> None:
    """An operator least of all: her own accesses stand there."""
    browser = gateway.sign_in(login)
    assert 403 == browser.get("/audit").status_code
    assert "Who looked" not in browser.get("/").text


def test_the_command_lists_and_verifies(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exit code says whether somebody changed the log."""
    monkeypatch.setenv("HUB_DATABASE_URL", str(gateway.engine.url))
    gateway.sign_in("hv").get("/n/n-hv")
    listed = CliRunner().invoke(app, ["audit", "list", "--episode", scene.EPISODE])
    assert (0, True) == (listed.exit_code, "hv-1@RYX" in listed.stdout)
    as_json = CliRunner().invoke(app, ["audit", "list", "--person", "nobody", "--json"])
    assert "[]" == as_json.stdout.strip()
    well = CliRunner().invoke(app, ["audit", "verify"])
    assert (0, True) == (well.exit_code, "1 accesses, unchanged" in well.stdout)
    with writing(gateway.engine) as conn:
        conn.execute(sa.text("UPDATE accesses SET person_id = 'gp-1'"))
    ill = CliRunner().invoke(app, ["audit", "verify", "--json"])
    assert (1, True) == (ill.exit_code, '"broken_at": 1' in ill.stdout)


def test_the_guardian_sees_what_was_withheld_and_the_recipient_does_not(gateway: Gateway) -> None:
    """From a notice and from a duty that was stopped whole, each with the other way to know it."""
    kept = Withheld(
        group="dv_markers",
        shown="P",
        ground=WithheldGround.LABEL,
        label="third-party",
        route=Route.TOLD_THERE,
        route_role="SG_MIDWIFE",
        route_organisation="RXX",
    )
    raised, issued = scene.duty("late", "GP_PRACTICE", "Y00001")
    stopped = ObligationEnded(
        obligation_id="o-stopped",
        state=ObligationState.SUPPRESSED,
        role="PARENT",
        organisation="RXX",
        reason="restricted",
        withheld=(kept,),
        why=scene.why("booked-1"),
    )
    told = structs.replace(issued, withheld=(kept,))
    with writing(gateway.engine) as conn:
        apply_decision(conn, scene.record(3, raised, told, stopped))
    with reading(gateway.engine) as conn:
        lines = withheld_of(conn, scene.EPISODE)
    assert ["n-late", "o-stopped"] == [line.about for line in lines]
    page = gateway.sign_in("guardian").get(f"/audit?episode={scene.EPISODE}").text
    for shown in ("Dv markers: only a pointer", "Told there", "Safeguarding midwife", "n-late"):
        assert shown in page
    recipient = gateway.sign_in("gp")
    for path in ("/n/n-late", f"/p/{scene.EPISODE}", "/worklist"):
        assert "v markers" not in recipient.get(path).text
