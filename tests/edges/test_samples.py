"""Other people's messages, read where they lie: SAMPLES names the folder, else this is skipped.

They are not in the repository, because they are not ours.  For each kind of file the table says
what must come of it and why; a file that no row knows must still be accounted for.
"""

import os
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path

import pytest

from hub.edges.anything import Outcome, Part, Reader, read_anything
from hub.edges.hl7v2_profile import load_profile
from hub.edges.mapped import HUBS_OWN_FAULT

FOLDER = os.environ.get("SAMPLES", "")
READER = Reader(received_at=datetime(2027, 1, 1, tzinfo=UTC), profile=load_profile())

TABLE: list[tuple[str, str, str, str]] = [
    ("*adt-a01-escapes.hl7", "hl7v2", "events", "escapes and a note before EVN are read"),
    ("*adt-a01-maternity-gb.hl7", "hl7v2", "quarantined nhs_number_invalid", "NHS1234567 is none"),
    ("*cloudevent-pds-change-of-gp-2.json", "cloudevent", "events", "the person is the subject"),
    ("*signal-pds-change-of-gp-2.json", "mns-signal", "events", "the same as a FHIR bundle"),
    ("*.schema.json", "unknown", "quarantined unparseable", "a schema is no message"),
    ("*.yaml", "unknown", "quarantined unparseable", "a specification is no message"),
    ("*.tsv", "unknown", "quarantined unparseable", "a table of files is no message"),
    (
        "*nems-birth-with-mother.xml",
        "nems",
        "quarantined nhs_number_invalid",
        "the mother's number",
    ),
    ("*nems-change-of-gp.xml", "nems", "ignored older_child", "he is two years and a month old"),
    ("*nems-death-formal.xml", "nems", "quarantined nhs_number_invalid", "the number in Patient"),
    (
        "*nems-professional-contacts-new.xml",
        "nems",
        "events",
        "about an infant, whose own number leads to the mother once a birth has named her",
    ),
]


def files() -> list[Path]:
    """Every sample, in order of name."""
    folder = Path(FOLDER) if FOLDER else None
    found = sorted(folder.rglob("*")) if folder is not None and folder.is_dir() else []
    return [file for file in found if file.is_file()]


def expected_of(file: Path) -> tuple[str, str, str, str] | None:
    """The first row that knows a file by its name."""
    return next((row for row in TABLE if fnmatch(file.name, row[0])), None)


def read(file: Path) -> tuple[Part, ...]:
    """What is made of a sample, and nothing of it is a defect of ours."""
    parts = read_anything(file.read_bytes(), READER)
    assert parts
    for part in parts:
        assert not part.explanation.startswith(HUBS_OWN_FAULT), file.name
        assert bool(part.events) is (part.outcome is Outcome.EVENTS), file.name
        if part.outcome is not Outcome.EVENTS:
            assert part.reason, file.name
        if part.outcome is Outcome.QUARANTINED:
            assert part.remedy, file.name
    return parts


@pytest.mark.skipif(not files(), reason="SAMPLES names no folder with third-party messages")
def test_every_sample_is_accounted_for() -> None:
    """Events, a reason to ignore, or a fault with its remedy: for each piece exactly one."""
    outcomes = [part.outcome for file in files() for part in read(file)]
    assert len(outcomes) >= len(files())


@pytest.mark.skipif(not files(), reason="SAMPLES names no folder with third-party messages")
def test_each_kind_of_sample_has_the_outcome_that_the_table_says() -> None:
    """And the table says why."""
    wrong = {}
    for file in files():
        row = expected_of(file)
        if row is None:
            continue
        (part, *_) = read(file)
        found = part.format.value, f"{part.outcome.value} {part.reason}".strip()
        if found != (row[1], row[2]):
            wrong[file.name] = (found, row[3])
    assert {} == wrong


def test_every_row_says_why() -> None:
    """A row without a reason would be a habit."""
    assert all(all(row) for row in TABLE)
