import pytest

from hub.core.model import InputKind, Level, ObligationState, Signal
from hub.core.outcomes import LevelReached
from hub.store.engine import writing
from hub.store.projector import apply_decision
from tests.web import scene
from tests.web.conftest import Gateway, key


def test_a_receipt_reaches_the_inputs_of_its_episode(gateway: Gateway) -> None:
    """Organisation from the key, episode from the read model; a repeat repeats the id."""
    client = gateway.browse()
    told = {"notice_id": "n-gp", "signal": "accepted", "role": "GP_PRACTICE", "person": "gp-1"}
    first, second = (client.post("/receipts", json=told, headers=key("Y00001")) for _ in range(2))
    assert (202, first.json()) == (first.status_code, second.json())
    given = gateway.publisher.inputs[0]
    assert given.receipt is not None
    assert (InputKind.RECEIPT, scene.EPISODE) == (given.kind, given.episode_id)
    assert ("Y00001", Signal.ACCEPTED) == (given.receipt.organisation, given.receipt.signal)


def receipt(signal: str, **more: str) -> dict[str, str]:
    """A receipt about the practice's notice, with more members or others."""
    return {"notice_id": "n-gp", "signal": signal, **more}


@pytest.mark.parametrize(
    ("told", "status", "reason", "field"),
    [
        (receipt("opened", notice_id="n-none"), 404, "unknown_notice", "notice_id"),
        (receipt("opened", notice_id="n-hv"), 404, "unknown_notice", "notice_id"),
        (receipt("waive"), 422, "not_evidence", "signal"),
        (receipt("seen"), 422, "schema_violation", "signal"),
        (receipt("opened", at="2027-01-01T00:00:00Z"), 422, "from_the_future", "at"),
        (receipt("refused", detail="she said so"), 422, "schema_violation", "detail"),
    ],
)  # fmt: skip
def test_a_receipt_at_fault(
    gateway: Gateway, told: dict[str, str], status: int, reason: str, field: str
) -> None:
    """Another's notice is unknown; orders are not evidence; free text is refused."""
    answer = gateway.browse().post("/receipts", json=told, headers=key("Y00001"))
    said = answer.json()
    assert (status, reason, field) == (answer.status_code, said["reason"], said["field"])
    assert [] == gateway.publisher.inputs


def test_a_notice_is_given_to_its_organisation_only(gateway: Gateway) -> None:
    """The one it is for gets all of it, another gets 404."""
    client = gateway.browse()
    answer = client.get("/notices/n-gp", headers=key("Y00001"))
    assert (200, "Pregnancy booked") == (answer.status_code, answer.json()["title"])
    assert 404 == client.get("/notices/n-gp", headers=key("RYX")).status_code


def test_coverage_says_sent_is_not_told(gateway: Gateway) -> None:
    """For each recipient of an event: how far, in an honest word."""
    sent = LevelReached(
        obligation_id="o-gp",
        notice_id="n-gp",
        signal=Signal.SENT,
        level=Level.SENT,
        state=ObligationState.SENT,
        counts=True,
        organisation="Y00001",
        channel="webhook",
        reached_at=scene.NOW,
    )
    with writing(gateway.engine) as conn:
        apply_decision(conn, scene.record(3, sent))
    answer = gateway.browse().get("/events/booked-1/coverage", headers=key("RXX"))
    told = {line["organisation"]: line for line in answer.json()["recipients"]}
    assert {"RYX", "Y00001", "RXX"} == set(told)
    assert ("sent", False, "Sent, nothing heard") == tuple(
        told["Y00001"][name] for name in ("level", "told", "in_words")
    )


@pytest.mark.parametrize(("event_id", "ods"), [("booked-1", "RYX"), ("none", "RXX")])
def test_coverage_is_for_the_publisher(gateway: Gateway, event_id: str, ods: str) -> None:
    """Another's event is as unknown as one that is not there."""
    answer = gateway.browse().get(f"/events/{event_id}/coverage", headers=key(ods))
    assert (404, "unknown_event") == (answer.status_code, answer.json()["reason"])
