"""Days that a rule reckons: moved while they run, and never for a gap that is open (G10)."""

from tests.core.stage import Family, local

CONTACT = {
    "contact_id": "c", "kind": "antenatal", "initiated_by": "service", "practitioner": "p",
    "place": "clinic", "seen": ["mother"], "seen_alone": "y", "mh_asked": "asked",
}  # fmt: skip


def family() -> Family:
    """Booked at ten weeks with ten contacts planned, and seen on 11 May, at 17 weeks."""
    made = Family()
    made.book(edd="2026-10-19", planned_contacts=10)
    made.hear("contact.completed", "2026-05-11 10:00", id="seen", **CONTACT)
    return made


def arrange(told: Family, at: str, on: str, name: str = "e10") -> None:
    """Put a contact into the diary."""
    when = local(f"{on} 10:00")
    told.hear("contact.scheduled", at, id=name, contact_id=name, kind="antenatal", contact_at=when)


def opened(told: Family, at: str = "2026-08-20 10:00") -> list[str]:
    """On which days she became unseen, up to a later time."""
    told.wake(at)
    return [gap.opened_at.date().isoformat() for gap in told.gaps("G10")]


def test_without_a_diary_the_schedule_says_when() -> None:
    """From 17+0 the next of ten is at 25+0: one and a half times eight weeks, 84 days."""
    assert ["2026-08-03"] == opened(family())


def test_an_appointment_moves_the_clock_while_it_runs() -> None:
    """The first contact in the diary counts; a later one beside it does not."""
    told = family()
    arrange(told, "2026-05-11 11:00", "2026-06-10")
    arrange(told, "2026-06-11 11:00", "2026-07-30", "later")
    assert ["2026-06-25"] == opened(told)


def test_less_than_four_weeks_are_never_asked_for() -> None:
    """A contact in a week leaves 28 days all the same."""
    told = family()
    arrange(told, "2026-05-11 11:00", "2026-05-18")
    assert ["2026-06-08"] == opened(told)


def test_an_appointment_that_is_taken_back_counts_no_more() -> None:
    """What was entered in error moves nothing."""
    told = family()
    arrange(told, "2026-05-11 11:00", "2026-06-10")
    told.retract("e10", "2026-05-12 11:00")
    assert ["2026-08-03"] == opened(told)


def test_no_appointment_puts_an_open_gap_right() -> None:
    """She is unseen until she is seen, however far away the new appointment is."""
    told = family()
    told.wake("2026-08-04 10:00")
    arrange(told, "2026-08-04 11:00", "2026-10-01")
    assert ["G10"] == [code for code in told.open_gaps() if code == "G10"]


def test_a_corrected_contact_moves_the_clock_with_it() -> None:
    """The days run from when she was really seen."""
    told = family()
    told.correct(
        "seen", "contact.completed", "2026-05-12 10:00", occurred="2026-05-04 10:00", **CONTACT
    )
    assert ["2026-08-07"] == opened(told)


def test_a_contact_at_which_she_was_not_seen_is_none() -> None:
    """Her partner alone is not she; the first contact goes on counting."""
    told = family()
    partner = CONTACT | {"seen": ["partner"]}
    told.hear("contact.completed", "2026-07-20 10:00", **partner)
    assert ["2026-08-03"] == opened(told)


def test_a_new_due_date_moves_the_schedule() -> None:
    """A week further on, the contact at 25 weeks is a week nearer."""
    told = family()
    told.hear("pregnancy.dated", "2026-05-12 10:00", edd="2026-10-12", basis="scan")
    assert ["2026-07-24"] == opened(told)


def cancel(told: Family, at: str, name: str = "e10") -> None:
    """The service takes a contact out of the diary."""
    told.hear(
        "contact.missed", at, id=f"off-{name}", contact_id=name, kind="antenatal",
        outcome="cancelled_by_service", series_count=0, follow_up="none",
    )  # fmt: skip


def test_a_cancelled_appointment_gives_no_more_time() -> None:
    """One in eighty days would have left 120; without it the schedule says when, in 84."""
    told = family()
    arrange(told, "2026-05-11 11:00", "2026-07-30")
    cancel(told, "2026-05-12 11:00")
    assert ["2026-08-03"] == opened(told)


def test_a_cancelled_appointment_was_planned_all_the_same() -> None:
    """She was to be seen in a month: that the service cancelled it does not make it three."""
    told = family()
    arrange(told, "2026-05-11 11:00", "2026-06-10")
    cancel(told, "2026-06-09 11:00")
    assert ["2026-06-25"] == opened(told)


def test_a_cancellation_that_is_taken_back_was_none() -> None:
    """The appointment stands in the diary again, and the clock goes by it."""
    told = family()
    arrange(told, "2026-05-11 11:00", "2026-07-20")
    cancel(told, "2026-05-12 11:00")
    told.retract("off-e10", "2026-05-13 11:00")
    assert ["2026-08-24"] == opened(told, "2026-09-20 10:00")
