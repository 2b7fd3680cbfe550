"""`POST /events/csv` and the upload page: a file in, an answer for each row."""

from typing import Any

import pytest

from hub.edges.csv_rows import read_sheet
from hub.edges.records import QuarantineRecord
from hub.store import read_model
from hub.store.engine import reading, writing
from hub.web.previews import preview
from tests.house.identities import find_identities
from tests.web import scene
from tests.web.conftest import Gateway, key, token_in

NAMES = (
    "id,time,subject.reference,subject.nhs_number,data.contact_id,data.kind,data.outcome,"
    "data.series_count,data.follow_up"
)
GOOD = "{},2026-03-24T10:30:00Z,MAT48213,9990000018,AN-1,antenatal,DNA,1,planned"
BAD = "{},2026-03-24T10:30:00Z,MAT48213,9.99E+09,AN-1,antenatal,DNA,1,planned"
TYPE = {"type": "contact.missed"}


def file(*rows: str) -> bytes:
    """A file of missed contacts."""
    lines = [row.format(f"c-{number}") for number, row in enumerate(rows, 1)]
    return "\n".join([NAMES, *lines, ""]).encode()


def post(gateway: Gateway, body: bytes, ods: str = "RXX", **params: str) -> Any:
    """The answer to a file."""
    headers = {**key(ods), "Content-Type": "text/csv; charset=utf-8"}
    return gateway.browse().post(
        "/events/csv", params=params or TYPE, content=body, headers=headers
    )


def test_each_row_has_its_answer_and_the_counts_add_up(gateway: Gateway) -> None:
    """What is right is published; what is wrong is kept with its header and does not stop it."""
    answer = post(gateway, file(GOOD, BAD, GOOD))
    said = answer.json()
    assert (200, 3, 2, 1) == (
        answer.status_code,
        *(said[n] for n in ("rows", "accepted", "refused")),
    )
    assert [(2, "accepted"), (3, "refused"), (4, "accepted")] == [
        (one["row"], one["outcome"]) for one in said["answers"]
    ]
    assert ["c-1", "c-3"] == [sent.id for sent, _ in gateway.publisher.events]
    assert "/events/c-1/coverage" == said["answers"][0]["coverage"]
    refused = said["answers"][1]
    assert ("subject.nhs_number", "q-1") == (refused["field"], refused["quarantine_id"])
    assert "format the column as text" in refused["remedy"]
    ((_, original),) = gateway.publisher.kept
    assert file(GOOD, BAD).splitlines()[2] == original.body.splitlines()[1]
    assert ("contact.missed", "text/csv") == (original.event_type, original.content_type)
    assert [] == find_identities(answer.text, [scene.NHS_NUMBER])


def test_the_same_file_again_is_taken_and_changes_nothing(gateway: Gateway) -> None:
    """The same receipts, and no second write."""
    first, again = (post(gateway, file(GOOD, GOOD)).json() for _ in range(2))
    assert first == again
    assert 2 == len(gateway.publisher.events)


def test_an_id_used_twice_for_different_things_is_a_refused_row(gateway: Gateway) -> None:
    """The second one is kept; the first one stands."""
    twice = file(GOOD, GOOD.replace("DNA", "WNB")).replace(b"c-2", b"c-1")
    said = post(gateway, twice).json()
    assert ("duplicate_conflict", "id") == tuple(
        said["answers"][1][name] for name in ("reason", "field")
    )


def test_a_row_of_another_organisation_is_refused(gateway: Gateway) -> None:
    """The key says whose it is."""
    body = file(GOOD).replace(b"id,", b"source,id,", 1).replace(b"c-1", b"RYX:X,c-1")
    (row,) = post(gateway, body).json()["answers"]
    assert ("not_your_organisation", "source") == (row["reason"], row["field"])


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"no header", 422, "unparseable"),
        (NAMES.encode() + b"\n", 422, "unparseable"),
        ((NAMES + "\n" + "x,2026\n" * 600).encode(), 413, "oversize"),
    ],
    ids=["no header", "no row", "too many rows"],
)
def test_a_file_that_cannot_be_divided_is_kept_whole(
    gateway: Gateway, body: bytes, status: int, reason: str
) -> None:
    """With its reason; nothing of it is taken."""
    answer = post(gateway, body)
    assert (status, reason, "q-1") == (
        answer.status_code,
        answer.json()["reason"],
        answer.json()["quarantine_id"],
    )
    assert body == gateway.publisher.kept[0][1].body
    assert [] == gateway.publisher.events


def test_while_kafka_is_away_nothing_is_promised(gateway: Gateway) -> None:
    """503 for the whole file; the same file later finds its rows."""
    gateway.publisher.away = True
    assert 503 == post(gateway, file(GOOD)).status_code
    gateway.publisher.away = False
    assert 1 == post(gateway, file(GOOD)).json()["accepted"]


def test_a_file_needs_a_key_and_its_own_type(gateway: Gateway) -> None:
    """As the other doors."""
    browser = gateway.browse()
    typed = {"Content-Type": "text/csv"}
    assert 401 == browser.post("/events/csv", content=b"", headers=typed).status_code
    json = {**key("RXX"), "Content-Type": "application/json"}
    assert 415 == browser.post("/events/csv", content=b"{}", headers=json).status_code


def test_the_template_is_a_header(gateway: Gateway) -> None:
    """It can be filled in and sent back; an unknown event type has none."""
    answer = gateway.browse().get("/events/csv/template", params=TYPE)
    assert (200, "text/csv; charset=utf-8") == (answer.status_code, answer.headers["content-type"])
    columns = read_sheet(answer.content + b"\n").columns
    assert {"type", "time", "subject.nhs_number", "data.outcome"} <= set(columns)
    unknown = gateway.browse().get("/events/csv/template", params={"type": "x"})
    assert (404, "unknown_event_type") == (unknown.status_code, unknown.json()["reason"])


def test_a_mended_rule_lets_a_kept_row_through(gateway: Gateway) -> None:
    """A row in quarantine is sent through again like any other original; its preview hides it."""
    kept = scene.quarantined(file(GOOD))
    kept = QuarantineRecord(
        **{
            **{name: getattr(kept, name) for name in kept.__struct_fields__},
            "content_type": "text/csv",
            "event_type": "contact.missed",
            "source": "RXX:CSV",
        }
    )
    with writing(gateway.engine) as conn:
        scene.put_in_quarantine(conn, kept)
    with reading(gateway.engine) as conn:
        item = read_model.quarantine_item(conn, "q-abc")
    assert item is not None
    shape = "\n".join(preview(item))
    assert "subject.nhs_number: ##########" in shape
    assert [] == find_identities(shape, [scene.NHS_NUMBER])
    browser = gateway.sign_in("ops")
    token = token_in(browser.get("/quarantine/q-abc"))
    assert 303 == browser.post("/quarantine/q-abc/redrive", data={"csrf": token}).status_code
    assert ["c-1"] == [sent.id for sent, _ in gateway.publisher.events]


def upload(gateway: Gateway, body: bytes, login: str = "hv", token: str | None = None) -> Any:
    """The page that comes back when somebody sends a file."""
    browser = gateway.sign_in(login)
    page = browser.get("/upload", params=TYPE)
    fields = {**TYPE, "csrf": token_in(page) if token is None else token}
    return browser.post("/upload", data=fields, files={"file": ("missed.csv", body, "text/csv")})


def test_the_page_takes_a_file_for_whoever_is_signed_in(gateway: Gateway) -> None:
    """Her organisation publishes it, in her name; refused rows stand in an error summary."""
    page = upload(gateway, file(GOOD, BAD))
    assert 422 == page.status_code
    assert "1 of 2 rows taken" in page.text
    assert '<a href="#row-3">Row 3, subject.nhs_number' in page.text
    ((sent, _),) = gateway.publisher.events
    assert ("RYX:CSV", "hv-1") == (sent.source, sent.actor.id if sent.actor else None)
    assert [] == find_identities(page.text, [scene.NHS_NUMBER])


def test_the_page_refuses_what_is_no_file_of_ours(gateway: Gateway) -> None:
    """With the reason, and where it is kept; nothing chosen is said plainly."""
    page = upload(gateway, b"PK\x03\x04 a spreadsheet in its own format")
    assert 422 == page.status_code
    assert "kept in quarantine as q-1" in page.text
    assert "Choose a file" in upload(gateway, b"").text


def test_the_page_is_guarded(gateway: Gateway) -> None:
    """A token of the session, a role that works with families, and nobody signed out."""
    assert 403 == upload(gateway, file(GOOD), token="0" * 64).status_code
    for login in ("ops", "guardian"):
        assert 403 == gateway.sign_in(login).get("/upload").status_code
    assert 303 == gateway.browse().get("/upload").status_code
    assert [] == gateway.publisher.events
