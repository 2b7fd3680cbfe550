"""Which pregnancy an event is about."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from hub.core.faults import FaultReason, SenderFault
from hub.core.identity import EPISODES_LIMIT, identify
from hub.core.model import Event, Person
from hub.core.person import PersonState, person_key
from tests.core.stage import local

SECRET = b"a secret"


def event(event_type: str, at: str, *, number: str | None = "9990000018", **body: Any) -> Event:
    """An event of one woman."""
    when = local(at)
    return Event(
        id=f"{event_type}@{at}",
        type=event_type,
        source="RXA:MAT_PAS",
        occurred_at=when,
        received_at=when,
        subject=Person(reference="MAT-1", nhs_number=number),
        body=body,
    )


class Woman:
    """One person, as the identity agent knows her."""

    def __init__(self) -> None:
        """Nothing is known."""
        self.state = PersonState()

    def hears(self, given: Event, *, opens: bool = True) -> str:
        """The episode of an event."""
        found, self.state = identify(
            self.state, given, key="p-1", secret=SECRET, opens_episode=opens
        )
        return found


@pytest.mark.parametrize(
    ("edd", "same", "sentence"),
    [
        ("2026-10-20", True, "the same due date"),
        ("2026-11-10", True, "21 days later"),
        ("2026-11-11", False, "22 days later"),
        ("2026-09-29", True, "21 days earlier"),
        ("2026-09-28", False, "22 days earlier"),
    ],
)
def test_a_due_date_within_21_days_is_the_same_pregnancy(
    edd: str,
    same: bool,
    sentence: str,
) -> None:
    """The rule of the leading maternity record."""
    assert sentence
    woman = Woman()
    first = woman.hears(event("pregnancy.booked", "2026-03-23 10:00", edd="2026-10-20"))
    assert same == (first == woman.hears(event("pregnancy.booked", "2026-04-10 10:00", edd=edd)))


def test_a_gestation_makes_a_due_date() -> None:
    """8+2 on 12 March is a due date of 20 October, so the booking is of the same pregnancy."""
    woman = Woman()
    gestation = {"weeks": 8, "days": 2}
    first = woman.hears(event("pregnancy.notified", "2026-03-12 10:00", gestation=gestation))
    assert "2026-10-20" == woman.state.episodes[0].edd
    assert first == woman.hears(event("pregnancy.booked", "2026-03-23 10:00", edd="2026-10-25"))


def test_a_gestation_is_reckoned_on_the_local_day() -> None:
    """Half past midnight in summer is already the next day."""
    woman = Woman()
    woman.hears(event("pregnancy.notified", "2026-06-02 00:30", gestation={"weeks": 10}))
    assert "2026-12-29" == woman.state.episodes[0].edd


def test_an_event_without_a_due_date_belongs_to_the_pregnancy_going_on() -> None:
    """A discharge says nothing of the due date."""
    woman = Woman()
    first = woman.hears(event("pregnancy.booked", "2026-03-23 10:00", edd="2026-10-20"))
    for at in ("2026-05-01 10:00", "2026-10-25 10:00", "2027-09-01 10:00"):
        assert first == woman.hears(event("encounter.updated", at), opens=False)


def test_redating_by_more_than_the_window_keeps_the_episode() -> None:
    """A scan may move the due date by weeks; it happened during this pregnancy."""
    woman = Woman()
    first = woman.hears(event("pregnancy.booked", "2026-03-23 10:00", edd="2026-10-20"))
    dated = event("pregnancy.dated", "2026-04-20 10:00", edd="2026-12-01")
    assert first == woman.hears(dated)
    assert "2026-12-01" == woman.state.episodes[0].edd


def test_redating_long_after_the_due_date_is_of_another_pregnancy() -> None:
    """A scan in the year after can only be about the next one."""
    woman = Woman()
    first = woman.hears(event("pregnancy.booked", "2026-03-23 10:00", edd="2026-10-20"))
    dated = event("pregnancy.dated", "2027-06-01 10:00", edd="2027-12-01")
    assert first != woman.hears(dated)


@pytest.mark.parametrize(
    ("event_type", "body"),
    [
        ("birth.recorded", {"baby_id": "b1", "born_at": local("2026-10-18 04:00")}),
        ("pregnancy.ended", {"outcome": "miscarriage", "gestation": {"weeks": 39, "days": 5}}),
    ],
)
def test_she_is_pregnant_again(event_type: str, body: dict[str, Any]) -> None:
    """After a birth or a loss, news of a pregnancy without any date opens a new episode."""
    woman = Woman()
    first = woman.hears(event("pregnancy.booked", "2026-03-23 10:00", edd="2026-10-20"))
    assert first == woman.hears(event(event_type, "2026-10-18 10:00", **body))
    late = event("pregnancy.notified", "2026-10-01 10:00", booked_status="booked_here")
    assert first == woman.hears(late), "it happened before the end"
    again = woman.hears(event("pregnancy.notified", "2027-04-01 10:00", booked_status="unknown"))
    assert first != again
    assert again == woman.hears(event("pregnancy.booked", "2027-05-01 10:00", edd="2027-12-20"))


def test_one_baby_of_two_lost_does_not_end_the_pregnancy() -> None:
    """Trap 8: the other goes on, in the same episode."""
    woman = Woman()
    first = woman.hears(event("pregnancy.booked", "2026-03-23 10:00", edd="2026-10-20"))
    lost = {"outcome": "stillbirth", "baby_id": "b1", "gestation": {"weeks": 26, "days": 0}}
    assert first == woman.hears(event("pregnancy.ended", "2026-07-14 10:00", **lost))
    assert first == woman.hears(event("pregnancy.notified", "2026-07-20 10:00"))


def test_a_neonatal_death_belongs_to_the_pregnancy_of_the_baby() -> None:
    """Its gestation is that of the birth, weeks ago; it is no new pregnancy."""
    woman = Woman()
    first = woman.hears(event("pregnancy.booked", "2026-03-23 10:00", edd="2026-10-20"))
    woman.hears(event("birth.recorded", "2026-10-18 10:00", baby_id="b1"))
    died = {"outcome": "neonatal_death", "gestation": {"weeks": 39, "days": 5}}
    assert first == woman.hears(event("pregnancy.ended", "2026-11-14 10:00", **died))


def test_a_second_loss_soon_after_the_first_is_another_pregnancy() -> None:
    """Two early losses in one year are two episodes."""
    woman = Woman()
    early = {"outcome": "miscarriage", "gestation": {"weeks": 8, "days": 0}}
    first = woman.hears(event("pregnancy.ended", "2026-03-12 10:00", **early))
    assert first != woman.hears(event("pregnancy.ended", "2026-06-20 10:00", **early))


def test_a_birth_of_the_next_pregnancy_opens_its_own_episode() -> None:
    """Nobody knew of the second pregnancy until the birth."""
    woman = Woman()
    first = woman.hears(event("pregnancy.booked", "2026-03-23 10:00", edd="2026-10-20"))
    twins = [event("birth.recorded", f"2026-10-18 0{n}:00", baby_id=f"b{n}") for n in (1, 2)]
    assert [first, first] == [woman.hears(twin) for twin in twins]
    assert first != woman.hears(event("birth.recorded", "2027-09-18 10:00", baby_id="b3"))


def test_an_old_event_goes_to_the_pregnancy_before() -> None:
    """A late summary of the first birth is not of the second pregnancy."""
    woman = Woman()
    first = woman.hears(event("pregnancy.booked", "2026-03-23 10:00", edd="2026-10-20"))
    second = woman.hears(event("pregnancy.booked", "2027-06-01 10:00", edd="2028-01-10"))
    late = event("discharge.summary", "2026-10-22 10:00")
    assert first == woman.hears(late, opens=False)
    assert second == woman.hears(event("discharge.summary", "2027-07-01 10:00"), opens=False)


def test_an_event_before_every_pregnancy_is_refused() -> None:
    """It happened before conception by any reckoning, and says so."""
    woman = Woman()
    woman.hears(event("pregnancy.booked", "2026-03-23 10:00", edd="2026-10-20"))
    assert woman.hears(event("concern.raised", "2026-01-01 10:00"))
    with pytest.raises(SenderFault) as refused:
        woman.hears(event("concern.raised", "2025-12-29 10:00"))
    assert (FaultReason.BEFORE_EPISODE, "time") == (refused.value.reason, refused.value.field)


def test_what_may_not_open_an_episode_is_refused() -> None:
    """A change of practice alone is no pregnancy; the answer says what to send first."""
    with pytest.raises(SenderFault) as refused:
        Woman().hears(event("demographics.changed", "2026-03-23 10:00"), opens=False)
    assert FaultReason.NO_EPISODE is refused.value.reason
    assert "send the booking" in refused.value.remedy


def test_a_refusal_leaves_what_is_known_unchanged() -> None:
    """Nothing is learnt from what cannot be placed."""
    woman = Woman()
    before = woman.state
    with pytest.raises(SenderFault):
        woman.hears(
            event("demographics.changed", "2026-03-23 10:00", kind="gp", to="Y9"), opens=False
        )
    assert before == woman.state


def test_a_change_of_practice_is_learnt_and_an_older_one_does_not_undo_it() -> None:
    """What happened last stands, whatever comes last."""
    woman = Woman()
    woman.hears(event("pregnancy.booked", "2026-03-23 10:00", edd="2026-10-20", gp_ods="Y1"))
    for at, to in (("2026-06-01 10:00", "Y3"), ("2026-05-01 10:00", "Y2")):
        woman.hears(event("demographics.changed", at, kind="gp", to=to), opens=False)
    assert ("Y3", local("2026-06-01 10:00")) == (woman.state.practice, woman.state.practice_since)


def test_a_change_of_address_gives_the_area() -> None:
    """Postcode and local authority come as `postcode|LA code`."""
    woman = Woman()
    woman.hears(event("pregnancy.booked", "2026-03-23 10:00", edd="2026-10-20"))
    moved = event("demographics.changed", "2026-05-01 10:00", kind="address", to="ZZ99 1AA|E06")
    woman.hears(moved, opens=False)
    assert "E06" == woman.state.area


@pytest.mark.parametrize(("days", "another"), [(20, False), (150, True)])
def test_seen_pregnant_long_after_a_birth_is_another_pregnancy(days: int, another: bool) -> None:
    """An emergency department may be the first to know, and may not know how far she is."""
    woman = Woman()
    first = woman.hears(event("pregnancy.booked", "2026-03-23 10:00", edd="2026-10-20"))
    born = local("2026-10-20 10:00")
    woman.hears(event("birth.recorded", "2026-10-20 11:00", baby_id="b", born_at=born))
    at = (born + timedelta(days=days)).strftime("%Y-%m-%d %H:%M")
    seen = woman.hears(event("unscheduled.attendance", at, pregnant="y", gestation=None))
    assert another == (seen != first)
    infant = woman.hears(event("unscheduled.attendance", f"{at[:-1]}9", pregnant="n", baby_id="b"))
    assert infant == first


def test_the_key_of_a_person_follows_her_number_whoever_sends_it() -> None:
    """Two publishers with one NHS number speak of one person."""
    one = event("pregnancy.booked", "2026-03-23 10:00")
    other = Event(
        id="x",
        type="encounter.updated",
        source="RXB:EPR",
        occurred_at=one.occurred_at,
        received_at=one.received_at,
        subject=Person(reference="EPR-7", nhs_number="9990000018"),
    )
    assert person_key(one, SECRET) == person_key(other, SECRET)


def test_without_a_number_the_publisher_s_reference_is_the_person() -> None:
    """She gets an episode too; two publishers then hold two, for records are not merged by guess.

    Merging them when a number comes to light is not done by the hub yet: `nhs_merge` is only kept.
    """
    mine = event("pregnancy.notified", "2026-03-23 10:00", number=None)
    keys = {person_key(mine, SECRET), person_key(event("x", "2026-03-23 10:00"), SECRET)}
    assert 2 == len(keys)
    assert Woman().hears(mine).startswith("ep-")


def test_keys_and_ids_change_with_the_secret_and_hold_no_identity() -> None:
    """They cannot be made, or turned back, without the secret of the hub."""
    booking = event("pregnancy.booked", "2026-03-23 10:00", edd="2026-10-20")
    keys = [person_key(booking, secret) for secret in (SECRET, b"another")]
    ids = [
        identify(PersonState(), booking, key="p-1", secret=secret, opens_episode=True)[0]
        for secret in (SECRET, b"another")
    ]
    assert (2, 2) == (len(set(keys)), len(set(ids)))
    assert not [word for word in (*keys, *ids) if "999" in word or "MAT-1" in word]


def test_the_same_event_gives_the_same_episode_again() -> None:
    """Ids are derived, never drawn."""
    booking = event("pregnancy.booked", "2026-03-23 10:00", edd="2026-10-20")
    assert Woman().hears(booking) == Woman().hears(booking)


def test_only_so_many_pregnancies_are_kept() -> None:
    """The oldest goes first, so that no state grows without end."""
    woman = Woman()
    start = datetime(2000, 1, 1)  # noqa: DTZ001  only its words are used
    for year in range(EPISODES_LIMIT + 2):
        at = start + timedelta(days=400 * year)
        edd = (at + timedelta(days=200)).date().isoformat()
        woman.hears(event("pregnancy.booked", at.isoformat(" ", "minutes"), edd=edd))
    assert EPISODES_LIMIT == len(woman.state.episodes)
