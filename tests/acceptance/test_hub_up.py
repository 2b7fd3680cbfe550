"""`hub up` as strangers meet it: a hospital, a practice, an operator, over the real doors."""

import re
import signal
import tomllib
from pathlib import Path

import httpx
import pytest
import tomli_w

from hub.edges.hl7v2 import events_from
from hub.edges.hl7v2_profile import load_profile
from hub.ops.settings import PACKAGE
from hub.store import tables as t
from tests.acceptance.people import UNUSABLE_ADMISSION, booking, hl7_booking, iso, now, subject
from tests.acceptance.upped import Up, alive, soon, token_in
from tests.house.identities import find_identities
from tests.house.tree import ROOT
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.stack

SAMPLE = ROOT.parent / "shared" / "samples" / "hl7v2-adt-a01-maternity-gb.hl7"
"""A real third party's message, where somebody has put it beside the repository."""


def test_the_default_directory_has_a_topic_for_its_kafka_reader(up: Up) -> None:
    """`hub up` makes what the directory promises, and `hub topics` lists it."""
    assert "notices.RYX" in up.command("topics").stdout
    made = up.command("topics", "--create", HUB_KAFKA=up.addresses["Kafka"])
    assert made.stdout.startswith("0 topics created, 27 were there")


def unusable() -> list[bytes]:
    """Our own text, and the sample where there is one."""
    return [UNUSABLE_ADMISSION, *([SAMPLE.read_bytes()] if SAMPLE.exists() else [])]


@pytest.mark.parametrize("message", unusable(), ids=["own", "sample"][: len(unusable())])
def test_what_a_hospital_gets_wrong_is_answered_and_kept_whole(up: Up, message: bytes) -> None:
    """AE says the reason and the place in quarantine; an operator finds it there, masked."""
    answer = up.mllp(message)
    assert "MSA|AE|" in answer
    found = re.search(r"kept in quarantine as (q-[0-9a-f]+)", answer)
    assert found is not None
    kept = up.kept(found[1])
    assert (message, "HUB_OPERATOR", "open") == (kept["original"], kept["owner"], kept["state"])
    assert f"|{kept['reason']}|" in answer
    assert kept["explanation"]
    assert kept["remedy"]
    with up.browser("operator") as browser:
        assert found[1] in browser.get("/quarantine").text
        page = browser.get(f"/quarantine/{found[1]}")
    assert 200 == page.status_code
    assert [] == find_identities(page.text, ["Testwood", "1995-05-17", "ZZ99 3CZ", "NO ROAD"])
    owed = soon(lambda: up.row(t.expectations, episode_id=f"q-{found[1]}"))
    assert ("P50.quarantined", "HUB_OPERATOR", "open") == (
        owed["rule"],
        owed["role"],
        owed["state"],
    )


def test_a_booking_reaches_the_practice_and_is_accepted_there(up: Up) -> None:
    """AA, then the worklist within ten seconds; take, accept, and the publisher reads L4."""
    message = hl7_booking(1, "ACC-A05-1")
    (event,) = events_from(message, load_profile(), now()).events
    assert "MSA|AA|ACC-A05-1" in up.mllp(message)
    with up.browser("alder") as practice:
        name = str(subject(1)["family_name"]).upper()
        listed = soon(
            lambda: re.search(
                rf'href="(/n/n-[0-9a-f]+)">(?:(?!</tr>).)*{name}',
                practice.get("/worklist").text,
                re.DOTALL,
            ),
            seconds=10,
        )[1]
        notice = practice.get(listed)
        form = {"csrf": token_in(notice)}
        assert 403 == practice.post(f"{listed}/accept", data={"outcome": "will_act"}).status_code
        taken = practice.post(f"{listed}/take", data=form)
        assert (303, f"{listed}?done=taken") == (taken.status_code, taken.headers["location"])
        accepted = practice.post(f"{listed}/accept", data={**form, "outcome": "will_act"})
        assert (303, f"{listed}?done=accepted") == (
            accepted.status_code,
            accepted.headers["location"],
        )
    told = soon(
        lambda: (
            line
            if (line := up.coverage(event.id).get("GP_PRACTICE", {})).get("level") == "accepted"
            else None
        )
    )
    assert ("Y99001", True, False) == (told["organisation"], told["told"], told["late"])
    assert {"GP_PRACTICE", "HV_TEAM"} <= up.coverage(event.id).keys()


def test_the_same_event_again_is_the_same_event(up: Up) -> None:
    """One receipt, one event, one notice a role; other content under the id is refused."""
    event = booking(2)
    first, second = up.post(event), up.post(event)
    assert (202, 202) == (first.status_code, second.status_code)
    assert first.json() == second.json()
    assert soon(lambda: up.coverage(event["id"]))
    changed = up.post({**event, "time": iso(now())})
    assert (409, "duplicate_conflict") == (changed.status_code, changed.json()["reason"])
    dated = {
        "edd": event["data"]["edd"],
        "basis": "scan",
        "previous_edd": event["data"]["edd"],
        "reason": "checked",
    }
    after = {**event, "id": "acc-2-dated", "type": "pregnancy.dated", "data": dated}
    assert 202 == up.post(after).status_code
    assert soon(lambda: up.row(t.events, event_id=after["id"]))
    # What came after it is decided, so a second copy would have been decided by now.
    assert up.row(t.events, event_id=event["id"])
    assert up.row(t.obligations, rule="P02.gp", episode_id=_episode(up, event["id"]))


def _episode(up: Up, event_id: str) -> str:
    found = up.row(t.events, event_id=event_id)
    assert found is not None
    return str(found["episode_id"])


def test_what_was_unknown_yesterday_goes_through_today(up: Up, tmp_path: Path) -> None:
    """An operator adds the trust, restarts, sends the kept original through; nothing is lost."""
    message = hl7_booking(3, "ACC-A05-3", facility="RZZ")
    (event,) = events_from(message, load_profile(), now()).events
    answer = up.mllp(message)
    assert "|unknown_organisation|" in answer
    found = re.search(r"kept in quarantine as (q-[0-9a-f]+)", answer)
    assert found is not None
    soon(lambda: up.row(t.expectations, episode_id=f"q-{found[1]}"))
    before = {table.name: up.count(table) for table in (t.events, t.notices, t.quarantine)}

    children = up.children()
    assert len(children) == 6, "Kafka and five roles"
    assert 0 == up.stop()
    assert set() == alive(children)
    up.directory = _with_trust(tmp_path / "directory.toml")
    up.start()

    assert before == {table.name: up.count(table) for table in (t.events, t.notices, t.quarantine)}
    with up.browser("operator") as browser:
        page = f"/quarantine/{found[1]}"
        form = {"csrf": token_in(browser.get(page))}
        assert 303 == browser.post(f"{page}/redrive", data=form).status_code
        assert "Redriven" in browser.get(page).text
    assert "RXX" != event.organisation
    assert soon(lambda: up.row(t.events, event_id=event.id))
    assert ("redriven", "operator") == (
        up.kept(found[1])["state"],
        up.kept(found[1])["resolved_by"],
    )
    assert soon(lambda: up.row(t.expectations, episode_id=f"q-{found[1]}", state="met"))


def _with_trust(path: Path) -> Path:
    """The default directory and one trust more."""
    tables = tomllib.loads((PACKAGE / "demo" / "directory.toml").read_text(encoding="utf-8"))
    tables["organisation"].append({"ods": "RZZ", "name": "Farther Maternity", "kind": "maternity"})
    path.write_text(tomli_w.dumps(tables), encoding="utf-8")
    return path


def test_a_second_hub_is_told_what_is_in_its_way(up: Up, tmp_path: Path) -> None:
    """A taken port and a taken data folder are named, with the setting that helps."""
    port = up.command("up", HUB_DATA_DIR=str(tmp_path))
    assert (3, True) == (port.returncode, "set HUB_GATEWAY_PORT to another" in port.stderr)
    folder = up.command("up", HUB_GATEWAY_PORT="0", HUB_MLLP_PORT="0")
    assert 3 == folder.returncode
    assert "is in use by process" in folder.stderr
    assert 200 == httpx.get(f"{up.page}/health/ready", timeout=PATIENCE_SECONDS).status_code


def test_the_doctor_finds_a_hub_that_runs_well(up: Up) -> None:
    """Every check is well beside a running hub, its ports and its lock included."""
    seen = up.command("doctor")
    assert 0 == seen.returncode, seen.stdout
    assert "✓ ports     a hub runs here and has them" in seen.stdout
    assert "✓ kafka" in seen.stdout


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("booking.hl7", 0, "AA: the hub has message BK0001"),
        ("booking.json", 0, "202: the hub has event rxx-booking-0001"),
        ("admission-without-visit.hl7", 1, "AE: not taken."),
        ("itk3-discharge.xml", 0, "(discharge.summary) is on perinatal.discharge"),
        ("fhir-discharge-none.json", 0, "(discharge.summary) is on perinatal.discharge"),
        ("mns-change-of-gp.json", 0, "(demographics.changed) on perinatal.pregnancy"),
        ("fhir-appointment-cancelled-by-nobody.json", 1, "place: Appointment.cancelationReason"),
        ("missed-contacts.csv", 0, "200: 1 of 1 rows taken"),
    ],
)
def test_the_examples_of_the_documents_can_be_sent(
    up: Up, name: str, code: int, words: str
) -> None:
    """`hub send` speaks the file's own protocol, and says in words what was answered."""
    file = ROOT / "docs" / "publish" / "examples" / name
    done = up.command("send", str(file))
    assert code == done.returncode, done.stderr
    assert words in (done.stderr if code else done.stdout)
    assert ("kept in quarantine as q-" in done.stderr) == bool(code)


def test_a_refused_event_and_a_wrong_key_are_said_in_words(up: Up, tmp_path: Path) -> None:
    """Reason, field and remedy; never a trace."""
    file = tmp_path / "wrong.json"
    good = (ROOT / "docs" / "publish" / "examples" / "booking.json").read_text(encoding="utf-8")
    file.write_text(good.replace('"edd": "2026-10-20"', '"edd": "soon"'), encoding="utf-8")
    refused = up.command("send", str(file))
    assert (1, True) == (refused.returncode, "field: data.edd" in refused.stderr)
    assert "quarantine: q-" in refused.stderr
    stranger = up.command("send", str(file), HUB_API_KEY="nobody's")
    assert (1, True) == (stranger.returncode, "401: not taken" in stranger.stderr)
    nowhere = up.command("send", str(file), HUB_GATEWAY_PORT="1")
    assert (1, True) == (nowhere.returncode, "nothing is promised" in nowhere.stderr)
    assert "Traceback" not in refused.stderr + stranger.stderr + nowhere.stderr


def test_a_hub_that_was_killed_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    """SIGKILL takes Kafka and every role along; the stale lock is harmless, the data is there."""
    hub = Up(tmp_path / "data")
    try:
        hub.start()
        event = booking(4)
        assert 202 == hub.post(event).status_code
        soon(lambda: hub.coverage(event["id"]))
        children = hub.children()
        assert -signal.SIGKILL == hub.stop(signal.SIGKILL)
        soon(lambda: not alive(children))
        seen = hub.command("doctor")
        assert (0, True) == (seen.returncode, "ended without tidying up; harmless" in seen.stdout)
        hub.start()
        assert {"GP_PRACTICE", "HV_TEAM"} <= hub.coverage(event["id"]).keys()
        assert 0 == hub.stop(signal.SIGTERM)
    finally:
        hub.end()
