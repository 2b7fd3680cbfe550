"""Who is who: at which moment, found how, and where a notice goes."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hub.core.model import Holder
from hub.edges.directory import Directory, directory_from, load_directory
from hub.edges.surroundings import surroundings, team_for

TABLES: dict[str, Any] = {
    "organisation": [
        {"ods": "Y1", "name": "Oak Surgery", "kind": "practice", "area": "E06"},
        {"ods": "Y2", "name": "Elm Surgery", "kind": "practice", "area": "E07"},
        {"ods": "RXA", "name": "Ashford Maternity", "kind": "maternity", "area": "E06"},
        {"ods": "RYV", "name": "Fen Health Visiting", "kind": "health_visiting"},
    ],
    "role": [
        {"role": "HV_TEAM", "organisation": "RYW", "serves": {"area": ["E06"]}},
        {"role": "HV_TEAM", "organisation": "RYV", "serves": {"practice": ["Y1"]}},
        {"role": "COMM_MIDWIFE", "organisation": "RXA", "serves": {"provider": ["RXA"]}},
        {
            "role": "NAMED_HV",
            "organisation": "RYV",
            "person": "hv-1",
            "serves": {"practice": ["Y1"]},
            "since": "2026-01-01T00:00:00Z",
            "until": "2026-06-01T00:00:00Z",
        },
    ],
    "registration": [
        {
            "nhs_number": "9990000018",
            "practice": "Y1",
            "area": "E06",
            "since": "2019-05-01T00:00:00Z",
        },
        {
            "nhs_number": "9990000018",
            "practice": "Y2",
            "since": "2026-03-01T00:00:00Z",
            "known_from": "2026-03-24T09:00:00Z",
        },
    ],
    "endpoint": [
        {"organisation": "Y1", "channel": "webhook", "address": "webhook:Y1"},
        {"organisation": "Y1", "role": "GP_SG_LEAD", "channel": "kafka", "address": "notices.Y1"},
    ],
    "staff": [
        {
            "login": "elm",
            "person_id": "dr-elm",
            "name": "Dr Elm",
            "organisation": "Y2",
            "roles": ["GP_PRACTICE"],
        }
    ],
    "publisher": [{"ods": "RXA", "key_sha256": "ab"}],
}


@pytest.fixture
def directory() -> Directory:
    """Two practices, one maternity unit, two health visiting teams."""
    return directory_from(TABLES)


def day(words: str) -> datetime:
    """Noon of a day."""
    return datetime.fromisoformat(f"{words}T12:00:00").replace(tzinfo=UTC)


def held(team: tuple[Holder, ...], role: str) -> list[tuple[str, str]]:
    """Who holds a role, in order, and how each was found."""
    return [(h.organisation, h.found_by) for h in team if h.role == role]


def test_the_registered_practice_wins_over_the_one_that_is_claimed(directory: Directory) -> None:
    """The event says Y2; the national record says Y1."""
    team = team_for(directory, day("2026-02-01"), nhs_number="9990000018", practice="Y2")
    for role in ("GP_PRACTICE", "GP_SG_LEAD", "GP_PRACTICE_BABY"):
        assert [("Y1", "registration")] == held(team, role)


def test_without_a_number_the_claimed_practice_is_all_there_is(directory: Directory) -> None:
    """And the holder says that it was found so."""
    team = team_for(directory, day("2026-02-01"), practice="Y2")
    assert [("Y2", "event")] == held(team, "GP_PRACTICE")


def test_a_practice_that_nobody_knows_holds_nothing(directory: Directory) -> None:
    """Better a visible gap than a notice into the dark."""
    assert [] == held(team_for(directory, day("2026-02-01"), practice="Y9"), "GP_PRACTICE")


@pytest.mark.parametrize(
    ("on", "practice"),
    [
        ("2019-04-30", None),
        ("2026-03-10", "Y1"),
        ("2026-03-24", "Y2"),
    ],
)
def test_a_registration_counts_from_when_it_could_be_known(
    directory: Directory, on: str, practice: str | None
) -> None:
    """Registered on the 1st, in the record on the 24th: on the 10th nobody could know."""
    found = directory.registration("9990000018", day(on))
    assert practice == (found.practice if found else None)


def test_a_reported_change_wins_over_an_older_registration(directory: Directory) -> None:
    """She has moved since; the record will follow."""
    team = team_for(
        directory, day("2026-02-01"), nhs_number="9990000018", practice="Y2",
        practice_since=day("2026-01-15"),
    )  # fmt: skip
    assert [("Y2", "event")] == held(team, "GP_PRACTICE")


def test_a_newer_registration_wins_over_a_reported_change(directory: Directory) -> None:
    """The record has moved on since that report."""
    team = team_for(
        directory, day("2026-04-01"), nhs_number="9990000018", practice="Y1",
        practice_since=day("2026-01-15"),
    )  # fmt: skip
    assert [("Y2", "registration")] == held(team, "GP_PRACTICE")


def test_health_visitors_are_found_by_practice_first_and_address_second(
    directory: Directory,
) -> None:
    """Both are kept, in that order, whatever their order in the file."""
    team = team_for(directory, day("2026-02-01"), practice="Y1", area="E06")
    assert [("RYV", "gp_link"), ("RYW", "address")] == held(team, "HV_TEAM")


@pytest.mark.parametrize(
    ("known", "found", "sentence"),
    [
        ({"area": "E06", "practice": "Y2"}, ["RYW"], "her address"),
        ({"practice": "Y2"}, [], "her practice is in another area"),
        ({"provider": "RXA"}, ["RYW"], "where she is booked, when nothing else is known"),
        ({}, [], "nothing is known"),
    ],
)
def test_the_area_is_what_is_best_known(
    directory: Directory, known: dict[str, str], found: list[str], sentence: str
) -> None:
    """Address before practice before provider."""
    assert sentence
    team = team_for(directory, day("2026-02-01"), **known)
    assert found == [ods for ods, _ in held(team, "HV_TEAM")]


@pytest.mark.parametrize(
    ("on", "holds"),
    [("2025-12-31", False), ("2026-01-01", True), ("2026-05-31", True), ("2026-06-01", False)],
)
def test_a_role_is_held_for_its_period(
    directory: Directory,
    on: str,
    holds: bool,
) -> None:
    """From its first day, and not on the day it ends."""
    assert holds == bool(held(team_for(directory, day(on), practice="Y1"), "NAMED_HV"))


def test_a_person_comes_with_her_period(directory: Directory) -> None:
    """So that the core knows for itself when she leaves."""
    (named,) = [
        h for h in team_for(directory, day("2026-02-01"), practice="Y1") if h.role == "NAMED_HV"
    ]
    assert ("hv-1", datetime(2026, 6, 1, tzinfo=UTC)) == (named.person, named.until)


def test_a_role_has_its_own_endpoint_or_its_organisation_s(directory: Directory) -> None:
    """The most exact one wins; without any it is the hub's own worklist."""
    channels = [
        directory.endpoint(ods, role).channel
        for ods, role in (("Y1", "GP_SG_LEAD"), ("Y1", "GP_PRACTICE"), ("Y2", "GP_PRACTICE"))
    ]
    assert ["kafka", "webhook", "worklist"] == channels
    assert "webhook:Y1" == directory.endpoint("Y1", "GP_PRACTICE").destination_id


def test_whoever_is_named_is_reached_by_the_road_of_her_team() -> None:
    """A road of her own comes first; without her team's she has that of the organisation."""
    rows = [
        {"organisation": "HV1", "channel": "webhook", "address": "https://hv1.example/all"},
        {"organisation": "HV1", "role": "HV_TEAM", "channel": "kafka", "address": "notices.HV1"},
        {"organisation": "HV2", "role": "HV_TEAM", "channel": "kafka", "address": "notices.HV2"},
        {"organisation": "HV2", "role": "NAMED_HV", "channel": "webhook", "address": "https://x"},
    ]
    roads = directory_from({"endpoint": rows})
    channels = [
        roads.endpoint(ods, role).channel
        for ods, role in (("HV1", "NAMED_HV"), ("HV1", "FNP"), ("HV2", "NAMED_HV"))
    ]
    assert ["kafka", "webhook", "webhook"] == channels


def test_people_and_keys_are_found(directory: Directory) -> None:
    """Who signs in under a name, and whose key this is."""
    staff = directory.staff("elm")
    assert staff is not None
    assert "dr-elm" == staff.person_id
    assert directory.staff("oak") is None
    assert ("RXA", None) == (directory.publisher_of("ab"), directory.publisher_of("cd"))


def test_an_unknown_organisation_is_an_error_to_ask_for(directory: Directory) -> None:
    """`knows` is there to ask first."""
    assert (True, False) == (directory.knows("Y1"), directory.knows("Y9"))
    with pytest.raises(KeyError):
        directory.organisation("Y9")


def test_a_folder_is_read_in_the_order_of_its_names(tmp_path: Path) -> None:
    """A later file wins: local corrections go into one that sorts last."""
    for name, title in (("10.toml", "Old name"), ("20.toml", "New name")):
        row = f'[[organisation]]\nods = "Y1"\nname = "{title}"\nkind = "practice"\n'
        (tmp_path / name).write_text(row, encoding="utf-8")
    assert "New name" == load_directory(tmp_path).organisation("Y1").name


def test_an_unknown_word_is_refused_with_its_place(tmp_path: Path) -> None:
    """A slip in a directory must not become an organisation that nobody finds."""
    (tmp_path / "d.toml").write_text("[[organisatoin]]\n", encoding="utf-8")
    with pytest.raises(msgspec.ValidationError, match="organisatoin"):
        load_directory(tmp_path)


AREAS: dict[str, object] = {
    "organisation": [
        {"ods": "RXA", "name": "Maternity", "kind": "maternity", "area": "E06"},
        {"ods": "ED1", "name": "Walk-in", "kind": "acute", "area": "E07"},
        {"ods": "Y1", "name": "Surgery", "kind": "practice", "area": "E08"},
    ],
    "registration": [
        {"nhs_number": "9990000018", "practice": "Y1", "area": "E09", "since": day("2026-01-01")}
    ],
}


@pytest.mark.parametrize(
    ("known", "area"),
    [
        ({}, ""),
        ({"reported_by": "ED1"}, "E07"),
        ({"reported_by": "ED1", "provider": "RXA"}, "E06"),
        ({"reported_by": "ED1", "provider": "RXA", "practice": "Y1"}, "E08"),
        ({"provider": "RXA", "nhs_number": "9990000018"}, "E09"),
        ({"area": "E10", "nhs_number": "9990000018"}, "E09"),
        ({"area": "E10", "area_since": day("2025-12-31"), "nhs_number": "9990000018"}, "E09"),
        ({"area": "E10", "area_since": day("2026-01-02"), "nhs_number": "9990000018"}, "E10"),
    ],
    ids=[
        "nothing is known",
        "only who told of her",
        "who cares for her",
        "her practice",
        "her registration",
        "an address of no date, and a registration",
        "an address from before the registration",
        "an address from after it",
    ],
)
def test_whose_settings_hold(known: dict[str, Any], area: str) -> None:
    """The area of her home as it was told last, else of her services, else of who saw her."""
    assert area == surroundings(directory_from(AREAS), day("2026-02-01"), **known)[1]


def test_whoever_reported_fills_no_role(directory: Directory) -> None:
    """The settings of the place where she was seen hold; its services do not become hers."""
    assert () == surroundings(directory, day("2026-02-01"), reported_by="RXA")[0]


@pytest.mark.parametrize(
    ("by", "on", "practice"), [("", 1, ""), ("Y1", 1, ""), ("Y2", 1, "Y1"), ("Y1", 31, "Y2")]
)
def test_a_registration_with_whoever_struck_her_off_is_over(
    directory: Directory, by: str, on: int, practice: str
) -> None:
    """One with another practice stands, and so does a newer one; she lives where she lived."""
    team, area = surroundings(
        directory,
        day(f"2026-03-{on:02}"),
        nhs_number="9990000018",
        practice_since=day("2026-02-01"),
        struck_off_by=by,
    )
    assert practice == next((h.organisation for h in team if h.role == "GP_PRACTICE"), "")
    assert on == 31 or "E06" == area
