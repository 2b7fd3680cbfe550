"""The delivery log and sending again, as operators see them."""

import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy import Engine
from starlette.testclient import TestClient
from typer.testing import CliRunner

from hub.cli import app
from hub.core.model import Signal
from hub.edges.avro import NoticeRecord
from hub.edges.directory import Directory, Endpoint, directory_from
from hub.store import outbox, outbox_attempts, replays
from hub.store import tables as t
from hub.store.engine import reading, writing
from hub.store.projector import apply_decision
from tests.house.identities import find_identities
from tests.store.records import reached
from tests.web import scene
from tests.web.conftest import Gateway, token_in

SENT_AT = datetime(2026, 3, 24, 16, 0, tzinfo=UTC)
NOTICES = {"n-hv": "RYX", "n-gp": "Y00001", "n-sg": "Y00001"}


@pytest.fixture
def people() -> Directory:
    """The scene's people; practice and health visitors have webhooks."""
    plain = scene.directory()
    rows = [
        {"organisation": ods, "channel": "webhook", "address": "https://x.example"}
        for ods in ("RYX", "Y00001")
    ]
    with_hooks = directory_from({"endpoint": rows})
    plain.endpoints.update(with_hooks.endpoints)
    return plain


@pytest.fixture(autouse=True)
def sent(engine: Engine, people: Directory) -> None:
    """Three notices of the scene were delivered to webhooks."""
    with writing(engine) as conn:
        for row in conn.execute(sa.select(t.notices)).mappings().all():
            if row["notice_id"] not in NOTICES:
                continue
            names = {name for name in NoticeRecord.__struct_fields__ if name in row}
            record = msgspec.convert({name: row[name] for name in names}, NoticeRecord)
            endpoint = people.endpoint(record.organisation, record.role)
            outbox.queue_notice(conn, record, endpoint, SENT_AT)
            _delivered(conn, endpoint)


def _delivered(conn: sa.Connection, endpoint: Endpoint) -> None:
    for due in outbox.due_notices(conn, endpoint.destination_id, SENT_AT, 10):
        tried = outbox.Attempt(
            due=due,
            at=SENT_AT,
            clock_at=SENT_AT,
            latency_ms=42,
            signal=Signal.DELIVERED,
            http_status=204,
        )
        outbox_attempts.record_attempt(conn, tried, 0.5)


def pending(gateway: Gateway) -> set[str]:
    """What is on its way."""
    x = t.outbox.c
    with reading(gateway.engine) as conn:
        return set(conn.scalars(sa.select(x.notice_id).where(x.state == "pending")))


def look(browser: TestClient, **fields: str) -> str:
    """Make a preview; returns its address."""
    token = token_in(browser.get("/deliveries"))
    answer = browser.post("/deliveries/replays", data={"csrf": token, "why": "lost"} | fields)
    assert 303 == answer.status_code, answer.text
    return answer.headers["location"]


def agree(browser: TestClient, address: str) -> int:
    """Press the button of a preview; 200 where the page offers none."""
    page = browser.get(address)
    if 'name="token"' not in page.text:
        return page.status_code
    token = page.text.partition('name="token" value="')[2].partition('"')[0]
    fields = {"csrf": token_in(page), "token": token}
    return browser.post(address, data=fields).status_code


def test_the_log_shows_every_attempt_and_nobody(gateway: Gateway) -> None:
    """Ids and codes; a filter narrows it."""
    browser = gateway.sign_in("ops")
    page = browser.get("/deliveries").text
    assert all(notice_id in page for notice_id in NOTICES)
    assert [] == find_identities(page, [scene.NHS_NUMBER, scene.FAMILY_NAME, scene.CLINICAL])
    narrowed = browser.get("/deliveries", params={"organisation": "RYX"}).text
    assert ("n-hv" in narrowed, "n-gp" in narrowed) == (True, False)
    assert "No attempt fits" in browser.get("/deliveries", params={"result": "failed"}).text


def test_one_notice_is_sent_again(gateway: Gateway) -> None:
    """By its line of the log: preview first, and the same notice id goes out."""
    browser = gateway.sign_in("ops")
    address = look(browser, notice_id="n-hv", why="asked_for")
    page = browser.get(address).text
    assert "Send again: 1 notice to 1 recipient" in page
    assert "Nothing has been sent" in page
    assert set() == pending(gateway)
    assert 303 == agree(browser, address)
    assert {"n-hv"} == pending(gateway)
    assert "1 of 1 were put on their way again" in browser.get(address).text


def test_the_preview_counts_and_the_deed_leaves_out_what_was_accepted_since(
    gateway: Gateway,
) -> None:
    """Shown with its reason."""
    browser = gateway.sign_in("ops")
    address = look(browser, channel="webhook")
    page = browser.get(address).text
    assert "Send again: 3 notices to 2 recipients" in page
    with writing(gateway.engine) as conn:
        said = reached(Signal.ACCEPTED, "n-gp", obligation_id="o-gp", organisation="Y00001")
        apply_decision(conn, scene.record(3, said))
    assert 303 == agree(browser, address)
    assert {"n-hv", "n-sg"} == pending(gateway)
    done = browser.get(address).text
    assert "2 of 3 were put on their way again" in done
    assert "<td>Accepted</td><td>1</td>" in done


def test_a_second_person_agrees(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asked sees no button, and pressing it all the same does nothing."""
    monkeypatch.setattr(replays, "ALONE", 2)
    ada, bea = gateway.sign_in("ops"), gateway.sign_in("ops2")
    address = look(ada, channel="webhook")
    assert "Ask a second person to agree" in ada.get(address).text
    first = ada.get(address).text.partition('name="token" value="')[2].partition('"')[0]
    assert 303 == agree(ada, address)
    assert "Ask a colleague" in ada.get(address).text
    fields = {"csrf": token_in(ada.get(address)), "token": first}
    assert 409 == ada.post(address, data=fields).status_code
    assert set() == pending(gateway)
    assert 303 == agree(bea, address)
    assert set(NOTICES) == pending(gateway)


def test_it_is_guarded_and_written_down(gateway: Gateway) -> None:
    """A role, a token, a reason, a filter; who looked and who acted is in the chained log."""
    assert 403 == gateway.sign_in("hv").get("/deliveries").status_code
    browser = gateway.sign_in("ops")
    assert 403 == browser.post("/deliveries/replays", data={"why": "lost"}).status_code
    csrf = token_in(browser.get("/deliveries"))
    for fields in (
        {"why": "x", "channel": "webhook"},
        {"why": "lost"},
        {"why": "lost", "since": "x"},
    ):
        answer = browser.post("/deliveries/replays", data={"csrf": csrf} | fields)
        assert 422 == answer.status_code, fields
    assert 404 == browser.get("/deliveries/replays/rp-none").status_code
    address = look(browser, notice_id="n-hv")
    agree(browser, address)
    a = t.accesses.c
    with reading(gateway.engine) as conn:
        who = conn.execute(sa.select(a.person_id, a.subject_id).where(a.what == "replay")).all()
    assert {("op-1", address.rpartition("/")[2])} == {tuple(row) for row in who}
    assert len(who) >= 2


def test_the_command_does_the_same(
    gateway: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A preview that sends nothing, then the deed with its token; nobody else's name is taken."""
    file = tmp_path / "directory.toml"
    staff = "".join(
        f'[[staff]]\nlogin = "{login}"\nperson_id = "{person}"\nname = "{name}"\n'
        f'organisation = "{ods}"\nroles = {json.dumps(roles)}\n'
        for login, person, name, ods, roles in scene.PEOPLE
    )
    hooks = "".join(
        f'[[endpoint]]\norganisation = "{ods}"\nchannel = "webhook"\n' for ods in ("RYX", "Y00001")
    )
    file.write_text(staff + hooks)
    monkeypatch.setenv("HUB_DIRECTORY", str(file))
    monkeypatch.setenv("HUB_DATABASE_URL", str(gateway.engine.url))

    def run(*words: str) -> tuple[int, str]:
        answer = CliRunner().invoke(app, ["replay", *words])
        return answer.exit_code, answer.output

    assert 3 == run("--by", "hv-1", "--channel", "webhook")[0]
    assert 3 == run("--by", "op-1")[0]
    code, printed = run("--by", "op-1", "--organisation", "Y00001", "--json")
    seen = json.loads(printed)
    assert (0, 2, set()) == (code, seen["notices"], pending(gateway))
    assert 3 == run("--by", "op-1", "--act", seen["replay_id"], "--token", "x")[0]
    code, printed = run("--by", "op-1", "--act", seen["replay_id"], "--token", seen["token"])
    assert (0, {"n-gp", "n-sg"}) == (code, pending(gateway))
    assert "sent_again 2" in printed
