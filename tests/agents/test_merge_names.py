"""What a merge calls the two records: NHS numbers, or a publisher's own references."""

import pytest

from hub.core.faults import FaultReason
from tests.agents.people_stage import Place, event
from tests.agents.test_linking import MOTHER, OTHER, booked


@pytest.mark.parametrize("known", [False, True])
def test_a_reference_of_ten_digits_in_a_merge_is_nobody_s_nhs_number(known: bool) -> None:
    """A hospital's own reference may be another woman's number; her key may have given way."""
    place = Place()
    stranger = booked(place, 0, OTHER)
    mine = event("pregnancy.booked", 1, reference="9990000018")
    place.hear(mine)
    old = event("pregnancy.notified", 2, reference=OTHER, name="the older record")
    place.hear(old)
    number = "9990000034" if known else None
    if known:
        place.hear(event("pregnancy.notified", 3, reference=MOTHER, number=number, name="number"))
    merge = event(
        "demographics.changed",
        5,
        reference=MOTHER,
        number=number,
        **{"from": OTHER, "to": MOTHER},
    )
    place.hear(merge)
    assert [] == place.refused
    assert stranger not in place.files(merge.id)
    late = event("pregnancy.notified", 10, reference=OTHER, name="late, by the older record")
    place.hear(late)
    assert place.files(mine.id) <= place.files(late.id)
    hers = event("pregnancy.notified", 11, number=OTHER, reference="MAT-9", name="the stranger's")
    place.hear(hers)
    assert {stranger} == place.files(hers.id)


def test_a_merge_that_could_name_a_stranger_is_asked_about() -> None:
    """Neither the number nor the reference of its subject is one of the two."""
    place = Place()
    booked(place, 0, OTHER)
    said = {"from": OTHER, "to": MOTHER}
    place.hear(event("demographics.changed", 5, number="9990000034", **said))
    assert [FaultReason.TWO_CANDIDATES] == place.refused
    assert [] == place.joined()


def test_names_that_say_what_they_are_need_no_subject_among_them() -> None:
    """With nhs: before it a name is an NHS number, whoever reports the merge."""
    place = Place()
    one, other = booked(place), booked(place, 1, OTHER)
    said = {"from": f"nhs:{OTHER}", "to": f"nhs:{MOTHER}"}
    place.hear(event("demographics.changed", 5, reference="MAT-7", **said))
    assert {(one, other), (other, one)} == set(place.joined())
