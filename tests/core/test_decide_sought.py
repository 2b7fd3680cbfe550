"""Who has a history of low mood is sought out, until there is no pregnancy any more."""

from tests.core.stage import Family

HISTORY = {
    "tool": "Whooley", "version": "1", "setting": "booking", "result": "negative",
    "history_self_reported": "y",
}  # fmt: skip
CONTACT = {
    "contact_id": "c", "kind": "antenatal", "initiated_by": "service", "practitioner": "p",
    "place": "phone", "seen": ["mother"], "seen_alone": "y", "mh_asked": "asked",
}  # fmt: skip
LOSS = {
    "baby_id": None, "outcome": "miscarriage", "ended_on": "2026-05-01",
    "contact_wishes": "contact",
}  # fmt: skip


def sought_again(*, lost: bool) -> bool:
    """Whether the next call is owed after a contact on 8 May, a week after a loss or none."""
    family = Family()
    family.book()
    family.hear("screening.mental-health", "2026-03-24 10:00", **HISTORY)
    if lost:
        family.hear("pregnancy.ended", "2026-05-01 10:00", **LOSS)
    family.hear("contact.completed", "2026-05-08 10:00", **CONTACT)
    family.wake("2026-06-20 10:00")
    return any(gap.rule == "P20.sought-again" for gap in family.gaps("G46"))


def test_four_weeks_without_a_call_are_a_gap() -> None:
    """She is called every 28 days (domain ruling 12)."""
    assert sought_again(lost=False)


def test_after_a_loss_nobody_counts_the_days() -> None:
    """The rule ends with the pregnancy; what is owed after a loss has rules of its own."""
    assert not sought_again(lost=True)
