"""Cover by an organisation's own system: arranged, listed and ended, one by one."""

from hashlib import sha256

import pytest
import sqlalchemy as sa
from httpx2 import Response

from hub.edges.directory import Directory, StaffMember
from hub.store import tables as t
from hub.store.engine import reading
from tests.web import scene
from tests.web.conftest import Gateway, key
from tests.web.test_audit import seen
from tests.web.test_cover import COLLEAGUES, DAY

ROLES_KEY = "a-key-of-one-role"


@pytest.fixture
def people() -> Directory:
    """The scene's people, more health visitors, and a key that is bound to one role."""
    made = scene.directory(publisher_keys=(("RYX", sha256(ROLES_KEY.encode()).hexdigest()),))
    for login, person_id, name, roles in COLLEAGUES:
        made.staff_members[login] = StaffMember(
            login=login, person_id=person_id, name=name, organisation="RYX", roles=roles
        )
    made.roles_of_keys[sha256(ROLES_KEY.encode()).hexdigest()] = ("NAMED_NURSE_SG",)
    return made


def wanted(**more: object) -> dict[str, object]:
    """Hana is away for a week from now."""
    week = {"since": scene.NOW.isoformat(), "until": (scene.NOW + 7 * DAY).isoformat()}
    return {"person": "hv-1", "cover": "hv-2", **week, **more}


def post(gateway: Gateway, **more: object) -> Response:
    """Arrange one absence."""
    return gateway.browse().post("/absences", json=wanted(**more), headers=key("RYX"))


def recorded(gateway: Gateway) -> list[tuple[str, str | None, str]]:
    """What stands in the table: who, cover, and by whom, in the order of recording."""
    a = t.absences.c
    with reading(gateway.engine) as conn:
        rows = conn.execute(
            sa.select(a.person_id, a.cover_id, a.recorded_by).order_by(a.since, a.person_id)
        )
        return [tuple(row) for row in rows]


def test_a_system_arranges_and_the_page_shows_it(gateway: Gateway) -> None:
    """As one that was recorded by hand: the colleague stands in, and the log has it."""
    answer = post(gateway)
    told = answer.json()
    assert (201, True, "hv-2") == (answer.status_code, told["covered"], told["cover"])
    assert "You stand in for Hana Visitor" in gateway.sign_in("hv2").get("/").text
    listed = gateway.browse().get("/absences", headers=key("RYX")).json()
    assert {"absences": [told], "more": False} == listed
    assert ("cover", told["absence_id"], None) in [
        (each.what, each.subject_id, each.person_id) for each in seen(gateway.engine)
    ]


def test_the_same_again_changes_nothing(gateway: Gateway) -> None:
    """A system that did not hear the answer asks again."""
    first, again = post(gateway), post(gateway)
    assert (201, 200) == (first.status_code, again.status_code)
    assert first.json() == again.json()
    assert [("hv-1", "hv-2", "RYX:API")] == recorded(gateway)


def test_an_end_is_for_good_and_may_be_said_twice(gateway: Gateway) -> None:
    """Nobody stands in afterwards; who ended it is kept."""
    made = post(gateway).json()["absence_id"]
    client = gateway.browse()
    first, again = (client.post(f"/absences/{made}/end", headers=key("RYX")) for _ in range(2))
    assert (200, first.json()) == (first.status_code, again.json())
    assert first.json()["ended_at"] is not None
    assert [] == client.get("/absences", headers=key("RYX")).json()["absences"]
    assert "You stand in" not in gateway.sign_in("hv2").get("/").text


@pytest.mark.parametrize(
    ("more", "status", "reason", "field"),
    [
        ({"person": "zoe"}, 422, "no_colleague", "person"),
        ({"cover": "gp-1"}, 422, "no_colleague", "cover"),
        ({"cover": "ng-1"}, 422, "other_role", "cover"),
        ({"cover": "hv-1"}, 422, "herself", "cover"),
        ({"until": "2026-03-20T00:00:00Z"}, 422, "ends_first", "until"),
        ({"until": "2028-03-20T00:00:00Z"}, 422, "too_long", "until"),
        ({"until": "9999-12-31T23:59:59-12:00"}, 422, "far_away", "until"),
        ({"since": "2026-03-25T00:00:00"}, 422, "validation", "since"),
        ({"until": "2026-04-14T00:00:00Z", "cover": "hv-3"}, 409, "overlaps", "since"),
    ],
)
def test_what_cannot_be_recorded_says_why(
    gateway: Gateway, more: dict[str, object], status: int, reason: str, field: str
) -> None:
    """A code, the field and a remedy; nothing is recorded."""
    later = {"since": "2026-04-13T00:00:00Z", "until": "2026-04-20T00:00:00Z"}
    assert 201 == post(gateway, **later).status_code
    answer = post(gateway, **more)
    problem = answer.json()
    assert status == answer.status_code
    if reason != "validation":
        assert (reason, field) == (problem["reason"], problem["field"])
    assert problem["remedy"]
    assert 1 == len(recorded(gateway))


def test_another_organisation_neither_sees_nor_ends_it(gateway: Gateway) -> None:
    """Nor does a key without credentials, or one that is bound to another role."""
    made = post(gateway).json()["absence_id"]
    client = gateway.browse()
    bound = {"Authorization": f"Bearer {ROLES_KEY}"}
    for headers in (key("RXX"), bound):
        assert [] == client.get("/absences", headers=headers).json()["absences"]
        assert 404 == client.post(f"/absences/{made}/end", headers=headers).status_code
        assert 422 == client.post("/absences", json=wanted(), headers=headers).status_code
    assert 401 == client.get("/absences").status_code
    nurse = client.post("/absences", json=wanted(person="ng-1", cover=None), headers=bound)
    assert 201 == nurse.status_code, "a key of her role arranges for her"


def test_a_long_list_is_read_on(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last id of an answer is where the next one begins."""
    monkeypatch.setattr("hub.web.api_cover.MOST_LISTED", 2)
    made = [post(gateway, person=each, cover=None).json() for each in ("hv-1", "hv-2", "hv-3")]
    client, found = gateway.browse(), []
    after: dict[str, str] = {}
    for more in (True, False):
        answer = client.get("/absences", params=after, headers=key("RYX")).json()
        assert more == answer["more"]
        found += answer["absences"]
        after = {"after": found[-1]["absence_id"]}
    assert sorted(each["absence_id"] for each in made) == [each["absence_id"] for each in found]
