"""All of one kind in quarantine: what would go through, with counts, and then the deed."""

import json
from typing import Any

from msgspec.structs import replace

from hub.store import read_model
from hub.store.engine import reading, writing
from hub.web.bulk_redrive import AT_ONCE
from tests.house.identities import find_identities
from tests.web import scene
from tests.web.conftest import Gateway, token_in
from tests.web.test_api import event, without

KIND = {"reason": "schema_violation", "source": "RXX:MAT_PAS"}


def keep(gateway: Gateway, *originals: dict[str, Any], source: str = "RXX:MAT_PAS") -> None:
    """Originals in quarantine, each under an id of its own."""
    with writing(gateway.engine) as conn:
        for each in originals:
            kept = scene.quarantined(json.dumps(each).encode())
            scene.put_in_quarantine(
                conn, replace(kept, quarantine_id=f"q-{each['id']}", source=source)
            )


def open_ones(gateway: Gateway) -> set[str]:
    """What is still open."""
    with reading(gateway.engine) as conn:
        return {line.quarantine_id for line in read_model.quarantine_list(conn, limit=500)}


def test_the_preview_counts_and_sends_nothing(gateway: Gateway) -> None:
    """How many would go through, and why the others would not."""
    keep(gateway, event(id="a"), event(id="b"), without("edd") | {"id": "c"})
    page = gateway.sign_in("ops").get("/quarantine-bulk", params=KIND).text
    assert "2 of 3 would go through now" in page
    assert "Send 2 through again" in page
    assert "data.edd is not as its schema says" in page
    assert ([], {"q-a", "q-b", "q-c"}) == (gateway.publisher.events, open_ones(gateway))
    assert [] == find_identities(page, [scene.NHS_NUMBER, scene.FAMILY_NAME])


def test_the_deed_does_what_the_preview_said(gateway: Gateway) -> None:
    """What is still at fault stays; another source is not touched; a repeat does nothing."""
    keep(gateway, event(id="a"), event(id="b"), without("edd") | {"id": "c"})
    keep(gateway, event(id="d", source="RYX:X"), source="RYX:X")
    browser = gateway.sign_in("ops")
    fields = {**KIND, "csrf": token_in(browser.get("/quarantine-bulk", params=KIND))}
    done = browser.post("/quarantine-bulk", data=fields).text
    assert "2 of 3 were sent through" in done
    assert ["a", "b"] == [sent.id for sent, _ in gateway.publisher.events]
    assert {"q-c", "q-d"} == open_ones(gateway)
    assert "0 of 1 were sent through" in browser.post("/quarantine-bulk", data=fields).text
    assert 2 == len(gateway.publisher.events)


def test_more_than_go_at_once_are_said(gateway: Gateway) -> None:
    """And the next ones follow."""
    keep(gateway, *(event(id=f"e-{number:03}") for number in range(AT_ONCE + 1)))
    browser = gateway.sign_in("ops")
    page = browser.get("/quarantine-bulk", params=KIND)
    assert "There are more of this kind" in page.text
    browser.post("/quarantine-bulk", data={**KIND, "csrf": token_in(page)})
    assert (AT_ONCE, 1) == (len(gateway.publisher.events), len(open_ones(gateway)))


def test_the_list_leads_to_its_kinds(gateway: Gateway) -> None:
    """Those on the page, each once."""
    keep(gateway, event(id="a"), event(id="b"))
    page = gateway.sign_in("ops").get("/quarantine").text
    assert 1 == page.count("/quarantine-bulk?reason=schema_violation&amp;source=RXX%3AMAT_PAS")


def test_it_is_guarded(gateway: Gateway) -> None:
    """A role, a token, a reason of the list."""
    keep(gateway, event(id="a"))
    assert 403 == gateway.sign_in("hv").get("/quarantine-bulk", params=KIND).status_code
    browser = gateway.sign_in("ops")
    assert 403 == browser.post("/quarantine-bulk", data=KIND).status_code
    assert 422 == browser.get("/quarantine-bulk", params={"reason": "x"}).status_code
    assert {"q-a"} == open_ones(gateway)
