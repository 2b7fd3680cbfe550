"""Where a baby is registered or lives, apart from the mother."""

from msgspec.structs import replace

from hub.core.apart import babies_apart
from hub.core.linking import as_known_there
from hub.core.model import Event
from hub.core.person import Moved
from hub.edges.directory import directory_from
from hub.edges.surroundings import surroundings_of
from tests.core.test_identity import Woman, event

PLACES = directory_from(
    {
        "organisation": [
            {"ods": ods, "name": ods, "kind": "practice", "area": "A"}
            for ods in ("GP", "GPB", "GPC")
        ],
        "role": [
            {"role": "HV_TEAM", "organisation": "HV", "serves": {"practice": ["GP", "GPB"]}},
            {"role": "HV_TEAM", "organisation": "HVC", "serves": {"practice": ["GPC"]}},
        ],
    }
)


def born(baby: str, of: int = 1) -> Event:
    """One of so many babies is born."""
    plurality = {"n": of, "order": 1}
    return event("birth.recorded", "2026-06-01 08:00", baby_id=baby, plurality=plurality)


def registered(at: str, to: str, baby: str | None = "b1") -> Event:
    """A baby, or the mother, has a new practice."""
    moved = event("demographics.changed", at, kind="gp", to=to, baby_id=baby)
    return replace(moved, id=f"{to}-{baby}")


def family() -> Woman:
    """A mother at one practice, with a baby."""
    woman = Woman()
    woman.hears(event("pregnancy.booked", "2026-03-23 10:00", edd="2026-06-10", gp_ods="GP"))
    woman.hears(born("b1"))
    return woman


def test_a_babys_practice_is_not_its_mothers() -> None:
    """Only what is another around the baby than around her is told of the baby."""
    woman = family()
    woman.hears(registered("2026-06-03 10:00", "GPB"), opens=False)
    assert "GP" == woman.state.practice
    team = surroundings_of(PLACES, woman.state, event("x", "2026-06-03 11:00").occurred_at)[0]
    its = {(h.role, h.organisation) for h in team if h.found_by.startswith("baby:b1/")}
    assert {(r, "GPB") for r in ("GP_PRACTICE", "GP_SG_LEAD", "GP_PRACTICE_BABY")} == its
    woman.hears(registered("2026-06-04 10:00", "GPC"), opens=False)
    team = surroundings_of(PLACES, woman.state, event("x", "2026-06-04 11:00").occurred_at)[0]
    assert "HVC" in {h.organisation for h in team if h.found_by.startswith("baby:b1/")}


def test_a_registration_taken_back_leaves_the_baby_with_her() -> None:
    """And one practice that closes hands the baby on with everybody else."""
    woman = family()
    first = registered("2026-06-03 10:00", "GPB")
    woman.hears(first, opens=False)
    closed = event(
        "organisation.changed", "2026-06-04 10:00", kind="closed", ods="GPB", successor_ods="GPC"
    )
    woman.hears(closed, opens=False)
    assert {"b1": ("GPC", "")} == babies_apart(woman.state)
    assert "GP" == woman.state.practice
    woman.hears(event("event.retracted", "2026-06-05 10:00", target_id=first.id), opens=False)
    assert {} == babies_apart(woman.state)


def test_an_only_baby_is_meant_by_any_name() -> None:
    """What another publisher calls it is no second baby; of twins it might be."""
    woman = family()
    woman.hears(registered("2026-06-03 10:00", "GPB", "PDS/77"), opens=False)
    assert {"b1": ("GPB", "")} == babies_apart(woman.state)
    twins = Woman()
    twins.hears(event("pregnancy.booked", "2026-03-23 10:00", edd="2026-06-10", gp_ods="GP"))
    twins.hears(born("b1", of=2))
    twins.hears(registered("2026-06-03 10:00", "GPB", "PDS/77"), opens=False)
    assert {"PDS/77": ("GPB", "")} == babies_apart(twins.state)


def test_what_comes_under_the_babys_own_number_moves_the_baby() -> None:
    """A register names nobody but whose record it is."""
    moved = Moved(key="p-1", nhs_number="9990896003", baby_id="b1")
    there = as_known_there(moved, registered("2026-06-03 10:00", "GPB", None))
    assert "b1" == there.body["baby_id"]


def struck_off(at: str, by: str | None, baby: str | None = None) -> Event:
    """A practice strikes the mother, or a baby, off."""
    fields = {"kind": "gp_deducted", "from": by, "baby_id": baby}
    return replace(event("demographics.changed", at, **fields), id=f"off-{by}-{baby}")


def practices(woman: Woman, at: str) -> set[tuple[str, str]]:
    """Who holds a practice's role around her, and around her baby where that is another."""
    team = surroundings_of(PLACES, woman.state, event("x", at).occurred_at)[0]
    return {(h.found_by, h.organisation) for h in team if h.role == "GP_PRACTICE_BABY"}


def test_a_practice_that_strikes_her_off_has_her_no_longer() -> None:
    """Another one that has taken her on before keeps her; so does a baby its own."""
    woman = family()
    woman.hears(registered("2026-06-03 10:00", "GPB"), opens=False)
    woman.hears(struck_off("2026-06-04 10:00", "GP"), opens=False)
    assert {("baby:b1/event", "GPB")} == practices(woman, "2026-06-04 11:00")
    woman.hears(registered("2026-06-05 10:00", "GPC", None), opens=False)
    woman.hears(struck_off("2026-06-06 10:00", "GPB"), opens=False)
    expected = {("event", "GPC"), ("baby:b1/event", "GPB")}
    assert expected == practices(woman, "2026-06-06 11:00")


def test_a_baby_struck_off_is_with_its_mother_s_practice_again() -> None:
    """Until it is registered anew that is the one to ask (trap 9)."""
    woman = family()
    woman.hears(registered("2026-06-03 10:00", "GPB"), opens=False)
    woman.hears(struck_off("2026-06-04 10:00", "GPC", "b1"), opens=False)
    expected = {("event", "GP"), ("baby:b1/event", "GPB")}
    assert expected == practices(woman, "2026-06-04 11:00")
    woman.hears(struck_off("2026-06-05 10:00", "GPB", "b1"), opens=False)
    assert {("event", "GP")} == practices(woman, "2026-06-05 11:00")
