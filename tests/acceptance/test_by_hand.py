"""A file and a form through the running hub to who must know; and a sandbox, to nobody."""

import re
from datetime import timedelta

import httpx
import pytest

from hub.demo.stage import demo_key
from tests.acceptance.people import booking, iso, now, subject
from tests.acceptance.upped import Up, soon
from tests.house.tree import ROOT
from tests.patience import PATIENCE_SECONDS
from tests.web.conftest import token_in

pytestmark = pytest.mark.stack

NOTIFIED = (
    "id,time,subject.reference,subject.nhs_number,subject.family_name,data.learnt_on,"
    "data.how_known,data.booked_status"
)


def test_a_row_of_a_file_reaches_who_must_know(up: Up) -> None:
    """Two rows, one right: it is decided, and its recipients are in the publisher's answer."""
    who, at = subject(61), now() - timedelta(minutes=2)
    cells = (iso(at), who["reference"], who["nhs_number"], who["family_name"], f"{at:%d/%m/%Y}")
    right = ",".join(["acc-csv-1", *cells, "test", "not_booked"])
    wrong = ",".join(["acc-csv-2", *cells, "guessed", "not_booked"])
    answer = httpx.post(
        f"{up.page}/events/csv",
        params={"type": "pregnancy.notified"},
        content=f"{NOTIFIED}\r\n{right}\r\n{wrong}\r\n".encode(),
        headers={"authorization": f"Bearer {demo_key('RXX')}", "content-type": "text/csv"},
        timeout=PATIENCE_SECONDS,
    )
    said = answer.json()
    assert (200, 1, 1) == (answer.status_code, said["accepted"], said["refused"])
    assert "data.how_known" == said["answers"][1]["field"]
    told = soon(lambda: up.coverage("acc-csv-1"))
    assert "COMM_MIDWIFE" in told


def test_a_form_reaches_who_must_know(up: Up) -> None:
    """A midwife reports a concern without a system, and sees who has been told."""
    who, at = subject(62), now() - timedelta(minutes=5)
    answers = {
        "subject.nhs_number": who["nhs_number"],
        "subject.family_name": who["family_name"],
        "time-day": str(at.day),
        "time-month": str(at.month),
        "time-year": str(at.year),
        "time-clock": f"{at:%H:%M}",
        "data.code": "neglect",
        "data.severity": "high",
        "data.about": "mother",
        "data.basis_text": "She has to leave her room on Friday.",
        "data.action": "refer",
    }
    with up.browser("midwife") as browser:
        chosen = {"csrf": token_in(browser.get("/report")), "event": "concern.raised"}
        draft = browser.post("/report", data=chosen).headers["location"]
        fields = {"csrf": token_in(browser.get(draft)), "go": "check", **answers}
        checked = browser.post(draft, data=fields)
        assert f"{draft}/check" == checked.headers.get("location"), checked.text
        token = token_in(browser.get(f"{draft}/check"))
        sent = browser.post(f"{draft}/send", data={"csrf": token}).headers["location"]
        page = soon(
            lambda: shown if "have been told" in (shown := browser.get(sent).text) else None
        )
    assert re.search(r"\d+ of [1-9]\d* have been told", page)
    assert "Safeguarding midwife" in page


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("booking.json", "would be told: "),
        ("missed-contacts.csv", "row 2: right; nothing was done with it"),
        ("fhir-appointment-missed.json", "Would be told: "),
        ("cloudevent-pregnancy-booked.json", "it is right, and nothing was done with it"),
    ],
)
def test_hub_send_has_a_sandbox(up: Up, name: str, words: str) -> None:
    """Every language over HTTPS, and HL7 over MLLP."""
    folder = ROOT / "docs" / "publish" / "examples"
    done = up.command("send", "--sandbox", str(folder / name))
    assert (0, True) == (done.returncode, words in done.stdout), done.stdout + done.stderr
    assert {} == up.coverage("rxx-booking-0001")
    mllp = up.command("send", "--sandbox", str(folder / "booking.hl7"))
    said = "nothing was done: it would become pregnancy.booked"
    assert (0, True) == (mllp.returncode, said in mllp.stdout)


def test_a_sandbox_says_what_would_be_and_does_nothing(up: Up) -> None:
    """The practice of the demonstration would be told; the hub knows of no such event."""
    event = booking(63, "sandbox")
    headers = {"authorization": f"Bearer {demo_key('RXX')}", "hub-sandbox": "true"}
    answer = httpx.post(f"{up.page}/events", json=event, headers=headers, timeout=PATIENCE_SECONDS)
    assert 200 == answer.status_code
    told = {line["role"]: line["organisation"] for line in answer.json()["would"]["told"]}
    assert "Y99001" == told["GP_PRACTICE"]
    wrong = {**event, "data": {}}
    refused = httpx.post(f"{up.page}/events", json=wrong, headers=headers, timeout=PATIENCE_SECONDS)
    assert (422, None) == (refused.status_code, refused.json()["quarantine_id"])
    after = booking(64)
    assert 202 == up.post(after).status_code
    assert soon(lambda: up.coverage(after["id"]))
    assert {} == up.coverage(event["id"])
