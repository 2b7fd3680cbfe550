"""A key that is bound to roles reads the notices of these, and no others of its organisation.

A practice's ordinary system must not learn what its safeguarding lead alone may know: the partner
may be a patient there, or work there.
"""

from hashlib import sha256

import pytest
from sqlalchemy import Engine

from hub.edges.directory import Directory, Endpoint
from hub.store import outbox, subscriptions
from hub.store.engine import writing
from tests.store.records import notice_record
from tests.web import scene
from tests.web.conftest import Gateway

PRACTICE, ADDRESS = "Y00001", "https://gp.example/lead"
WORDS = {"lead": ("GP_SG_LEAD",), "system": ("GP_PRACTICE",), "whole": ()}
OWN_ID = "Y00001.GP-SG-LEAD"
HOOK = Endpoint(
    organisation=PRACTICE,
    role="GP_SG_LEAD",
    channel="fhir",
    address=ADDRESS,
    secret="whsec_c2VjcmV0LWNhbmFyeQ==",
)


@pytest.fixture
def people() -> Directory:
    """The scene's people, three keys of one practice, and a subscription of its lead."""
    keys = {word: sha256(word.encode()).hexdigest() for word in WORDS}
    made = scene.directory(publisher_keys=tuple((PRACTICE, each) for each in keys.values()))
    made.roles_of_keys = {keys[word]: roles for word, roles in WORDS.items()}
    made.endpoints[PRACTICE, "GP_SG_LEAD"] = HOOK
    return made


def status(gateway: Gateway, path: str, word: str) -> int:
    """What a key of the practice gets."""
    headers = {"Authorization": f"Bearer {word}"}
    return int(gateway.browse().get(path, headers=headers).status_code)


@pytest.mark.parametrize(("word", "found"), [("system", 200), ("whole", 200), ("lead", 404)])
def test_a_notice_is_read_by_the_key_of_its_role(gateway: Gateway, word: str, found: int) -> None:
    """The notice is for the practice: the lead's own system has no business with it."""
    assert found == status(gateway, "/notices/n-gp", word)


@pytest.mark.parametrize(("word", "taken"), [("system", 202), ("whole", 202), ("lead", 404)])
def test_a_receipt_is_given_by_the_key_of_its_role(gateway: Gateway, word: str, taken: int) -> None:
    """Who may not read it cannot have accepted it."""
    receipt = {"notice_id": "n-gp", "signal": "accepted", "person": "p-1"}
    headers = {"Authorization": f"Bearer {word}"}
    answer = gateway.browse().post("/receipts", json=receipt, headers=headers)
    assert taken == answer.status_code
    assert (1 if taken == 202 else 0) == len(gateway.publisher.signals())


@pytest.mark.parametrize("path", ["", "/$status", "/$events?content=full-resource"])
@pytest.mark.parametrize(("word", "found"), [("lead", 200), ("whole", 200), ("system", 404)])
def test_a_subscription_is_asked_about_by_the_key_of_its_role(
    gateway: Gateway, engine: Engine, path: str, word: str, found: int
) -> None:
    """Its id can be guessed, and what it has carried is the lead's."""
    with writing(engine) as conn:
        record = notice_record("n-lead", organisation=PRACTICE, role="GP_SG_LEAD")
        outbox.queue_notice(conn, record, HOOK, scene.NOW)
        subscriptions.number_of(conn, OWN_ID, ADDRESS, "n-lead", scene.NOW)
    assert found == status(gateway, f"/fhir/Subscription/{OWN_ID}{path}", word)
